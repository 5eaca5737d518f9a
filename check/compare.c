/* Comparisons: see compare.h. All are written so that a NaN that is not expected fails. */
#include "check/compare.h"
#include "check/bound.h"
#include "check/half.h"
#include <math.h>
#include <string.h>

static bool same_bits(float a, float b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

bool gcs_same_value(float a, float b) {
    return same_bits(a, b) || (isnan(a) && isnan(b));
}

uint64_t gcs_first_difference(const float *a, const float *b, uint64_t count) {
    if (memcmp(a, b, (size_t)count * sizeof *a) == 0)
        return count;
    uint64_t i = 0;
    while (i < count && gcs_same_value(a[i], b[i]))
        i++;
    return i;
}

uint64_t gcs_first_difference_16(gcs_type type, const uint16_t *a, const uint16_t *b,
                                 uint64_t count) {
    if (memcmp(a, b, (size_t)count * sizeof *a) == 0)
        return count;
    uint64_t i = 0;
    while (i < count && gcs_half_same(type, a[i], b[i]))
        i++;
    return i;
}

bool gcs_within_bound(float got, double want, const gcs_bounded *bound, double *worst) {
    if (gcs_bounded_is_lost(*bound))
        return true;
    if (isnan(want))
        return isnan(got);
    if (isinf(want))
        return (double)got == want;
    double units = fabs((double)got - want) / bound->error;
    if (units > *worst)
        *worst = units;
    return units <= GCS_BOUND_LIMIT;
}
