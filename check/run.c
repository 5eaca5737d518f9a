/* Setting a trial up: see run.h. */
#include "check/run.h"
#include "check/contract.h"
#include "check/derive.h"
#include "check/element.h"
#include "check/half.h"
#include "check/prove.h"
#include <string.h>

bool gcs_view_is_grouped(gcs_view view) {
    return view == GCS_VIEW_ROWS || view == GCS_VIEW_COLS;
}

bool gcs_run_is_whole(const gcs_run *r) {
    const gcs_trial *t = r->trial;
    return t->first == 0 && t->last == (r->kernel->view == GCS_VIEW_ROWS ? t->rows : t->cols);
}

void gcs_trial_extent(const gcs_trial *t, gcs_view view, uint64_t *begin, uint64_t *end) {
    *begin = 0;
    *end = gcs_view_is_grouped(view) ? t->rows * t->cols : t->cols;
    if (t->whole)
        return;
    switch (view) {
    case GCS_VIEW_ROWS:
        *begin = t->first * t->cols;
        *end = t->last * t->cols;
        break;
    case GCS_VIEW_COLS:
        *begin = t->first;
        *end = (t->rows - 1) * t->cols + t->last;
        break;
    default:
        *begin = t->first;
        *end = t->last;
    }
}

/* ---- Which buffers ----------------------------------------------------------------------------
 */

static void use(gcs_run *r, int b) {
    r->buffer[b].used = true;
}

static void use_state(gcs_run *r) {
    r->buffer[GCS_BUF_M].used = gcs_element_has_m(r->form.rule);
    r->buffer[GCS_BUF_V].used = gcs_element_has_v(r->form.rule);
    r->buffer[GCS_BUF_V_MAX].used = gcs_element_has_v_max(r->form.rule);
}

static void use_step_buffers(gcs_run *r) {
    use(r, GCS_BUF_W);
    use_state(r);
    r->buffer[GCS_BUF_COPY].used = r->form.copy != GCS_COPY_NONE;
    if (!r->kernel->means_given)
        return;
    use(r, GCS_BUF_MEANS);
    r->buffer[GCS_BUF_W_MEANS].used = r->form.center == GCS_CENTER_GRADIENT &&
                                      gcs_derive_has_l2(r->form.rule) && r->coef.decay != 0;
}

static void use_measured(gcs_run *r) {
    for (int b = GCS_BUF_SUM; b <= GCS_BUF_MAX; b++)
        use(r, b);
    if (!gcs_view_is_grouped(r->kernel->view) || r->form.center == GCS_CENTER_NONE)
        return;
    use(r, GCS_BUF_SQUARE_CENTERED);
    use(r, GCS_BUF_MAX_CENTERED);
    r->buffer[GCS_BUF_MEANS].used = r->trial->means;
}

static void decide_used(gcs_run *r) {
    use(r, GCS_BUF_G);
    switch (r->kernel->op) {
    case GCS_OP_STEP:
    case GCS_OP_TRAFFIC:
        use_step_buffers(r);
        break;
    case GCS_OP_SUM:
        r->buffer[GCS_BUF_W].used = r->coef.decay != 0; /* a sum without decay gets no w */
        if (r->form.center == GCS_CENTER_UPDATE)
            use_state(r);
        use(r, GCS_BUF_OUT);
        break;
    case GCS_OP_CHANGE:
        use(r, GCS_BUF_W);
        use_state(r);
        use(r, GCS_BUF_OUT);
        break;
    case GCS_OP_MEASURE:
        use_measured(r);
        break;
    }
}

static void decide_buffers(gcs_run *r) {
    const gcs_trial *t = r->trial;
    const uint64_t segment = GCS_SEGMENT;
    uint64_t begin, end, last = r->kernel->view == GCS_VIEW_ROWS ? t->rows : t->cols;
    decide_used(r);
    gcs_trial_extent(t, r->kernel->view, &begin, &end);
    for (int b = 0; b < GCS_BUFS; b++) {
        r->buffer[b].size = sizeof(float);
        r->buffer[b].begin = begin;
        r->buffer[b].count = end - begin;
    }
    r->buffer[GCS_BUF_G].size = r->form.gradient == GCS_TYPE_F32 ? 4 : 2;
    r->buffer[GCS_BUF_COPY].size = 2;
    begin = t->whole ? 0 : t->first;
    end = t->whole ? last : t->last;
    if (!gcs_view_is_grouped(r->kernel->view)) {
        begin = begin / segment;
        end = (end + segment - 1) / segment;
    }
    for (int b = GCS_BUF_MEANS; b < GCS_BUFS; b++) {
        r->buffer[b].begin = begin;
        r->buffer[b].count = end - begin;
    }
}

static void decide_form(gcs_run *r) {
    const gcs_trial_set *set = gcs_trial_set_at(r->trial->hyper);
    r->form = gcs_contract_form(r->kernel, &r->trial->form);
    r->hyper = &set->hyper;
    r->spec = (gcs_spec){r->form.rule, r->form.center, r->form.gradient,
                         r->form.copy, set->maximize,  set->authors_form};
    r->coef = gcs_derive_coefficients(&r->spec, r->hyper);
    if (r->kernel->op == GCS_OP_TRAFFIC)
        r->coef.step = 0; /* what the executor gives to these kernels */
    gcs_half_keys(r->hyper->seed, r->hyper->t, r->trial->seed, r->draw.key);
    r->draw.index = r->trial->index;
}

/* ---- What is in them --------------------------------------------------------------------------
 */

/* Repeats two bytes over a buffer. */
static void fill(const gcs_run *r, int b, uint16_t bits) {
    uint16_t *at = r->stage->input[b];
    uint64_t halves = r->buffer[b].count * r->buffer[b].size / sizeof bits;
    for (uint64_t i = 0; r->buffer[b].used && i < halves; i++)
        at[i] = bits;
}

/* What stands where a kernel is to write before it does: -7.4e32, which no result comes out as. */
static const uint16_t unwritten = 0xf612;

static bool fill_elements(const gcs_run *r) {
    void *const *in = r->stage->input;
    const gcs_trial *t = r->trial;
    uint64_t stride = r->kernel->view == GCS_VIEW_COLS ? t->cols : 1;
    uint64_t count = r->buffer[GCS_BUF_G].count;
    bool narrow = r->form.gradient != GCS_TYPE_F32;
    gcs_input to = {.w = in[GCS_BUF_W],
                    .g = narrow ? r->stage->want[GCS_BUF_G] : in[GCS_BUF_G],
                    .m = in[GCS_BUF_M],
                    .v = in[GCS_BUF_V],
                    .v_max = in[GCS_BUF_V_MAX]};
    fill(r, GCS_BUF_COPY, unwritten);
    return gcs_pool_fill(r->stage->pools, t->class, t->seed, count, stride, r->form.gradient, &to,
                         narrow ? in[GCS_BUF_G] : NULL);
}

/* Entries per group or segment: means from the class, the rest poison. */
static bool fill_groups(const gcs_run *r) {
    void *const *want = r->stage->want;
    gcs_input to = {.w = r->stage->input[GCS_BUF_W_MEANS],
                    .g = r->stage->input[GCS_BUF_MEANS],
                    .m = want[GCS_BUF_M],
                    .v = want[GCS_BUF_V],
                    .v_max = want[GCS_BUF_V_MAX]};
    for (int b = GCS_BUF_OUT; b < GCS_BUFS; b++)
        fill(r, b, unwritten);
    return !r->buffer[GCS_BUF_MEANS].used ||
           gcs_pool_fill(r->stage->pools, r->trial->class, ~r->trial->seed,
                         r->buffer[GCS_BUF_MEANS].count, 1, GCS_TYPE_F32, &to, NULL);
}

/* The state at the first step: the executor hands over zeros, but to CHANGE it says so. */
static void fill_first_state(const gcs_run *r) {
    static const uint16_t nan_bits = 0x7fd1;
    if (r->hyper->t != 1 || r->kernel->op == GCS_OP_TRAFFIC)
        return;
    for (int b = GCS_BUF_M; b <= GCS_BUF_V_MAX; b++)
        fill(r, b, r->kernel->op == GCS_OP_CHANGE ? nan_bits : 0);
}

/* What the sums do to the state before the parts are stepped. */
static bool step_state(gcs_run *r) {
    static const gcs_kernel sums = {.op = GCS_OP_SUM, .general = true, .view = GCS_VIEW_PART};
    gcs_run_call call;
    for (int b = GCS_BUF_M; b <= GCS_BUF_V_MAX; b++) {
        if (r->buffer[b].used)
            memcpy(r->stage->old[GCS_EXACT_M + b - GCS_BUF_M], r->stage->input[b],
                   (size_t)r->buffer[b].count * sizeof(float));
    }
    r->buffer[GCS_BUF_OUT].used = true;
    gcs_run_arguments(r, r->stage->input, &call);
    r->buffer[GCS_BUF_OUT].used = false;
    return gcs_contract_run(&sums, &call.args);
}

bool gcs_run_prepare(gcs_run *r) {
    decide_form(r);
    decide_buffers(r);
    if (!fill_elements(r) || !fill_groups(r))
        return false;
    fill_first_state(r);
    r->mean = gcs_element_gradient(&r->form, &(gcs_args){.g = r->stage->input[GCS_BUF_G]}, 0);
    bool part_step = r->kernel->view == GCS_VIEW_PART && r->kernel->op == GCS_OP_STEP;
    if (part_step && r->trial->reference && r->buffer[GCS_BUF_G].count == r->trial->cols)
        r->mean = (float)gcs_prove_row_mean(r);
    r->state_is_new = part_step && r->form.center == GCS_CENTER_UPDATE;
    return !r->state_is_new || step_state(r);
}

/* ---- Arguments ---------------------------------------------------------------------------------
 */

/* The address of element 0 of a buffer whose element `begin` is at `place`. Computed as a number:
 * it may lie outside of what is mapped, where pointer arithmetic has no meaning. */
static void *origin(const gcs_run *r, void *const place[GCS_BUFS], int b) {
    const gcs_run_buffer *buffer = &r->buffer[b];
    if (!buffer->used)
        return NULL;
    return (void *)((uintptr_t)place[b] - (uintptr_t)buffer->begin * buffer->size);
}

void gcs_run_arguments(const gcs_run *r, void *const place[GCS_BUFS], gcs_run_call *call) {
    call->measured = (gcs_measured){.sum = origin(r, place, GCS_BUF_SUM),
                                    .square = origin(r, place, GCS_BUF_SQUARE),
                                    .max = origin(r, place, GCS_BUF_MAX),
                                    .square_centered = origin(r, place, GCS_BUF_SQUARE_CENTERED),
                                    .max_centered = origin(r, place, GCS_BUF_MAX_CENTERED)};
    call->args = (gcs_args){.w = origin(r, place, GCS_BUF_W),
                            .g = origin(r, place, GCS_BUF_G),
                            .m = origin(r, place, GCS_BUF_M),
                            .v = origin(r, place, GCS_BUF_V),
                            .v_max = origin(r, place, GCS_BUF_V_MAX),
                            .copy = origin(r, place, GCS_BUF_COPY),
                            .rows = r->trial->rows,
                            .cols = r->trial->cols,
                            .first = r->trial->first,
                            .last = r->trial->last,
                            .coef = &r->coef,
                            .form = r->kernel->general ? &r->form : NULL,
                            .mean = r->mean,
                            .means = origin(r, place, GCS_BUF_MEANS),
                            .w_means = origin(r, place, GCS_BUF_W_MEANS),
                            .out = origin(r, place, GCS_BUF_OUT),
                            .measured = r->kernel->op == GCS_OP_MEASURE ? &call->measured : NULL,
                            .draw = r->draw,
                            .first_step = r->kernel->op == GCS_OP_CHANGE && r->hyper->t == 1};
}
