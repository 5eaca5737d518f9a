/* Arithmetic on values that carry how far rounding may have taken their float from them: a running
 * error analysis, in double. Each operation adds its own rounding, 2^-24 of the magnitude of its
 * result, to what its operands bring along. */
#ifndef GCSTEP_CHECK_BOUNDED_H
#define GCSTEP_CHECK_BOUNDED_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* A value and how far the float value may be from it. An infinite error: no bound, since floats may
 * overflow here, or divide by what may be zero. (Two numbers, and no flag beside them: so they
 * travel in registers.) */
typedef struct gcs_bounded {
    double value;
    double error;
} gcs_bounded;

static inline bool gcs_bounded_is_lost(gcs_bounded a) {
    return isinf(a.error);
}

/* A float that holds the value, and one that it was rounded to (exactly, where it is a float). */
gcs_bounded gcs_bounded_exactly(double value);
gcs_bounded gcs_bounded_given(double value);

gcs_bounded gcs_bounded_add(gcs_bounded a, gcs_bounded b);
gcs_bounded gcs_bounded_subtract(gcs_bounded a, gcs_bounded b);
gcs_bounded gcs_bounded_multiply(gcs_bounded a, gcs_bounded b);
/* least: what the float divisor cannot be below, or 0. */
gcs_bounded gcs_bounded_divide(gcs_bounded a, gcs_bounded b, double least);
gcs_bounded gcs_bounded_root(gcs_bounded a);
/* A quotient or root by a device that does not round it correctly: which may be so many roundings
 * (2^-24 of the result) further away. */
gcs_bounded gcs_bounded_loosen(gcs_bounded a, double roundings);
/* The larger of two: b where a is a NaN. */
gcs_bounded gcs_bounded_max(gcs_bounded a, gcs_bounded b);
gcs_bounded gcs_bounded_flush(gcs_bounded a);

/* A sum in the order S, built up element by element. */
typedef struct gcs_bounded_sum {
    gcs_bounded sum;
    double magnitude; /* sum of |y| */
} gcs_bounded_sum;

void gcs_bounded_sum_add(gcs_bounded_sum *sum, gcs_bounded y);

/* S, when each element goes through `depth` rounded additions, and S divided by n. */
gcs_bounded gcs_bounded_sum_total(const gcs_bounded_sum *sum, uint64_t depth);
gcs_bounded gcs_bounded_mean(const gcs_bounded_sum *sum, uint64_t n, uint64_t depth);

#endif
