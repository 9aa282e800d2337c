/* THE table of every key a user may write, one line a key: feed files, `defaults`, pollard.json.
 *
 * Help, checks, definitions, man pages and README tables come from these. See base/settings.h. */
#ifndef FEEDS_FEED_SETTINGS_H
#define FEEDS_FEED_SETTINGS_H

#include "base/settings.h"

extern const struct setting feed_settings[];    /* fields of struct feed; ends with a NULL key */
extern const struct setting service_settings[]; /* fields of struct service_settings; likewise */

/* "127.0.0.1:8889" "[::1]:8889" "localhost:8889" "off". ERR_CONFIG with what it must be. */
#define LISTEN_DEFAULT "127.0.0.1:8889"
int listen_check(const char *text, struct err *err);

#endif
