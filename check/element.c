/* The tables of docs/arithmetic.md, "The rules": see element.h. Compiled with -ffp-contract=off
 * like everything here. */
#include "check/element.h"
#include "check/derive.h"
#include "check/half.h"
#include <math.h>

static float flush(float z) {
    return fabsf(z) < 0x1p-126f ? 0.0f : z;
}

bool gcs_element_has_m(gcs_rule rule) {
    return rule != GCS_RULE_SGD && rule != GCS_RULE_SGDW && rule != GCS_RULE_ADAGRAD;
}

bool gcs_element_has_v_max(gcs_rule rule) {
    return rule == GCS_RULE_AMSGRAD || rule == GCS_RULE_AMSGRADW;
}

bool gcs_element_has_v(gcs_rule rule) {
    return rule == GCS_RULE_ADAM || rule == GCS_RULE_ADAMW || rule == GCS_RULE_ADAGRAD ||
           gcs_element_has_v_max(rule);
}

float gcs_element_gradient(const gcs_form *form, const gcs_args *args, uint64_t i) {
    if (form->gradient == GCS_TYPE_F32)
        return ((const float *)args->g)[i];
    return gcs_half_value(form->gradient, ((const uint16_t *)args->g)[i]);
}

static float l2(const gcs_form *form, const gcs_args *args, uint64_t i, float z) {
    if (!gcs_derive_has_l2(form->rule) || args->coef->decay == 0)
        return z;
    return z + args->coef->decay * args->w[i];
}

float gcs_element_term(const gcs_form *form, const gcs_args *args, uint64_t i) {
    float y0 = args->coef->scale * gcs_element_gradient(form, args, i);
    return form->center == GCS_CENTER_RAW_GRADIENT ? y0 : l2(form, args, i, y0);
}

float gcs_element_x(const gcs_form *form, const gcs_args *args, uint64_t i, float mean) {
    float term = gcs_element_term(form, args, i);
    if (form->center == GCS_CENTER_GRADIENT)
        return term - mean;
    if (form->center == GCS_CENTER_RAW_GRADIENT)
        return l2(form, args, i, term - mean);
    return term;
}

gcs_state gcs_element_state(const gcs_form *form, const gcs_args *args, uint64_t i) {
    return (gcs_state){.m = gcs_element_has_m(form->rule) ? args->m[i] : 0,
                       .v = gcs_element_has_v(form->rule) ? args->v[i] : 0,
                       .v_max = gcs_element_has_v_max(form->rule) ? args->v_max[i] : 0};
}

void gcs_element_keep(const gcs_form *form, const gcs_args *args, uint64_t i, gcs_state state) {
    if (gcs_element_has_m(form->rule))
        args->m[i] = state.m;
    if (gcs_element_has_v(form->rule))
        args->v[i] = state.v;
    if (gcs_element_has_v_max(form->rule))
        args->v_max[i] = state.v_max;
}

gcs_state gcs_element_advance(const gcs_form *form, const gcs_coef *c, float x, gcs_state old) {
    gcs_state new = {0};
    switch (form->rule) {
    case GCS_RULE_SGD:
    case GCS_RULE_SGDW:
        break;
    case GCS_RULE_SGDM:
    case GCS_RULE_SGDMW:
    case GCS_RULE_NESTEROV:
    case GCS_RULE_NESTEROVW:
        new.m = flush(c->mu * old.m + c->damp * x);
        break;
    case GCS_RULE_AMSGRAD:
    case GCS_RULE_AMSGRADW:
    case GCS_RULE_ADAM:
    case GCS_RULE_ADAMW:
        new.m = flush(c->beta1 * old.m + c->comp1 * x);
        new.v = flush(c->beta2 * old.v + c->comp2 * (x * x));
        new.v_max = flush(old.v_max > new.v ? old.v_max : new.v); /* AMSGrad's alone is kept */
        break;
    case GCS_RULE_ADAGRAD:
        new.v = flush(old.v + x * x);
        break;
    }
    return new;
}

/* q of the page. */
static float step_of(const gcs_form *form, const gcs_coef *c, float x, gcs_state new) {
    switch (form->rule) {
    case GCS_RULE_SGDM:
    case GCS_RULE_SGDMW:
        return c->step * new.m;
    case GCS_RULE_NESTEROV:
    case GCS_RULE_NESTEROVW:
        return c->step * (x + c->nesterov * new.m);
    case GCS_RULE_ADAM:
    case GCS_RULE_ADAMW:
        return (c->step * new.m) / (sqrtf(new.v) * c->rsqrt_c2 + c->eps);
    case GCS_RULE_AMSGRAD:
    case GCS_RULE_AMSGRADW:
        return (c->step * new.m) / (sqrtf(new.v_max) * c->rsqrt_c2 + c->eps);
    case GCS_RULE_ADAGRAD:
        return (c->step * x) / (sqrtf(new.v) + c->eps);
    case GCS_RULE_SGD:
    case GCS_RULE_SGDW:
        break;
    }
    return c->step * x;
}

float gcs_element_change(const gcs_form *form, const gcs_coef *c, float x, float w, gcs_state new) {
    float q = step_of(form, c, x, new);
    return !gcs_derive_has_l2(form->rule) && c->decay != 0 ? c->decay * w + q : q;
}
