/* The scalar reference, in double: see reference.h. */
#include "reference/reference.h"
#include <math.h>

/* The gradient as the rule takes it, before centring: with the L2 term, except in AdamW. */
static double raw_gradient(const gcs_spec *spec, const gcs_hyper *hyper, const gcs_reference_in *in,
                           uint64_t i) {
    double g = in->g[i];
    if (spec->rule == GCS_RULE_ADAMW || hyper->weight_decay == 0)
        return g;
    return g + hyper->weight_decay * (double)in->w[i];
}

/* Mean of the raw gradient over the group of the element in row r, column c. */
static double group_mean(const gcs_spec *spec, const gcs_tensor *tensor, const gcs_hyper *hyper,
                         const gcs_reference_in *in, uint64_t r, uint64_t c) {
    double sum = 0;
    if (tensor->layout == GCS_LAYOUT_ROWS) {
        for (uint64_t k = 0; k < tensor->cols; k++)
            sum += raw_gradient(spec, hyper, in, r * tensor->cols + k);
        return sum / (double)tensor->cols;
    }
    for (uint64_t k = 0; k < tensor->rows; k++)
        sum += raw_gradient(spec, hyper, in, k * tensor->cols + c);
    return sum / (double)tensor->rows;
}

static void step_sgd(const gcs_hyper *h, const gcs_reference_in *in, const gcs_reference_out *out,
                     uint64_t i, double x) {
    out->w[i] = (double)in->w[i] - h->lr * x;
}

static void step_sgdm(const gcs_hyper *h, const gcs_reference_in *in, const gcs_reference_out *out,
                      uint64_t i, double x) {
    double m = h->t == 1 ? x : h->momentum * (double)in->m[i] + (1 - h->dampening) * x;
    out->m[i] = m;
    out->w[i] = (double)in->w[i] - h->lr * m;
}

static void step_adam(const gcs_spec *spec, const gcs_hyper *h, const gcs_reference_in *in,
                      const gcs_reference_out *out, uint64_t i, double x) {
    double m_old = h->t == 1 ? 0 : (double)in->m[i];
    double v_old = h->t == 1 ? 0 : (double)in->v[i];
    double m = h->beta1 * m_old + (1 - h->beta1) * x;
    double v = h->beta2 * v_old + (1 - h->beta2) * x * x;
    double correction1 = 1 - pow(h->beta1, (double)h->t);
    double correction2 = 1 - pow(h->beta2, (double)h->t);
    double change = h->lr / correction1 * m / (sqrt(v) / sqrt(correction2) + h->eps);
    /* A factor of 0 means that there is no decay, not 0 times an infinite w. */
    double decay = h->lr * h->weight_decay;
    if (spec->rule == GCS_RULE_ADAMW && decay != 0)
        change += decay * (double)in->w[i];
    out->m[i] = m;
    out->v[i] = v;
    out->w[i] = (double)in->w[i] - change;
}

static void step_element(const gcs_spec *spec, const gcs_hyper *hyper, const gcs_reference_in *in,
                         const gcs_reference_out *out, uint64_t i, double mean) {
    double x = raw_gradient(spec, hyper, in, i) - mean;
    if (spec->rule == GCS_RULE_SGD)
        step_sgd(hyper, in, out, i, x);
    else if (spec->rule == GCS_RULE_SGDM)
        step_sgdm(hyper, in, out, i, x);
    else
        step_adam(spec, hyper, in, out, i, x);
}

void gcs_reference_step(const gcs_spec *spec, const gcs_tensor *tensor, const gcs_hyper *hyper,
                        const gcs_reference_in *in, const gcs_reference_out *out) {
    int centred = spec->center == GCS_CENTER_GRADIENT && tensor->layout != GCS_LAYOUT_FLAT;
    /* Columns outside, rows inside for COLS, so that each group's mean is taken once. */
    int by_column = tensor->layout == GCS_LAYOUT_COLS;
    uint64_t groups = by_column ? tensor->cols : tensor->rows;
    uint64_t length = by_column ? tensor->rows : tensor->cols;
    for (uint64_t group = 0; group < groups; group++) {
        double mean = 0;
        if (centred)
            mean = by_column ? group_mean(spec, tensor, hyper, in, 0, group)
                             : group_mean(spec, tensor, hyper, in, group, 0);
        for (uint64_t k = 0; k < length; k++) {
            uint64_t i = by_column ? k * tensor->cols + group : group * tensor->cols + k;
            step_element(spec, hyper, in, out, i, mean);
        }
    }
}
