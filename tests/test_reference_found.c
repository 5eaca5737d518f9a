/* The double reference, worked out by hand: numbers of 16 bits, and what measuring finds. */
#include "reference_fixture.h"

/* ---- Types ------------------------------------------------------------------------------------
 */

static void gradients_of_16_bits(void **state) {
    (void)state;
    const uint16_t bf16[] = {0x3f80, 0x4040}, f16[] = {0x3c00, 0x4200}; /* 1 and 3 */
    const float w[2] = {0};
    gcs_tensor tensor = gcs_rows(1, 2);
    gcs_hyper h = {.lr = 0.1, .t = 1};
    gcs_spec spec = gcs_spec_sgd();
    double out[2];
    spec.gradient = GCS_TYPE_BF16;
    gcs_reference_step(&spec, &tensor, &h, &(gcs_reference_in){.w = w, .g = bf16},
                       &(gcs_reference_out){.w = out});
    assert_all_close(out, (const double[]){0.1, -0.1}, 2);
    spec.gradient = GCS_TYPE_F16;
    gcs_reference_step(&spec, &tensor, &h, &(gcs_reference_in){.w = w, .g = f16},
                       &(gcs_reference_out){.w = out});
    assert_all_close(out, (const double[]){0.1, -0.1}, 2);
}

static void what_a_copy_may_be(void **state) {
    (void)state;
    const gcs_copy plain = GCS_COPY_BF16, drawn = GCS_COPY_BF16_STOCHASTIC;
    const float w = 1 + 0x1p-9f; /* a quarter of the way from 0x3f80 to 0x3f81 */
    assert_true(gcs_reference_copy_fits(plain, w, 0x3f80));
    assert_false(gcs_reference_copy_fits(plain, w, 0x3f81));
    assert_true(gcs_reference_copy_fits(drawn, w, 0x3f80));
    assert_true(gcs_reference_copy_fits(drawn, w, 0x3f81));
    assert_false(gcs_reference_copy_fits(drawn, w, 0x3f7f));
    assert_false(gcs_reference_copy_fits(drawn, w, 0x3f82));
    assert_false(gcs_reference_copy_fits(drawn, w, 0xbf80));
    assert_false(gcs_reference_copy_fits(drawn, 1, 0x3f81));
    assert_true(gcs_reference_copy_fits(plain, 1 + 0x1p-8f, 0x3f80)); /* ties to even */
    assert_false(gcs_reference_copy_fits(plain, 1 + 0x1p-8f, 0x3f81));
    assert_true(gcs_reference_copy_fits(plain, -0.0f, 0x8000));
    assert_false(gcs_reference_copy_fits(plain, -0.0f, 0));
    assert_true(gcs_reference_copy_fits(GCS_COPY_F16, 65520, 0x7c00));
    assert_false(gcs_reference_copy_fits(GCS_COPY_F16, 65520, 0x7bff));
    assert_true(gcs_reference_copy_fits(GCS_COPY_F16, 1e30f, 0x7c00));
    assert_false(gcs_reference_copy_fits(GCS_COPY_F16_STOCHASTIC, 65520, 0x7c00));
    assert_true(gcs_reference_copy_fits(GCS_COPY_F16_STOCHASTIC, 65536, 0x7c00));
    assert_true(gcs_reference_copy_fits(GCS_COPY_F16, NAN, 0x7c01));
    assert_false(gcs_reference_copy_fits(GCS_COPY_F16, NAN, 0x7c00));
    assert_false(gcs_reference_copy_fits(GCS_COPY_F16, INFINITY, 0x7bff));
}

/* ---- Measuring --------------------------------------------------------------------------------
 */

static gcs_reference_measures measure(gcs_center center, gcs_tensor tensor, double grad_scale,
                                      const float *g, double *sums) {
    gcs_spec spec = {.rule = GCS_RULE_SGD, .center = center};
    gcs_hyper h = {.grad_scale = grad_scale, .clip = 0.5, .t = 1};
    gcs_reference_measures found = {.sums = sums};
    gcs_reference_measure(&spec, &tensor, &h, &(gcs_reference_in){.g = g}, &found);
    return found;
}

static void measuring_before_and_after_centring(void **state) {
    (void)state;
    /* Row means 5.5 and 11.5: (-4.5, 4.5, -8.5, 8.5) is left. 1 + 100 + 9 + 400 = 510 and
     * 2 20.25 + 2 72.25 = 185. */
    const float g[] = {1, 10, 3, -20, 1, 10, 3, 20};
    double sums[2];
    gcs_reference_measures found = measure(GCS_CENTER_GRADIENT, gcs_rows(2, 2), -2, g + 4, sums);
    assert_all_close(sums, (const double[]){11, 23}, 2);
    assert_close(found.norm, 2 * sqrt(510));
    assert_close(found.norm_centered, 2 * sqrt(185));
    assert_close(found.max, 40);
    assert_close(found.max_centered, 17);
    assert_true(found.finite);
    /* Column means 2 and -5: (-1, 15, 1, -15) is left: 452. */
    found = measure(GCS_CENTER_UPDATE, gcs_cols(2, 2), 0, g, sums);
    assert_all_close(sums, (const double[]){4, -10}, 2);
    assert_close(found.norm_centered, sqrt(452));
    assert_close(found.max_centered, 15);
}

static void measuring_what_is_not_centred(void **state) {
    (void)state;
    const float g[] = {1, 10, 3, -20};
    gcs_reference_measures found = measure(GCS_CENTER_GRADIENT, gcs_flat(4), 0, g, NULL);
    assert_close(found.norm_centered, sqrt(510));
    assert_close(found.max_centered, 20);
    found = measure(GCS_CENTER_NONE, gcs_rows(2, 2), 0, g, NULL);
    assert_close(found.norm_centered, sqrt(510));
    assert_close(found.max_centered, 20);
}

static void finding_with_a_mean_that_is_given(void **state) {
    (void)state;
    const float g[] = {1, 10, 3, -20}; /* the second column less 3: (7, -23) */
    const double mean = 3;
    gcs_reference_found found = gcs_reference_find(GCS_TYPE_F32, g, 1, 2, 2, &mean);
    assert_close(found.sum, -10);
    assert_close(found.square, 500);
    assert_close(found.max, 20);
    assert_close(found.square_centered, 49 + 529);
    assert_close(found.max_centered, 23);
}

static void measuring_what_is_not_finite(void **state) {
    (void)state;
    const float with_nan[] = {1, NAN, 300, 4}, with_inf[] = {1, -INFINITY, 3, 4};
    gcs_reference_measures found = measure(GCS_CENTER_GRADIENT, gcs_rows(2, 2), 0, with_nan, NULL);
    assert_true(isnan(found.norm) && isnan(found.max) && isnan(found.max_centered));
    assert_false(found.finite);
    found = measure(GCS_CENTER_NONE, gcs_rows(2, 2), 0, with_inf, NULL);
    assert_true(isinf(found.norm) && isinf(found.max));
    assert_false(found.finite);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_of_16_bits),
        cmocka_unit_test(what_a_copy_may_be),
        cmocka_unit_test(measuring_before_and_after_centring),
        cmocka_unit_test(measuring_what_is_not_centred),
        cmocka_unit_test(finding_with_a_mean_that_is_given),
        cmocka_unit_test(measuring_what_is_not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
