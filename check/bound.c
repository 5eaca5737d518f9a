/* Running error analysis of a step: see bound.h. */
#include "check/bound.h"
#include "check/derive.h"
#include "check/element.h"
#include <math.h>

static gcs_bounded add(gcs_bounded a, gcs_bounded b) {
    return gcs_bounded_add(a, b);
}
static gcs_bounded subtract(gcs_bounded a, gcs_bounded b) {
    return gcs_bounded_subtract(a, b);
}
static gcs_bounded multiply(gcs_bounded a, gcs_bounded b) {
    return gcs_bounded_multiply(a, b);
}
static gcs_bounded exactly(double value) {
    return gcs_bounded_exactly(value);
}
static gcs_bounded given(double value) {
    return gcs_bounded_given(value);
}

static gcs_bounded divide(const gcs_bound_coef *c, gcs_bounded a, gcs_bounded b, double least) {
    return gcs_bounded_loosen(gcs_bounded_divide(a, b, least), c->loose.divide);
}
static gcs_bounded root(const gcs_bound_coef *c, gcs_bounded a) {
    return gcs_bounded_loosen(gcs_bounded_root(a), c->loose.root);
}

static bool is_adam(gcs_rule rule) {
    return gcs_element_has_m(rule) && gcs_element_has_v(rule);
}

static bool is_nesterov(gcs_rule rule) {
    return rule == GCS_RULE_NESTEROV || rule == GCS_RULE_NESTEROVW;
}

gcs_bound_coef gcs_bound_coefficients(const gcs_spec *spec, const gcs_hyper *h) {
    bool first = h->t == 1;
    double scale = (h->grad_scale == 0 ? 1 : h->grad_scale) * (h->clip == 0 ? 1 : h->clip);
    double correction1 = 1 - pow(h->beta1, (double)h->t);
    double root2 = sqrt(1 - pow(h->beta2, (double)h->t));
    double step = h->lr, rate = h->lr;
    if (is_adam(spec->rule)) {
        step = (spec->authors_form ? h->lr * root2 : h->lr) / correction1;
        rate = spec->authors_form ? step : h->lr;
    } else if (spec->rule == GCS_RULE_ADAGRAD) {
        step = h->lr / (1 + (double)(h->t - 1) * h->lr_decay);
    }
    double decay = gcs_derive_has_l2(spec->rule) ? h->weight_decay : rate * h->weight_decay;
    return (gcs_bound_coef){
        .rule = spec->rule,
        .center = spec->center,
        .scale = given(spec->maximize ? -scale : scale),
        .step = given(step),
        .decay = given(decay),
        .mu = first ? exactly(0) : given(h->momentum),
        .damp = first ? exactly(1) : given(1 - h->dampening),
        .nesterov = given(h->momentum),
        .beta1 = given(h->beta1),
        .comp1 = given(1 - h->beta1),
        .beta2 = given(h->beta2),
        .comp2 = given(1 - h->beta2),
        .eps = given(h->eps),
        .rsqrt_c2 = spec->authors_form ? exactly(1) : given(1 / root2),
    };
}

static gcs_bounded l2(const gcs_bound_coef *c, gcs_bounded z, gcs_bounded w) {
    if (!gcs_derive_has_l2(c->rule) || c->decay.value == 0)
        return z;
    return add(z, multiply(c->decay, w));
}

/* The gradient that the rule sees. */
static gcs_bounded gradient(const gcs_bound_coef *c, const gcs_bound_old *old, gcs_bounded mean) {
    gcs_bounded y0 = multiply(c->scale, exactly(old->g)), w = exactly(old->w);
    if (c->center == GCS_CENTER_GRADIENT)
        return subtract(l2(c, y0, w), mean);
    if (c->center == GCS_CENTER_RAW_GRADIENT)
        return l2(c, subtract(y0, mean), w);
    return l2(c, y0, w);
}

static void step_adam(const gcs_bound_coef *c, const gcs_bound_old *old, gcs_bounded x,
                      gcs_bound_element *e) {
    gcs_bounded square = multiply(x, x);
    e->m = gcs_bounded_flush(add(multiply(c->beta1, exactly(old->m)), multiply(c->comp1, x)));
    e->v = gcs_bounded_flush(add(multiply(c->beta2, exactly(old->v)), multiply(c->comp2, square)));
    gcs_bounded under = e->v;
    if (gcs_element_has_v_max(c->rule))
        under = e->v_max = gcs_bounded_flush(gcs_bounded_max(exactly(old->v_max), e->v));
    gcs_bounded divisor = add(multiply(root(c, under), c->rsqrt_c2), c->eps);
    /* A root is never negative, not even one of a v that is all rounding: eps stays. */
    double least = c->eps.value - c->eps.error;
    e->change = divide(c, multiply(c->step, e->m), divisor, least);
}

static void step_adagrad(const gcs_bound_coef *c, const gcs_bound_old *old, gcs_bounded x,
                         gcs_bound_element *e) {
    e->v = gcs_bounded_flush(add(exactly(old->v), multiply(x, x)));
    gcs_bounded divisor = add(root(c, e->v), c->eps);
    double least = c->eps.value - c->eps.error;
    e->change = divide(c, multiply(c->step, x), divisor, least);
}

static void step_sgd(const gcs_bound_coef *c, const gcs_bound_old *old, gcs_bounded x,
                     gcs_bound_element *e) {
    gcs_bounded direction = x;
    if (gcs_element_has_m(c->rule)) {
        e->m = gcs_bounded_flush(add(multiply(c->mu, exactly(old->m)), multiply(c->damp, x)));
        direction = is_nesterov(c->rule) ? add(x, multiply(c->nesterov, e->m)) : e->m;
    }
    e->change = multiply(c->step, direction);
}

gcs_bound_element gcs_bound_step(const gcs_bound_coef *c, const gcs_bound_old *old,
                                 gcs_bounded mean) {
    gcs_bounded x = gradient(c, old, mean), w = exactly(old->w);
    gcs_bound_element e = {.m = exactly(old->m), .v = exactly(old->v)};
    if (is_adam(c->rule))
        step_adam(c, old, x, &e);
    else if (c->rule == GCS_RULE_ADAGRAD)
        step_adagrad(c, old, x, &e);
    else
        step_sgd(c, old, x, &e);
    if (!gcs_derive_has_l2(c->rule) && c->decay.value != 0)
        e.change = add(multiply(c->decay, w), e.change);
    bool centred = c->center == GCS_CENTER_UPDATE;
    e.w = subtract(w, centred ? subtract(e.change, mean) : e.change);
    return e;
}

gcs_bounded gcs_bound_term(const gcs_bound_coef *c, const gcs_bound_old *old) {
    gcs_bounded y0 = multiply(c->scale, exactly(old->g));
    if (c->center == GCS_CENTER_UPDATE)
        return gcs_bound_step(c, old, exactly(0)).change;
    return c->center == GCS_CENTER_RAW_GRADIENT ? y0 : l2(c, y0, exactly(old->w));
}

gcs_bounded gcs_bound_given_mean(const gcs_bound_coef *c, double mean, double w_mean) {
    if (c->center == GCS_CENTER_UPDATE)
        return exactly(mean);
    gcs_bounded scaled = multiply(c->scale, exactly(mean));
    return c->center == GCS_CENTER_GRADIENT ? l2(c, scaled, exactly(w_mean)) : scaled;
}
