/* The rules of the reference, one element at a time: see rules.h. */
#include "reference/rules.h"
#include <math.h>
#include <stddef.h>

gcs_reference_call gcs_reference_begin(const gcs_spec *spec, const gcs_tensor *tensor,
                                       const gcs_hyper *hyper, const gcs_reference_in *in) {
    return (gcs_reference_call){
        .spec = *spec,
        .tensor = tensor,
        .hyper = hyper,
        .in = in,
        .correction1 = 1 - pow(hyper->beta1, (double)hyper->t),
        .correction2 = 1 - pow(hyper->beta2, (double)hyper->t),
    };
}

static bool decoupled(gcs_rule rule) {
    switch (rule) {
    case GCS_RULE_SGDW:
    case GCS_RULE_SGDMW:
    case GCS_RULE_NESTEROVW:
    case GCS_RULE_ADAMW:
    case GCS_RULE_AMSGRADW:
        return true;
    default:
        return false;
    }
}

double gcs_reference_factor(const gcs_reference_call *c) {
    double scale = c->hyper->grad_scale == 0 ? 1 : c->hyper->grad_scale;
    double clip = c->hyper->clip == 0 ? 1 : c->hyper->clip;
    return c->spec.maximize ? -(scale * clip) : scale * clip;
}

/* A lambda of 0 means that there is no decay, not 0 times an infinite w. */
double gcs_reference_l2_term(const gcs_reference_call *c, double w) {
    double lambda = c->hyper->weight_decay;
    return decoupled(c->spec.rule) || lambda == 0 ? 0 : lambda * w;
}

static gcs_reference_element step_sgd(const gcs_hyper *h, double x) {
    return (gcs_reference_element){.change = h->lr * x};
}

static gcs_reference_element step_momentum(const gcs_hyper *h, double x, double m_old,
                                           bool nesterov) {
    gcs_reference_element e = {.m = h->t == 1 ? x : h->momentum * m_old + (1 - h->dampening) * x};
    e.change = h->lr * (nesterov ? x + h->momentum * e.m : e.m);
    return e;
}

static gcs_reference_element step_adagrad(const gcs_hyper *h, double x, double v_old) {
    gcs_reference_element e = {.v = v_old + x * x};
    double lr = h->lr / (1 + (double)(h->t - 1) * h->lr_decay);
    e.change = lr * x / (sqrt(e.v) + h->eps);
    return e;
}

/* A v_max that is not a number gives way to v. */
static double larger(double v_max, double v) {
    return v_max > v ? v_max : v;
}

static gcs_reference_element step_adam(const gcs_reference_call *c, double x, double m_old,
                                       double v_old, const double *v_max_old) {
    const gcs_hyper *h = c->hyper;
    gcs_reference_element e = {.m = h->beta1 * m_old + (1 - h->beta1) * x,
                               .v = h->beta2 * v_old + (1 - h->beta2) * x * x};
    e.v_max = v_max_old ? larger(*v_max_old, e.v) : 0;
    double root = sqrt(v_max_old ? e.v_max : e.v);
    if (c->spec.authors_form)
        e.change = h->lr * sqrt(c->correction2) / c->correction1 * e.m / (root + h->eps);
    else
        e.change = h->lr / c->correction1 * e.m / (root / sqrt(c->correction2) + h->eps);
    return e;
}

/* What the weight is multiplied by where the decay is decoupled. */
static double decay_factor(const gcs_reference_call *c) {
    const gcs_hyper *h = c->hyper;
    bool adam = c->spec.rule == GCS_RULE_ADAMW || c->spec.rule == GCS_RULE_AMSGRADW;
    double rate = h->lr;
    if (adam && c->spec.authors_form)
        rate = h->lr * sqrt(c->correction2) / c->correction1;
    return rate * h->weight_decay;
}

gcs_reference_element gcs_reference_rule(const gcs_reference_call *c, uint64_t i, double x) {
    const gcs_reference_in *in = c->in;
    bool first = c->hyper->t == 1;
    double m = first || !in->m ? 0 : (double)in->m[i];
    double v = first || !in->v ? 0 : (double)in->v[i];
    double v_max = first || !in->v_max ? 0 : (double)in->v_max[i];
    gcs_reference_element e = {0};
    switch (c->spec.rule) {
    case GCS_RULE_SGD:
    case GCS_RULE_SGDW:
        e = step_sgd(c->hyper, x);
        break;
    case GCS_RULE_SGDM:
    case GCS_RULE_SGDMW:
        e = step_momentum(c->hyper, x, m, false);
        break;
    case GCS_RULE_NESTEROV:
    case GCS_RULE_NESTEROVW:
        e = step_momentum(c->hyper, x, m, true);
        break;
    case GCS_RULE_ADAM:
    case GCS_RULE_ADAMW:
        e = step_adam(c, x, m, v, NULL);
        break;
    case GCS_RULE_AMSGRAD:
    case GCS_RULE_AMSGRADW:
        e = step_adam(c, x, m, v, &v_max);
        break;
    case GCS_RULE_ADAGRAD:
        e = step_adagrad(c->hyper, x, v);
        break;
    }
    double decay = decay_factor(c);
    if (decoupled(c->spec.rule) && decay != 0)
        e.change += decay * (double)in->w[i];
    return e;
}
