/* Statistics of the tuner beyond measure/measure.h: quantiles, and whether a ratio differs from 1.
 */
#ifndef GCSTEP_MEASURE_STATISTICS_H
#define GCSTEP_MEASURE_STATISTICS_H

#include "measure/measure.h"

/* The quartiles and the median of ratios, with the 99 % confidence interval of the median. */
typedef struct gcs_ratio {
    double median, lower_quartile, upper_quartile;
    double low, high; /* the interval; -inf and +inf where count < 8: too few for any */
    size_t count;
} gcs_ratio;

/* The p-quantile, 0 <= p <= 1, of count > 0 values, linear between neighbours. Sorts. */
double gcs_quantile(double *values, size_t count, double p);

/* Describes a[i] / b[i] over the i where both are > 0 (0 stands for "not timed"). False when
 * there is no such i or memory ran out. */
bool gcs_ratio_of(const double *a, const double *b, size_t count, gcs_ratio *ratio);

#endif
