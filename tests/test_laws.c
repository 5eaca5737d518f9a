/* Laws that a step obeys whatever its kernels are. */
#include "tests/step_fixture.h"

#include "check/order.h"
#include "dispatch/plan.h"
#include "dispatch/registry.h"
#include <math.h>

static const double unit = 0x1p-24; /* largest relative rounding of a float */

/* One step of a single tensor through a plan of its own. */
static void step(gcs_spec spec, const gcs_hyper *hyper, const fixture *f) {
    gcs_plan *plan;
    assert_ok(gcs_plan_create(&plan, gcs_cpu(), &spec, f->tensors, f->count));
    assert_ok(gcs_step(plan, hyper, f->buffers));
    gcs_plan_destroy(plan);
}

/* The group of element i, the number of elements of a group, and that of groups. */
static uint64_t group_of(const gcs_tensor *t, uint64_t i) {
    return t->layout == GCS_LAYOUT_ROWS ? i / t->cols
                                        : i / (t->rows * t->cols) * t->cols + i % t->cols;
}
static uint64_t length_of(const gcs_tensor *t) {
    return gcs_tensor_group_length(t);
}
static uint64_t groups_of(const gcs_tensor *t) {
    return gcs_tensor_groups(t);
}
static double depth_of(const gcs_tensor *t) {
    return (double)gcs_order_depth(length_of(t), t->layout == GCS_LAYOUT_ROWS);
}

/* How far x may be from exact when |y| <= size: the mean's additions and division, the decay's
 * multiplication and addition, the subtraction. */
static double error_of_x(const gcs_tensor *t, double size) {
    return (depth_of(t) + 6) * unit * size;
}

static const gcs_tensor centred[] = {
    ROWS(5, 300), ROWS(3, 2100), ROWS(40, 9), COLS(300, 21), COLS(4200, 3), GENERAL(4, 70, 5),
};
#define CENTRED (sizeof centred / sizeof centred[0])

static const gcs_center centers[] = {GCS_CENTER_GRADIENT, GCS_CENTER_RAW_GRADIENT,
                                     GCS_CENTER_UPDATE};
enum { CENTERS = sizeof centers / sizeof centers[0] };

/* The change is a multiple of x. */
static bool is_linear(gcs_rule rule) {
    return !gcs_rule_has_v(rule);
}

/* ---- A constant added to a group of g ------------------------------------------------------ */

/* At t = 1, where the change of Adam's family and Adagrad is lr x / (|x| + eps), whose slope is at
 * most lr / eps; Nesterov's is lr (1 + momentum) x. */
static void check_constant(const gcs_tensor *t, gcs_spec spec) {
    const gcs_hyper h = fixture_hyper(1);
    const double largest = 4; /* of the constants */
    fixture plain = fixture_make(t, 1, 1), shifted = fixture_make(t, 1, 1);
    uint64_t n = fixture_elements(t);
    for (uint64_t i = 0; i < n; i++)
        fixture_gradient(&shifted, 0)[i] += group_of(t, i) & 1 ? -2.5f : (float)largest;
    step(spec, &h, &plain);
    step(spec, &h, &shifted);
    double size = 1 + h.weight_decay + largest;
    double slope = is_linear(spec.rule) ? h.lr * (1 + h.momentum) : h.lr / h.eps;
    /* Both runs round; 16 units for the operations behind x, of results below 2. */
    double bound = 2 * (slope * error_of_x(t, size) + 16 * unit * 2);
    for (uint64_t i = 0; i < n; i++) {
        double difference = fabs((double)plain.buffers[0].w[i] - (double)shifted.buffers[0].w[i]);
        if (!(difference <= bound))
            fail_msg("%s_%s, element %llu: %g is more than %g", gcs_rule_name(spec.rule),
                     gcs_center_name(spec.center), (unsigned long long)i, difference, bound);
    }
    /* The bound means something: the constant itself would move w by far more. */
    assert_true(bound < 1e-3 * h.lr);
    fixture_free(&plain);
    fixture_free(&shifted);
}

/* Of the change only where it is linear in the gradient. */
static void a_constant_in_a_group_changes_nothing(void **state) {
    (void)state;
    for (size_t k = 0; k < CENTRED; k++)
        for (size_t r = 0; r < ALL_RULES; r++)
            for (size_t c = 0; c < CENTERS; c++)
                if (centers[c] != GCS_CENTER_UPDATE || is_linear(all_rules[r]))
                    check_constant(&centred[k],
                                   (gcs_spec){.rule = all_rules[r], .center = centers[c]});
}

/* ---- Permuted groups ----------------------------------------------------------------------- */

static uint64_t permuted_index(const gcs_tensor *t, uint64_t i) {
    const uint64_t group = group_of(t, i), other = (group + 2) % groups_of(t);
    if (t->layout == GCS_LAYOUT_ROWS)
        return other * t->cols + i % t->cols;
    const uint64_t row = i / t->cols % t->rows;
    return (other / t->cols * t->rows + row) * t->cols + other % t->cols;
}

static void permute(fixture *to, const fixture *from) {
    const gcs_tensor *t = from->tensors;
    const uint64_t n = fixture_elements(t);
    for (unsigned buffer = 0; buffer < FIXTURE_BUFFERS; buffer++) {
        for (uint64_t i = 0; i < n; i++)
            to->memory[buffer * n + permuted_index(t, i)] = from->memory[buffer * n + i];
    }
}

static void permuted_groups_give_permuted_results(void **state) {
    (void)state;
    for (size_t k = 0; k < CENTRED * ALL_RULES * CENTERS; k++) {
        const gcs_tensor *t = &centred[k / ALL_RULES % CENTRED];
        gcs_spec spec = {.rule = all_rules[k % ALL_RULES],
                         .center = centers[k / ALL_RULES / CENTRED]};
        gcs_hyper h = fixture_hyper(3);
        fixture plain = fixture_make(t, 1, k), moved = fixture_make(t, 1, k),
                want = fixture_make(t, 1, k);
        permute(&moved, &plain);
        step(spec, &h, &plain);
        step(spec, &h, &moved);
        permute(&want, &plain);
        assert_same_bits(&moved, &want);
        fixture_free(&plain);
        fixture_free(&moved);
        fixture_free(&want);
    }
}

/* ---- Exact steps --------------------------------------------------------------------------- */

static const gcs_tensor mixed[] = {
    ROWS(7, 65), COLS(33, 10), {.layout = GCS_LAYOUT_FLAT, .rows = 1, .cols = 77, .group = 1}};
#define MIXED (sizeof mixed / sizeof mixed[0])

static void no_learning_rate_leaves_w(void **state) {
    (void)state;
    for (size_t r = 0; r < ALL_RULES * CENTERS; r++) {
        const gcs_rule rule = all_rules[r % ALL_RULES];
        fixture f = fixture_make(mixed, MIXED, 9), before = fixture_make(mixed, MIXED, 9);
        gcs_hyper h[2] = {fixture_hyper(4), fixture_hyper(4)};
        h[0].lr = h[1].lr = 0;
        gcs_spec spec = {
            .rule = rule, .center = centers[r / ALL_RULES], .copy = GCS_COPY_BF16_STOCHASTIC};
        step(spec, h, &f);
        for (size_t k = 0; k < MIXED; k++) {
            const size_t n = fixture_elements(&mixed[k]);
            assert_memory_equal(f.buffers[k].w, before.buffers[k].w, n * sizeof(float));
            /* The state and the copy went on: this was a step. */
            assert_true(memcmp(f.buffers[k].copy, before.buffers[k].copy, n) != 0);
            if (gcs_rule_has_m(rule))
                assert_true(memcmp(f.buffers[k].m, before.buffers[k].m, sizeof(float)) != 0);
            if (gcs_rule_has_v(rule))
                assert_true(memcmp(f.buffers[k].v, before.buffers[k].v, sizeof(float)) != 0);
        }
        fixture_free(&f);
        fixture_free(&before);
    }
}

/* The first parameter group is stopped, the second one is not. */
static void check_found_inf(gcs_spec spec, uint64_t t) {
    static const float yes = 1, no = 0;
    fixture f = fixture_make(mixed, MIXED, 11), before = fixture_make(mixed, MIXED, 11);
    fixture_gradient(&f, 0)[3] = fixture_gradient(&before, 0)[3] = INFINITY;
    gcs_hyper h[2] = {fixture_hyper(t), fixture_hyper(t)};
    h[0].found_inf = &yes;
    h[1].found_inf = &no;
    step(spec, h, &f);
    size_t stopped = FIXTURE_BUFFERS * (fixture_elements(&mixed[0]) + fixture_elements(&mixed[1]));
    assert_memory_equal(f.memory, before.memory, stopped * sizeof(float));
    assert_true(memcmp(f.memory + stopped, before.memory + stopped, sizeof(float)) != 0);
    assert_true(memcmp(f.buffers[2].copy, before.buffers[2].copy, 77) != 0);
    fixture_free(&f);
    fixture_free(&before);
}

static void found_inf_leaves_everything(void **state) {
    (void)state;
    for (size_t r = 0; r < ALL_RULES * CENTERS; r++) {
        const gcs_spec spec = {.rule = all_rules[r % ALL_RULES],
                               .center = centers[r / ALL_RULES],
                               .copy = r % 2 != 0 ? GCS_COPY_F16 : GCS_COPY_BF16_STOCHASTIC};
        check_found_inf(spec, 1);
        check_found_inf(spec, 8);
    }
}

static void first_step_does_not_read_the_state(void **state) {
    (void)state;
    for (size_t r = 0; r < ALL_RULES * CENTERS; r++) {
        const gcs_rule rule = all_rules[r % ALL_RULES];
        fixture f = fixture_make(mixed, MIXED, 13), zero = fixture_make(mixed, MIXED, 13);
        for (size_t k = 0; k < MIXED; k++) {
            const gcs_buffers *from = &zero.buffers[k], *to = &f.buffers[k];
            for (size_t i = 0; i < fixture_elements(&mixed[k]); i++) {
                from->m[i] = from->v[i] = from->v_max[i] = 0;
                to->m[i] = gcs_rule_has_m(rule) ? NAN : 0;
                to->v[i] = gcs_rule_has_v(rule) ? NAN : 0;
                to->v_max[i] = gcs_rule_has_v_max(rule) ? NAN : 0;
            }
        }
        gcs_hyper h[2] = {fixture_hyper(1), fixture_hyper(1)};
        gcs_spec spec = {.rule = rule, .center = centers[r / ALL_RULES]};
        step(spec, h, &f);
        step(spec, h, &zero);
        assert_same_bits(&f, &zero);
        fixture_free(&f);
        fixture_free(&zero);
    }
}

/* ---- The mean of a group's weights --------------------------------------------------------- */

static double weight_mean(const fixture *f, uint64_t group) {
    const gcs_tensor *t = f->tensors;
    double sum = 0;
    for (uint64_t i = 0; i < fixture_elements(t); i++)
        sum += group_of(t, i) == group ? (double)f->buffers[0].w[i] : 0;
    return sum / (double)length_of(t);
}

/* The largest move of a group's mean over `steps` steps of a gradient that is 1 on average. */
static double mean_drift(const gcs_tensor *t, gcs_spec spec, double decay, uint64_t steps) {
    fixture f = fixture_make(t, 1, 17), start = fixture_make(t, 1, 17);
    gcs_plan *plan;
    assert_ok(gcs_plan_create(&plan, gcs_cpu(), &spec, t, 1));
    for (uint64_t k = 1; k <= steps; k++) {
        gcs_hyper h = fixture_hyper(k);
        h.weight_decay = decay;
        for (uint64_t i = 0; i < fixture_elements(t); i++)
            fixture_gradient(&f, 0)[i] = 1 + fixture_value(k, i);
        assert_ok(gcs_step(plan, &h, f.buffers));
    }
    gcs_plan_destroy(plan);
    double drift = 0;
    for (uint64_t group = 0; group < groups_of(t); group++)
        drift = larger(drift, fabs(weight_mean(&f, group) - weight_mean(&start, group)));
    fixture_free(&f);
    fixture_free(&start);
    return drift;
}

/* size: of what is centred. Per step, x errs on average as the mean does, m by three roundings of
 * what it is, and w by two of its own. */
static void check_mean(const gcs_tensor *t, gcs_spec spec, double decay, double size) {
    const uint64_t steps = 10;
    const gcs_hyper h = fixture_hyper(1);
    const double slope = spec.center == GCS_CENTER_UPDATE ? 1 : h.lr;
    double largest_w = 1 + slope * size * (double)steps;
    double bound =
        (double)steps * (slope * (error_of_x(t, size) + 4 * unit * size) + 2 * unit * largest_w);
    double drift = mean_drift(t, spec, decay, steps);
    if (!(drift <= bound))
        fail_msg("%s_%s: a mean moved by %g, more than %g", gcs_rule_name(spec.rule),
                 gcs_center_name(spec.center), drift, bound);
    /* Without centring it moves by about lr in every step. */
    spec.center = GCS_CENTER_NONE;
    assert_true(mean_drift(t, spec, decay, steps) > 100 * bound);
}

/* Without decay; |g| <= 2, and momentum adds up at most ten of it. */
static void centred_steps_keep_each_weight_mean(void **state) {
    (void)state;
    for (size_t k = 0; k < CENTRED; k++) {
        check_mean(&centred[k], (gcs_spec)SPEC(SGD, GRADIENT), 0, 2);
        check_mean(&centred[k], (gcs_spec)SPEC(SGDM, GRADIENT), 0, 20);
    }
}

/* With a decay, and whatever the rule. The largest change: of Nesterov, lr (2 + 20), or of the
 * others with eps = 1/2, lr 2 / eps, and the decay's lr 0.3 |w|. */
static void centred_changes_keep_each_weight_mean(void **state) {
    (void)state;
    for (size_t k = 0; k < CENTRED; k++)
        for (size_t r = 0; r < ALL_RULES; r++) {
            const gcs_spec spec = {.rule = all_rules[r], .center = GCS_CENTER_UPDATE};
            check_mean(&centred[k], spec, 0.3, is_linear(all_rules[r]) ? 2.5 : 0.6);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_constant_in_a_group_changes_nothing),
        cmocka_unit_test(permuted_groups_give_permuted_results),
        cmocka_unit_test(no_learning_rate_leaves_w),
        cmocka_unit_test(found_inf_leaves_everything),
        cmocka_unit_test(first_step_does_not_read_the_state),
        cmocka_unit_test(centred_steps_keep_each_weight_mean),
        cmocka_unit_test(centred_changes_keep_each_weight_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
