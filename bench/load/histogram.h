/* Latencies in microseconds, within 1.6 %: 64 buckets for each power of two. A zeroed Histogram is an empty one. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_FINENESS = 64, HISTOGRAM_BUCKETS = HISTOGRAM_FINENESS * 40 };

typedef struct {
    uint64_t buckets[HISTOGRAM_BUCKETS];
    uint64_t count, max;
    double sum;
} Histogram;

void histogram_clear(Histogram *histogram);
void histogram_add(Histogram *histogram, uint64_t value_us);

/* The value that `percent` of all values do not exceed; 0 when there are none. */
uint64_t histogram_percentile(const Histogram *histogram, double percent);
double histogram_mean(const Histogram *histogram);

#endif
