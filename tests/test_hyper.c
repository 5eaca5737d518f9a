/* Hyper-parameters: their ranges, parameter groups, found_inf, and the first step, which takes the
 * state as zero whatever the buffers hold. */
#include "step_fixture.h"

#include "dispatch/plan.h"
#include <math.h>

/* Sets of rules: 1 << their place in all_rules. */
enum { MOMENTUM = 0x36, ADAMS = 0x3c0, ADAGRAD = 0x400, ANY = 0x7ff };

static const gcs_tensor three[] = {
    ROWS(5, 37), {.layout = GCS_LAYOUT_COLS, .rows = 70, .cols = 11, .group = 1}, FLAT(101)};

/* Telling values: no two alike. */
static gcs_hyper telling(void) {
    return (gcs_hyper){.lr = 0.0625,
                       .momentum = 0.85,
                       .dampening = 0.25,
                       .beta1 = 0.8,
                       .beta2 = 0.95,
                       .eps = 0.001,
                       .weight_decay = 0.03,
                       .t = 3,
                       .lr_decay = 0.4,
                       .grad_scale = 0.7,
                       .clip = 0.9};
}

static gcs_plan *plan_of(gcs_rule rule, const gcs_tensor *tensors, size_t count) {
    gcs_spec spec = {.rule = rule, .center = GCS_CENTER_GRADIENT};
    gcs_plan *plan = NULL;
    assert_ok(gcs_plan_create(&plan, gcs_cpu(), &spec, tensors, count));
    return plan;
}

/* ---- Ranges ------------------------------------------------------------------------------ */

struct field {
    const char *name;
    size_t offset; /* of the double in gcs_hyper */
    int used_by;   /* set of rules */
    double bad[8];
    int count;
};

static const struct field fields[] = {
    /* 1e39 is finite, but not as the f32 that the kernels compute with; 1e-50 is 0 there, and
     * 1 - 1e-10 is 1 */
    {"lr", offsetof(gcs_hyper, lr), ANY, {-1e-3, -1e-300, NAN, INFINITY, -INFINITY, 1e39}, 6},
    {"momentum", offsetof(gcs_hyper, momentum), MOMENTUM, {-0.1, 1, NAN, INFINITY, 1 - 1e-10}, 5},
    {"dampening", offsetof(gcs_hyper, dampening), MOMENTUM, {-0.1, 1.01, NAN, -INFINITY}, 4},
    {"beta1", offsetof(gcs_hyper, beta1), ADAMS, {-0.1, 1, 2, NAN, INFINITY, 1 - 1e-10}, 6},
    {"beta2", offsetof(gcs_hyper, beta2), ADAMS, {-0.1, 1, 2, NAN, INFINITY, 1 - 1e-10}, 6},
    {"eps", offsetof(gcs_hyper, eps), ADAMS | ADAGRAD, {-1e-8, NAN, INFINITY, 1e39}, 4},
    {"weight_decay", offsetof(gcs_hyper, weight_decay), ANY, {-1e-4, NAN, INFINITY, 1e39}, 4},
    {"lr_decay", offsetof(gcs_hyper, lr_decay), ADAGRAD, {-1e-4, NAN, INFINITY, 1e39}, 4},
    {"grad_scale", offsetof(gcs_hyper, grad_scale), ANY, {NAN, INFINITY, -INFINITY, -1e39}, 4},
    {"clip", offsetof(gcs_hyper, clip), ANY, {-0.5, 1.0000001, NAN, INFINITY, 1e-50}, 5},
};

static void set(gcs_hyper *hyper, const struct field *field, double value) {
    memcpy((char *)hyper + field->offset, &value, sizeof value);
}

static void out_of_range(void **state) {
    (void)state;
    fixture f = fixture_make(three, 3, 1), before = fixture_make(three, 3, 1);
    for (int r = 0; r < ALL_RULES; r++) {
        gcs_plan *plan = plan_of(all_rules[r], three, 3);
        gcs_spec spec = {.rule = all_rules[r], .center = GCS_CENTER_GRADIENT};
        for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
            for (int i = 0; i < fields[k].count && (fields[k].used_by & 1 << r); i++) {
                gcs_hyper hyper[] = {telling(), telling()};
                set(&hyper[1], &fields[k], fields[k].bad[i]);
                assert_fails(gcs_step(plan, hyper, f.buffers), GCS_INVALID_ARGUMENT,
                             fields[k].name);
                assert_non_null(strstr(gcs_last_error(), "hyper[1]"));
                assert_fails(gcs_step_tensor(&spec, &three[0], &hyper[1], f.buffers),
                             GCS_INVALID_ARGUMENT, fields[k].name);
            }
        gcs_hyper hyper[] = {telling(), telling()};
        hyper[1].t = 0;
        assert_fails(gcs_step(plan, hyper, f.buffers), GCS_INVALID_ARGUMENT, "t");
        gcs_plan_destroy(plan);
    }
    assert_same_bits(&before, &f);
    fixture_free(&f);
    fixture_free(&before);
}

/* What the rule does not use is not looked at, and changes nothing. */
static void unused_are_ignored(void **state) {
    (void)state;
    for (int r = 0; r < ALL_RULES; r++) {
        fixture f = fixture_make(three, 3, 2), want = fixture_make(three, 3, 2);
        gcs_plan *plan = plan_of(all_rules[r], three, 3);
        gcs_hyper hyper[] = {telling(), telling()};
        assert_ok(gcs_step(plan, hyper, want.buffers));
        for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
            if (!(fields[k].used_by & 1 << r))
                set(&hyper[0], &fields[k], NAN);
        assert_ok(gcs_step(plan, hyper, f.buffers));
        assert_same_bits(&want, &f);
        gcs_plan_destroy(plan);
        fixture_free(&f);
        fixture_free(&want);
    }
}

/* The ends of the ranges that belong to them. */
static void edges_are_allowed(void **state) {
    (void)state;
    fixture f = fixture_make(three, 3, 3);
    for (int r = 0; r < ALL_RULES; r++) {
        gcs_plan *plan = plan_of(all_rules[r], three, 3);
        gcs_hyper low = {.t = 1}, high = telling();
        high.dampening = 1;
        high.momentum = high.beta1 = high.beta2 = 0.999999;
        high.t = UINT64_MAX;
        assert_ok(gcs_step(plan, (gcs_hyper[]){low, high}, f.buffers));
        gcs_plan_destroy(plan);
    }
    fixture_free(&f);
}

/* lr lambda beyond the f32s, where each fits. */
static void products_must_fit(void **state) {
    (void)state;
    fixture f = fixture_make(three, 3, 8), before = fixture_make(three, 3, 8);
    gcs_hyper hyper = telling();
    hyper.lr = hyper.weight_decay = 1e30;
    gcs_spec spec = gcs_spec_adamw();
    assert_fails(gcs_step_tensor(&spec, &three[0], &hyper, f.buffers), GCS_INVALID_ARGUMENT,
                 "weight_decay");
    hyper = telling();
    hyper.lr = 1e38;
    hyper.beta1 = 0.999;
    hyper.t = 1;
    assert_fails(gcs_step_tensor(&spec, &three[0], &hyper, f.buffers), GCS_INVALID_ARGUMENT, "lr");
    assert_same_bits(&before, &f);
    fixture_free(&f);
    fixture_free(&before);
}

/* ---- What scales the gradient ------------------------------------------------------------- */

/* A step of SGD with no decay from w = 0 leaves -lr (scale g): with lr 1, the sign and the scale.
 */
static void scaled_step(gcs_spec spec, double grad_scale, double clip, fixture *f) {
    gcs_hyper hyper = {.lr = 1, .t = 1, .grad_scale = grad_scale, .clip = clip};
    memset(f->buffers[0].w, 0, fixture_elements(f->tensors) * sizeof(float));
    assert_ok(gcs_step_tensor(&spec, f->tensors, &hyper, f->buffers));
}

static void scale_clip_and_maximize(void **state) {
    (void)state;
    static const struct {
        double grad_scale, clip;
        bool maximize;
        float factor; /* of g in w */
    } cases[] = {{0, 0, false, -1},       {1, 1, false, -1},     {0, 0, true, 1},
                 {0.25, 0, false, -0.25}, {0, 0.5, false, -0.5}, {4, 0.125, false, -0.5},
                 {-2, 0.25, false, 0.5},  {-2, 0.25, true, -0.5}};
    const gcs_tensor tensor = FLAT(101);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f = fixture_make(&tensor, 1, 9);
        const gcs_spec spec = {.rule = GCS_RULE_SGD, .maximize = cases[i].maximize};
        scaled_step(spec, cases[i].grad_scale, cases[i].clip, &f);
        for (size_t k = 0; k < 101; k++)
            assert_true(f.buffers[0].w[k] == cases[i].factor * fixture_gradient(&f, 0)[k]);
        fixture_free(&f);
    }
}

/* maximize is a step with -g, and the decay keeps its sign. */
static void maximize_turns_the_gradient_only(void **state) {
    (void)state;
    for (int r = 0; r < ALL_RULES; r++) {
        fixture f = fixture_make(three, 1, 10), want = fixture_make(three, 1, 10);
        gcs_hyper hyper = telling();
        gcs_spec spec = {.rule = all_rules[r], .center = GCS_CENTER_GRADIENT};
        for (size_t i = 0; i < fixture_elements(three); i++)
            fixture_gradient(&want, 0)[i] *= -1;
        assert_ok(gcs_step_tensor(&spec, three, &hyper, want.buffers));
        spec.maximize = true;
        assert_ok(gcs_step_tensor(&spec, three, &hyper, f.buffers));
        assert_memory_equal(f.buffers[0].w, want.buffers[0].w,
                            fixture_elements(three) * sizeof(float));
        fixture_free(&f);
        fixture_free(&want);
    }
}

/* ---- Parameter groups -------------------------------------------------------------------- */

/* One step over three tensors of two groups equals three steps, each with its group's values. */
static void groups(void **state) {
    (void)state;
    gcs_hyper hyper[] = {telling(), telling()};
    hyper[1] = (gcs_hyper){.lr = 0.5,
                           .momentum = 0.3,
                           .dampening = 0.125,
                           .beta1 = 0.6,
                           .beta2 = 0.7,
                           .eps = 0.02,
                           .weight_decay = 0.11,
                           .t = 1,
                           .lr_decay = 0.2,
                           .grad_scale = -2,
                           .clip = 0.5};
    for (int r = 0; r < ALL_RULES; r++) {
        fixture f = fixture_make(three, 3, 4), want = fixture_make(three, 3, 4);
        gcs_plan *plan = plan_of(all_rules[r], three, 3);
        assert_int_equal(gcs_plan_groups(plan), 2);
        gcs_spec spec = {.rule = all_rules[r], .center = GCS_CENTER_GRADIENT};
        assert_ok(gcs_step(plan, hyper, f.buffers));
        for (int k = 0; k < 3; k++)
            assert_ok(gcs_step_tensor(&spec, &three[k], &hyper[three[k].group], &want.buffers[k]));
        assert_same_bits(&want, &f);
        gcs_plan_destroy(plan);
        fixture_free(&f);
        fixture_free(&want);
    }
}

static void found_inf(void **state) {
    (void)state;
    const float flags[] = {1.0f, NAN, 0x1p-149f, 0.0f, -0.0f};
    for (int r = 0; r < ALL_RULES; r++)
        for (int i = 0; i < 5; i++) {
            fixture f = fixture_make(three, 3, 5), want = fixture_make(three, 3, 5);
            gcs_spec spec = {
                .rule = all_rules[r], .center = GCS_CENTER_GRADIENT, .copy = GCS_COPY_F16};
            gcs_plan *plan = NULL;
            assert_ok(gcs_plan_create(&plan, gcs_cpu(), &spec, three, 3));
            gcs_hyper hyper[] = {telling(), telling()};
            bool stays = i < 3;
            for (int k = 0; k < 3; k++)
                if (three[k].group == 0 || !stays)
                    assert_ok(gcs_step_tensor(&spec, &three[k], &hyper[0], &want.buffers[k]));
            hyper[1].found_inf = &flags[i];
            if (stays) { /* what is found has no finite mean; it must touch nothing */
                ((float *)(uintptr_t)f.buffers[1].g)[7] = INFINITY;
                ((float *)(uintptr_t)want.buffers[1].g)[7] = INFINITY;
            }
            assert_ok(gcs_step(plan, hyper, f.buffers));
            assert_same_bits(&want, &f);
            gcs_plan_destroy(plan);
            fixture_free(&f);
            fixture_free(&want);
        }
}

/* ---- The first step ---------------------------------------------------------------------- */

static void first_step_reads_no_state(void **state) {
    (void)state;
    const float poison[] = {NAN, INFINITY, -INFINITY, 0x1p127f, 0x1p-140f};
    for (int r = 0; r < ALL_RULES; r++)
        for (int i = 0; i < 5; i++) {
            fixture f = fixture_make(three, 3, 6), zero = fixture_make(three, 3, 6);
            gcs_plan *plan = plan_of(all_rules[r], three, 3);
            gcs_hyper hyper[] = {telling(), telling()};
            hyper[0].t = hyper[1].t = 1;
            for (int k = 0; k < 3; k++)
                for (size_t e = 0; e < fixture_elements(&three[k]); e++) {
                    f.buffers[k].m[e] = f.buffers[k].v[e] = f.buffers[k].v_max[e] = poison[i];
                    zero.buffers[k].m[e] = zero.buffers[k].v[e] = zero.buffers[k].v_max[e] = 0;
                }
            assert_ok(gcs_step(plan, hyper, f.buffers));
            assert_ok(gcs_step(plan, hyper, zero.buffers));
            for (int k = 0; k < 3; k++) {
                size_t bytes = fixture_elements(&three[k]) * sizeof(float);
                assert_memory_equal(f.buffers[k].w, zero.buffers[k].w, bytes);
                if (gcs_rule_has_m(all_rules[r]))
                    assert_memory_equal(f.buffers[k].m, zero.buffers[k].m, bytes);
                if (gcs_rule_has_v(all_rules[r]))
                    assert_memory_equal(f.buffers[k].v, zero.buffers[k].v, bytes);
                if (gcs_rule_has_v_max(all_rules[r]))
                    assert_memory_equal(f.buffers[k].v_max, zero.buffers[k].v_max, bytes);
            }
            gcs_plan_destroy(plan);
            fixture_free(&f);
            fixture_free(&zero);
        }
}

/* m = x, not damped: with no decay and no centring, m is g. */
static void first_momentum_is_the_gradient(void **state) {
    (void)state;
    fixture f = fixture_make(&three[2], 1, 7);
    gcs_spec spec = gcs_spec_sgdm();
    gcs_hyper hyper = telling();
    hyper.weight_decay = hyper.grad_scale = hyper.clip = 0;
    hyper.t = 1;
    assert_ok(gcs_step_tensor(&spec, &three[2], &hyper, f.buffers));
    assert_memory_equal(f.buffers[0].m, f.buffers[0].g, three[2].cols * sizeof(float));
    fixture_free(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(out_of_range),
        cmocka_unit_test(unused_are_ignored),
        cmocka_unit_test(edges_are_allowed),
        cmocka_unit_test(products_must_fit),
        cmocka_unit_test(scale_clip_and_maximize),
        cmocka_unit_test(maximize_turns_the_gradient_only),
        cmocka_unit_test(groups),
        cmocka_unit_test(found_inf),
        cmocka_unit_test(first_step_reads_no_state),
        cmocka_unit_test(first_momentum_is_the_gradient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
