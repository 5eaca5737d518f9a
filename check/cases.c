/* The list of cases: cheap dimensions exhaustively, the others sampled from a fixed seed. */
#include "check/cases.h"
#include "check/run.h"
#include "check/suite.h"
#include <string.h>

/* Floats of a vector; of no CPU's ISA: a GPU's, whose threads load fours. */
static uint64_t vector_length(gcs_isa isa) {
    static const uint64_t lengths[] = {
        [GCS_ISA_PORTABLE] = 1, [GCS_ISA_AVX2] = 8, [GCS_ISA_AVX512] = 16, [GCS_ISA_NEON] = 4};
    return isa < GCS_ISA_COUNT ? lengths[isa] : 4;
}

/* Two iterations of the kernel's loop and one element. */
static uint64_t two_iterations(const gcs_kernel *kernel) {
    return 2 * kernel->unroll * vector_length(kernel->isa) + 1;
}

/* The elements that follow each other in memory are those of a row: the loops' iterations are over
 * them, and this size is the one that all forms go through. */
static void run_every_size(gcs_suite *s) {
    uint64_t end = two_iterations(s->kernel);
    bool columns = s->kernel->view == GCS_VIEW_COLS;
    for (uint64_t n = 1; n <= end; n++) {
        uint64_t few = 1 + gcs_stream_below(&s->stream, 8);
        gcs_suite_run_all(s, columns ? n : few, columns ? few : n, n);
        if (gcs_view_is_grouped(s->kernel->view))
            gcs_suite_run_shape(s, columns ? few : n, columns ? n : few);
    }
}

/* Primes, and lengths around the pieces of both orders of summation and of the kernels' blocks. */
static void run_special_lengths(gcs_suite *s) {
    static const uint16_t lengths[] = {31,   32,   33,   63,   64,   65,   127,  128,  129,
                                       255,  256,  257,  1021, 1023, 1024, 1025, 1031, 2047,
                                       2048, 2049, 2053, 3072, 3073, 4095, 4096, 4097, 4099};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        gcs_suite_run_shape(s, 1 + gcs_stream_below(&s->stream, 3), lengths[i]);
    uint64_t longest = s->kernel->max_length;
    if (longest != 0 && longest <= 4096)
        gcs_suite_run_shape(s, 5, longest);
}

static void run_many_groups(gcs_suite *s) {
    static const uint16_t groups[] = {255, 256, 257, 300, 513, 1025, 1031};
    static const uint16_t lengths[] = {1, 3, 9, 27, 5, 4, 65};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        gcs_suite_run_shape(s, groups[i], lengths[i]);
}

/* Every length of short rows, with more of them than a kernel takes at a time, and some left over.
 */
static void run_short_rows(gcs_suite *s) {
    const uint64_t longest = s->kernel->max_length;
    if (s->kernel->view != GCS_VIEW_ROWS || longest == 0)
        return;
    for (uint64_t n = 1; n <= longest && n <= 2 * GCS_LANES; n++) {
        for (int i = 0; i < 4; i++)
            gcs_suite_run_shape(
                s, 3 * vector_length(s->kernel->isa) + gcs_stream_below(&s->stream, 17), n);
    }
}

/* Every distance of each buffer from its guard page, on either side. A general kernel does not use
 * every buffer with every form, and gets three of them. */
static void run_misaligned(gcs_suite *s) {
    uint64_t end = two_iterations(s->kernel);
    unsigned times = s->kernel->general ? 3 : 1;
    for (unsigned i = 0; i < times * 2 * GCS_BUFS * GCS_SLACK; i++) {
        uint64_t length = end - gcs_stream_below(&s->stream, end < 20 ? end : 20);
        gcs_trial t = gcs_draw_trial(s, gcs_draw_choice(s), 3, length, GCS_CLASS_NORMAL);
        t.slack[i / 2 % GCS_BUFS] = i / 2 / GCS_BUFS % GCS_SLACK;
        t.at_start = i & 1;
        gcs_suite_run(s, &t);
    }
}

/* Every range of a few groups; without groups: many ranges. */
static void run_ranges(gcs_suite *s) {
    static const uint16_t lengths[] = {1, 7, 33, 65, 193};
    for (unsigned i = 0; !gcs_view_is_grouped(s->kernel->view) && i < 200; i++) {
        uint64_t length = s->kernel->view == GCS_VIEW_PART ? 5 * GCS_SEGMENT + 17 : 200;
        gcs_trial t = gcs_draw_trial(s, gcs_draw_choice(s), 1, length, GCS_CLASS_NORMAL);
        gcs_draw_range(s, &t);
        gcs_suite_run(s, &t);
    }
    for (unsigned i = 0; gcs_view_is_grouped(s->kernel->view) && i < 5 * 36; i++) {
        gcs_trial t = gcs_draw_trial(s, gcs_draw_choice(s), 6, lengths[i / 36], GCS_CLASS_NORMAL);
        t.first = i % 36 / 6;
        t.last = i % 6 + 1;
        if (t.first < t.last)
            gcs_suite_run(s, &t);
    }
}

static void run_hypers(gcs_suite *s) {
    static const uint16_t lengths[] = {2, 9, 64, 100};
    for (unsigned i = 0; i < gcs_trial_sets() * gcs_forms_pairs(s->kernel) * 4; i++) {
        gcs_choice form = gcs_draw_choice(s);
        form.pair = i / 4 % gcs_forms_pairs(s->kernel);
        gcs_trial t = gcs_draw_trial(s, form, 8, lengths[i % 4], GCS_CLASS_NORMAL);
        t.hyper = i / 4 / gcs_forms_pairs(s->kernel);
        gcs_suite_run(s, &t);
    }
}

/* A group whose piece sums are themselves summed in pieces, whose sums are too. */
static void run_long(gcs_suite *s) {
    bool columns = s->kernel->view == GCS_VIEW_COLS;
    uint64_t length = columns ? 64 * 64 * 64 + 65 : 1024 * 1024 + 1025;
    if (gcs_suite_is_too_long(s, length))
        return;
    gcs_trial t = gcs_draw_trial(s, gcs_draw_choice(s), columns ? 3 : 1, length, GCS_CLASS_NORMAL);
    t.hyper = 0;
    t.reference = s->canonical == NULL && s->kernel->op != GCS_OP_TRAFFIC;
    gcs_suite_run(s, &t);
}

/* More groups than a kernel keeps sums of at a time. */
static void run_wide(gcs_suite *s) {
    static const uint16_t groups[] = {8225, 4103}, lengths[] = {3, 65};
    for (size_t i = 0; gcs_view_is_grouped(s->kernel->view) && i < 2; i++) {
        gcs_trial t =
            gcs_draw_trial(s, gcs_draw_choice(s), groups[i], lengths[i], GCS_CLASS_NORMAL);
        gcs_suite_run(s, &t);
    }
}

/* Elements on both sides of number 2^32, and behind it. Nothing but the range is in memory, and the
 * pointers are those of the whole tensor. */
static void run_far(gcs_suite *s) {
    static const uint16_t lengths[] = {1, 1, 9, 9, 33, 33, 100, 100};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        const uint64_t far = ((uint64_t)1 << 32) + (i % 2) * 2 * GCS_SEGMENT;
        const gcs_view view = s->kernel->view;
        gcs_trial t = gcs_draw_trial(s, gcs_draw_choice(s), 101, lengths[i], GCS_CLASS_NORMAL);
        uint64_t *end = view == GCS_VIEW_ROWS ? &t.rows : &t.cols, shift = far - 20;
        if (view == GCS_VIEW_ROWS)
            shift = far / t.cols - 20;
        else if (view == GCS_VIEW_COLS)
            t.rows = 1; /* another row would be as far away from the first */
        else if (view == GCS_VIEW_PART)
            shift = far - GCS_SEGMENT;
        *end += shift;
        t.first += shift;
        t.last += shift;
        t.whole = t.reference = false;
        gcs_suite_run(s, &t);
    }
}

/* Segment sums are summed so: f32, and nothing but g in them. */
static bool sums_in_place(const gcs_kernel *kernel) {
    return kernel->op == GCS_OP_SUM && kernel->center == GCS_CENTER_GRADIENT;
}

static void run_in_place(gcs_suite *s) {
    char why[sizeof s->report->why];
    s->report->cases++;
    if (!gcs_check_in_place(s->kernel, why, sizeof why) && s->report->failures++ == 0)
        memcpy(s->report->why, why, sizeof why);
}

void gcs_cases_run(gcs_stage *stage, const gcs_kernel *kernel, const gcs_kernel *canonical,
                   gcs_check_report *report) {
    gcs_suite s = {stage, kernel, canonical, report, {1}};
    run_every_size(&s);
    run_special_lengths(&s);
    run_many_groups(&s);
    run_short_rows(&s);
    run_misaligned(&s);
    run_ranges(&s);
    run_hypers(&s);
    run_wide(&s);
    run_far(&s);
    run_long(&s);
    if (sums_in_place(kernel))
        run_in_place(&s);
}
