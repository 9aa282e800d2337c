#include "base/histogram.h"

void histogram_init(struct histogram *histogram, const int64_t *bounds)
{
    *histogram = (struct histogram){.bounds = bounds};
}

void histogram_note(struct histogram *histogram, int64_t value)
{
    int place = 0;

    if (value < 0)
        value = 0;
    while (place < HISTOGRAM_MAX - 1 && value > histogram->bounds[place])
        place++;
    histogram->counts[place]++;
    histogram->sum = value > INT64_MAX - histogram->sum ? INT64_MAX : histogram->sum + value;
}
