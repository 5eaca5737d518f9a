/* Comparing what a kernel wrote with what it had to write. */
#ifndef GCSTEP_CHECK_COMPARE_H
#define GCSTEP_CHECK_COMPARE_H

#include "check/bounded.h"
#include <gcstep/gcstep.h>
#include <stdbool.h>
#include <stdint.h>

/* The same bits, or two NaNs. */
bool gcs_same_value(float a, float b);

/* The first index at which the arrays differ (one NaN equals another where both hold one); `count`
 * where there is none. */
uint64_t gcs_first_difference(const float *a, const float *b, uint64_t count);

/* The same for numbers of 16 bits of that type. */
uint64_t gcs_first_difference_16(gcs_type type, const uint16_t *a, const uint16_t *b,
                                 uint64_t count);

/* Whether `got` is within the bound of the exact value `want`. NaN and infinities must be met.
 * Where the bound is lost, anything passes. *worst is raised to the error in units of the bound. */
bool gcs_within_bound(float got, double want, const gcs_bounded *bound, double *worst);

#endif
