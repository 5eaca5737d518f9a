/* The list of cases: cheap dimensions exhaustively, the others sampled from a fixed seed. */
#include "check/cases.h"
#include <string.h>

typedef struct suite {
    gcs_stage *stage;
    const gcs_kernel *kernel;
    const gcs_kernel *canonical;
    gcs_check_report *report;
    gcs_stream stream;
} suite;

/* Floats of a vector. */
static uint64_t vector_length(gcs_isa isa) {
    return isa == GCS_ISA_AVX2 ? 8 : 1;
}

/* Two iterations of the kernel's loop and one element. */
static uint64_t two_iterations(const gcs_kernel *kernel) {
    return 2 * kernel->unroll * vector_length(kernel->isa) + 1;
}

static bool has_groups(gcs_view view) {
    return view == GCS_VIEW_ROWS || view == GCS_VIEW_COLS;
}

static void run_trial(suite *s, const gcs_trial *trial) {
    gcs_check_report *report = s->report;
    char why[sizeof report->why] = "";
    report->cases++;
    if (gcs_trial_run(s->stage, s->kernel, s->canonical, trial, &report->worst, why, sizeof why))
        return;
    if (report->failures++ == 0)
        memcpy(report->why, why, sizeof why);
}

/* Values that a kernel of this kind is made for: traffic kernels keep finite values only. */
static bool suits(const gcs_kernel *kernel, gcs_class class) {
    return kernel->op != GCS_OP_TRAFFIC ||
           (class != GCS_CLASS_NAN && class != GCS_CLASS_INF && class != GCS_CLASS_MIXED);
}

/* A trial of the whole tensor, the rest drawn. Without groups: one group of all elements. */
static gcs_trial draw_trial(suite *s, uint64_t groups, uint64_t length, gcs_class class) {
    gcs_view view = s->kernel->view;
    if (!has_groups(view)) {
        length *= groups;
        groups = 1;
    }
    gcs_trial t = {.rows = view == GCS_VIEW_COLS ? length : groups,
                   .cols = view == GCS_VIEW_COLS ? groups : length,
                   .whole = gcs_stream_below(&s->stream, 2) == 0,
                   .reference = s->canonical == NULL && s->kernel->op != GCS_OP_TRAFFIC,
                   .class = class,
                   .at_start = gcs_stream_below(&s->stream, 2) == 0,
                   .seed = gcs_stream_next(&s->stream)};
    t.last = view == GCS_VIEW_ROWS ? t.rows : t.cols;
    for (int b = 0; b < GCS_BUFS; b++)
        t.slack[b] = (unsigned)gcs_stream_below(&s->stream, GCS_SLACK);
    /* Sets 6 and 7 are the ones that boundary values are made for. */
    t.hyper = class == GCS_CLASS_BOUNDARY
                  ? 6 + (unsigned)gcs_stream_below(&s->stream, 2)
                  : (unsigned)gcs_stream_below(&s->stream, gcs_trial_hypers());
    return t;
}

/* A range that a caller may ask for, in place of the whole. */
static void draw_range(suite *s, gcs_trial *t) {
    uint64_t end = t->last;
    t->first = gcs_stream_below(&s->stream, end);
    if (s->kernel->view == GCS_VIEW_PART)
        t->first -= t->first % GCS_SEGMENT;
    t->last = t->first + 1 + gcs_stream_below(&s->stream, end - t->first);
    if (s->kernel->op == GCS_OP_SUM && t->last < end) {
        t->last += GCS_SEGMENT - 1 - (t->last - 1) % GCS_SEGMENT;
        t->last = t->last < end ? t->last : end;
    }
}

/* One shape with values of every class, whole and, half of the time, in part. */
static void run_shape(suite *s, uint64_t groups, uint64_t length) {
    if (s->kernel->max_length != 0 && length > s->kernel->max_length)
        return;
    for (gcs_class class = 0; class < GCS_CLASSES; class ++) {
        if (!suits(s->kernel, class))
            continue;
        gcs_trial t = draw_trial(s, groups, length, class);
        run_trial(s, &t);
        if (gcs_stream_below(&s->stream, 2) == 0) {
            draw_range(s, &t);
            run_trial(s, &t);
        }
    }
}

static void run_every_size(suite *s) {
    uint64_t end = two_iterations(s->kernel);
    for (uint64_t n = 1; n <= end; n++)
        run_shape(s, 1 + gcs_stream_below(&s->stream, 7), n);
    for (uint64_t n = 1; has_groups(s->kernel->view) && n <= end; n++)
        run_shape(s, n, 1 + gcs_stream_below(&s->stream, 9));
}

/* Primes, and lengths around the pieces of both orders of summation and of the kernels' blocks. */
static void run_special_lengths(suite *s) {
    static const uint16_t lengths[] = {31,   32,   33,   63,   64,   65,   127,  128,  129,
                                       255,  256,  257,  1021, 1023, 1024, 1025, 1031, 2047,
                                       2048, 2049, 2053, 3072, 3073, 4095, 4096, 4097, 4099};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        run_shape(s, 1 + gcs_stream_below(&s->stream, 3), lengths[i]);
    uint64_t longest = s->kernel->max_length;
    if (longest != 0 && longest <= 4096)
        run_shape(s, 5, longest);
}

static void run_many_groups(suite *s) {
    static const uint16_t groups[] = {255, 256, 257, 300, 513, 1025, 1031};
    static const uint16_t lengths[] = {1, 3, 9, 27, 5, 4, 65};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        run_shape(s, groups[i], lengths[i]);
}

/* Every distance of each buffer from its guard page, on either side. */
static void run_misaligned(suite *s) {
    uint64_t end = two_iterations(s->kernel);
    for (unsigned i = 0; i < 2 * GCS_BUFS * GCS_SLACK; i++) {
        uint64_t length = end - gcs_stream_below(&s->stream, end < 20 ? end : 20);
        gcs_trial t = draw_trial(s, 3, length, GCS_CLASS_NORMAL);
        t.slack[i / 2 % GCS_BUFS] = i / 2 / GCS_BUFS;
        t.at_start = i & 1;
        run_trial(s, &t);
    }
}

/* Every range of a few groups; without groups: many ranges. */
static void run_ranges(suite *s) {
    static const uint16_t lengths[] = {1, 7, 33, 65, 193};
    for (unsigned i = 0; !has_groups(s->kernel->view) && i < 200; i++) {
        uint64_t length = s->kernel->view == GCS_VIEW_PART ? 5 * GCS_SEGMENT + 17 : 200;
        gcs_trial t = draw_trial(s, 1, length, GCS_CLASS_NORMAL);
        draw_range(s, &t);
        run_trial(s, &t);
    }
    for (unsigned i = 0; has_groups(s->kernel->view) && i < 5 * 36; i++) {
        gcs_trial t = draw_trial(s, 6, lengths[i / 36], GCS_CLASS_NORMAL);
        t.first = i % 36 / 6;
        t.last = i % 6 + 1;
        if (t.first < t.last)
            run_trial(s, &t);
    }
}

static void run_hypers(suite *s) {
    static const uint16_t lengths[] = {2, 9, 64, 100};
    for (unsigned hyper = 0; hyper < gcs_trial_hypers(); hyper++) {
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            gcs_trial t = draw_trial(s, 8, lengths[i], GCS_CLASS_NORMAL);
            t.hyper = hyper;
            run_trial(s, &t);
        }
    }
}

/* A group whose piece sums are themselves summed in pieces, whose sums are too. */
static void run_long(suite *s) {
    bool columns = s->kernel->view == GCS_VIEW_COLS;
    uint64_t length = columns ? 64 * 64 * 64 + 65 : 1024 * 1024 + 1025;
    if (s->kernel->max_length != 0 && length > s->kernel->max_length)
        return;
    gcs_trial t = draw_trial(s, columns ? 3 : 1, length, GCS_CLASS_NORMAL);
    t.hyper = 0;
    run_trial(s, &t);
}

/* More groups than a kernel keeps sums of at a time. */
static void run_wide(suite *s) {
    static const uint16_t groups[] = {8225, 4103}, lengths[] = {3, 65};
    for (size_t i = 0; has_groups(s->kernel->view) && i < 2; i++) {
        gcs_trial t = draw_trial(s, groups[i], lengths[i], GCS_CLASS_NORMAL);
        run_trial(s, &t);
    }
}

static void run_in_place(suite *s) {
    char why[sizeof s->report->why];
    s->report->cases++;
    if (!gcs_check_in_place(s->kernel, why, sizeof why) && s->report->failures++ == 0)
        memcpy(s->report->why, why, sizeof why);
}

void gcs_cases_run(gcs_stage *stage, const gcs_kernel *kernel, const gcs_kernel *canonical,
                   gcs_check_report *report) {
    suite s = {stage, kernel, canonical, report, {1}};
    run_every_size(&s);
    run_special_lengths(&s);
    run_many_groups(&s);
    run_misaligned(&s);
    run_ranges(&s);
    run_hypers(&s);
    run_wide(&s);
    run_long(&s);
    if (kernel->op == GCS_OP_SUM)
        run_in_place(&s);
}
