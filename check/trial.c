/* Running a trial and comparing: see trial.h. */
#include "check/trial.h"
#include "check/compare.h"
#include "check/contract.h"
#include "check/fault.h"
#include "check/half.h"
#include "check/prove.h"
#include "check/run.h"
#include "check/runner.h"
#include "dispatch/coefficients.h"
#include "dispatch/registry.h"
#include <stdio.h>
#include <string.h>

static const char *const buffer_names[GCS_BUFS] = {
    [GCS_BUF_W] = "w",
    [GCS_BUF_G] = "g",
    [GCS_BUF_M] = "m",
    [GCS_BUF_V] = "v",
    [GCS_BUF_V_MAX] = "v_max",
    [GCS_BUF_COPY] = "copy",
    [GCS_BUF_MEANS] = "means",
    [GCS_BUF_W_MEANS] = "w_means",
    [GCS_BUF_OUT] = "out",
    [GCS_BUF_SUM] = "sum",
    [GCS_BUF_SQUARE] = "square",
    [GCS_BUF_MAX] = "max",
    [GCS_BUF_SQUARE_CENTERED] = "square_centered",
    [GCS_BUF_MAX_CENTERED] = "max_centered",
};

const char *gcs_buffer_name(int buffer) {
    return buffer_names[buffer];
}

/* A run whose buffers are in the arenas, for the kernel. */
typedef struct placed {
    gcs_run run;
    void *place[GCS_BUFS];
} placed;

/* Fills want[]. */
static bool run_expected(const gcs_run *r, const gcs_kernel *canonical) {
    gcs_stage *s = r->stage;
    for (int b = 0; b < GCS_BUFS; b++) {
        if (r->buffer[b].used)
            memcpy(s->want[b], s->input[b], (size_t)r->buffer[b].count * r->buffer[b].size);
    }
    gcs_run_call call;
    gcs_run_arguments(r, s->want, &call);
    if (!canonical)
        return gcs_contract_run(r->kernel, &call.args);
    canonical->run(&call.args);
    return true;
}

static void place_buffers(placed *p) {
    const gcs_run *r = &p->run;
    gcs_stage *s = r->stage;
    for (int b = 0; b < GCS_BUFS; b++) {
        if (!r->buffer[b].used)
            continue;
        p->place[b] = gcs_arena_place(&s->arena[b], r->buffer[b].count, r->buffer[b].size,
                                      r->trial->slack[b], r->trial->at_start);
        memcpy(p->place[b], s->input[b], (size_t)r->buffer[b].count * r->buffer[b].size);
    }
}

/* Which buffer the address is near, for the message. */
static const char *owner(const gcs_run *r, uintptr_t address) {
    for (int b = 0; b < GCS_BUFS; b++) {
        uintptr_t map = (uintptr_t)r->stage->arena[b].map;
        if (r->buffer[b].used && address >= map && address - map < r->stage->arena[b].map_bytes)
            return buffer_names[b];
    }
    return "no buffer at all";
}

/* With the coefficients and keys of the host, which have to be those of the contract. */
static bool run_kernel(const placed *p, char *why, size_t why_size) {
    gcs_run host = p->run;
    gcs_coefficients(&host.spec, host.hyper, &host.coef);
    if (host.kernel->op == GCS_OP_TRAFFIC)
        host.coef.step = 0;
    gcs_draw_keys(host.hyper->seed, host.hyper->t, host.trial->seed, host.draw.key);
    gcs_runner *runner = host.stage->runner;
    if (runner)
        return runner->run(runner, &host, p->place, why, why_size);
    gcs_run_call call;
    gcs_run_arguments(&host, p->place, &call);
    uintptr_t address = 0;
    if (!gcs_fault_run(host.kernel->run, &call.args, &address)) {
        snprintf(why, why_size, "touched memory beyond the range, of %s", owner(&host, address));
        return false;
    }
    return true;
}

/* ---- Comparing ---------------------------------------------------------------------------------
 */

static bool same_floats(const placed *p, int b, char *why, size_t why_size) {
    const float *want = p->run.stage->want[b], *got = p->place[b];
    uint64_t count = p->run.buffer[b].count, i = gcs_first_difference(got, want, count);
    if (i < count)
        snprintf(why, why_size, "%s[%llu] is %.9g (%a), must be %.9g (%a)", buffer_names[b],
                 (unsigned long long)(p->run.buffer[b].begin + i), (double)got[i], (double)got[i],
                 (double)want[i], (double)want[i]);
    return i == count;
}

static bool same_halves(const placed *p, int b, gcs_type type, char *why, size_t why_size) {
    const uint16_t *want = p->run.stage->want[b], *got = p->place[b];
    uint64_t count = p->run.buffer[b].count, i = gcs_first_difference_16(type, got, want, count);
    if (i < count)
        snprintf(why, why_size, "%s[%llu] is %.9g (0x%04x), must be %.9g (0x%04x)", buffer_names[b],
                 (unsigned long long)(p->run.buffer[b].begin + i),
                 (double)gcs_half_value(type, got[i]), (unsigned)got[i],
                 (double)gcs_half_value(type, want[i]), (unsigned)want[i]);
    return i == count;
}

/* What a traffic kernel writes to the copy has no meaning: the range is taken as it is. */
static void excuse_copy(const placed *p) {
    const gcs_trial *t = p->run.trial;
    const gcs_run_buffer *copy = &p->run.buffer[GCS_BUF_COPY];
    uint16_t *want = p->run.stage->want[GCS_BUF_COPY];
    const uint16_t *got = p->place[GCS_BUF_COPY];
    for (uint64_t i = t->first - copy->begin; i < t->last - copy->begin; i++)
        want[i] = got[i];
}

static bool is_inexact(const gcs_run *r) {
    return r->stage->runner != NULL && r->stage->runner->inexact;
}

/* Whether entry `i` of buffer b, of those in memory, is in the range. */
static bool is_in_range(const gcs_run *r, int b, uint64_t i) {
    const gcs_trial *t = r->trial;
    const gcs_view view = r->kernel->view;
    uint64_t at = r->buffer[b].begin + i, first = t->first, last = t->last;
    if (b >= GCS_BUF_MEANS && !gcs_view_is_grouped(view)) {
        first /= GCS_SEGMENT;
        last = (last + GCS_SEGMENT - 1) / GCS_SEGMENT;
    } else if (b < GCS_BUF_MEANS && gcs_view_is_grouped(view)) {
        at = view == GCS_VIEW_ROWS ? at / t->cols : at % t->cols;
    }
    return at >= first && at < last;
}

/* Results of the range are taken as they are: the reference judges them. */
static void excuse_results(const placed *p) {
    static const int results[] = {
        GCS_BUF_W,           GCS_BUF_M,   GCS_BUF_V,      GCS_BUF_V_MAX, GCS_BUF_COPY,
        GCS_BUF_OUT,         GCS_BUF_SUM, GCS_BUF_SQUARE, GCS_BUF_MAX,   GCS_BUF_SQUARE_CENTERED,
        GCS_BUF_MAX_CENTERED};
    for (size_t k = 0; k < sizeof results / sizeof results[0]; k++) {
        const int b = results[k];
        const gcs_run_buffer *buffer = &p->run.buffer[b];
        char *want = p->run.stage->want[b];
        const char *got = p->place[b];
        for (uint64_t i = 0; buffer->used && i < buffer->count; i++) {
            if (is_in_range(&p->run, b, i))
                memcpy(want + i * buffer->size, got + i * buffer->size, buffer->size);
        }
    }
}

static bool same_buffer(const placed *p, int b, char *why, size_t why_size) {
    const gcs_form *form = &p->run.form;
    if (b == GCS_BUF_COPY)
        return same_halves(p, b, gcs_half_type(form->copy), why, why_size);
    if (b == GCS_BUF_G && form->gradient != GCS_TYPE_F32)
        return same_halves(p, b, form->gradient, why, why_size);
    return same_floats(p, b, why, why_size);
}

static bool same_buffers(const placed *p, char *why, size_t why_size) {
    const gcs_run *r = &p->run;
    if (r->kernel->op == GCS_OP_TRAFFIC && r->buffer[GCS_BUF_COPY].used)
        excuse_copy(p);
    if (is_inexact(r) && r->kernel->op != GCS_OP_TRAFFIC)
        excuse_results(p);
    for (int b = 0; b < GCS_BUFS; b++) {
        const gcs_run_buffer *buffer = &r->buffer[b];
        if (!buffer->used)
            continue;
        if (!same_buffer(p, b, why, why_size))
            return false;
        if (!gcs_arena_intact(&r->stage->arena[b], p->place[b],
                              (size_t)buffer->count * buffer->size)) {
            snprintf(why, why_size, "wrote beside %s", buffer_names[b]);
            return false;
        }
    }
    return true;
}

/* Whether the state holds what flush() lets through. */
static bool flushed_state(const placed *p, char *why, size_t why_size) {
    for (int b = GCS_BUF_M; b <= GCS_BUF_V_MAX; b++) {
        const float *state = p->place[b];
        for (uint64_t i = 0; p->run.buffer[b].used && i < p->run.buffer[b].count; i++) {
            float positive_zero = 0;
            if ((state[i] > -0x1p-126f && state[i] < 0x1p-126f) &&
                memcmp(&state[i], &positive_zero, sizeof positive_zero) != 0) {
                snprintf(why, why_size, "%s[%llu] is %a: not flushed to +0", buffer_names[b],
                         (unsigned long long)i, (double)state[i]);
                return false;
            }
        }
    }
    return true;
}

/* What can be said only of a tensor that was treated as a whole. */
static bool judge_whole(const placed *p, double *worst, char *why, size_t why_size) {
    const gcs_run *r = &p->run;
    bool steps = r->kernel->op == GCS_OP_STEP || r->kernel->op == GCS_OP_SUM;
    if (steps && !flushed_state(p, why, why_size))
        return false;
    return !(r->trial->reference || is_inexact(r)) || gcs_prove(r, p->place, worst, why, why_size);
}

/* Puts the trial in front of what was wrong with it. */
static void describe(const gcs_run *r, const char *what, char *why, size_t why_size) {
    const gcs_trial *t = r->trial;
    snprintf(
        why, why_size,
        "%s_%s_%s, %llu x %llu, range [%llu, %llu), %s values, hyper-parameters %u, draws from "
        "%llu, slack w %u g %u m %u v %u, guard page %s: %s",
        gcs_rule_name(r->form.rule), gcs_center_name(r->form.center),
        gcs_types_name(r->form.gradient, r->form.copy), (unsigned long long)t->rows,
        (unsigned long long)t->cols, (unsigned long long)t->first, (unsigned long long)t->last,
        gcs_class_name(t->class), t->hyper, (unsigned long long)t->index, t->slack[GCS_BUF_W],
        t->slack[GCS_BUF_G], t->slack[GCS_BUF_M], t->slack[GCS_BUF_V],
        t->at_start ? "before" : "after", what);
}

bool gcs_trial_run(gcs_stage *stage, const gcs_kernel *kernel, const gcs_kernel *canonical,
                   const gcs_trial *trial, double *worst, char *why, size_t why_size) {
    char what[256] = "memory ran out";
    placed p = {.run = {.stage = stage, .kernel = kernel, .trial = trial}};
    bool right = gcs_run_prepare(&p.run);
    if (right) {
        place_buffers(&p);
        right = run_expected(&p.run, canonical) && run_kernel(&p, what, sizeof what) &&
                same_buffers(&p, what, sizeof what) &&
                (!gcs_run_is_whole(&p.run) || judge_whole(&p, worst, what, sizeof what));
    }
    if (!right)
        describe(&p.run, what, why, why_size);
    return right;
}
