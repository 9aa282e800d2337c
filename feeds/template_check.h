/* Are the ${…} of a file's texts in order? Says mistakes at the place of the text, loads secrets.
 */
#ifndef FEEDS_TEMPLATE_CHECK_H
#define FEEDS_TEMPLATE_CHECK_H

#include "feeds/mistakes.h"
#include "feeds/secret.h"

struct template_place {
    struct mistakes *mistakes;
    const char *file;
    struct secrets *secrets;        /* loaded into; NULL: they are not looked up */
    const struct secrets *previous; /* where one that is absent now may have been; NULL: nowhere */
    const struct feed *feed;        /* whose zone tells slots; NULL: UTC */
    bool has_no_slot;               /* ${slot:…} means nothing here */
};

/* Every string in `value`, however deep; `key` is the key it stands under. */
void template_check_value(const char *key, const struct json *value,
                          const struct template_place *place);
/* A string that must be a URL of one of `schemes` once its templates are filled in. What lacks a
 * secret is not judged: that it lacks it was said before; nor is anything where secrets are not
 * looked up. */
void template_check_url(const char *key, const struct json *value, const char *schemes,
                        const struct template_place *place);

#endif
