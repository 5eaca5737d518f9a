/* The double reference on examples small enough to be worked out by hand. */
#include "reference_fixture.h"

/* SGD of weights that are 0 with lr = 0.1, so that the new w is -0.1 x. */
static void step_zero_weights(gcs_center center, gcs_tensor tensor, const float *g, double *w) {
    static const float zeros[16];
    gcs_spec spec = {.rule = GCS_RULE_SGD, .center = center};
    gcs_hyper h = {.lr = 0.1, .t = 1};
    gcs_reference_step(&spec, &tensor, &h, &(gcs_reference_in){.w = zeros, .g = g},
                       &(gcs_reference_out){.w = w});
}

/* One weight of 1, not centred. */
typedef struct one {
    double w, m, v, v_max;
} one;

static one step_spec(gcs_spec spec, const gcs_hyper *h, float g, float m, float v, float v_max) {
    gcs_tensor tensor = gcs_flat(1);
    bool first = h->t == 1;
    float w = 1;
    one out;
    gcs_reference_in in = {.w = &w,
                           .g = &g,
                           .m = first ? NULL : &m,
                           .v = first ? NULL : &v,
                           .v_max = first ? NULL : &v_max};
    gcs_reference_step(
        &spec, &tensor, h, &in,
        &(gcs_reference_out){.w = &out.w, .m = &out.m, .v = &out.v, .v_max = &out.v_max});
    return out;
}

static one step_rule(gcs_rule rule, const gcs_hyper *h, float g, float m, float v, float v_max) {
    return step_spec((gcs_spec){.rule = rule}, h, g, m, v, v_max);
}

static void step_one(gcs_rule rule, const gcs_hyper *h, float g, float m, float v, double out[3]) {
    one new = step_rule(rule, h, g, m, v, NAN);
    out[0] = new.w;
    out[1] = new.m;
    out[2] = new.v;
}

/* Weights 1 and 2, g 0.5 and 1.5, one row. */
static void step_pair(gcs_spec spec, const gcs_hyper *h, const float *means, const float *w_means,
                      double w[2]) {
    const float old[] = {1, 2}, g[] = {0.5f, 1.5f};
    gcs_tensor tensor = gcs_rows(1, 2);
    gcs_reference_in in = {.w = old, .g = g, .means = means, .w_means = w_means};
    gcs_reference_step(&spec, &tensor, h, &in, &(gcs_reference_out){.w = w});
}

/* ---- Layouts, and where a mean is taken off -------------------------------------------------- */

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

static const gcs_hyper decayed = {.lr = 0.1, .weight_decay = 0.5, .t = 7};

static void raw_centring_leaves_the_decay_alone(void **state) {
    (void)state;
    /* g - 1 = (-0.5, 0.5), and 0.5 w: x = (0, 1.5). */
    gcs_spec spec = {.rule = GCS_RULE_SGD, .center = GCS_CENTER_RAW_GRADIENT};
    double w[2];
    step_pair(spec, &decayed, NULL, NULL, w);
    assert_all_close(w, (const double[]){1, 1.85}, 2);
}

static void update_centring_takes_the_mean_of_the_change(void **state) {
    (void)state;
    /* 0.1 (g + 0.5 w) = (0.1, 0.25), mean 0.175. */
    gcs_spec spec = {.rule = GCS_RULE_SGD, .center = GCS_CENTER_UPDATE};
    double w[2];
    step_pair(spec, &decayed, NULL, NULL, w);
    assert_all_close(w, (const double[]){1.075, 1.925}, 2);
}

static void update_centring_takes_in_the_decoupled_decay(void **state) {
    (void)state;
    /* m = (1, -1), v = 1, the Adam step 0.1 / 0.5 / (1 / 0.5 + 1) = 1/15 and -1/15; the decay
     * 0.1 0.2 w = 0.02 and 0.06; the mean of both together is 0.04. */
    const float w[] = {1, 3}, g[] = {2, -2};
    gcs_spec spec = {.rule = GCS_RULE_ADAMW, .center = GCS_CENTER_UPDATE};
    gcs_tensor tensor = gcs_rows(1, 2);
    gcs_hyper h = {.lr = 0.1, .beta1 = 0.5, .beta2 = 0.75, .eps = 1, .weight_decay = 0.2, .t = 1};
    double new_w[2], m[2], v[2];
    gcs_reference_in in = {.w = w, .g = g};
    gcs_reference_step(&spec, &tensor, &h, &in, &(gcs_reference_out){.w = new_w, .m = m, .v = v});
    assert_all_close(new_w, (const double[]){1.02 - 1.0 / 15, 2.98 + 1.0 / 15}, 2);
    assert_all_close(m, (const double[]){1, -1}, 2);
    assert_all_close(v, (const double[]){1, 1}, 2);
    assert_close(gcs_reference_group_sum(&spec, &tensor, &h, &in, 0), 0.08);
}

static void flat_is_not_centred_by_its_update(void **state) {
    (void)state;
    const float g[] = {1, 10, 3, 20};
    double w[4];
    step_zero_weights(GCS_CENTER_UPDATE, gcs_flat(4), g, w);
    assert_all_close(w, (const double[]){-0.1, -1, -0.3, -2}, 4);
}

static void each_matrix_has_columns_of_its_own(void **state) {
    (void)state;
    /* Column means 2 and 15 in the first matrix, 6 and 2 in the second. */
    const float g[] = {1, 10, 3, 20, 5, 1, 7, 3};
    double w[8];
    step_zero_weights(GCS_CENTER_GRADIENT, gcs_general(2, 2, 2), g, w);
    assert_all_close(w, (const double[]){0.1, 0.5, -0.1, -0.5, 0.1, 0.1, -0.1, -0.1}, 8);
}

static void means_that_are_given_are_taken_off(void **state) {
    (void)state;
    const float mean = 1, w_mean = 1.5f, change_mean = 0.05f;
    gcs_hyper h = decayed;
    double w[2];
    /* 1 + 0.5 1.5 = 1.75 is what the step finds by itself. */
    step_pair(gcs_spec_sgd(), &h, &mean, &w_mean, w);
    assert_all_close(w, (const double[]){1.075, 1.925}, 2);
    /* Of g as it is in the buffer: 2 (g - 1) + 0.5 w = (-0.5, 2). */
    h.grad_scale = 2;
    step_pair((gcs_spec){.rule = GCS_RULE_SGD, .center = GCS_CENTER_RAW_GRADIENT}, &h, &mean, NULL,
              w);
    assert_all_close(w, (const double[]){1.05, 1.8}, 2);
    /* Of the change (0.1, 0.25): (0.05, 0.2) is left of it. */
    h.grad_scale = 0;
    step_pair((gcs_spec){.rule = GCS_RULE_SGD, .center = GCS_CENTER_UPDATE}, &h, &change_mean, NULL,
              w);
    assert_true(fabs(w[0] - 0.95) < 1e-8 && fabs(w[1] - 1.8) < 1e-8); /* 0.05f is not 0.05 */
}

static void a_piece_is_stepped_with_the_means_of_its_groups(void **state) {
    (void)state;
    /* The elements 2 to 4 of two rows of three: the last of the first row, two of the second. */
    const float w[3] = {0}, g[] = {3, 5, 7}, means[] = {2, 7};
    gcs_tensor piece = gcs_shard(gcs_rows(2, 3), 2, 3);
    gcs_spec spec = gcs_spec_sgd();
    gcs_hyper h = {.lr = 0.1, .t = 1};
    double out[3];
    gcs_reference_step(&spec, &piece, &h, &(gcs_reference_in){.w = w, .g = g, .means = means},
                       &(gcs_reference_out){.w = out});
    assert_all_close(out, (const double[]){-0.1, 0.2, 0}, 3);
    /* The second matrix alone, of columns: means are counted from its first one. */
    const float columns[] = {6, 2};
    piece = gcs_shard(gcs_general(2, 2, 2), 5, 3);
    gcs_reference_step(&spec, &piece, &h, &(gcs_reference_in){.w = w, .g = g, .means = columns},
                       &(gcs_reference_out){.w = out});
    assert_all_close(out, (const double[]){-0.1, 0.1, -0.5}, 3);
    assert_close(gcs_reference_group_sum(&spec, &piece, &h, &(gcs_reference_in){.w = w, .g = g}, 3),
                 10);
}

/* ---- Rules ----------------------------------------------------------------------------------- */

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

/* momentum 1/2, dampening 1/4: m = 0.5 4 + 0.75 2 = 3.5 where m was 4 and x is 2. */
static const gcs_hyper momentum_hyper = {
    .lr = 0.1, .momentum = 0.5, .dampening = 0.25, .weight_decay = 0, .t = 2};

static void nesterov_looks_ahead(void **state) {
    (void)state;
    gcs_hyper h = momentum_hyper;
    one new = step_rule(GCS_RULE_NESTEROV, &h, 2, 4, NAN, NAN); /* d = 2 + 0.5 3.5 = 3.75 */
    assert_close(new.m, 3.5);
    assert_close(new.w, 0.625);
    h.t = 1;
    new = step_rule(GCS_RULE_NESTEROV, &h, 2, NAN, NAN, NAN); /* m = 2, d = 2 + 0.5 2 = 3 */
    assert_close(new.m, 2);
    assert_close(new.w, 0.7);
}

static void decoupled_decay_is_taken_off_with_the_step(void **state) {
    (void)state;
    gcs_hyper h = momentum_hyper;
    h.weight_decay = 0.5; /* 0.1 0.5 1 = 0.05 in each */
    assert_close(step_rule(GCS_RULE_SGDW, &h, 2, NAN, NAN, NAN).w, 0.75);
    assert_close(step_rule(GCS_RULE_SGDMW, &h, 2, 4, NAN, NAN).w, 0.6);
    assert_close(step_rule(GCS_RULE_NESTEROVW, &h, 2, 4, NAN, NAN).w, 0.575);
    assert_close(step_rule(GCS_RULE_NESTEROVW, &h, 2, 4, NAN, NAN).m, 3.5);
}

static void amsgrad_remembers_the_largest_moment(void **state) {
    (void)state;
    /* v = 7/4 as in adam_second_step. sqrt(7) / sqrt(7/16) = 4; 0.3 / 0.75 2 / (4 + 0.5) = 8/45. */
    one new = step_rule(GCS_RULE_AMSGRAD, &adam_hyper, 1, 3, 2, 7);
    assert_close(new.v, 1.75);
    assert_close(new.v_max, 7);
    assert_close(new.w, 37.0 / 45);
    /* The new v is the larger. */
    new = step_rule(GCS_RULE_AMSGRAD, &adam_hyper, 1, 3, 2, 1);
    assert_close(new.v_max, 1.75);
    assert_close(new.w, 0.68);
    gcs_hyper h = adam_hyper;
    h.weight_decay = 0.1; /* and 0.3 0.1 1 = 0.03 */
    assert_close(step_rule(GCS_RULE_AMSGRADW, &h, 1, 3, 2, 7).w, 37.0 / 45 - 0.03);
    /* adam_first_step. */
    h = (gcs_hyper){.lr = 0.1, .beta1 = 0.5, .beta2 = 0.75, .eps = 0.5, .t = 1};
    new = step_rule(GCS_RULE_AMSGRAD, &h, 2, NAN, NAN, NAN);
    assert_close(new.v_max, 1);
    assert_close(new.w, 0.92);
}

static void adagrad_adds_up_squares(void **state) {
    (void)state;
    gcs_hyper h = {.lr = 0.1, .eps = 0.5, .lr_decay = 0.5, .t = 1};
    one new = step_rule(GCS_RULE_ADAGRAD, &h, 2, NAN, NAN, NAN); /* 0.1 2 / (2 + 0.5) = 0.08 */
    assert_close(new.v, 4);
    assert_close(new.w, 0.92);
    /* lr = 0.1 / (1 + 2 0.5) = 0.05; v = 5 + 4 = 9; 0.05 2 / (3 + 1) = 0.025. */
    h.t = 3;
    h.eps = 1;
    new = step_rule(GCS_RULE_ADAGRAD, &h, 2, NAN, 5, NAN);
    assert_close(new.v, 9);
    assert_close(new.w, 0.975);
    h.weight_decay = 1; /* x = 1 + 1 1 */
    assert_close(step_rule(GCS_RULE_ADAGRAD, &h, 1, NAN, 5, NAN).w, 0.975);
}

static void the_authors_form_moves_eps_and_decay(void **state) {
    (void)state;
    /* 1 - beta1 = 1/4, 1 - beta2 = 1/4: s = 0.1 0.5 / 0.25 = 0.2; m = 0.5, v = 1;
     * 0.2 0.5 / (1 + 0.5) = 1/15, the decay 0.2 0.2 1 = 0.04. */
    gcs_hyper h = {
        .lr = 0.1, .beta1 = 0.75, .beta2 = 0.75, .eps = 0.5, .weight_decay = 0.2, .t = 1};
    gcs_spec spec = {.rule = GCS_RULE_ADAMW, .authors_form = true};
    assert_close(step_spec(spec, &h, 2, NAN, NAN, NAN).w, 1 - 1.0 / 15 - 0.04);
    spec.rule = GCS_RULE_AMSGRADW;
    assert_close(step_spec(spec, &h, 2, NAN, NAN, NAN).w, 1 - 1.0 / 15 - 0.04);
    h.weight_decay = 0;
    spec.rule = GCS_RULE_ADAM;
    assert_close(step_spec(spec, &h, 2, NAN, NAN, NAN).w, 1 - 1.0 / 15);
    /* No other rule has it: 0.1 2 + 0.1 0.2 1. */
    h.weight_decay = 0.2;
    spec.rule = GCS_RULE_SGDW;
    assert_close(step_spec(spec, &h, 2, NAN, NAN, NAN).w, 0.78);
}

static void the_gradient_is_scaled_clipped_and_turned(void **state) {
    (void)state;
    gcs_hyper h = {.lr = 0.1, .weight_decay = 0.5, .t = 1};
    gcs_spec spec = {.rule = GCS_RULE_SGD, .maximize = true};
    assert_close(step_spec(spec, &h, 2, NAN, NAN, NAN).w, 1.15); /* -2 + 0.5 1 = -1.5 */
    h.grad_scale = 0.5;
    h.clip = 0.25;
    assert_close(step_spec(spec, &h, 8, NAN, NAN, NAN).w, 1.05); /* -1 + 0.5 */
    spec.maximize = false;
    assert_close(step_spec(spec, &h, 8, NAN, NAN, NAN).w, 0.85); /* 1 + 0.5 */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_lose_their_row_mean),
        cmocka_unit_test(columns_lose_their_column_mean),
        cmocka_unit_test(rows_and_columns_of_different_numbers),
        cmocka_unit_test(flat_and_none_are_not_centred),
        cmocka_unit_test(sgd_decay_is_centred_too),
        cmocka_unit_test(raw_centring_leaves_the_decay_alone),
        cmocka_unit_test(update_centring_takes_the_mean_of_the_change),
        cmocka_unit_test(update_centring_takes_in_the_decoupled_decay),
        cmocka_unit_test(flat_is_not_centred_by_its_update),
        cmocka_unit_test(each_matrix_has_columns_of_its_own),
        cmocka_unit_test(means_that_are_given_are_taken_off),
        cmocka_unit_test(a_piece_is_stepped_with_the_means_of_its_groups),
        cmocka_unit_test(sgdm_first_step_takes_the_gradient_whole),
        cmocka_unit_test(sgdm_later_steps_are_damped),
        cmocka_unit_test(adam_first_step),
        cmocka_unit_test(adam_second_step),
        cmocka_unit_test(adam_decay_is_part_of_the_gradient),
        cmocka_unit_test(adamw_decay_is_apart),
        cmocka_unit_test(adamw_centres_the_gradient_alone),
        cmocka_unit_test(nesterov_looks_ahead),
        cmocka_unit_test(decoupled_decay_is_taken_off_with_the_step),
        cmocka_unit_test(amsgrad_remembers_the_largest_moment),
        cmocka_unit_test(adagrad_adds_up_squares),
        cmocka_unit_test(the_authors_form_moves_eps_and_decay),
        cmocka_unit_test(the_gradient_is_scaled_clipped_and_turned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
