/* What a caller may do by mistake at the edges of the public interface: a piece of nothing, a
 * factor of nothing, flags and arrays in the wrong place. */
#include "step_fixture.h"

#include <math.h>

static const gcs_tensor rows = ROWS(3, 10);

static void an_empty_shard_is_refused(void **state) {
    (void)state;
    const gcs_spec spec = gcs_spec_sgd();
    const uint64_t offsets[] = {0, 10, 30};
    for (size_t i = 0; i < 3; i++) {
        const gcs_tensor empty = gcs_shard(rows, offsets[i], 0);
        gcs_plan *plan = NULL;
        assert_fails(gcs_plan_create(&plan, gcs_cpu(), &spec, &empty, 1), GCS_INVALID_ARGUMENT,
                     "tensors[0].count");
        assert_null(plan);
        assert_int_equal(gcs_tensor_groups(&empty), 0);
    }
}

static void groups_of_what_no_plan_takes(void **state) {
    (void)state;
    gcs_tensor bad = rows, far = rows;
    bad.cols = 0;
    assert_fails(gcs_group_means(NULL, NULL, NULL), GCS_INVALID_ARGUMENT, "tensor");
    /* These are questions: they have no status, and leave the last error alone. */
    assert_int_equal(gcs_tensor_groups(&bad), 0);
    assert_int_equal(gcs_tensor_first_group(&bad), 0);
    assert_int_equal(gcs_tensor_group_length(&bad), 0);
    assert_non_null(strstr(gcs_last_error(), "tensor is NULL"));
    /* A parameter group says nothing about the groups of elements. */
    far.group = UINT32_MAX;
    assert_int_equal(gcs_tensor_groups(&far), 3);
    assert_int_equal(gcs_tensor_group_length(&far), 10);
}

static void means_beside_their_sums(void **state) {
    (void)state;
    float sums[4] = {10, 20, 30, 40};
    const float before[4] = {10, 20, 30, 40};
    assert_fails(gcs_group_means(&rows, sums, sums + 1), GCS_INVALID_ARGUMENT, "means overlaps");
    assert_fails(gcs_group_means(&rows, sums + 1, sums), GCS_INVALID_ARGUMENT, "means overlaps");
    assert_fails(gcs_group_means(&rows, (float *)(void *)((char *)sums + 1), sums),
                 GCS_INVALID_ARGUMENT, "sums is not aligned");
    assert_fails(gcs_group_means(&rows, sums, (float *)(void *)((char *)sums + 2)),
                 GCS_INVALID_ARGUMENT, "means is not aligned");
    assert_memory_equal(sums, before, sizeof sums);
    assert_ok(gcs_group_means(&rows, sums, sums));
    for (size_t i = 0; i < 4; i++)
        assert_true(sums[i] == (i < 3 ? before[i] / 10 : before[i]));
}

/* A flag that a step may not read must not be read by a measurement either. */
static void found_inf_out_of_place(void **state) {
    (void)state;
    fixture f = fixture_make(&rows, 1, 7), before = fixture_make(&rows, 1, 7);
    const gcs_spec spec = gcs_spec_sgd();
    gcs_hyper hyper = gcs_hyper_default();
    gcs_measures measures = {.sums = NULL};
    float flags[2] = {0, 0};
    gcs_plan *plan = NULL;
    assert_ok(gcs_plan_create(&plan, gcs_cpu(), &spec, &rows, 1));
    hyper.found_inf = (const float *)(const void *)((const char *)flags + 1);
    assert_fails(gcs_step(plan, &hyper, f.buffers), GCS_INVALID_ARGUMENT, "hyper[0].found_inf");
    assert_same_bits(&before, &f);
    hyper.found_inf = (const float *)(uintptr_t)64; /* no memory of this process */
    assert_ok(gcs_measure(plan, &hyper, f.buffers, &measures));
    gcs_plan_destroy(plan);
    fixture_free(&before);
    fixture_free(&f);
}

/* Neither may come out as 0, which means that there is none. */
static void factors_of_nothing(void **state) {
    (void)state;
    fixture f = fixture_make(&rows, 1, 8), before = fixture_make(&rows, 1, 8);
    const gcs_spec spec = gcs_spec_sgd();
    gcs_plan *plan = NULL;
    assert_ok(gcs_plan_create(&plan, gcs_cpu(), &spec, &rows, 1));
    gcs_hyper hyper = gcs_hyper_default();
    hyper.clip = gcs_clip_factor(1e300, 1e-30);
    assert_true(hyper.clip > 0);
    assert_fails(gcs_step(plan, &hyper, f.buffers), GCS_INVALID_ARGUMENT, "clip");
    hyper.clip = 1e-30;
    hyper.grad_scale = 1e-30;
    assert_fails(gcs_step(plan, &hyper, f.buffers), GCS_INVALID_ARGUMENT, "grad_scale");
    hyper.clip = 0;
    hyper.grad_scale = -1e-60;
    assert_fails(gcs_step(plan, &hyper, f.buffers), GCS_INVALID_ARGUMENT, "grad_scale");
    assert_same_bits(&before, &f);
    gcs_plan_destroy(plan);
    fixture_free(&before);
    fixture_free(&f);
}

static void null_where_a_text_or_figures_belong(void **state) {
    (void)state;
    const gcs_spec spec = gcs_spec_sgd();
    gcs_plan *plan = NULL;
    assert_ok(gcs_plan_create(&plan, gcs_cpu(), &spec, &rows, 1));
    char text[400];
    assert_int_equal(gcs_plan_explain(plan, 0, NULL, 10),
                     gcs_plan_explain(plan, 0, text, sizeof text));
    gcs_plan_destroy(plan);
    assert_true(isnan(gcs_total_norm(NULL, 1)));
    assert_true(gcs_total_norm(NULL, 0) == 0);
}

static void step_tensor_names_its_argument(void **state) {
    (void)state;
    const gcs_spec spec = gcs_spec_sgd();
    const gcs_hyper hyper = gcs_hyper_default();
    const gcs_buffers buffers = {.w = NULL};
    gcs_tensor bad = rows;
    bad.rows = 0;
    assert_fails(gcs_step_tensor(&spec, &bad, &hyper, &buffers), GCS_INVALID_ARGUMENT,
                 "tensor.rows");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_shard_is_refused),
        cmocka_unit_test(groups_of_what_no_plan_takes),
        cmocka_unit_test(means_beside_their_sums),
        cmocka_unit_test(found_inf_out_of_place),
        cmocka_unit_test(factors_of_nothing),
        cmocka_unit_test(null_where_a_text_or_figures_belong),
        cmocka_unit_test(step_tensor_names_its_argument),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
