/* The pieces of a definition's text, and the keys whose text is not that of their type. */
#ifndef FEEDS_DEFINITION_FORMS_H
#define FEEDS_DEFINITION_FORMS_H

#include "feeds/feed.h"

/* The text under way. Once `status` is -1 nothing more is written. */
struct definition {
    struct buf *out;
    bool is_masked; /* what may be a secret becomes "***" */
    int status;
};

void definition_put(struct definition *definition, const char *text); /* as it is */
void definition_put_string(struct definition *definition, const char *text);
void definition_put_key(struct definition *definition, const char *key); /* its comma too */
void definition_put_duration(struct definition *definition, const char *key, int64_t ms);
/* Nothing if `text` is NULL or the fallback. */
void definition_put_line(struct definition *definition, const char *key, const char *text,
                         const char *fallback);
/* Writes `key` of `feed` if it has a form of its own, name and for_each by leaving them out. */
bool definition_put_own_form(struct definition *definition, const struct feed *feed,
                             const char *key);

#endif
