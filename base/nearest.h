/* The word that was meant by a misspelt one. Pure; any thread. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

/* The name in `names` (NULL at the end) that `text` was meant to be; NULL: none is near. */
const char *nearest(const char *text, const char *const *names);

#endif
