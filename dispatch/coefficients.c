/* Hyper-parameters: their ranges, and the coefficients derived from them in double. */
#include "dispatch/coefficients.h"

#include "dispatch/error.h"
#include <float.h>
#include <math.h>
#include <stdbool.h>

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
    if (!finite_not_negative(hyper->eps))
        return out_of_range(group, "eps", hyper->eps, "finite (as a float) and not negative");
    return GCS_OK;
}

static gcs_status check_sgdm(const gcs_hyper *hyper, size_t group) {
    if (!fraction(hyper->momentum) || (float)hyper->momentum >= 1)
        return out_of_range(group, "momentum", hyper->momentum, "in [0, 1), also as a float");
    if (!(hyper->dampening >= 0 && hyper->dampening <= 1))
        return out_of_range(group, "dampening", hyper->dampening, "in [0, 1]");
    return GCS_OK;
}

gcs_status gcs_hyper_check(const gcs_spec *spec, const gcs_hyper *hyper, size_t group) {
    gcs_status status = GCS_OK;
    if (hyper->t == 0)
        return gcs_fail(GCS_INVALID_ARGUMENT, "hyper[%zu].t is 0: steps are counted from 1", group);
    if (!finite_not_negative(hyper->lr))
        return out_of_range(group, "lr", hyper->lr, "finite (as a float) and not negative");
    if (!finite_not_negative(hyper->weight_decay))
        return out_of_range(group, "weight_decay", hyper->weight_decay,
                            "finite (as a float) and not negative");
    if (spec->rule == GCS_RULE_SGDM)
        status = check_sgdm(hyper, group);
    if (spec->rule == GCS_RULE_ADAM || spec->rule == GCS_RULE_ADAMW)
        status = check_adam(hyper, group);
    if (status != GCS_OK)
        return status;
    gcs_coef coef;
    gcs_coefficients(spec, hyper, &coef);
    /* Products and quotients of values that each fit a float may not. */
    if (!isfinite(coef.step))
        return out_of_range(group, "lr", hyper->lr,
                            "small enough for lr / (1 - beta1^t) to be finite");
    if (!isfinite(coef.decay))
        return out_of_range(group, "weight_decay", hyper->weight_decay,
                            "small enough for lr * weight_decay to be finite");
    return GCS_OK;
}

static void adam_coefficients(const gcs_hyper *hyper, gcs_coef *coef) {
    const double correction1 = 1 - power(hyper->beta1, hyper->t);
    const double correction2 = 1 - power(hyper->beta2, hyper->t);
    coef->step = (float)(hyper->lr / correction1);
    coef->beta1 = (float)hyper->beta1;
    coef->comp1 = (float)(1 - hyper->beta1);
    coef->beta2 = (float)hyper->beta2;
    coef->comp2 = (float)(1 - hyper->beta2);
    coef->eps = (float)hyper->eps;
    coef->rsqrt_c2 = (float)(1 / sqrt(correction2));
}

void gcs_coefficients(const gcs_spec *spec, const gcs_hyper *hyper, gcs_coef *coef) {
    *coef = (gcs_coef){.step = (float)hyper->lr, .decay = (float)hyper->weight_decay};
    switch (spec->rule) {
    case GCS_RULE_SGD:
        break;
    case GCS_RULE_SGDM:
        coef->mu = hyper->t == 1 ? 0.0F : (float)hyper->momentum;
        coef->damp = hyper->t == 1 ? 1.0F : (float)(1 - hyper->dampening);
        break;
    case GCS_RULE_ADAM:
        adam_coefficients(hyper, coef);
        break;
    case GCS_RULE_ADAMW:
        adam_coefficients(hyper, coef);
        coef->decay = (float)(hyper->lr * hyper->weight_decay);
        break;
    }
}
