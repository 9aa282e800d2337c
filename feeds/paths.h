/* Where the configuration and the store are, for both programs. Main thread. */
#ifndef FEEDS_PATHS_H
#define FEEDS_PATHS_H

#include "base/err.h"

/* `argument` (of --config, may be NULL), else $POLLARD_CONFIG, else /etc/pollard. Returns owned;
 * NULL: no memory, or ERR_USAGE: the argument is empty. */
char *config_dir_choose(const char *argument, struct err *err);
/* `argument` (of --store, may be NULL), else $POLLARD_STORE, else `store` of pollard.json in
 * `config_dir` (relative: beside that file), else $STATE_DIRECTORY, else /var/lib/pollard. Only
 * when neither of the first two is given is pollard.json read; no such file is fine. Returns owned;
 * NULL: no memory, ERR_USAGE as above, or ERR_CONFIG: pollard.json is unreadable or wrong. */
char *store_dir_choose(const char *argument, const char *config_dir, struct err *err);
/* Where the page is: `argument` (of --listen, may be NULL), else `listen` of pollard.json, else
 * LISTEN_DEFAULT. Not judged: that is listen_check()'s. Returns owned; NULL: no
 * memory, or ERR_CONFIG as above. */
char *listen_choose(const char *argument, const char *config_dir, struct err *err);

#endif
