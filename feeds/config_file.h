/* One JSON file of a config directory. */
#ifndef FEEDS_CONFIG_FILE_H
#define FEEDS_CONFIG_FILE_H

#include "feeds/mistakes.h"

enum { CONFIG_FILE_MAX = 1 << 20 };

/* Reads `path`, relative to the directory open as `dir_fd`; mistakes go to the present file. An
 * owned tree, an object, in `*tree`. 0; 1: there is no such file; -1: a mistake was said. */
int config_file_read(int dir_fd, const char *path, struct json **tree, struct mistakes *mistakes);

#endif
