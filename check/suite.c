/* Drawing and running trials: see suite.h. */
#include "check/suite.h"
#include "check/run.h"
#include "check/runner.h"
#include <string.h>

void gcs_suite_run(gcs_suite *s, const gcs_trial *trial) {
    gcs_check_report *report = s->report;
    char why[sizeof report->why] = "";
    const gcs_runner *runner = s->stage->runner;
    if (report->failures >= GCS_CHECK_ENOUGH || (runner && runner->ended))
        return;
    report->cases++;
    if (gcs_trial_run(s->stage, s->kernel, s->canonical, trial, &report->worst, why, sizeof why))
        return;
    if (report->failures++ == 0)
        memcpy(report->why, why, sizeof why);
}

/* Values that a kernel of this kind is made for: traffic kernels keep finite values only;
 * and that its device has. */
static bool suits(const gcs_suite *s, gcs_class class) {
    const gcs_kernel *kernel = s->kernel;
    const bool has_subnormals = class == GCS_CLASS_SUBNORMAL || class == GCS_CLASS_BOUNDARY ||
                                class == GCS_CLASS_MIXED || class == GCS_CLASS_BITS;
    if (has_subnormals && s->stage->runner && s->stage->runner->flushes)
        return false;
    return kernel->op != GCS_OP_TRAFFIC || (class != GCS_CLASS_NAN && class != GCS_CLASS_INF &&
                                            class != GCS_CLASS_MIXED && class != GCS_CLASS_BITS);
}

gcs_choice gcs_draw_choice(gcs_suite *s) {
    return (gcs_choice){(unsigned)gcs_stream_below(&s->stream, gcs_forms_pairs(s->kernel)),
                        (unsigned)gcs_stream_below(&s->stream, gcs_forms_kinds(s->kernel))};
}

/* Also around multiples of 2^32, where the upper half of an index changes. */
static uint64_t draw_index(gcs_suite *s) {
    const uint64_t wrap = (uint64_t)1 << 32;
    uint64_t near = gcs_stream_below(&s->stream, 300), many = gcs_stream_next(&s->stream) >> 40;
    switch (gcs_stream_below(&s->stream, 4)) {
    case 0:
        return 0;
    case 1:
        return wrap - near;
    case 2:
        return (many + 1) * wrap - near;
    default:
        return many;
    }
}

/* Whether the reference judges a trial of so many elements of a canonical kernel. The contract does
 * every one; the reference takes longer, and has nothing new to say of most large ones. */
static bool draw_judged(gcs_suite *s, uint64_t elements) {
    unsigned one_in = elements > 2048 ? 4 : s->kernel->general ? 2 : 1;
    bool drawn = gcs_stream_below(&s->stream, one_in) == 0;
    return drawn && s->canonical == NULL && s->kernel->op != GCS_OP_TRAFFIC;
}

gcs_trial gcs_draw_trial(gcs_suite *s, gcs_choice form, uint64_t groups, uint64_t length,
                         gcs_class class) {
    gcs_view view = s->kernel->view;
    if (gcs_suite_is_too_long(s, length))
        length = s->kernel->max_length;
    if (!gcs_view_is_grouped(view)) {
        length *= groups;
        groups = 1;
    }
    gcs_trial t = {.form = gcs_forms_at(s->kernel, form.pair, form.kind),
                   .rows = view == GCS_VIEW_COLS ? length : groups,
                   .cols = view == GCS_VIEW_COLS ? groups : length,
                   .whole = gcs_stream_below(&s->stream, 2) == 0,
                   .reference = draw_judged(s, groups * length),
                   .means = gcs_stream_below(&s->stream, 2) == 0,
                   .class = class,
                   .at_start = gcs_stream_below(&s->stream, 2) == 0,
                   .index = draw_index(s),
                   .seed = gcs_stream_next(&s->stream)};
    t.last = view == GCS_VIEW_ROWS ? t.rows : t.cols;
    for (int b = 0; b < GCS_BUFS; b++)
        t.slack[b] = (unsigned)gcs_stream_below(&s->stream, GCS_SLACK);
    t.hyper = class == GCS_CLASS_BOUNDARY
                  ? GCS_BOUNDARY_SET + (unsigned)gcs_stream_below(&s->stream, 2)
                  : (unsigned)gcs_stream_below(&s->stream, gcs_trial_sets());
    return t;
}

void gcs_draw_range(gcs_suite *s, gcs_trial *t) {
    uint64_t end = t->last;
    t->first = gcs_stream_below(&s->stream, end);
    if (s->kernel->view == GCS_VIEW_PART)
        t->first -= t->first % GCS_SEGMENT;
    t->last = t->first + 1 + gcs_stream_below(&s->stream, end - t->first);
    bool by_segment = s->kernel->view == GCS_VIEW_PART && s->kernel->op != GCS_OP_STEP;
    if (by_segment && t->last < end) {
        t->last += GCS_SEGMENT - 1 - (t->last - 1) % GCS_SEGMENT;
        t->last = t->last < end ? t->last : end;
    }
}

/* Whole and, half of the time, in part. */
static void run_twice(gcs_suite *s, gcs_trial *t) {
    gcs_suite_run(s, t);
    if (gcs_stream_below(&s->stream, 2) == 0) {
        gcs_draw_range(s, t);
        gcs_suite_run(s, t);
    }
}

bool gcs_suite_is_too_long(const gcs_suite *s, uint64_t length) {
    return s->kernel->max_length != 0 && length > s->kernel->max_length;
}

void gcs_suite_run_shape(gcs_suite *s, uint64_t groups, uint64_t length) {
    for (gcs_class class = 0; !gcs_suite_is_too_long(s, length) && class < GCS_CLASSES; class ++) {
        if (!suits(s, class))
            continue;
        gcs_trial t = gcs_draw_trial(s, gcs_draw_choice(s), groups, length, class);
        run_twice(s, &t);
    }
}

/* 7 and 15, the number of kinds, have no common factor. */
void gcs_suite_run_all(gcs_suite *s, uint64_t groups, uint64_t length, uint64_t number) {
    unsigned kinds = gcs_forms_kinds(s->kernel);
    for (gcs_class class = 0; !gcs_suite_is_too_long(s, length) && class < GCS_CLASSES; class ++) {
        for (unsigned pair = 0; suits(s, class) && pair < gcs_forms_pairs(s->kernel); pair++) {
            gcs_choice form = {pair, (unsigned)((number * 7 + class + pair) % kinds)};
            gcs_trial t = gcs_draw_trial(s, form, groups, length, class);
            run_twice(s, &t);
        }
    }
}
