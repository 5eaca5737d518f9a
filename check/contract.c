/* The contract of docs/arithmetic.md, written from that page with no regard to speed. It is
 * compiled with -ffp-contract=off like everything here: each operation is rounded once. */
#include "check/contract.h"
#include "check/order.h"
#include <math.h>
#include <stdlib.h>

static float flush(float z) {
    return fabsf(z) < 0x1p-126f ? 0.0f : z;
}

static float gradient_term(gcs_rule rule, const gcs_coef *c, const gcs_args *args, uint64_t i) {
    if (rule == GCS_RULE_ADAMW || c->decay == 0)
        return args->g[i];
    return args->g[i] + c->decay * args->w[i];
}

static void adam_element(gcs_rule rule, const gcs_args *args, uint64_t i, float x) {
    const gcs_coef *c = args->coef;
    float w = args->w[i];
    float m = flush(c->beta1 * args->m[i] + c->comp1 * x);
    float v = flush(c->beta2 * args->v[i] + c->comp2 * (x * x));
    float q = (c->step * m) / (sqrtf(v) * c->rsqrt_c2 + c->eps);
    args->m[i] = m;
    args->v[i] = v;
    if (rule == GCS_RULE_ADAMW && c->decay != 0)
        args->w[i] = w - (c->decay * w + q);
    else
        args->w[i] = w - q;
}

/* x is the gradient term after centring. */
static void step_element(gcs_rule rule, const gcs_args *args, uint64_t i, float x) {
    const gcs_coef *c = args->coef;
    if (rule == GCS_RULE_SGD) {
        args->w[i] = args->w[i] - c->step * x;
    } else if (rule == GCS_RULE_SGDM) {
        args->m[i] = flush(c->mu * args->m[i] + c->damp * x);
        args->w[i] = args->w[i] - c->step * args->m[i];
    } else {
        adam_element(rule, args, i, x);
    }
}

/* One group: `length` elements from `start`, `stride` apart. y has room for the group. */
static void step_group(const gcs_kernel *kernel, const gcs_args *args, uint64_t start,
                       uint64_t length, uint64_t stride, float *y) {
    bool contiguous = kernel->view != GCS_VIEW_COLS;
    float mean = args->mean;
    if (kernel->view != GCS_VIEW_PART && kernel->center == GCS_CENTER_GRADIENT) {
        for (uint64_t k = 0; k < length; k++)
            y[k] = gradient_term(kernel->rule, args->coef, args, start + k * stride);
        mean = gcs_order_sum(y, length, contiguous) / (float)length;
    }
    for (uint64_t k = 0; k < length; k++) {
        uint64_t i = start + k * stride;
        float x = gradient_term(kernel->rule, args->coef, args, i);
        if (kernel->center == GCS_CENTER_GRADIENT)
            x = x - mean;
        step_element(kernel->rule, args, i, x);
    }
}

static void step_range(const gcs_kernel *kernel, const gcs_args *args, float *y) {
    if (kernel->view == GCS_VIEW_FLAT || kernel->view == GCS_VIEW_PART) {
        step_group(kernel, args, args->first, args->last - args->first, 1, y);
        return;
    }
    for (uint64_t group = args->first; group < args->last; group++) {
        if (kernel->view == GCS_VIEW_ROWS)
            step_group(kernel, args, group * args->cols, args->cols, 1, y);
        else
            step_group(kernel, args, group, args->rows, args->cols, y);
    }
}

static void sum_segments(const gcs_kernel *kernel, const gcs_args *args) {
    float y[1024];
    for (uint64_t first = args->first; first < args->last; first += 1024) {
        uint64_t length = args->cols - first < 1024 ? args->cols - first : 1024;
        for (uint64_t k = 0; k < length; k++)
            y[k] = gradient_term(kernel->rule, args->coef, args, first + k);
        args->out[first / 1024] = gcs_order_segment(y, length);
    }
}

bool gcs_contract_run(const gcs_kernel *kernel, const gcs_args *args) {
    if (kernel->op == GCS_OP_TRAFFIC)
        return true; /* leaves everything as it is */
    if (kernel->op == GCS_OP_SUM) {
        sum_segments(kernel, args);
        return true;
    }
    uint64_t length = kernel->view == GCS_VIEW_ROWS   ? args->cols
                      : kernel->view == GCS_VIEW_COLS ? args->rows
                                                      : 1;
    float *y = malloc((size_t)length * sizeof *y);
    if (!y)
        return false;
    step_range(kernel, args, y);
    free(y);
    return true;
}
