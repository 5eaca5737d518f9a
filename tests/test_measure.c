/* gcs_measure: against double, its sums bit for bit, and what a step makes of them. */
#include "tests/step_fixture.h"

#include "check/order.h"
#include "dispatch/plan.h"
#include "reference/reference.h"
#include <math.h>

static const double unit = 0x1p-24; /* largest relative rounding of a float */

/* In each layout short groups and long ones; two rows, and many small matrices, that three threads
 * share; without groups one tensor that they share and one that they do not. */
static const gcs_tensor tensors[] = {
    ROWS(30, 9),   ROWS(5, 700),      ROWS(3, 3000),    ROWS(2, 70001),     COLS(70, 11),
    COLS(4200, 3), COLS(5, 1500),     GENERAL(4, 9, 5), FLAT(101),          FLAT(70001),
    ROWS(7, 1),    GENERAL(9, 70, 2), ROWS(2100, 3),    GENERAL(60, 9, 35),
};
enum { TENSORS = sizeof tensors / sizeof *tensors, MOST_GROUPS = 2100 };

/* Measures with sums, by `threads` threads. */
typedef struct results {
    gcs_measures m[TENSORS];
    float *sums; /* three arrays of MOST_GROUPS each per tensor */
} results;

static void results_make(results *r, gcs_center center) {
    r->sums = calloc(TENSORS * 3 * MOST_GROUPS, sizeof(float));
    assert_non_null(r->sums);
    for (size_t k = 0; k < TENSORS; k++) {
        float *at = r->sums + k * 3 * MOST_GROUPS;
        const bool groups = tensors[k].layout != GCS_LAYOUT_FLAT;
        r->m[k] =
            (gcs_measures){.sums = groups ? at : NULL, .w_sums = groups ? at + MOST_GROUPS : NULL};
        if (groups && center == GCS_CENTER_UPDATE)
            r->m[k].change_sums = at + 2 * MOST_GROUPS;
    }
}

static void measure(const gcs_spec *spec, const gcs_hyper *hyper, const fixture *f, int threads,
                    results *r) {
    gcs_target target = gcs_cpu();
    gcs_plan *plan = NULL;
    target.threads = threads;
    results_make(r, spec->center);
    assert_ok(gcs_plan_create(&plan, target, spec, f->tensors, f->count));
    for (int again = 0; again < 2; again++) /* the first call allocates */
        assert_ok(gcs_measure(plan, hyper, f->buffers, r->m));
    gcs_plan_destroy(plan);
}

/* ---- Against double ------------------------------------------------------------------------- */

static double depth_of(const gcs_tensor *t) {
    const bool rows = t->layout != GCS_LAYOUT_COLS;
    return (double)gcs_order_depth(rows ? t->cols : t->rows, rows);
}

static void assert_near(double got, double want, double bound, const char *what) {
    if (!(fabs(got - want) <= bound))
        fail_msg("%s is %.9g, must be %.9g, off by more than %.3g", what, got, want, bound);
}

/* |g| <= 1. A sum of n is off by the depth of its order times n units; a sum of squares by that and
 * the rounding of each square; its root, relatively, by half as much; with the mean off by the
 * depth, x and so the square of x are off by that too. */
static void compare_to_reference(const gcs_spec *spec, const gcs_hyper *hyper, const fixture *f,
                                 size_t k, const results *r) {
    const gcs_tensor *t = &f->tensors[k];
    const gcs_measures *m = &r->m[k];
    double *sums = calloc(MOST_GROUPS, sizeof *sums);
    assert_non_null(sums);
    gcs_reference_measures want = {.sums = sums};
    gcs_reference_measure(spec, t, hyper, &(gcs_reference_in){.g = f->buffers[k].g}, &want);
    const double scale = hyper->grad_scale != 0 ? fabs(hyper->grad_scale) : 1;
    const double length = (double)gcs_tensor_group_length(t);
    const double groups = (double)gcs_order_depth(MOST_GROUPS, true);
    for (uint64_t i = 0; i < gcs_tensor_groups(t); i++)
        assert_near((double)m->sums[i], sums[i], depth_of(t) * unit * length, "a sum");
    const double relative = (depth_of(t) + groups + 4) * unit;
    assert_near(m->norm, want.norm, relative * want.norm, "norm");
    const double about = relative * (want.norm_centered + want.norm);
    assert_near(m->norm_centered, want.norm_centered, about, "norm_centered");
    assert_near((double)m->max, want.max, unit * want.max, "max");
    assert_near((double)m->max_centered, want.max_centered, scale * (depth_of(t) + 3) * unit,
                "max_centered");
    assert_true(m->finite);
    free(sums);
}

static void measures_equal_double(void **state) {
    (void)state;
    static const gcs_center centers[] = {GCS_CENTER_NONE, GCS_CENTER_GRADIENT,
                                         GCS_CENTER_RAW_GRADIENT, GCS_CENTER_UPDATE};
    for (int i = 0; i < 3 * 4; i++) {
        const gcs_spec spec = {
            .rule = GCS_RULE_ADAM, .center = centers[i / 3], .gradient = (gcs_type)(i % 3)};
        gcs_hyper hyper = gcs_hyper_default();
        hyper.t = 3;
        hyper.grad_scale = i % 2 != 0 ? -0.25 : 0;
        hyper.clip = 0.5; /* it has no part in the figures */
        fixture f = fixture_make_typed(tensors, TENSORS, 41, spec.gradient);
        results one, three;
        measure(&spec, &hyper, &f, 1, &one);
        measure(&spec, &hyper, &f, 3, &three);
        for (size_t k = 0; k < TENSORS; k++) {
            compare_to_reference(&spec, &hyper, &f, k, &one);
            if (spec.center == GCS_CENTER_NONE || tensors[k].layout == GCS_LAYOUT_FLAT)
                assert_true(one.m[k].norm == one.m[k].norm_centered &&
                            one.m[k].max == one.m[k].max_centered);
            /* Any number of threads, the same bits. */
            assert_true(one.m[k].norm == three.m[k].norm && one.m[k].max == three.m[k].max);
            assert_true(one.m[k].norm_centered == three.m[k].norm_centered);
            assert_true(one.m[k].max_centered == three.m[k].max_centered);
        }
        assert_same_memory(one.sums, three.sums, TENSORS * 3 * MOST_GROUPS * sizeof(float));
        free(one.sums);
        free(three.sums);
        fixture_free(&f);
    }
}

/* ---- The order of summation ------------------------------------------------------------------ */

/* A tensor's groups; one without any is one group itself. */
static uint64_t groups_of(const gcs_tensor *t) {
    return t->layout == GCS_LAYOUT_FLAT ? 1 : gcs_tensor_groups(t);
}

/* The elements of a group, each less `mean`; their number. */
static uint64_t take_group(const gcs_tensor *t, const float *x, uint64_t group, float mean,
                           float *to) {
    const bool rows = t->layout != GCS_LAYOUT_COLS;
    const uint64_t n = rows ? t->cols : t->rows;
    const uint64_t start = rows ? group * n : group / t->cols * t->rows * t->cols + group % t->cols;
    for (uint64_t k = 0; k < n; k++)
        to[k] = x[start + k * (rows ? 1 : t->cols)] - mean;
    return n;
}

static float sum_in_order(const gcs_tensor *t, const float *x, uint64_t group, float *room) {
    const uint64_t n = take_group(t, x, group, 0, room);
    return gcs_order_sum(room, n, t->layout != GCS_LAYOUT_COLS);
}

/* The norm, of g or of g less its groups' means. */
static double norm_in_order(const gcs_tensor *t, const float *g, bool centred, float *room) {
    float *squares = malloc(groups_of(t) * sizeof *squares);
    assert_non_null(squares);
    for (uint64_t i = 0; i < groups_of(t); i++) {
        const uint64_t n = take_group(t, g, i, 0, room);
        const float mean = centred ? sum_in_order(t, g, i, room) / (float)n : 0;
        take_group(t, g, i, mean, room);
        for (uint64_t k = 0; k < n; k++)
            room[k] *= room[k];
        squares[i] = gcs_order_sum(room, n, t->layout != GCS_LAYOUT_COLS);
    }
    const double norm = sqrt((double)gcs_order_sum(squares, groups_of(t), true));
    free(squares);
    return norm;
}

static void sums_are_in_the_order_S(void **state) {
    (void)state;
    const gcs_spec spec = gcs_spec_sgd();
    const gcs_hyper hyper = gcs_hyper_default();
    fixture f = fixture_make(tensors, TENSORS, 42);
    float *room = malloc(70001 * sizeof *room);
    assert_non_null(room);
    for (int threads = 1; threads <= 3; threads += 2) {
        results r;
        measure(&spec, &hyper, &f, threads, &r);
        for (size_t k = 0; k < TENSORS; k++) {
            const gcs_tensor *t = &tensors[k];
            const float *g = f.buffers[k].g;
            const bool flat = t->layout == GCS_LAYOUT_FLAT;
            for (uint64_t i = 0; i < gcs_tensor_groups(t); i++) {
                assert_true(r.m[k].sums[i] == sum_in_order(t, g, i, room));
                assert_true(r.m[k].w_sums[i] == sum_in_order(t, f.buffers[k].w, i, room));
            }
            assert_true(r.m[k].norm == norm_in_order(t, g, false, room));
            assert_true(r.m[k].norm_centered == norm_in_order(t, g, !flat, room));
        }
        free(r.sums);
    }
    free(room);
    fixture_free(&f);
}

/* ---- A step that takes the means ------------------------------------------------------------- */

static void step_with_means(const gcs_spec *spec, const gcs_hyper *hyper, fixture *f,
                            const results *r, int threads) {
    gcs_target target = gcs_cpu();
    gcs_plan *plan = NULL;
    target.threads = threads;
    assert_ok(gcs_plan_create(&plan, target, spec, f->tensors, f->count));
    for (size_t k = 0; r != NULL && k < f->count; k++) {
        float *sums = spec->center == GCS_CENTER_UPDATE ? r->m[k].change_sums : r->m[k].sums;
        if (sums == NULL)
            continue;
        assert_ok(gcs_group_means(&tensors[k], sums, sums));
        f->buffers[k].means = sums;
        f->buffers[k].means_count = gcs_tensor_groups(&tensors[k]);
    }
    assert_ok(gcs_step(plan, hyper, f->buffers));
    gcs_plan_destroy(plan);
}

static void check_measure_and_step(const gcs_spec *spec, const gcs_hyper *hyper, int threads) {
    fixture f = fixture_make_typed(tensors, TENSORS, 43, spec->gradient);
    fixture plain = fixture_duplicate(&f);
    results r;
    measure(spec, hyper, &f, threads, &r);
    assert_same_bits(&f, &plain); /* a measurement writes none of the buffers */
    step_with_means(spec, hyper, &plain, NULL, threads);
    step_with_means(spec, hyper, &f, &r, threads);
    assert_same_bits(&f, &plain);
    free(r.sums);
    fixture_free(&f);
    fixture_free(&plain);
}

/* Without scale and clip, and without L2 term in what is centred, there is nothing to round
 * differently; with CENTER_UPDATE never. */
static void measure_and_step_is_the_plain_step(void **state) {
    (void)state;
    static const gcs_center centers[] = {GCS_CENTER_GRADIENT, GCS_CENTER_RAW_GRADIENT,
                                         GCS_CENTER_UPDATE};
    for (int i = 0; i < ALL_RULES * 3; i++) {
        const gcs_rule rule = all_rules[i / 3];
        const gcs_spec spec = {.rule = rule,
                               .center = centers[i % 3],
                               .gradient = (gcs_type)(i % 2),
                               .copy = (gcs_copy)(i % 5)};
        gcs_hyper hyper = gcs_hyper_default();
        const bool l2 = spec.center == GCS_CENTER_GRADIENT && !gcs_rule_is_decoupled(rule);
        hyper.weight_decay = l2 ? 0 : 0.125;
        hyper.clip = spec.center == GCS_CENTER_UPDATE ? 0.3 : 0;
        for (hyper.t = 1; hyper.t <= 3; hyper.t += 2)
            check_measure_and_step(&spec, &hyper, (int)hyper.t);
    }
}

/* ---- What is not finite ---------------------------------------------------------------------- */

static void what_is_not_finite_is_found(void **state) {
    (void)state;
    const float bad[] = {INFINITY, -INFINITY, NAN, 0x1p127f};
    for (int i = 0; i < 4; i++)
        for (int threads = 1; threads <= 3; threads += 2) {
            const gcs_spec spec = gcs_spec_sgdm();
            const gcs_hyper hyper = gcs_hyper_default();
            fixture f = fixture_make(tensors, TENSORS, 44);
            for (size_t k = 0; k < TENSORS; k += 2) {
                const size_t n = fixture_elements(&tensors[k]);
                fixture_gradient(&f, k)[n - 1] = bad[i];
            }
            results r;
            measure(&spec, &hyper, &f, threads, &r);
            for (size_t k = 0; k < TENSORS; k++) {
                const gcs_measures *m = &r.m[k];
                assert_int_equal(m->finite, k % 2 != 0 || i == 3);
                assert_int_equal(isfinite(m->norm), k % 2 != 0); /* 2^254 is beyond an f32 */
                assert_int_equal(isfinite(m->max), k % 2 != 0 || i == 3);
                if (k % 2 == 0)
                    assert_true(i == 2 ? isnan(m->max) : m->max == fabsf(bad[i]));
            }
            free(r.sums);
            fixture_free(&f);
        }
}

/* ---- Clipping -------------------------------------------------------------------------------- */

static void total_norms(void **state) {
    (void)state;
    const gcs_measures m[] = {{.norm = 3}, {.norm = 0}, {.norm = 4}, {.norm = 12}};
    assert_true(gcs_total_norm(m, 4) == 13);
    assert_true(gcs_total_norm(m, 1) == 3);
    assert_true(gcs_total_norm(NULL, 0) == 0);
    const gcs_measures nan[] = {{.norm = 3}, {.norm = (double)NAN}};
    const gcs_measures infinite[] = {{.norm = 3}, {.norm = (double)INFINITY}};
    assert_true(isnan(gcs_total_norm(nan, 2)));
    assert_true(isinf(gcs_total_norm(infinite, 2)));
}

static void clip_factors(void **state) {
    (void)state;
    assert_true(gcs_clip_factor(4, 1) == 1 / (4 + 1e-6));
    assert_true(gcs_clip_factor(0.5, 1) == 1);
    assert_true(gcs_clip_factor(1, 1) == 1 / (1 + 1e-6)); /* as torch: just below 1 */
    assert_true(gcs_clip_factor(0, 1) == 1);
    assert_true(gcs_clip_factor(3, (double)INFINITY) == 1);
    const double bad[][2] = {{NAN, 1}, {INFINITY, 1}, {-1, 1}, {1, 0}, {1, -2}, {1, NAN}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_true(isnan(gcs_clip_factor(bad[i][0], bad[i][1])));
    /* And a step refuses what it then gets. */
    const gcs_tensor tensor = FLAT(5);
    fixture f = fixture_make(&tensor, 1, 45);
    gcs_hyper hyper = gcs_hyper_default();
    const gcs_spec spec = gcs_spec_sgd();
    hyper.clip = gcs_clip_factor(NAN, 1);
    assert_fails(gcs_step_tensor(&spec, &tensor, &hyper, f.buffers), GCS_INVALID_ARGUMENT, "clip");
    fixture_free(&f);
}

/* After measure, clip and step, the change of w has the norm that was asked for. */
static void a_clipped_step_has_the_norm_asked_for(void **state) {
    (void)state;
    const double max_norm = 0.5;
    const gcs_spec spec = {.rule = GCS_RULE_SGD, .center = GCS_CENTER_NONE};
    gcs_hyper hyper = {.lr = 1, .t = 1, .grad_scale = 0.25};
    fixture f = fixture_make(tensors, TENSORS, 46), start = fixture_duplicate(&f);
    results r;
    measure(&spec, &hyper, &f, 3, &r);
    hyper.clip = gcs_clip_factor(gcs_total_norm(r.m, TENSORS), max_norm);
    assert_true(hyper.clip < 0.1);
    step_with_means(&spec, &hyper, &f, NULL, 3);
    double squares = 0;
    for (size_t k = 0; k < TENSORS; k++)
        for (size_t i = 0; i < fixture_elements(&tensors[k]); i++) {
            const double change = (double)f.buffers[k].w[i] - (double)start.buffers[k].w[i];
            squares += change * change;
        }
    /* A change of some 0.001 is that of w near 1, which is off by up to 2^-25. */
    assert_near(sqrt(squares), max_norm, 1e-4 * max_norm, "the change's norm");
    free(r.sums);
    fixture_free(&f);
    fixture_free(&start);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_equal_double),
        cmocka_unit_test(sums_are_in_the_order_S),
        cmocka_unit_test(measure_and_step_is_the_plain_step),
        cmocka_unit_test(what_is_not_finite_is_found),
        cmocka_unit_test(total_norms),
        cmocka_unit_test(clip_factors),
        cmocka_unit_test(a_clipped_step_has_the_norm_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
