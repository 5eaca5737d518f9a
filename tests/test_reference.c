/* The double reference on examples small enough to be worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "reference/reference.h"

/* All numbers below are exact in double but for a few last places. */
static void assert_close(double got, double want) {
    if (!(fabs(got - want) <= 1e-14))
        fail_msg("got %.17g, must be %.17g", got, want);
}

static void assert_all_close(const double *got, const double *want, size_t count) {
    for (size_t i = 0; i < count; i++)
        assert_close(got[i], want[i]);
}

/* SGD of weights that are 0 with lr = 0.1, so that the new w is -0.1 x. */
static void step_zero_weights(gcs_center center, gcs_tensor tensor, const float *g, double *w) {
    static const float zeros[16];
    gcs_spec spec = {GCS_RULE_SGD, center};
    gcs_hyper h = {.lr = 0.1, .t = 1};
    gcs_reference_step(&spec, &tensor, &h, &(gcs_reference_in){.w = zeros, .g = g},
                       &(gcs_reference_out){.w = w});
}

/* One weight of 1, not centred. */
static void step_one(gcs_rule rule, const gcs_hyper *h, float g, float m, float v, double out[3]) {
    gcs_spec spec = {rule, GCS_CENTER_NONE};
    gcs_tensor tensor = gcs_flat(1);
    float w = 1;
    gcs_reference_in in = {
        .w = &w, .g = &g, .m = h->t == 1 ? NULL : &m, .v = h->t == 1 ? NULL : &v};
    gcs_reference_step(&spec, &tensor, h, &in,
                       &(gcs_reference_out){.w = &out[0], .m = &out[1], .v = &out[2]});
}

static void rows_lose_their_row_mean(void **state) {
    (void)state;
    const float g[] = {1, 10, 3, 20}; /* row means 5.5 and 11.5 */
    double w[4];
    step_zero_weights(GCS_CENTER_GRADIENT, gcs_rows(2, 2), g, w);
    assert_all_close(w, (const double[]){0.45, -0.45, 0.85, -0.85}, 4);
}

static void columns_lose_their_column_mean(void **state) {
    (void)state;
    const float g[] = {1, 10, 3, 20}; /* column means 2 and 15 */
    double w[4];
    step_zero_weights(GCS_CENTER_GRADIENT, gcs_cols(2, 2), g, w);
    assert_all_close(w, (const double[]){0.1, 0.5, -0.1, -0.5}, 4);
}

static void rows_and_columns_of_different_numbers(void **state) {
    (void)state;
    const float g[] = {1, 2, 3, 5, 7, 9}; /* row means 2, 7; column means 3, 4.5, 6 */
    double w[6];
    step_zero_weights(GCS_CENTER_GRADIENT, gcs_rows(2, 3), g, w);
    assert_all_close(w, (const double[]){0.1, 0, -0.1, 0.2, 0, -0.2}, 6);
    step_zero_weights(GCS_CENTER_GRADIENT, gcs_cols(2, 3), g, w);
    assert_all_close(w, (const double[]){0.2, 0.25, 0.3, -0.2, -0.25, -0.3}, 6);
}

static void flat_and_none_are_not_centred(void **state) {
    (void)state;
    const float g[] = {1, 10, 3, 20};
    const double want[] = {-0.1, -1, -0.3, -2};
    double w[4];
    step_zero_weights(GCS_CENTER_GRADIENT, gcs_flat(4), g, w);
    assert_all_close(w, want, 4);
    step_zero_weights(GCS_CENTER_NONE, gcs_rows(2, 2), g, w);
    assert_all_close(w, want, 4);
    step_zero_weights(GCS_CENTER_NONE, gcs_cols(2, 2), g, w);
    assert_all_close(w, want, 4);
}

static void sgd_decay_is_centred_too(void **state) {
    (void)state;
    /* y = g + 0.5 w = (1, 2.5), mean 1.75, x = (-0.75, 0.75), w - 0.1 x. */
    const float w[] = {1, 2}, g[] = {0.5f, 1.5f};
    gcs_spec spec = gcs_spec_sgd();
    gcs_tensor tensor = gcs_rows(1, 2);
    gcs_hyper h = {.lr = 0.1, .weight_decay = 0.5, .t = 7};
    double out[2];
    gcs_reference_step(&spec, &tensor, &h, &(gcs_reference_in){.w = w, .g = g},
                       &(gcs_reference_out){.w = out});
    assert_all_close(out, (const double[]){1.075, 1.925}, 2);
}

static void sgdm_first_step_takes_the_gradient_whole(void **state) {
    (void)state;
    gcs_hyper h = {.lr = 0.1, .momentum = 0.5, .dampening = 0.25, .t = 1};
    double out[3];
    step_one(GCS_RULE_SGDM, &h, 2, NAN, NAN, out); /* m = 2, w = 1 - 0.2 */
    assert_all_close(out, (const double[]){0.8, 2}, 2);
}

static void sgdm_later_steps_are_damped(void **state) {
    (void)state;
    gcs_hyper h = {.lr = 0.1, .momentum = 0.5, .dampening = 0.25, .t = 2};
    double out[3];
    step_one(GCS_RULE_SGDM, &h, 2, 4, NAN, out); /* m = 0.5 4 + 0.75 2 = 3.5 */
    assert_all_close(out, (const double[]){0.65, 3.5}, 2);
    h.weight_decay = 2; /* x = 2 + 2 1 = 4, m = 2 + 3 = 5 */
    step_one(GCS_RULE_SGDM, &h, 2, 4, NAN, out);
    assert_all_close(out, (const double[]){0.5, 5}, 2);
}

/* beta1 = 1/2 and beta2 = 3/4: 1 - beta1^2 = 3/4, 1 - beta2^2 = 7/16. */
static const gcs_hyper adam_hyper = {.lr = 0.3, .beta1 = 0.5, .beta2 = 0.75, .eps = 0.5, .t = 2};

static void adam_first_step(void **state) {
    (void)state;
    gcs_hyper h = adam_hyper;
    h.t = 1;
    h.lr = 0.1;
    double out[3];
    /* m = 1, v = 1; 0.1 / 0.5 * 1 / (1 / 0.5 + 0.5) = 0.08 */
    step_one(GCS_RULE_ADAM, &h, 2, NAN, NAN, out);
    assert_all_close(out, (const double[]){0.92, 1, 1}, 3);
}

static void adam_second_step(void **state) {
    (void)state;
    double out[3];
    /* m = 1.5 + 0.5 = 2, v = 1.5 + 0.25 = 7/4; sqrt(7/4) / sqrt(7/16) = 2;
     * 0.3 / 0.75 * 2 / (2 + 0.5) = 0.32 */
    step_one(GCS_RULE_ADAM, &adam_hyper, 1, 3, 2, out);
    assert_all_close(out, (const double[]){0.68, 2, 1.75}, 3);
}

static void adam_decay_is_part_of_the_gradient(void **state) {
    (void)state;
    gcs_hyper h = adam_hyper;
    h.weight_decay = 0.125; /* x = 0.875 + 0.125 1 = 1: the step above */
    double out[3];
    step_one(GCS_RULE_ADAM, &h, 0.875f, 3, 2, out);
    assert_all_close(out, (const double[]){0.68, 2, 1.75}, 3);
}

static void adamw_decay_is_apart(void **state) {
    (void)state;
    gcs_hyper h = adam_hyper;
    h.weight_decay = 0.1; /* the step above and 0.3 0.1 1 = 0.03 */
    double out[3];
    step_one(GCS_RULE_ADAMW, &h, 1, 3, 2, out);
    assert_all_close(out, (const double[]){0.65, 2, 1.75}, 3);
}

static void adamw_centres_the_gradient_alone(void **state) {
    (void)state;
    /* x = (-1, 1), m = x/2, v = 1/4; 0.1 / 0.5 * 0.5 / (0.5 / 0.5 + 1) = 0.05;
     * decay 0.1 0.2 w = 0.02 and 0.06. */
    const float w[] = {1, 3}, g[] = {0, 2};
    gcs_spec spec = gcs_spec_adamw();
    gcs_tensor tensor = gcs_cols(2, 1);
    gcs_hyper h = {.lr = 0.1, .beta1 = 0.5, .beta2 = 0.75, .eps = 1, .weight_decay = 0.2, .t = 1};
    double new_w[2], m[2], v[2];
    gcs_reference_step(&spec, &tensor, &h, &(gcs_reference_in){.w = w, .g = g},
                       &(gcs_reference_out){.w = new_w, .m = m, .v = v});
    assert_all_close(new_w, (const double[]){1.03, 2.89}, 2);
    assert_all_close(m, (const double[]){-0.5, 0.5}, 2);
    assert_all_close(v, (const double[]){0.25, 0.25}, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_lose_their_row_mean),
        cmocka_unit_test(columns_lose_their_column_mean),
        cmocka_unit_test(rows_and_columns_of_different_numbers),
        cmocka_unit_test(flat_and_none_are_not_centred),
        cmocka_unit_test(sgd_decay_is_centred_too),
        cmocka_unit_test(sgdm_first_step_takes_the_gradient_whole),
        cmocka_unit_test(sgdm_later_steps_are_damped),
        cmocka_unit_test(adam_first_step),
        cmocka_unit_test(adam_second_step),
        cmocka_unit_test(adam_decay_is_part_of_the_gradient),
        cmocka_unit_test(adamw_decay_is_apart),
        cmocka_unit_test(adamw_centres_the_gradient_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
