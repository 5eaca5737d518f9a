/* Running error analysis of single operations: see bounded.h. */
#include "check/bounded.h"
#include <float.h>
#include <math.h>

static const double unit = 0x1p-24;       /* half an ulp of 1: the largest relative rounding */
static const double underflow = 0x1p-150; /* half the smallest subnormal: the absolute one */
static const double flushed = 0x1p-126;   /* what flush() takes away, at most */

static bool is_lost(gcs_bounded a) {
    return gcs_bounded_is_lost(a);
}

/* The error, unless floats of that size may overflow. */
static double within_floats(double magnitude, double error) {
    return magnitude + error < (double)FLT_MAX ? error : INFINITY;
}

gcs_bounded gcs_bounded_exactly(double value) {
    return (gcs_bounded){.value = value};
}

/* The result of one rounded operation; `error` is what the operands brought along. */
static gcs_bounded rounded(double value, double error, bool lost) {
    /* What an infinity or a NaN leads to is the same in double. */
    if (!isfinite(value))
        return (gcs_bounded){value, lost ? INFINITY : 0};
    error += unit * (fabs(value) + error) + underflow;
    return (gcs_bounded){value, lost ? INFINITY : within_floats(fabs(value), error)};
}

gcs_bounded gcs_bounded_given(double value) {
    return (double)(float)value == value ? gcs_bounded_exactly(value) : rounded(value, 0, false);
}

gcs_bounded gcs_bounded_add(gcs_bounded a, gcs_bounded b) {
    return rounded(a.value + b.value, a.error + b.error, is_lost(a) || is_lost(b));
}

gcs_bounded gcs_bounded_subtract(gcs_bounded a, gcs_bounded b) {
    return rounded(a.value - b.value, a.error + b.error, is_lost(a) || is_lost(b));
}

/* A product with this is exact. */
static bool is_one(gcs_bounded a) {
    return fabs(a.value) == 1 && a.error == 0;
}

gcs_bounded gcs_bounded_multiply(gcs_bounded a, gcs_bounded b) {
    if (is_one(a))
        return (gcs_bounded){a.value * b.value, b.error};
    if (is_one(b))
        return (gcs_bounded){a.value * b.value, a.error};
    double error = fabs(a.value) * b.error + fabs(b.value) * a.error + a.error * b.error;
    return rounded(a.value * b.value, error, is_lost(a) || is_lost(b));
}

gcs_bounded gcs_bounded_divide(gcs_bounded a, gcs_bounded b, double least) {
    double value = a.value / b.value;
    double smallest = fmax(fabs(b.value) - b.error, least);
    bool lost = is_lost(a) || is_lost(b) || smallest <= 0;
    return rounded(value, lost ? 0 : (a.error + fabs(value) * b.error) / smallest, lost);
}

gcs_bounded gcs_bounded_root(gcs_bounded a) {
    double value = sqrt(a.value);
    double below = value - sqrt(fmax(a.value - a.error, 0));
    double above = sqrt(a.value + a.error) - value;
    return rounded(value, fmax(below, above), is_lost(a));
}

gcs_bounded gcs_bounded_loosen(gcs_bounded a, double roundings) {
    if (roundings == 0 || !isfinite(a.value))
        return a;
    a.error += roundings * unit * (fabs(a.value) + a.error);
    a.error = within_floats(fabs(a.value), a.error);
    return a;
}

gcs_bounded gcs_bounded_max(gcs_bounded a, gcs_bounded b) {
    gcs_bounded max = a.value > b.value ? a : b;
    max.error = fmax(a.error, b.error);
    return max;
}

gcs_bounded gcs_bounded_flush(gcs_bounded a) {
    if (fabs(a.value) - a.error < flushed)
        a.error += flushed;
    return a;
}

void gcs_bounded_sum_add(gcs_bounded_sum *sum, gcs_bounded y) {
    sum->sum.value += y.value;
    sum->sum.error += y.error;
    sum->magnitude += fabs(y.value) + y.error;
}

gcs_bounded gcs_bounded_sum_total(const gcs_bounded_sum *sum, uint64_t depth) {
    if (!isfinite(sum->sum.value))
        return sum->sum;
    gcs_bounded total = sum->sum;
    double longest = (double)depth * unit;
    /* (1 + unit)^depth - 1 <= longest (1 + longest) while longest < 1. */
    total.error += longest * (1 + longest) * sum->magnitude;
    total.error = within_floats(sum->magnitude, total.error);
    return total;
}

gcs_bounded gcs_bounded_mean(const gcs_bounded_sum *sum, uint64_t n, uint64_t depth) {
    return gcs_bounded_divide(gcs_bounded_sum_total(sum, depth), gcs_bounded_given((double)n), 0);
}
