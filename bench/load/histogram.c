#include "histogram.h"

#include <string.h>

enum { FINENESS_BITS = 6 };

/* Values below 64 have a bucket each; above, the six bits below the leading one choose within its power of two. */
static int bucket_of(uint64_t value)
{
    if (value < HISTOGRAM_FINENESS)
        return (int)value;
    int shift = 63 - __builtin_clzll(value) - FINENESS_BITS;
    int bucket = (int)(value >> shift) + HISTOGRAM_FINENESS * shift;
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static uint64_t middle_of(int bucket)
{
    if (bucket < 2 * HISTOGRAM_FINENESS)
        return (uint64_t)bucket;
    int shift = bucket / HISTOGRAM_FINENESS - 1;
    uint64_t lowest = (uint64_t)(bucket % HISTOGRAM_FINENESS + HISTOGRAM_FINENESS) << shift;
    return lowest + ((uint64_t)1 << shift) / 2;
}

void histogram_clear(Histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
}

void histogram_add(Histogram *histogram, uint64_t value_us)
{
    histogram->buckets[bucket_of(value_us)]++;
    histogram->count++;
    histogram->sum += (double)value_us;
    if (value_us > histogram->max)
        histogram->max = value_us;
}

uint64_t histogram_percentile(const Histogram *histogram, double percent)
{
    uint64_t rank = (uint64_t)((double)histogram->count * percent / 100);
    uint64_t seen = 0;
    for (int bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->buckets[bucket];
        if (seen > rank)
            return middle_of(bucket);
    }
    return histogram->max;
}

double histogram_mean(const Histogram *histogram)
{
    return histogram->count ? histogram->sum / (double)histogram->count : 0;
}
