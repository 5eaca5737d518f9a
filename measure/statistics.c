/* Medians, quartiles and paired ratios. */
#include "measure/statistics.h"
#include <math.h>
#include <stdlib.h>

#define TAIL 0.005 /* probability on each side of the 99 % interval */

static int by_value(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double sorted_quantile(const double *sorted, size_t count, double p) {
    double position = p * (double)(count - 1);
    size_t below = (size_t)position;
    if (below + 1 >= count)
        return sorted[count - 1];
    double part = position - (double)below;
    return sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

double gcs_quantile(double *values, size_t count, double p) {
    qsort(values, count, sizeof *values, by_value);
    return sorted_quantile(values, count, p);
}

double gcs_median(double *values, size_t count) {
    return gcs_quantile(values, count, 0.5);
}

double gcs_interquartile_range(double *values, size_t count) {
    qsort(values, count, sizeof *values, by_value);
    return sorted_quantile(values, count, 0.75) - sorted_quantile(values, count, 0.25);
}

bool gcs_paired_ratio(const double *a, const double *b, size_t count, double *median,
                      double *spread) {
    if (count == 0)
        return false;
    double *ratios = malloc(count * sizeof *ratios);
    if (!ratios)
        return false;
    for (size_t i = 0; i < count; i++)
        ratios[i] = a[i] / b[i];
    *median = gcs_median(ratios, count);
    if (spread)
        *spread = gcs_interquartile_range(ratios, count);
    free(ratios);
    return true;
}

/* The largest k such that fewer than k of `count` fair coins fall heads with probability at most
 * TAIL. The k-th smallest and k-th largest value then bound the median with 99 % confidence,
 * whatever the distribution (the sign test turned round). 0: count is too small for any interval.
 */
static size_t interval_rank(size_t count) {
    double log_half = (double)count * log(0.5);
    double log_choose = 0, tail = 0;
    size_t k = 0;
    while (k < count) {
        tail += exp(log_choose + log_half);
        if (tail > TAIL)
            break;
        log_choose += log((double)(count - k)) - log((double)(k + 1));
        k++;
    }
    return k;
}

static void describe(double *ratios, size_t count, gcs_ratio *ratio) {
    qsort(ratios, count, sizeof *ratios, by_value);
    size_t rank = interval_rank(count);
    ratio->count = count;
    ratio->median = sorted_quantile(ratios, count, 0.5);
    ratio->lower_quartile = sorted_quantile(ratios, count, 0.25);
    ratio->upper_quartile = sorted_quantile(ratios, count, 0.75);
    ratio->low = rank ? ratios[rank - 1] : -INFINITY;
    ratio->high = rank ? ratios[count - rank] : INFINITY;
}

bool gcs_ratio_of(const double *a, const double *b, size_t count, gcs_ratio *ratio) {
    double *ratios = malloc((count ? count : 1) * sizeof *ratios);
    if (!ratios)
        return false;
    size_t both = 0;
    for (size_t i = 0; i < count; i++)
        if (a[i] > 0 && b[i] > 0)
            ratios[both++] = a[i] / b[i];
    if (both > 0)
        describe(ratios, both, ratio);
    free(ratios);
    return both > 0;
}
