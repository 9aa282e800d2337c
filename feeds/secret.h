/* Secrets: one a file in DIR/secrets or $CREDENTIALS_DIRECTORY, read at load, kept in memory.
 *
 * A secret has no text that a formatter could reach: only secrets_append() copies it, into the buf
 * of a request. Files must be regular, not links, not readable by group or others (0600 or 0400;
 * those of $CREDENTIALS_DIRECTORY are the service manager's affair); one trailing newline is cut;
 * at most 64 KiB; no NUL, CR or LF inside. Main thread. */
#ifndef FEEDS_SECRET_H
#define FEEDS_SECRET_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct secrets;

struct secrets *secrets_new(const char *config_dir); /* NULL: no memory */
void secrets_free(struct secrets *secrets);          /* wipes; NULL is fine */
/* Is it [A-Za-z0-9._-]{1,100}, and neither "." nor ".."? */
bool secret_name_is_legal(const char *name);
/* Reads the secret if it was not read yet. ERR_CONFIG: absent, or a wrong mode, size or byte; the
 * text names the secret and the remedy, never its content. */
int secrets_load(struct secrets *secrets, const char *name, struct err *err);
/* Takes over the value that `from` holds, unless this one is loaded; secrets_load() goes on to fail
 * while its file is wrong. ERR_ABSENT: `from` has none. */
int secrets_copy(struct secrets *secrets, const struct secrets *from, const char *name,
                 struct err *err);
/* Appends its value. ERR_ABSENT: not loaded. */
int secrets_append(const struct secrets *secrets, const char *name, struct buf *out,
                   struct err *err);

#endif
