/* How often a measure fell into which range, as Prometheus' histograms count. Plain data; any
 * thread, one at a time. */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_MAX = 16 };

struct histogram {
    const int64_t *bounds;          /* borrowed: ascending, INT64_MAX at the end, 16 at most */
    uint64_t counts[HISTOGRAM_MAX]; /* of values up to the bound, and above the one before */
    int64_t sum;                    /* of all values */
};

void histogram_init(struct histogram *histogram, const int64_t *bounds);
void histogram_note(struct histogram *histogram, int64_t value); /* below 0 counts as 0 */

#endif
