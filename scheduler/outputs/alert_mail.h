/* An alert → a mail: an RFC 5322 message in plain text, quoted-printable, UTF-8. Pure.
 *
 * Whatever is in the words, no header comes of it: the subject is one line of encoded-words where
 * it is not plain ASCII, the rest of the headers is ours. */
#ifndef SCHEDULER_OUTPUTS_ALERT_MAIL_H
#define SCHEDULER_OUTPUTS_ALERT_MAIL_H

#include "scheduler/outputs/alert.h"

enum { ALERT_MAIL_MAX = 256 * 1024 };

/* `to`: so many addresses. Addresses must be plain: ERR_CONFIG if one could break a header. */
struct alert_envelope {
    const char *from;
    const char *const *to;
    size_t to_count;
};
int alert_mail_write(const struct alert_message *message, const struct alert_envelope *envelope,
                     const char *host, struct buf *out, struct err *err);
/* Printable ASCII, one @, none of <>()[],;:\" and no space. */
bool alert_mail_is_address(const char *text);

#endif
