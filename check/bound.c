/* Running error analysis of a step: see bound.h. */
#include "check/bound.h"
#include <float.h>
#include <math.h>

static const double unit = 0x1p-24;       /* half an ulp of 1: the largest relative rounding */
static const double underflow = 0x1p-150; /* half the smallest subnormal: the absolute one */
static const double flushed = 0x1p-126;   /* what flush() takes away, at most */

static gcs_bounded exactly(double value) {
    return (gcs_bounded){.value = value};
}

/* The result of one rounded operation; `error` is what the operands brought along. */
static gcs_bounded rounded(double value, double error, bool lost) {
    /* What an infinity or a NaN leads to is the same in double. */
    if (!isfinite(value))
        return (gcs_bounded){.value = value, .lost = lost};
    error += unit * (fabs(value) + error) + underflow;
    return (gcs_bounded){value, error, lost || !(fabs(value) + error < (double)FLT_MAX)};
}

static gcs_bounded add(gcs_bounded a, gcs_bounded b) {
    return rounded(a.value + b.value, a.error + b.error, a.lost || b.lost);
}

static gcs_bounded subtract(gcs_bounded a, gcs_bounded b) {
    return rounded(a.value - b.value, a.error + b.error, a.lost || b.lost);
}

static gcs_bounded multiply(gcs_bounded a, gcs_bounded b) {
    double error = fabs(a.value) * b.error + fabs(b.value) * a.error + a.error * b.error;
    return rounded(a.value * b.value, error, a.lost || b.lost);
}

/* least: what the float divisor cannot be below, or 0. */
static gcs_bounded divide(gcs_bounded a, gcs_bounded b, double least) {
    double value = a.value / b.value;
    double smallest = fmax(fabs(b.value) - b.error, least);
    bool lost = a.lost || b.lost || smallest <= 0;
    return rounded(value, lost ? 0 : (a.error + fabs(value) * b.error) / smallest, lost);
}

static gcs_bounded root(gcs_bounded a) {
    double value = sqrt(a.value);
    double below = value - sqrt(fmax(a.value - a.error, 0));
    double above = sqrt(a.value + a.error) - value;
    return rounded(value, fmax(below, above), a.lost);
}

static gcs_bounded flush(gcs_bounded a) {
    if (fabs(a.value) - a.error < flushed)
        a.error += flushed;
    return a;
}

gcs_bounded gcs_bound_given(double value) {
    return rounded(value, 0, false);
}

gcs_bound_coef gcs_bound_coefficients(gcs_rule rule, const gcs_hyper *h) {
    bool first = h->t == 1;
    bool adam = rule == GCS_RULE_ADAM || rule == GCS_RULE_ADAMW;
    double correction1 = 1 - pow(h->beta1, (double)h->t);
    double correction2 = 1 - pow(h->beta2, (double)h->t);
    double decay = rule == GCS_RULE_ADAMW ? h->lr * h->weight_decay : h->weight_decay;
    return (gcs_bound_coef){
        .step = gcs_bound_given(adam ? h->lr / correction1 : h->lr),
        .decay = decay == 0 ? exactly(0) : gcs_bound_given(decay),
        .mu = first ? exactly(0) : gcs_bound_given(h->momentum),
        .damp = first ? exactly(1) : gcs_bound_given(1 - h->dampening),
        .beta1 = gcs_bound_given(h->beta1),
        .comp1 = gcs_bound_given(1 - h->beta1),
        .beta2 = gcs_bound_given(h->beta2),
        .comp2 = gcs_bound_given(1 - h->beta2),
        .eps = gcs_bound_given(h->eps),
        .rsqrt_c2 = gcs_bound_given(1 / sqrt(correction2)),
    };
}

gcs_bounded gcs_bound_gradient(gcs_rule rule, const gcs_bound_coef *coef, float w, float g) {
    if (rule == GCS_RULE_ADAMW || coef->decay.value == 0)
        return exactly(g);
    return add(exactly(g), multiply(coef->decay, exactly(w)));
}

void gcs_bound_sum_add(gcs_bound_sum *sum, gcs_bounded y) {
    sum->sum.value += y.value;
    sum->sum.error += y.error;
    sum->sum.lost = sum->sum.lost || y.lost;
    sum->magnitude += fabs(y.value) + y.error;
}

gcs_bounded gcs_bound_sum_total(const gcs_bound_sum *sum, uint64_t depth) {
    if (!isfinite(sum->sum.value))
        return sum->sum;
    gcs_bounded total = sum->sum;
    double longest = (double)depth * unit;
    /* (1 + unit)^depth - 1 <= longest (1 + longest) while longest < 1. */
    total.error += longest * (1 + longest) * sum->magnitude;
    total.lost = total.lost || !(sum->magnitude + total.error < (double)FLT_MAX);
    return total;
}

gcs_bounded gcs_bound_mean(const gcs_bound_sum *sum, uint64_t n, uint64_t depth) {
    double count = (double)n;
    gcs_bounded divisor = (double)(float)n == count ? exactly(count) : gcs_bound_given(count);
    return divide(gcs_bound_sum_total(sum, depth), divisor, 0);
}

static gcs_bound_element step_adam(gcs_rule rule, const gcs_bound_coef *c, gcs_bounded x,
                                   gcs_bounded w, gcs_bounded m, gcs_bounded v) {
    gcs_bound_element e;
    e.m = flush(add(multiply(c->beta1, m), multiply(c->comp1, x)));
    e.v = flush(add(multiply(c->beta2, v), multiply(c->comp2, multiply(x, x))));
    gcs_bounded divisor = add(multiply(root(e.v), c->rsqrt_c2), c->eps);
    /* A root is never negative, not even one of a v that is all rounding: eps stays. */
    double least = c->eps.value - c->eps.error;
    gcs_bounded change = divide(multiply(c->step, e.m), divisor, least);
    if (rule == GCS_RULE_ADAMW && c->decay.value != 0)
        change = add(multiply(c->decay, w), change);
    e.w = subtract(w, change);
    return e;
}

gcs_bound_element gcs_bound_step(gcs_rule rule, const gcs_bound_coef *c, gcs_bounded gradient,
                                 const gcs_bounded *mean, float w, float m, float v) {
    gcs_bounded x = mean ? subtract(gradient, *mean) : gradient;
    gcs_bounded old = exactly(w);
    if (rule == GCS_RULE_ADAM || rule == GCS_RULE_ADAMW)
        return step_adam(rule, c, x, old, exactly(m), exactly(v));
    gcs_bound_element e = {.m = exactly(m), .v = exactly(v)};
    gcs_bounded direction = x;
    if (rule == GCS_RULE_SGDM)
        direction = e.m = flush(add(multiply(c->mu, exactly(m)), multiply(c->damp, x)));
    e.w = subtract(old, multiply(c->step, direction));
    return e;
}
