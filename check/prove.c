/* The double reference as a judge of steps: see prove.h. */
#include "check/prove.h"
#include "check/compare.h"
#include "check/order.h"
#include "check/runner.h"
#include <stdio.h>

static bool extreme(gcs_class class) {
    return class != GCS_CLASS_NORMAL && class != GCS_CLASS_BOUNDARY;
}

/* ---- What is judged ----------------------------------------------------------------------------
 */

static gcs_tensor tensor_of(const gcs_run *r) {
    if (r->kernel->view == GCS_VIEW_FLAT)
        return gcs_flat(r->trial->cols);
    if (r->kernel->view == GCS_VIEW_COLS)
        return gcs_cols(r->trial->rows, r->trial->cols);
    return gcs_rows(r->trial->rows, r->trial->cols);
}

/* A state buffer before the step, or NULL. */
static const float *old_state(const gcs_run *r, int b) {
    if (!r->buffer[b].used)
        return NULL;
    return r->state_is_new ? r->stage->old[GCS_EXACT_M + b - GCS_BUF_M] : r->stage->input[b];
}

static gcs_reference_in before(const gcs_run *r) {
    void *const *in = r->stage->input;
    return (gcs_reference_in){
        .w = in[GCS_BUF_W],
        .g = in[GCS_BUF_G],
        .m = old_state(r, GCS_BUF_M),
        .v = old_state(r, GCS_BUF_V),
        .v_max = old_state(r, GCS_BUF_V_MAX),
        .means = r->buffer[GCS_BUF_MEANS].used ? in[GCS_BUF_MEANS] : NULL,
        .w_means = r->buffer[GCS_BUF_W_MEANS].used ? in[GCS_BUF_W_MEANS] : NULL,
    };
}

double gcs_prove_row_mean(const gcs_run *r) {
    gcs_tensor row = gcs_rows(1, r->trial->cols);
    gcs_reference_in in = before(r);
    return gcs_reference_group_sum(&r->spec, &row, r->hyper, &in, 0) / (double)row.cols;
}

uint64_t gcs_judge_groups(const gcs_judge *j) {
    return j->tensor.layout == GCS_LAYOUT_COLS ? j->tensor.cols : j->tensor.rows;
}

gcs_judged_group gcs_judge_group(const gcs_judge *j, uint64_t number) {
    const gcs_tensor *t = &j->tensor;
    if (t->layout == GCS_LAYOUT_COLS)
        return (gcs_judged_group){number, t->rows, t->cols, false};
    return (gcs_judged_group){number * t->cols, t->cols, 1, true};
}

gcs_bound_old gcs_judge_old(const gcs_judge *j, uint64_t i) {
    bool first = j->run->hyper->t == 1;
    return (gcs_bound_old){
        .w = j->in.w[i],
        .g = gcs_reference_number(j->run->form.gradient, j->in.g, i),
        .m = j->in.m && !first ? j->in.m[i] : 0,
        .v = j->in.v && !first ? j->in.v[i] : 0,
        .v_max = j->in.v_max && !first ? j->in.v_max[i] : 0,
    };
}

gcs_bounded_sum gcs_judge_sum(const gcs_judge *j, const gcs_judged_group *g) {
    gcs_bounded_sum sum = {0};
    for (uint64_t k = 0; k < g->length; k++) {
        gcs_bound_old old = gcs_judge_old(j, g->start + k * g->stride);
        gcs_bounded_sum_add(&sum, gcs_bound_term(&j->coef, &old));
    }
    return sum;
}

void gcs_judge_reference(const gcs_judge *j) {
    double *const *exact = j->run->stage->exact;
    const gcs_run *r = j->run;
    gcs_reference_out out = {
        .w = exact[GCS_EXACT_W],
        .m = r->buffer[GCS_BUF_M].used ? exact[GCS_EXACT_M] : NULL,
        .v = r->buffer[GCS_BUF_V].used ? exact[GCS_EXACT_V] : NULL,
        .v_max = r->buffer[GCS_BUF_V_MAX].used ? exact[GCS_EXACT_V_MAX] : NULL,
    };
    gcs_reference_step(&r->spec, &j->tensor, r->hyper, &j->in, &out);
}

/* ---- Single values -----------------------------------------------------------------------------
 */

bool gcs_judge_value(const gcs_judge *j, const char *buffer, uint64_t i, double old, float got,
                     double want, const gcs_bounded *bound) {
    if (gcs_bounded_is_lost(*bound) && !extreme(j->run->trial->class)) {
        snprintf(j->why, j->why_size, "no bound for %s[%llu] in a class of plain values", buffer,
                 (unsigned long long)i);
        return false;
    }
    if (gcs_within_bound(got, want, bound, j->worst))
        return true;
    snprintf(j->why, j->why_size,
             "change of %s[%llu] is %.9g, the reference says %.9g (rounding may make %.3g)", buffer,
             (unsigned long long)i, (double)got - old, want - old, bound->error);
    return false;
}

/* Entry i of a buffer that holds e of GCS_EXACTS. */
static bool judge_buffer(const gcs_judge *j, int b, int e, const char *name, uint64_t i, double old,
                         const gcs_bounded *bound) {
    if (!j->run->buffer[b].used)
        return true;
    return gcs_judge_value(j, name, i, old, ((const float *)j->place[b])[i],
                           j->run->stage->exact[e][i], bound);
}

bool gcs_judge_state(const gcs_judge *j, uint64_t i, const gcs_bound_element *bound) {
    gcs_bound_old old = gcs_judge_old(j, i);
    return judge_buffer(j, GCS_BUF_M, GCS_EXACT_M, "m", i, old.m, &bound->m) &&
           judge_buffer(j, GCS_BUF_V, GCS_EXACT_V, "v", i, old.v, &bound->v) &&
           judge_buffer(j, GCS_BUF_V_MAX, GCS_EXACT_V_MAX, "v_max", i, old.v_max, &bound->v_max);
}

static bool judge_copy(const gcs_judge *j, uint64_t i) {
    if (!j->run->buffer[GCS_BUF_COPY].used)
        return true;
    float w = ((const float *)j->place[GCS_BUF_W])[i];
    uint16_t bits = ((const uint16_t *)j->place[GCS_BUF_COPY])[i];
    if (gcs_reference_copy_fits(j->run->form.copy, w, bits))
        return true;
    snprintf(j->why, j->why_size, "copy[%llu] is 0x%04x, no rounding of %.9g",
             (unsigned long long)i, (unsigned)bits, (double)w);
    return false;
}

/* ---- A step ------------------------------------------------------------------------------------
 */

static bool judge_element(const gcs_judge *j, uint64_t i, gcs_bounded mean) {
    gcs_bound_old old = gcs_judge_old(j, i);
    gcs_bound_element bound = gcs_bound_step(&j->coef, &old, mean);
    return judge_buffer(j, GCS_BUF_W, GCS_EXACT_W, "w", i, old.w, &bound.w) &&
           gcs_judge_state(j, i, &bound) && judge_copy(j, i);
}

static gcs_bounded mean_of(const gcs_judge *j, uint64_t number) {
    gcs_bounded none = {0};
    if (j->run->form.center == GCS_CENTER_NONE || j->run->kernel->view == GCS_VIEW_FLAT)
        return none;
    if (j->run->kernel->view == GCS_VIEW_PART)
        return gcs_bounded_given(gcs_prove_row_mean(j->run));
    if (j->in.means)
        return gcs_bound_given_mean(&j->coef, j->in.means[number],
                                    j->in.w_means ? (double)j->in.w_means[number] : 0);
    gcs_judged_group group = gcs_judge_group(j, number);
    gcs_bounded_sum sum = gcs_judge_sum(j, &group);
    const uint64_t depth = gcs_order_depth(group.length, group.contiguous);
    return gcs_bounded_loosen(gcs_bounded_mean(&sum, group.length, depth), j->coef.loose.divide);
}

static bool prove_step(const gcs_judge *j) {
    gcs_judge_reference(j);
    for (uint64_t number = 0; number < gcs_judge_groups(j); number++) {
        gcs_judged_group group = gcs_judge_group(j, number);
        gcs_bounded mean = mean_of(j, number);
        for (uint64_t k = 0; k < group.length; k++) {
            if (!judge_element(j, group.start + k * group.stride, mean))
                return false;
        }
    }
    return true;
}

bool gcs_prove(const gcs_run *run, void *const place[GCS_BUFS], double *worst, char *why,
               size_t why_size) {
    gcs_judge j = {.run = run,
                   .place = place,
                   .tensor = tensor_of(run),
                   .in = before(run),
                   .coef = gcs_bound_coefficients(&run->spec, run->hyper),
                   .worst = worst,
                   .why = why,
                   .why_size = why_size};
    if (run->stage->runner)
        j.coef.loose = run->stage->runner->loose;
    switch (run->kernel->op) {
    case GCS_OP_STEP:
        return prove_step(&j);
    case GCS_OP_SUM:
        return gcs_prove_sums(&j);
    case GCS_OP_CHANGE:
        return gcs_prove_changes(&j);
    case GCS_OP_MEASURE:
        return gcs_prove_measured(&j);
    case GCS_OP_TRAFFIC:
        break;
    }
    return true;
}
