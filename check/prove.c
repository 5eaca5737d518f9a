/* The double reference as a judge: see prove.h. */
#include "check/prove.h"
#include "check/bound.h"
#include "check/compare.h"
#include "check/order.h"
#include "reference/reference.h"
#include <math.h>
#include <stdio.h>

/* What stays the same over the elements of a claim. */
typedef struct judge {
    const gcs_claim *claim;
    const gcs_hyper *hyper;
    gcs_bound_coef coef;
    double *const *exact;
    double *worst;
    char *why;
    size_t why_size;
} judge;

static bool extreme(gcs_class class) {
    return class != GCS_CLASS_NORMAL && class != GCS_CLASS_BOUNDARY;
}

/* The gradient term of element i, in double. */
static double exact_gradient(gcs_rule rule, const gcs_hyper *hyper, float w, float g) {
    if (rule == GCS_RULE_ADAMW || hyper->weight_decay == 0)
        return g;
    return (double)g + hyper->weight_decay * (double)w;
}

double gcs_prove_row_mean(const gcs_kernel *kernel, const gcs_trial *trial, const float *w,
                          const float *g) {
    double sum = 0;
    for (uint64_t i = 0; i < trial->cols; i++)
        sum += exact_gradient(kernel->rule, gcs_trial_hyper(trial->hyper), w[i], g[i]);
    return sum / (double)trial->cols;
}

static bool judge_value(const judge *j, const char *buffer, uint64_t i, float old, float got,
                        double want, const gcs_bounded *bound) {
    if (bound->lost && !extreme(j->claim->trial->class)) {
        snprintf(j->why, j->why_size, "no bound for %s[%llu] in a class of plain values", buffer,
                 (unsigned long long)i);
        return false;
    }
    if (gcs_within_bound(got, want, bound, j->worst))
        return true;
    snprintf(j->why, j->why_size,
             "change of %s[%llu] is %.9g, the reference says %.9g (rounding may make %.3g)", buffer,
             (unsigned long long)i, (double)got - (double)old, want - (double)old, bound->error);
    return false;
}

static bool judge_element(const judge *j, uint64_t i, const gcs_bounded *mean) {
    const gcs_claim *c = j->claim;
    gcs_rule rule = c->kernel->rule;
    bool first = j->hyper->t == 1;
    float m = c->m && !first ? c->m[i] : 0;
    float v = c->v && !first ? c->v[i] : 0;
    gcs_bounded y = gcs_bound_gradient(rule, &j->coef, c->w[i], c->g[i]);
    gcs_bound_element bound = gcs_bound_step(rule, &j->coef, y, mean, c->w[i], m, v);
    return judge_value(j, "w", i, c->w[i], c->new_w[i], j->exact[GCS_BUF_W][i], &bound.w) &&
           (!c->m || judge_value(j, "m", i, m, c->new_m[i], j->exact[GCS_BUF_M][i], &bound.m)) &&
           (!c->v || judge_value(j, "v", i, v, c->new_v[i], j->exact[GCS_BUF_V][i], &bound.v));
}

/* `length` elements from `start`, `stride` apart. */
static bool judge_group(const judge *j, uint64_t start, uint64_t length, uint64_t stride) {
    const gcs_claim *c = j->claim;
    gcs_rule rule = c->kernel->rule;
    bool centred = c->kernel->center == GCS_CENTER_GRADIENT && c->kernel->view != GCS_VIEW_FLAT;
    gcs_bounded mean = {0};
    if (centred && c->kernel->view == GCS_VIEW_PART) {
        mean = gcs_bound_given(gcs_prove_row_mean(c->kernel, c->trial, c->w, c->g));
    } else if (centred) {
        gcs_bound_sum sum = {0};
        for (uint64_t k = 0; k < length; k++) {
            uint64_t i = start + k * stride;
            gcs_bound_sum_add(&sum, gcs_bound_gradient(rule, &j->coef, c->w[i], c->g[i]));
        }
        uint64_t depth = gcs_order_depth(length, c->kernel->view == GCS_VIEW_ROWS);
        mean = gcs_bound_mean(&sum, length, depth);
    }
    for (uint64_t k = 0; k < length; k++) {
        if (!judge_element(j, start + k * stride, centred ? &mean : NULL))
            return false;
    }
    return true;
}

static gcs_tensor tensor_of(const gcs_claim *c) {
    if (c->kernel->view == GCS_VIEW_FLAT)
        return gcs_flat(c->trial->cols);
    if (c->kernel->view == GCS_VIEW_COLS)
        return gcs_cols(c->trial->rows, c->trial->cols);
    return gcs_rows(c->trial->rows, c->trial->cols);
}

static bool judge_step(const judge *j) {
    const gcs_claim *c = j->claim;
    gcs_spec spec = {c->kernel->rule, c->kernel->center};
    gcs_tensor tensor = tensor_of(c);
    gcs_reference_in in = {.w = c->w, .g = c->g, .m = c->m, .v = c->v};
    gcs_reference_out out = {
        .w = j->exact[GCS_BUF_W], .m = j->exact[GCS_BUF_M], .v = j->exact[GCS_BUF_V]};
    gcs_reference_step(&spec, &tensor, j->hyper, &in, &out);
    bool columns = c->kernel->view == GCS_VIEW_COLS;
    uint64_t groups = columns ? tensor.cols : tensor.rows;
    for (uint64_t group = 0; group < groups; group++) {
        bool right = columns ? judge_group(j, group, tensor.rows, tensor.cols)
                             : judge_group(j, group * tensor.cols, tensor.cols, 1);
        if (!right)
            return false;
    }
    return true;
}

static bool judge_sums(const judge *j) {
    const gcs_claim *c = j->claim;
    gcs_rule rule = c->kernel->rule;
    for (uint64_t first = 0; first < c->trial->cols; first += GCS_SEGMENT) {
        uint64_t left = c->trial->cols - first;
        uint64_t length = left < GCS_SEGMENT ? left : GCS_SEGMENT;
        gcs_bound_sum sum = {0};
        double exact = 0;
        for (uint64_t i = first; i < first + length; i++) {
            exact += exact_gradient(rule, j->hyper, c->w[i], c->g[i]);
            gcs_bound_sum_add(&sum, gcs_bound_gradient(rule, &j->coef, c->w[i], c->g[i]));
        }
        gcs_bounded bound = gcs_bound_sum_total(&sum, gcs_order_depth(length, true));
        bound.error += 0x1p-150; /* of an exact sum of one element */
        uint64_t segment = first / GCS_SEGMENT;
        if (!judge_value(j, "sum", segment, 0, c->sums[segment], exact, &bound))
            return false;
    }
    return true;
}

bool gcs_prove(const gcs_claim *claim, double *const exact[GCS_BUFS], double *worst, char *why,
               size_t why_size) {
    const gcs_hyper *hyper = gcs_trial_hyper(claim->trial->hyper);
    judge j = {.claim = claim,
               .hyper = hyper,
               .coef = gcs_bound_coefficients(claim->kernel->rule, hyper),
               .exact = exact,
               .worst = worst,
               .why = why,
               .why_size = why_size};
    return claim->kernel->op == GCS_OP_SUM ? judge_sums(&j) : judge_step(&j);
}
