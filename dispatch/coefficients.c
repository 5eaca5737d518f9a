/* Hyper-parameters: their ranges, and the coefficients derived from them in double. */
#include "dispatch/coefficients.h"

#include "dispatch/error.h"
#include "dispatch/plan.h"
#include <float.h>
#include <math.h>

static bool is_adam(gcs_rule rule) {
    return gcs_rule_has_m(rule) && gcs_rule_has_v(rule);
}
static bool has_momentum(gcs_rule rule) {
    return gcs_rule_has_m(rule) && !gcs_rule_has_v(rule);
}
static bool is_nesterov(gcs_rule rule) {
    return rule == GCS_RULE_NESTEROV || rule == GCS_RULE_NESTEROVW;
}

/* base^t by repeated squaring, so that every host rounds alike (pow may differ between libraries).
 */
static double power(double base, uint64_t t) {
    double result = 1.0;
    for (double square = base; t != 0; t >>= 1) {
        if (t & 1)
            result *= square;
        square *= square;
    }
    return result;
}

/* ---- Ranges -------------------------------------------------------------------------------- */

static gcs_status out_of_range(size_t group, const char *name, double value, const char *range) {
    return gcs_fail(GCS_INVALID_ARGUMENT, "hyper[%zu].%s is %.17g: it must be %s", group, name,
                    value, range);
}

/* Written so that a NaN is refused. */
static bool finite_not_negative(double value) {
    return value >= 0 && value <= (double)FLT_MAX;
}
static bool fraction(double value) {
    return value >= 0 && value < 1;
}

static gcs_status check_adam(const gcs_hyper *hyper, size_t group) {
    /* A beta that rounds to 1 as a float would freeze its moment for good. */
    if (!fraction(hyper->beta1) || (float)hyper->beta1 >= 1)
        return out_of_range(group, "beta1", hyper->beta1, "in [0, 1), also as a float");
    if (!fraction(hyper->beta2) || (float)hyper->beta2 >= 1)
        return out_of_range(group, "beta2", hyper->beta2, "in [0, 1), also as a float");
    return GCS_OK;
}

static gcs_status check_momentum(const gcs_hyper *hyper, size_t group) {
    if (!fraction(hyper->momentum) || (float)hyper->momentum >= 1)
        return out_of_range(group, "momentum", hyper->momentum, "in [0, 1), also as a float");
    if (!(hyper->dampening >= 0 && hyper->dampening <= 1))
        return out_of_range(group, "dampening", hyper->dampening, "in [0, 1]");
    return GCS_OK;
}

/* What every rule uses. */
static gcs_status check_common(const gcs_hyper *hyper, size_t group) {
    if (hyper->t == 0)
        return gcs_fail(GCS_INVALID_ARGUMENT, "hyper[%zu].t is 0: steps are counted from 1", group);
    if (!finite_not_negative(hyper->lr))
        return out_of_range(group, "lr", hyper->lr, "finite (as a float) and not negative");
    if (!finite_not_negative(hyper->weight_decay))
        return out_of_range(group, "weight_decay", hyper->weight_decay,
                            "finite (as a float) and not negative");
    if (!(fabs(hyper->grad_scale) <= (double)FLT_MAX))
        return out_of_range(group, "grad_scale", hyper->grad_scale, "finite (as a float)");
    if (!(hyper->clip >= 0 && hyper->clip <= 1) || (hyper->clip != 0 && (float)hyper->clip == 0))
        return out_of_range(group, "clip", hyper->clip, "in (0, 1], also as a float, or 0");
    return GCS_OK;
}

static gcs_status check_ranges(gcs_rule rule, const gcs_hyper *hyper, size_t group) {
    gcs_status status = check_common(hyper, group);
    if (status == GCS_OK && has_momentum(rule))
        status = check_momentum(hyper, group);
    if (status == GCS_OK && is_adam(rule))
        status = check_adam(hyper, group);
    if (status != GCS_OK)
        return status;
    if (gcs_rule_has_v(rule) && !finite_not_negative(hyper->eps))
        return out_of_range(group, "eps", hyper->eps, "finite (as a float) and not negative");
    if (rule == GCS_RULE_ADAGRAD && !finite_not_negative(hyper->lr_decay))
        return out_of_range(group, "lr_decay", hyper->lr_decay,
                            "finite (as a float) and not negative");
    return GCS_OK;
}

gcs_status gcs_hyper_check(const gcs_spec *spec, const gcs_hyper *hyper, size_t group,
                           gcs_coef *coef) {
    const gcs_status status = check_ranges(spec->rule, hyper, group);
    if (status != GCS_OK)
        return status;
    gcs_coefficients(spec, hyper, coef);
    /* Products and quotients of values that each fit a float may not. */
    if (coef->scale == 0)
        return out_of_range(group, "grad_scale", hyper->grad_scale,
                            "large enough for grad_scale * clip not to be 0 as a float");
    if (!isfinite(coef->step))
        return out_of_range(group, "lr", hyper->lr,
                            "small enough for the corrected rate to be finite as a float");
    if (!isfinite(coef->decay))
        return out_of_range(group, "weight_decay", hyper->weight_decay,
                            "small enough for its product with the rate to be finite as a float");
    return GCS_OK;
}

/* ---- Coefficients -------------------------------------------------------------------------- */

/* Returns what a decoupled decay is multiplied by: lr, or the authors' step. */
static double adam_coefficients(const gcs_spec *spec, const gcs_hyper *hyper, gcs_coef *coef) {
    const double correction1 = 1 - power(hyper->beta1, hyper->t);
    const double correction2 = 1 - power(hyper->beta2, hyper->t);
    coef->beta1 = (float)hyper->beta1;
    coef->comp1 = (float)(1 - hyper->beta1);
    coef->beta2 = (float)hyper->beta2;
    coef->comp2 = (float)(1 - hyper->beta2);
    coef->eps = (float)hyper->eps;
    if (spec->authors_form) {
        const double step = hyper->lr * sqrt(correction2) / correction1;
        coef->step = (float)step;
        coef->rsqrt_c2 = 1;
        return step;
    }
    coef->step = (float)(hyper->lr / correction1);
    coef->rsqrt_c2 = (float)(1 / sqrt(correction2));
    return hyper->lr;
}

static void momentum_coefficients(const gcs_spec *spec, const gcs_hyper *hyper, gcs_coef *coef) {
    const bool first = hyper->t == 1;
    coef->mu = first ? 0.0F : (float)hyper->momentum;
    coef->damp = first ? 1.0F : (float)(1 - hyper->dampening);
    if (is_nesterov(spec->rule))
        coef->nesterov = (float)hyper->momentum;
}

void gcs_coefficients(const gcs_spec *spec, const gcs_hyper *hyper, gcs_coef *coef) {
    const double grad_scale = hyper->grad_scale != 0 ? hyper->grad_scale : 1;
    const double scale = grad_scale * (hyper->clip != 0 ? hyper->clip : 1);
    double rate = hyper->lr;
    *coef = (gcs_coef){.scale = (float)(spec->maximize ? -scale : scale), .step = (float)rate};
    if (is_adam(spec->rule)) {
        rate = adam_coefficients(spec, hyper, coef);
    } else if (spec->rule == GCS_RULE_ADAGRAD) {
        coef->step = (float)(hyper->lr / (1 + (double)(hyper->t - 1) * hyper->lr_decay));
        coef->eps = (float)hyper->eps;
    } else if (has_momentum(spec->rule)) {
        momentum_coefficients(spec, hyper, coef);
    }
    coef->decay = gcs_rule_is_decoupled(spec->rule) ? (float)(rate * hyper->weight_decay)
                                                    : (float)hyper->weight_decay;
}

/* ---- Draws --------------------------------------------------------------------------------- */

/* splitmix64: Steele, Lea, Flood, OOPSLA 2014; constants by S. Vigna (public domain). */
static uint64_t finish(uint64_t z) {
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

static uint64_t next(uint64_t state, uint64_t value) {
    return finish((state ^ value) + 0x9e3779b97f4a7c15U);
}

uint64_t gcs_draw_key_of_step(uint64_t seed, uint64_t t) {
    return next(next(0, seed), t);
}

void gcs_draw_keys(uint64_t seed, uint64_t t, uint64_t id, uint32_t key[2]) {
    const uint64_t k = next(next(next(0, seed), t), id);
    key[0] = (uint32_t)k;
    key[1] = (uint32_t)(k >> 32);
}
