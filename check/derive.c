/* The coefficients, line by line of the table in docs/arithmetic.md: see derive.h. */
#include "check/derive.h"
#include <math.h>

/* Repeated squaring, from the lowest bit of t upwards. */
static double power(double beta, uint64_t t) {
    double result = 1;
    while (t > 0) {
        if (t % 2 == 1)
            result = result * beta;
        beta = beta * beta;
        t = t / 2;
    }
    return result;
}

bool gcs_derive_has_l2(gcs_rule rule) {
    return rule == GCS_RULE_SGD || rule == GCS_RULE_SGDM || rule == GCS_RULE_NESTEROV ||
           rule == GCS_RULE_ADAM || rule == GCS_RULE_AMSGRAD || rule == GCS_RULE_ADAGRAD;
}

/* Returns the step in double: what the authors' form multiplies a decoupled decay by. */
static double adam(const gcs_spec *spec, const gcs_hyper *h, gcs_coef *c) {
    double c1 = 1 - power(h->beta1, h->t), c2 = 1 - power(h->beta2, h->t);
    double step = spec->authors_form ? h->lr * sqrt(c2) / c1 : h->lr / c1;
    c->step = (float)step;
    c->rsqrt_c2 = spec->authors_form ? 1 : (float)(1 / sqrt(c2));
    c->beta1 = (float)h->beta1;
    c->comp1 = (float)(1 - h->beta1);
    c->beta2 = (float)h->beta2;
    c->comp2 = (float)(1 - h->beta2);
    c->eps = (float)h->eps;
    return step;
}

static void momentum(const gcs_hyper *h, gcs_coef *c) {
    c->step = (float)h->lr;
    c->mu = h->t == 1 ? 0 : (float)h->momentum;
    c->damp = h->t == 1 ? 1 : (float)(1 - h->dampening);
}

gcs_coef gcs_derive_coefficients(const gcs_spec *spec, const gcs_hyper *h) {
    double scale = (h->grad_scale == 0 ? 1 : h->grad_scale) * (h->clip == 0 ? 1 : h->clip);
    gcs_coef c = {.scale = (float)(spec->maximize ? -scale : scale)};
    double decoupled = h->lr * h->weight_decay;
    switch (spec->rule) {
    case GCS_RULE_SGD:
    case GCS_RULE_SGDW:
        c.step = (float)h->lr;
        break;
    case GCS_RULE_NESTEROV:
    case GCS_RULE_NESTEROVW:
        c.nesterov = (float)h->momentum;
        momentum(h, &c);
        break;
    case GCS_RULE_SGDM:
    case GCS_RULE_SGDMW:
        momentum(h, &c);
        break;
    case GCS_RULE_ADAM:
    case GCS_RULE_ADAMW:
    case GCS_RULE_AMSGRAD:
    case GCS_RULE_AMSGRADW: {
        double step = adam(spec, h, &c);
        decoupled = spec->authors_form ? step * h->weight_decay : decoupled;
        break;
    }
    case GCS_RULE_ADAGRAD:
        c.step = (float)(h->lr / (1 + (double)(h->t - 1) * h->lr_decay));
        c.eps = (float)h->eps;
        break;
    }
    c.decay = (float)(gcs_derive_has_l2(spec->rule) ? h->weight_decay : decoupled);
    return c;
}
