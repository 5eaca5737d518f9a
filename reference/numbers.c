/* Numbers of 16 bits in double: see reference.h. */
#include "reference/reference.h"
#include <math.h>
#include <string.h>

/* The upper half of an f32. */
static double bf16(uint16_t bits) {
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

/* IEEE 754 binary16: 1 bit of sign, 5 of exponent with a bias of 15, 10 of fraction. */
static double f16(uint16_t bits) {
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double magnitude;
    if (exponent == 31)
        magnitude = fraction != 0 ? NAN : INFINITY;
    else if (exponent == 0)
        magnitude = fraction / 1024.0 * 0x1p-14;
    else
        magnitude = ldexp(1 + fraction / 1024.0, exponent - 15);
    return bits & 0x8000 ? -magnitude : magnitude;
}

double gcs_reference_number(gcs_type type, const void *array, uint64_t i) {
    switch (type) {
    case GCS_TYPE_BF16:
        return bf16(((const uint16_t *)array)[i]);
    case GCS_TYPE_F16:
        return f16(((const uint16_t *)array)[i]);
    case GCS_TYPE_F32:
        break;
    }
    return ((const float *)array)[i];
}

/* The power of two that would follow the largest number stands here for infinity. */
static double number_of(gcs_type type, uint16_t magnitude_bits) {
    double value = gcs_reference_number(type, &magnitude_bits, 0);
    if (isinf(value))
        return type == GCS_TYPE_BF16 ? 0x1p128 : 0x1p16;
    return value;
}

static bool nearest(gcs_type type, double a, uint16_t magnitude, uint16_t infinity) {
    double got = number_of(type, magnitude);
    double below = magnitude > 0 ? number_of(type, (uint16_t)(magnitude - 1)) : -HUGE_VAL;
    double above = magnitude < infinity ? number_of(type, (uint16_t)(magnitude + 1)) : HUGE_VAL;
    if (magnitude == infinity)
        got = fmax(got, a); /* all that is beyond is infinite */
    double error = fabs(a - got);
    if (error > fabs(a - below) || error > fabs(above - a))
        return false;
    bool tie = error != 0 && (error == fabs(a - below) || error == fabs(above - a));
    return !tie || magnitude % 2 == 0;
}

static bool neighbour(gcs_type type, double a, uint16_t magnitude, uint16_t infinity) {
    if (magnitude == infinity)
        return a >= number_of(type, infinity);
    double below = magnitude > 0 ? number_of(type, (uint16_t)(magnitude - 1)) : -HUGE_VAL;
    return below < a && a < number_of(type, (uint16_t)(magnitude + 1));
}

bool gcs_reference_copy_fits(gcs_copy copy, float w, uint16_t bits) {
    bool stochastic = copy == GCS_COPY_BF16_STOCHASTIC || copy == GCS_COPY_F16_STOCHASTIC;
    gcs_type type =
        copy == GCS_COPY_BF16 || copy == GCS_COPY_BF16_STOCHASTIC ? GCS_TYPE_BF16 : GCS_TYPE_F16;
    uint16_t infinity = type == GCS_TYPE_BF16 ? 0x7f80 : 0x7c00, magnitude = bits & 0x7fff;
    if (isnan(w))
        return magnitude > infinity;
    if (magnitude > infinity || (signbit(w) != 0) != (bits >> 15 == 1))
        return false;
    if (isinf(w))
        return magnitude == infinity;
    double a = fabs((double)w);
    return stochastic ? neighbour(type, a, magnitude, infinity)
                      : nearest(type, a, magnitude, infinity);
}
