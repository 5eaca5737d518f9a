/* Setting a trial up, running it, comparing: see trial.h. */
#include "check/trial.h"
#include "check/compare.h"
#include "check/contract.h"
#include "check/fault.h"
#include "check/prove.h"
#include "dispatch/coefficients.h"
#include "dispatch/plan.h"
#include <stdio.h>
#include <string.h>

static const char *const buffer_names[GCS_BUFS] = {"w", "g", "m", "v", "out"};

/* What stands in `out` before; no sum comes out as this. */
static const float unwritten = -0x1.23456p+99f;

/* The two sides of one run. */
typedef struct run {
    gcs_stage *stage;
    const gcs_kernel *kernel;
    const gcs_trial *trial;
    gcs_coef coef;
    float mean;
    bool used[GCS_BUFS];
    uint64_t begin[GCS_BUFS], count[GCS_BUFS]; /* the part of each buffer that is in memory */
    float *place[GCS_BUFS];                    /* where the kernel finds it */
} run;

void gcs_trial_extent(const gcs_trial *t, gcs_view view, uint64_t *begin, uint64_t *end) {
    *begin = 0;
    *end = view == GCS_VIEW_FLAT || view == GCS_VIEW_PART ? t->cols : t->rows * t->cols;
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

static void decide_buffers(run *r) {
    const gcs_kernel *k = r->kernel;
    const gcs_trial *t = r->trial;
    bool sum = k->op == GCS_OP_SUM;
    r->used[GCS_BUF_W] = !sum || r->coef.decay != 0; /* a sum without decay gets no w */
    r->used[GCS_BUF_G] = true;
    r->used[GCS_BUF_M] = !sum && gcs_rule_has_m(k->rule);
    r->used[GCS_BUF_V] = !sum && gcs_rule_has_v(k->rule);
    r->used[GCS_BUF_OUT] = sum;
    uint64_t begin, end;
    gcs_trial_extent(t, k->view, &begin, &end);
    for (int b = 0; b < GCS_BUFS; b++) {
        r->begin[b] = begin;
        r->count[b] = end - begin;
    }
    uint64_t first = t->whole ? 0 : t->first, last = t->whole ? t->cols : t->last;
    r->begin[GCS_BUF_OUT] = first / GCS_SEGMENT;
    r->count[GCS_BUF_OUT] = (last + GCS_SEGMENT - 1) / GCS_SEGMENT - first / GCS_SEGMENT;
}

static void decide_coefficients(run *r) {
    gcs_spec spec = {r->kernel->rule, r->kernel->center};
    gcs_coefficients(&spec, gcs_trial_hyper(r->trial->hyper), &r->coef);
    if (r->kernel->op == GCS_OP_TRAFFIC)
        r->coef.step = 0; /* what the executor gives to these kernels */
}

static void fill(float *values, uint64_t count, float value) {
    for (uint64_t i = 0; i < count; i++)
        values[i] = value;
}

static void fill_inputs(run *r) {
    float *const *in = r->stage->input;
    uint64_t count = r->count[GCS_BUF_W];
    uint64_t stride = r->kernel->view == GCS_VIEW_COLS ? r->trial->cols : 1;
    gcs_input_fill(r->trial->class, r->trial->seed, count, stride, in[GCS_BUF_W], in[GCS_BUF_G],
                   in[GCS_BUF_M], in[GCS_BUF_V]);
    /* The executor hands over zeros at the first step. */
    if (r->kernel->op == GCS_OP_STEP && gcs_trial_hyper(r->trial->hyper)->t == 1) {
        fill(in[GCS_BUF_M], count, 0);
        fill(in[GCS_BUF_V], count, 0);
    }
    if (r->used[GCS_BUF_OUT])
        fill(in[GCS_BUF_OUT], r->count[GCS_BUF_OUT], unwritten);
    r->mean = 0.3125f;
    if (r->kernel->view == GCS_VIEW_PART && r->count[GCS_BUF_G] == r->trial->cols)
        r->mean = (float)gcs_prove_row_mean(r->kernel, r->trial, in[GCS_BUF_W], in[GCS_BUF_G]);
}

/* The address of element 0 of a tensor whose element `begin` is at `place`. Computed as a number:
 * it may lie outside of what is mapped, where pointer arithmetic has no meaning. */
static float *origin(float *place, uint64_t begin) {
    return (float *)((uintptr_t)place - (uintptr_t)begin * sizeof(float));
}

static gcs_args make_args(const run *r, float *const place[GCS_BUFS]) {
    float *base[GCS_BUFS];
    for (int b = 0; b < GCS_BUFS; b++)
        base[b] = r->used[b] ? origin(place[b], r->begin[b]) : NULL;
    return (gcs_args){.w = base[GCS_BUF_W],
                      .g = base[GCS_BUF_G],
                      .m = base[GCS_BUF_M],
                      .v = base[GCS_BUF_V],
                      .rows = r->trial->rows,
                      .cols = r->trial->cols,
                      .first = r->trial->first,
                      .last = r->trial->last,
                      .coef = &r->coef,
                      .mean = r->mean,
                      .out = base[GCS_BUF_OUT]};
}

/* Fills want[]. */
static bool run_expected(const run *r, const gcs_kernel *canonical) {
    gcs_stage *s = r->stage;
    for (int b = 0; b < GCS_BUFS; b++) {
        if (r->used[b])
            memcpy(s->want[b], s->input[b], (size_t)r->count[b] * sizeof(float));
    }
    gcs_args args = make_args(r, s->want);
    if (!canonical)
        return gcs_contract_run(r->kernel, &args);
    canonical->run(&args);
    return true;
}

static void place_buffers(run *r) {
    gcs_stage *s = r->stage;
    for (int b = 0; b < GCS_BUFS; b++) {
        if (!r->used[b])
            continue;
        r->place[b] =
            gcs_arena_place(&s->arena[b], r->count[b], r->trial->slack[b], r->trial->at_start);
        memcpy(r->place[b], s->input[b], (size_t)r->count[b] * sizeof(float));
    }
}

/* Which buffer the address is near, for the message. */
static const char *owner(const run *r, uintptr_t address) {
    for (int b = 0; b < GCS_BUFS; b++) {
        uintptr_t map = (uintptr_t)r->stage->arena[b].map;
        if (r->used[b] && address >= map && address - map < r->stage->arena[b].map_bytes)
            return buffer_names[b];
    }
    return "no buffer at all";
}

static bool run_kernel(const run *r, char *why, size_t why_size) {
    gcs_args args = make_args(r, r->place);
    uintptr_t address = 0;
    if (!gcs_fault_run(r->kernel->run, &args, &address)) {
        snprintf(why, why_size, "touched memory beyond the range, of %s", owner(r, address));
        return false;
    }
    return true;
}

static bool same_buffers(const run *r, char *why, size_t why_size) {
    for (int b = 0; b < GCS_BUFS; b++) {
        if (!r->used[b])
            continue;
        const float *want = r->stage->want[b], *got = r->place[b];
        uint64_t i = gcs_first_difference(got, want, r->count[b]);
        if (i < r->count[b]) {
            snprintf(why, why_size, "%s[%llu] is %.9g (%a), must be %.9g (%a)", buffer_names[b],
                     (unsigned long long)(r->begin[b] + i), (double)got[i], (double)got[i],
                     (double)want[i], (double)want[i]);
            return false;
        }
        if (!gcs_arena_intact(&r->stage->arena[b], r->place[b], r->count[b])) {
            snprintf(why, why_size, "wrote beside %s", buffer_names[b]);
            return false;
        }
    }
    return true;
}

/* Whether the state holds what flush() lets through. */
static bool flushed_state(const run *r, char *why, size_t why_size) {
    for (int b = GCS_BUF_M; b <= GCS_BUF_V; b++) {
        for (uint64_t i = 0; r->used[b] && i < r->count[b]; i++) {
            float z = r->place[b][i];
            float positive_zero = 0;
            if ((z > -0x1p-126f && z < 0x1p-126f) && memcmp(&z, &positive_zero, sizeof z) != 0) {
                snprintf(why, why_size, "%s[%llu] is %a: not flushed to +0", buffer_names[b],
                         (unsigned long long)i, (double)z);
                return false;
            }
        }
    }
    return true;
}

static bool judge(const run *r, double *worst, char *why, size_t why_size) {
    float *const *in = r->stage->input;
    gcs_claim claim = {.kernel = r->kernel,
                       .trial = r->trial,
                       .w = in[GCS_BUF_W],
                       .g = in[GCS_BUF_G],
                       .m = r->used[GCS_BUF_M] ? in[GCS_BUF_M] : NULL,
                       .v = r->used[GCS_BUF_V] ? in[GCS_BUF_V] : NULL,
                       .new_w = r->place[GCS_BUF_W],
                       .new_m = r->place[GCS_BUF_M],
                       .new_v = r->place[GCS_BUF_V],
                       .sums = r->place[GCS_BUF_OUT]};
    return gcs_prove(&claim, r->stage->exact, worst, why, why_size);
}

/* Whether the range is all of the tensor. */
static bool whole_range(const gcs_kernel *kernel, const gcs_trial *t) {
    return t->first == 0 && t->last == (kernel->view == GCS_VIEW_ROWS ? t->rows : t->cols);
}

/* What can be said only of a tensor that was stepped as a whole. */
static bool judge_whole(const run *r, double *worst, char *why, size_t why_size) {
    if (r->kernel->op == GCS_OP_STEP && !flushed_state(r, why, why_size))
        return false;
    return !r->trial->reference || judge(r, worst, why, why_size);
}

/* Puts the trial in front of what was wrong with it. */
static void describe(const run *r, const char *what, char *why, size_t why_size) {
    const gcs_trial *t = r->trial;
    snprintf(why, why_size,
             "%llu x %llu, range [%llu, %llu), %s values, hyper-parameters %u, slack %u %u %u %u, "
             "guard page %s: %s",
             (unsigned long long)t->rows, (unsigned long long)t->cols, (unsigned long long)t->first,
             (unsigned long long)t->last, gcs_class_name(t->class), t->hyper, t->slack[GCS_BUF_W],
             t->slack[GCS_BUF_G], t->slack[GCS_BUF_M], t->slack[GCS_BUF_V],
             t->at_start ? "before" : "after", what);
}

bool gcs_trial_run(gcs_stage *stage, const gcs_kernel *kernel, const gcs_kernel *canonical,
                   const gcs_trial *trial, double *worst, char *why, size_t why_size) {
    char what[256] = "memory ran out";
    run r = {.stage = stage, .kernel = kernel, .trial = trial};
    decide_coefficients(&r);
    decide_buffers(&r);
    fill_inputs(&r);
    place_buffers(&r);
    bool right = run_expected(&r, canonical) && run_kernel(&r, what, sizeof what) &&
                 same_buffers(&r, what, sizeof what) &&
                 (!whole_range(kernel, trial) || judge_whole(&r, worst, what, sizeof what));
    if (!right)
        describe(&r, what, why, why_size);
    return right;
}
