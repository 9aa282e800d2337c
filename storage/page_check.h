/* Inside storage/: looks at the page that a key lies in. LMDB has no checksums, and a flipped bit
 * in the head of a page can hide values from a walk without any sign: what the page says of itself
 * must add up. Knows LMDB's data version 1 (0.9), and pages as large as the machine's. */
#ifndef STORAGE_PAGE_CHECK_H
#define STORAGE_PAGE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* The page that `key`, as a cursor gave it, lies in. */
const void *page_of(const void *key, size_t page_bytes);
/* It is a leaf, and its nodes fill exactly the part of it that is in use. */
bool page_adds_up(const void *page, size_t page_bytes);

#endif
