/* The keys of pollard.json that are more than a number or a text, and the checks across them. */
#ifndef FEEDS_SERVICE_READ_H
#define FEEDS_SERVICE_READ_H

#include "feeds/feed_read.h"
#include "feeds/template_check.h"

setting_reader read_listen, read_listen_hosts, read_email_from, read_email_to, read_webhook_headers;

/* After settings_apply(): what is required, the addresses, the templates; loads the secrets.
 * Mistakes go to
 * `place`, whose secrets are loaded. */
void service_finish(struct service_settings *service, const struct json *file,
                    const struct template_place *place);

#endif
