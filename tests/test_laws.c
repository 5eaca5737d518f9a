/* Laws that a step obeys whatever its kernels are. */
#include "tests/step_fixture.h"

#include "check/order.h"
#include "dispatch/coefficients.h"
#include "dispatch/plan.h"
#include "dispatch/registry.h"
#include <math.h>

static const gcs_rule rules[] = {GCS_RULE_SGD, GCS_RULE_SGDM, GCS_RULE_ADAM, GCS_RULE_ADAMW};
#define RULES (sizeof rules / sizeof rules[0])

static const double unit = 0x1p-24; /* largest relative rounding of a float */

static gcs_hyper hyper_at(uint64_t t) {
    return (gcs_hyper){.lr = 0.1,
                       .momentum = 0.9,
                       .dampening = 0.25,
                       .beta1 = 0.8,
                       .beta2 = 0.95,
                       .eps = 0.5,
                       .weight_decay = 0.3,
                       .t = t};
}

/* One step of a single tensor through a plan of its own. */
static void step(gcs_spec spec, const gcs_hyper *hyper, const fixture *f) {
    gcs_plan *plan;
    assert_ok(gcs_plan_create(&plan, gcs_cpu(), &spec, f->tensors, f->count));
    assert_ok(gcs_step(plan, hyper, f->buffers));
    gcs_plan_destroy(plan);
}

static float *gradient_of(const fixture *f, size_t k) {
    return f->buffers[k].v + fixture_elements(&f->tensors[k]); /* see fixture_make */
}

/* The group of element i, and the number of elements of a group. */
static uint64_t group_of(const gcs_tensor *t, uint64_t i) {
    return t->layout == GCS_LAYOUT_ROWS ? i / t->cols : i % t->cols;
}
static uint64_t length_of(const gcs_tensor *t) {
    return t->layout == GCS_LAYOUT_ROWS ? t->cols : t->rows;
}
static uint64_t groups_of(const gcs_tensor *t) {
    return t->layout == GCS_LAYOUT_ROWS ? t->rows : t->cols;
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
    {GCS_LAYOUT_ROWS, 5, 300, 0},  {GCS_LAYOUT_ROWS, 3, 2100, 0}, {GCS_LAYOUT_ROWS, 40, 9, 0},
    {GCS_LAYOUT_COLS, 300, 21, 0}, {GCS_LAYOUT_COLS, 4200, 3, 0},
};
#define CENTRED (sizeof centred / sizeof centred[0])

/* ---- A constant added to a group of g ------------------------------------------------------ */

/* At t = 1, where Adam's change is lr x / (|x| + eps), whose slope is at most lr / eps. */
static void check_constant(const gcs_tensor *t, gcs_rule rule) {
    const gcs_hyper h = hyper_at(1);
    const double largest = 4; /* of the constants */
    fixture plain = fixture_make(t, 1, 1), shifted = fixture_make(t, 1, 1);
    uint64_t n = t->rows * t->cols;
    for (uint64_t i = 0; i < n; i++)
        gradient_of(&shifted, 0)[i] += group_of(t, i) & 1 ? -2.5f : (float)largest;
    gcs_spec spec = {rule, GCS_CENTER_GRADIENT};
    step(spec, &h, &plain);
    step(spec, &h, &shifted);
    double size = 1 + h.weight_decay + largest;
    double slope = rule == GCS_RULE_SGD || rule == GCS_RULE_SGDM ? h.lr : h.lr / h.eps;
    /* Both runs round; 16 units for the operations behind x, of results below 2. */
    double bound = 2 * (slope * error_of_x(t, size) + 16 * unit * 2);
    for (uint64_t i = 0; i < n; i++) {
        double difference = fabs((double)plain.buffers[0].w[i] - (double)shifted.buffers[0].w[i]);
        if (!(difference <= bound))
            fail_msg("%s, element %llu: %g is more than %g", gcs_rule_name(rule),
                     (unsigned long long)i, difference, bound);
    }
    /* The bound means something: the constant itself would move w by far more. */
    assert_true(bound < 1e-3 * h.lr);
    fixture_free(&plain);
    fixture_free(&shifted);
}

static void a_constant_in_a_group_changes_nothing(void **state) {
    (void)state;
    for (size_t k = 0; k < CENTRED; k++) {
        for (size_t r = 0; r < RULES; r++)
            check_constant(&centred[k], rules[r]);
    }
}

/* ---- Permuted groups ----------------------------------------------------------------------- */

static uint64_t permuted_index(const gcs_tensor *t, uint64_t i) {
    uint64_t other = (group_of(t, i) + 2) % groups_of(t);
    return t->layout == GCS_LAYOUT_ROWS ? other * t->cols + i % t->cols
                                        : i / t->cols * t->cols + other;
}

static void permute(fixture *to, const fixture *from) {
    const gcs_tensor *t = from->tensors;
    uint64_t n = t->rows * t->cols;
    for (unsigned buffer = 0; buffer < 4; buffer++) {
        for (uint64_t i = 0; i < n; i++)
            to->memory[buffer * n + permuted_index(t, i)] = from->memory[buffer * n + i];
    }
}

static void permuted_groups_give_permuted_results(void **state) {
    (void)state;
    for (size_t k = 0; k < CENTRED * RULES; k++) {
        const gcs_tensor *t = &centred[k / RULES];
        gcs_spec spec = {rules[k % RULES], GCS_CENTER_GRADIENT};
        gcs_hyper h = hyper_at(3);
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

/* ---- Split ranges -------------------------------------------------------------------------- */

static void run_range(const gcs_kernel *kernel, const gcs_coef *coef, const fixture *f,
                      uint64_t first, uint64_t last) {
    const gcs_buffers *b = f->buffers;
    const gcs_args args = {.w = b->w,
                           .g = b->g,
                           .m = b->m,
                           .v = b->v,
                           .rows = f->tensors->rows,
                           .cols = f->tensors->cols,
                           .first = first,
                           .last = last,
                           .coef = coef,
                           .mean = 0.125f};
    kernel->run(&args);
}

static gcs_tensor tensor_for(const gcs_kernel *kernel) {
    uint64_t length =
        kernel->max_length != 0 && kernel->max_length < 100 ? kernel->max_length : 100;
    switch (kernel->view) {
    case GCS_VIEW_ROWS:
        return gcs_rows(37, length);
    case GCS_VIEW_COLS:
        return gcs_cols(length, 117);
    default: /* PART: three segments and a piece */
        return gcs_flat(3 * GCS_SEGMENT + 77);
    }
}

static void check_split(const gcs_kernel *kernel, uint64_t piece) {
    gcs_tensor t = tensor_for(kernel);
    gcs_spec spec = {kernel->rule, kernel->center};
    gcs_hyper h = hyper_at(3);
    gcs_coef coef;
    gcs_coefficients(&spec, &h, &coef);
    fixture whole = fixture_make(&t, 1, 5), pieces = fixture_make(&t, 1, 5);
    uint64_t end = kernel->view == GCS_VIEW_ROWS ? t.rows : t.cols;
    run_range(kernel, &coef, &whole, 0, end);
    for (uint64_t first = 0; first < end; first += piece)
        run_range(kernel, &coef, &pieces, first, end - first < piece ? end : first + piece);
    if (memcmp(whole.memory, pieces.memory, whole.floats * sizeof(float)) != 0)
        fail_msg("%s: pieces of %llu give other bits", kernel->name, (unsigned long long)piece);
    fixture_free(&whole);
    fixture_free(&pieces);
}

static void split_ranges_change_no_bit(void **state) {
    (void)state;
    static const uint64_t sizes[] = {1, 2, 5, 13, 36};
    size_t checked = 0;
    for (size_t l = 0; l < gcs_registry_lists(); l++) {
        const gcs_kernel_list *list = gcs_registry_list(l);
        for (size_t i = 0; gcs_cpu_allows(list->isa) && i < list->count; i++) {
            const gcs_kernel *kernel = &list->kernels[i];
            uint64_t grain = kernel->view == GCS_VIEW_PART ? GCS_SEGMENT : 1;
            for (size_t s = 0; kernel->op == GCS_OP_STEP && s < 5; s++, checked++)
                check_split(kernel, sizes[s] * grain);
        }
    }
    assert_true(checked > 0);
}

/* ---- Exact steps --------------------------------------------------------------------------- */

static const gcs_tensor mixed[] = {
    {GCS_LAYOUT_ROWS, 7, 65, 0}, {GCS_LAYOUT_COLS, 33, 10, 0}, {GCS_LAYOUT_FLAT, 1, 77, 1}};
#define MIXED (sizeof mixed / sizeof mixed[0])

static void no_learning_rate_leaves_w(void **state) {
    (void)state;
    for (size_t r = 0; r < RULES; r++) {
        fixture f = fixture_make(mixed, MIXED, 9), before = fixture_make(mixed, MIXED, 9);
        gcs_hyper h[2] = {hyper_at(4), hyper_at(4)};
        h[0].lr = h[1].lr = 0;
        gcs_spec spec = {rules[r], GCS_CENTER_GRADIENT};
        step(spec, h, &f);
        for (size_t k = 0; k < MIXED; k++)
            assert_memory_equal(f.buffers[k].w, before.buffers[k].w,
                                fixture_elements(&mixed[k]) * sizeof(float));
        /* The state went on: this was a step. */
        if (gcs_rule_has_m(rules[r]))
            assert_true(memcmp(f.buffers[0].m, before.buffers[0].m, sizeof(float)) != 0);
        fixture_free(&f);
        fixture_free(&before);
    }
}

/* The first parameter group is stopped, the second one is not. */
static void check_found_inf(gcs_rule rule, uint64_t t) {
    static const float yes = 1, no = 0;
    fixture f = fixture_make(mixed, MIXED, 11), before = fixture_make(mixed, MIXED, 11);
    gradient_of(&f, 0)[3] = gradient_of(&before, 0)[3] = INFINITY;
    gcs_hyper h[2] = {hyper_at(t), hyper_at(t)};
    h[0].found_inf = &yes;
    h[1].found_inf = &no;
    gcs_spec spec = {rule, GCS_CENTER_GRADIENT};
    step(spec, h, &f);
    size_t stopped = 4 * (fixture_elements(&mixed[0]) + fixture_elements(&mixed[1]));
    assert_memory_equal(f.memory, before.memory, stopped * sizeof(float));
    assert_true(memcmp(f.memory + stopped, before.memory + stopped, sizeof(float)) != 0);
    fixture_free(&f);
    fixture_free(&before);
}

static void found_inf_leaves_everything(void **state) {
    (void)state;
    for (size_t r = 0; r < RULES; r++) {
        check_found_inf(rules[r], 1);
        check_found_inf(rules[r], 8);
    }
}

static void first_step_does_not_read_the_state(void **state) {
    (void)state;
    for (size_t r = 0; r < RULES; r++) {
        fixture f = fixture_make(mixed, MIXED, 13), zero = fixture_make(mixed, MIXED, 13);
        for (size_t k = 0; k < MIXED; k++) {
            for (size_t i = 0; i < fixture_elements(&mixed[k]); i++) {
                zero.buffers[k].m[i] = zero.buffers[k].v[i] = 0;
                f.buffers[k].m[i] = gcs_rule_has_m(rules[r]) ? NAN : 0;
                f.buffers[k].v[i] = gcs_rule_has_v(rules[r]) ? NAN : 0;
            }
        }
        gcs_hyper h[2] = {hyper_at(1), hyper_at(1)};
        gcs_spec spec = {rules[r], GCS_CENTER_GRADIENT};
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
    for (uint64_t i = 0; i < t->rows * t->cols; i++)
        sum += group_of(t, i) == group ? (double)f->buffers[0].w[i] : 0;
    return sum / (double)length_of(t);
}

/* The largest move of a group's mean over `steps` steps of a gradient that is 1 on average. */
static double mean_drift(const gcs_tensor *t, gcs_spec spec, uint64_t steps) {
    fixture f = fixture_make(t, 1, 17), start = fixture_make(t, 1, 17);
    gcs_plan *plan;
    assert_ok(gcs_plan_create(&plan, gcs_cpu(), &spec, t, 1));
    for (uint64_t k = 1; k <= steps; k++) {
        gcs_hyper h = hyper_at(k);
        h.weight_decay = 0;
        for (uint64_t i = 0; i < t->rows * t->cols; i++)
            gradient_of(&f, 0)[i] = 1 + fixture_value(k, i);
        assert_ok(gcs_step(plan, &h, f.buffers));
    }
    gcs_plan_destroy(plan);
    double drift = 0;
    for (uint64_t group = 0; group < groups_of(t); group++)
        drift = fmax(drift, fabs(weight_mean(&f, group) - weight_mean(&start, group)));
    fixture_free(&f);
    fixture_free(&start);
    return drift;
}

static void check_mean(const gcs_tensor *t, gcs_rule rule) {
    const uint64_t steps = 10;
    const gcs_hyper h = hyper_at(1);
    /* |g| <= 2; momentum adds up at most `steps` of it. Per step, x errs on average as the mean
     * does, m by three roundings of what it is, and w by two of its own. */
    double size = rule == GCS_RULE_SGDM ? 2.0 * (double)steps : 2;
    double largest_w = 1 + h.lr * size * (double)steps;
    double bound =
        (double)steps * (h.lr * (error_of_x(t, size) + 4 * unit * size) + 2 * unit * largest_w);
    double drift = mean_drift(t, (gcs_spec){rule, GCS_CENTER_GRADIENT}, steps);
    if (!(drift <= bound))
        fail_msg("%s: a mean moved by %g, more than %g", gcs_rule_name(rule), drift, bound);
    /* Without centring it moves by lr times the mean gradient in every step. */
    assert_true(mean_drift(t, (gcs_spec){rule, GCS_CENTER_NONE}, steps) > 100 * bound);
}

static void centred_steps_keep_each_weight_mean(void **state) {
    (void)state;
    for (size_t k = 0; k < CENTRED; k++) {
        check_mean(&centred[k], GCS_RULE_SGD);
        check_mean(&centred[k], GCS_RULE_SGDM);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_constant_in_a_group_changes_nothing),
        cmocka_unit_test(permuted_groups_give_permuted_results),
        cmocka_unit_test(split_ranges_change_no_bit),
        cmocka_unit_test(no_learning_rate_leaves_w),
        cmocka_unit_test(found_inf_leaves_everything),
        cmocka_unit_test(first_step_does_not_read_the_state),
        cmocka_unit_test(centred_steps_keep_each_weight_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
