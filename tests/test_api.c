/* Plans: errors, each a status and a sentence that names the argument, and what can be asked of a
 * plan; single tensors. Hyper-parameters: test_hyper.c; buffers: test_buffers.c. */
#include "step_fixture.h"

#include "dispatch/plan_internal.h"
#include <pthread.h>
#include <stdio.h>

/* ---- Plans ------------------------------------------------------------------------------- */

/* A plan that must be refused, with *plan NULL after it. */
static gcs_status create(gcs_target target, const gcs_spec *spec, const gcs_tensor *tensors,
                         size_t count) {
    gcs_plan *plan = (gcs_plan *)&plan; /* not NULL */
    gcs_status status = gcs_plan_create(&plan, target, spec, tensors, count);
    assert_null(plan);
    return status;
}

static void spec_of_each_rule(void **state) {
    (void)state;
    static const struct {
        gcs_spec (*make)(void);
        gcs_rule rule;
    } specs[] = {
        {gcs_spec_sgd, GCS_RULE_SGD},           {gcs_spec_sgdm, GCS_RULE_SGDM},
        {gcs_spec_nesterov, GCS_RULE_NESTEROV}, {gcs_spec_sgdw, GCS_RULE_SGDW},
        {gcs_spec_sgdmw, GCS_RULE_SGDMW},       {gcs_spec_nesterovw, GCS_RULE_NESTEROVW},
        {gcs_spec_adam, GCS_RULE_ADAM},         {gcs_spec_adamw, GCS_RULE_ADAMW},
        {gcs_spec_amsgrad, GCS_RULE_AMSGRAD},   {gcs_spec_amsgradw, GCS_RULE_AMSGRADW},
        {gcs_spec_adagrad, GCS_RULE_ADAGRAD},
    };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        const gcs_spec spec = specs[i].make();
        assert_int_equal(spec.rule, specs[i].rule);
        assert_int_equal(spec.center, GCS_CENTER_GRADIENT);
        assert_int_equal(spec.gradient, GCS_TYPE_F32);
        assert_int_equal(spec.copy, GCS_COPY_NONE);
        assert_false(spec.maximize || spec.authors_form);
    }
}

static void plan_null_pointers(void **state) {
    (void)state;
    gcs_spec spec = gcs_spec_sgdm();
    gcs_tensor tensor = gcs_rows(3, 5);
    assert_fails(gcs_plan_create(NULL, gcs_cpu(), &spec, &tensor, 1), GCS_INVALID_ARGUMENT, "plan");
    assert_fails(create(gcs_cpu(), NULL, &tensor, 1), GCS_INVALID_ARGUMENT, "spec");
    assert_fails(create(gcs_cpu(), &spec, NULL, 1), GCS_INVALID_ARGUMENT, "tensors");
    gcs_plan_destroy(NULL);
}

static void plan_sizes(void **state) {
    (void)state;
    static const struct {
        gcs_tensor tensor;
        const char *argument;
    } bad[] = {
        {ROWS(0, 5), "rows"},
        {ROWS(5, 0), "cols"},
        {COLS(0, 5), "rows"},
        {COLS(5, 0), "cols"},
        {FLAT(0), "cols"},
        /* elements overflow; bytes overflow by one element, and by far */
        {ROWS((uint64_t)1 << 32, (uint64_t)1 << 32), "rows x cols"},
        {COLS((uint64_t)1 << 31, (uint64_t)1 << 31), "rows x cols"},
        {FLAT(UINT64_MAX / 4 + 1), "rows x cols"},
        {ROWS(UINT64_MAX, UINT64_MAX), "rows x cols"},
        {GENERAL((uint64_t)1 << 31, (uint64_t)1 << 15, (uint64_t)1 << 15), "outer"},
        {GENERAL(UINT64_MAX, 3, 5), "outer"},
        {{.layout = GCS_LAYOUT_FLAT, .rows = 2, .cols = 5}, "rows"},
        {{.layout = GCS_LAYOUT_ROWS, .rows = 3, .cols = 5, .outer = 2}, "outer"},
        {{.layout = GCS_LAYOUT_FLAT, .rows = 1, .cols = 5, .outer = 2}, "outer"},
        {{.layout = GCS_LAYOUT_ROWS, .rows = 3, .cols = 5, .group = 65536}, "group"},
        {{.layout = GCS_LAYOUT_ROWS, .rows = 3, .cols = 5, .group = UINT32_MAX}, "group"},
        /* pieces: of nothing, beyond the end by one, by overflow, from the end on */
        {{.layout = GCS_LAYOUT_ROWS, .rows = 3, .cols = 5, .offset = 2}, "count"},
        {{.layout = GCS_LAYOUT_ROWS, .rows = 3, .cols = 5, .count = 16}, "count"},
        {{.layout = GCS_LAYOUT_ROWS, .rows = 3, .cols = 5, .offset = 4, .count = 12}, "count"},
        {{.layout = GCS_LAYOUT_COLS, .rows = 3, .cols = 5, .offset = 4, .count = 12}, "count"},
        {{.layout = GCS_LAYOUT_COLS, .rows = 3, .cols = 5, .outer = 2, .offset = 30, .count = 1},
         "offset"},
        {{.layout = GCS_LAYOUT_FLAT, .rows = 1, .cols = 5, .offset = 1, .count = UINT64_MAX},
         "count"},
        {{.layout = GCS_LAYOUT_FLAT, .rows = 1, .cols = 5, .offset = UINT64_MAX, .count = 2},
         "offset"},
    };
    gcs_spec spec = gcs_spec_sgdm();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        gcs_tensor tensors[] = {gcs_rows(3, 5), bad[i].tensor};
        assert_fails(create(gcs_cpu(), &spec, tensors, 2), GCS_INVALID_ARGUMENT, bad[i].argument);
        assert_non_null(strstr(gcs_last_error(), "tensors[1]"));
    }
    gcs_tensor good = gcs_rows(3, 5);
    assert_fails(create(gcs_cpu(), &spec, &good, 0), GCS_INVALID_ARGUMENT, "count");
}

static void plan_enum_values(void **state) {
    (void)state;
    gcs_tensor tensor = gcs_rows(3, 5);
    static const int unknown[] = {-1, 12, 99};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        gcs_spec rule = gcs_spec_sgd(), center = rule, gradient = rule, copy = rule, good = rule;
        rule.rule = (gcs_rule)unknown[i];
        center.center = (gcs_center)unknown[i];
        gradient.gradient = (gcs_type)unknown[i];
        copy.copy = (gcs_copy)unknown[i];
        gcs_tensor layout = {.layout = (gcs_layout)unknown[i], .rows = 3, .cols = 5};
        assert_fails(create(gcs_cpu(), &rule, &tensor, 1), GCS_INVALID_ARGUMENT, "rule");
        assert_fails(create(gcs_cpu(), &center, &tensor, 1), GCS_INVALID_ARGUMENT, "center");
        assert_fails(create(gcs_cpu(), &gradient, &tensor, 1), GCS_INVALID_ARGUMENT, "gradient");
        assert_fails(create(gcs_cpu(), &copy, &tensor, 1), GCS_INVALID_ARGUMENT, "copy");
        assert_fails(create(gcs_cpu(), &good, &layout, 1), GCS_INVALID_ARGUMENT, "layout");
    }
    /* The first number behind each, and a rule of 0: a spec that was never filled. */
    gcs_spec spec = {.rule = (gcs_rule)0};
    assert_fails(create(gcs_cpu(), &spec, &tensor, 1), GCS_INVALID_ARGUMENT, "rule");
    spec = gcs_spec_sgd();
    spec.center = (gcs_center)4;
    assert_fails(create(gcs_cpu(), &spec, &tensor, 1), GCS_INVALID_ARGUMENT, "center");
    spec = gcs_spec_sgd();
    spec.gradient = (gcs_type)3;
    assert_fails(create(gcs_cpu(), &spec, &tensor, 1), GCS_INVALID_ARGUMENT, "gradient");
    spec = gcs_spec_sgd();
    spec.copy = (gcs_copy)5;
    assert_fails(create(gcs_cpu(), &spec, &tensor, 1), GCS_INVALID_ARGUMENT, "copy");
    tensor.layout = (gcs_layout)4;
    spec = gcs_spec_sgd();
    assert_fails(create(gcs_cpu(), &spec, &tensor, 1), GCS_INVALID_ARGUMENT, "layout");
}

static void plan_target(void **state) {
    (void)state;
    gcs_spec spec = gcs_spec_sgdm();
    gcs_tensor tensor = gcs_rows(3, 5);
    gcs_target target = gcs_cpu();
    target.threads = -1;
    assert_fails(create(target, &spec, &tensor, 1), GCS_INVALID_ARGUMENT, "threads");
    target = gcs_cpu();
    target.kernel = "sgdm_grad_rows_f32_abacus_pipe_u4";
    assert_fails(create(target, &spec, &tensor, 1), GCS_UNSUPPORTED, target.kernel);
}

static void plan_questions(void **state) {
    (void)state;
    gcs_spec spec = gcs_spec_adamw();
    gcs_tensor tensors[] = {gcs_rows(3, 5), gcs_flat(7)};
    tensors[1].group = 4;
    gcs_target target = gcs_cpu();
    target.threads = 1;
    gcs_plan *plan = NULL;
    assert_ok(gcs_plan_create(&plan, target, &spec, tensors, 2));
    assert_int_equal(gcs_plan_tensors(plan), 2);
    assert_int_equal(gcs_plan_groups(plan), 5);
    assert_int_equal(gcs_plan_threads(plan), 1);
    assert_non_null(gcs_plan_kernel(plan, 1));
    assert_null(gcs_plan_kernel(plan, 2));
    assert_non_null(strstr(gcs_plan_kernel(plan, 0), "adamw_grad_rows_f32_"));
    assert_non_null(strstr(gcs_plan_kernel(plan, 1), "adamw_none_flat_f32_"));

    char whole[1024], cut[9] = "????????";
    size_t length = gcs_plan_explain(plan, 0, whole, sizeof whole);
    assert_in_range(length, 1, sizeof whole - 1);
    assert_int_equal(length, strlen(whole));
    assert_non_null(strstr(whole, gcs_plan_kernel(plan, 0)));
    assert_int_equal(gcs_plan_explain(plan, 0, cut, 8), length);
    assert_int_equal(strlen(cut), 7);
    assert_memory_equal(cut, whole, 7);
    assert_int_equal(gcs_plan_explain(plan, 0, NULL, 0), length);
    assert_int_equal(gcs_plan_explain(plan, 2, whole, sizeof whole), 0);
    gcs_plan_destroy(plan);
}

static void names(void **state) {
    (void)state;
    static const char *const status[] = {
        "GCS_OK",          "GCS_INVALID_ARGUMENT", "GCS_OUT_OF_MEMORY",
        "GCS_UNSUPPORTED", "GCS_BAD_ENVIRONMENT",  "GCS_BUSY",
        "GCS_DEVICE_ERROR"};
    for (int i = 0; i < 7; i++)
        assert_string_equal(gcs_status_name((gcs_status)i), status[i]);
    assert_string_equal(gcs_status_name((gcs_status)7), "unknown status");
    assert_string_equal(gcs_status_name((gcs_status)-1), "unknown status");
    char version[64];
    snprintf(version, sizeof version, "%d.%d.%d", GCS_VERSION_MAJOR, GCS_VERSION_MINOR,
             GCS_VERSION_PATCH);
    assert_string_equal(gcs_version(), version);
}

/* A plan needs memory for its tensors, not for their elements. */
static void plan_of_a_huge_tensor(void **state) {
    (void)state;
    const gcs_tensor huge[] = {gcs_flat((uint64_t)1 << 55), gcs_rows((uint64_t)1 << 50, 32),
                               gcs_rows(3, (uint64_t)1 << 52), gcs_cols((uint64_t)1 << 50, 32)};
    gcs_spec spec = gcs_spec_adam();
    gcs_target target = gcs_cpu();
    target.threads = 4;
    for (size_t i = 0; i < 4; i++) {
        gcs_plan *plan = NULL;
        /* The split row is the one whose segment sums need memory of their own. */
        gcs_status status = gcs_plan_create(&plan, target, &spec, &huge[i], 1);
        if (i == 2) {
            assert_int_equal(status, GCS_OUT_OF_MEMORY);
            continue;
        }
        assert_ok(status);
        assert_in_range(plan->whole.count, 2, 1 << 15);
        gcs_plan_destroy(plan);
    }
}

static void plan_with_more_threads_than_work(void **state) {
    (void)state;
    fixture f = fixture_make(&(gcs_tensor)ROWS(4, 33), 1, 0);
    gcs_tensor tensor = gcs_rows(4, 33);
    gcs_spec spec = gcs_spec_sgdm();
    gcs_hyper hyper = gcs_hyper_default();
    gcs_target target = gcs_cpu();
    gcs_plan *plan = NULL;
    target.threads = INT32_MAX;
    assert_ok(gcs_plan_create(&plan, target, &spec, &tensor, 1));
    assert_int_equal(gcs_plan_threads(plan), 1024);
    assert_int_equal(gcs_plan_team(plan), 1);
    assert_ok(gcs_step(plan, &hyper, f.buffers));
    gcs_plan_destroy(plan);
    fixture_free(&f);
}

static void no_plan(void **state) {
    (void)state;
    char text[8] = "x";
    assert_int_equal(gcs_plan_tensors(NULL), 0);
    assert_int_equal(gcs_plan_groups(NULL), 0);
    assert_int_equal(gcs_plan_threads(NULL), 0);
    assert_null(gcs_plan_kernel(NULL, 0));
    assert_int_equal(gcs_plan_explain(NULL, 0, text, sizeof text), 0);
    assert_int_equal(text[0], 0);
}

/* ---- Single tensors ------------------------------------------------------------------------ */

static const gcs_tensor two[] = {ROWS(4, 33), COLS(9, 6)};

static void step_tensor_bad_shape(void **state) {
    (void)state;
    fixture f = fixture_make(two, 2, 5), before = fixture_make(two, 2, 5);
    gcs_hyper hyper = gcs_hyper_default();
    gcs_spec spec = gcs_spec_sgdm(), bad_spec = {.rule = (gcs_rule)77};
    gcs_tensor zero = ROWS(0, 4);
    assert_fails(gcs_step_tensor(&spec, &zero, &hyper, f.buffers), GCS_INVALID_ARGUMENT, "rows");
    assert_fails(gcs_step_tensor(&bad_spec, &two[0], &hyper, f.buffers), GCS_INVALID_ARGUMENT,
                 "rule");
    assert_same_bits(&before, &f);
    gcs_step_tensor_forget();
    gcs_step_tensor_forget();
    fixture_free(&f);
    fixture_free(&before);
}

/* Plans are kept by spec and shape: what differs in one of them alone must not share a plan. */
static void step_tensor_keeps_plans_apart(void **state) {
    (void)state;
    static const gcs_tensor shapes[] = {
        ROWS(6, 10),
        COLS(6, 10),
        ROWS(10, 6),
        FLAT(60),
        GENERAL(2, 3, 10),
        {.layout = GCS_LAYOUT_ROWS, .rows = 7, .cols = 10, .offset = 10, .count = 60},
        {.layout = GCS_LAYOUT_ROWS, .rows = 7, .cols = 10, .count = 60},
        {.layout = GCS_LAYOUT_ROWS, .rows = 7, .cols = 10, .count = 50},
        COLS(3, 10),
        {.layout = GCS_LAYOUT_ROWS, .rows = 6, .cols = 10, .id = 7},
    };
    static const gcs_spec specs[] = {
        SPEC(SGD, GRADIENT),
        SPEC(SGD, NONE),
        SPEC(SGDM, GRADIENT),
        {.rule = GCS_RULE_SGD, .center = GCS_CENTER_GRADIENT, .maximize = true},
        {.rule = GCS_RULE_SGD, .center = GCS_CENTER_GRADIENT, .copy = GCS_COPY_F16},
        {.rule = GCS_RULE_SGD, .center = GCS_CENTER_GRADIENT, .copy = GCS_COPY_F16_STOCHASTIC},
        {.rule = GCS_RULE_SGD, .center = GCS_CENTER_GRADIENT, .gradient = GCS_TYPE_BF16},
        {.rule = GCS_RULE_SGD, .center = GCS_CENTER_GRADIENT, .gradient = GCS_TYPE_F16},
        {.rule = GCS_RULE_ADAMW, .center = GCS_CENTER_GRADIENT},
        {.rule = GCS_RULE_ADAMW, .center = GCS_CENTER_GRADIENT, .authors_form = true},
    };
    enum { SHAPES = sizeof shapes / sizeof *shapes, SPECS = sizeof specs / sizeof *specs };
    gcs_hyper hyper = gcs_hyper_default();
    hyper.t = 5;
    hyper.weight_decay = 0.5;
    for (int i = 0; i < SHAPES * SPECS * 2; i++) { /* twice, so that kept plans are used */
        const gcs_tensor *shape = &shapes[i % SHAPES];
        const gcs_spec *spec = &specs[i / SHAPES % SPECS];
        fixture f = fixture_make_typed(shape, 1, 8, spec->gradient);
        fixture want = fixture_make_typed(shape, 1, 8, spec->gradient);
        gcs_plan *plan = NULL;
        assert_ok(gcs_plan_create(&plan, gcs_cpu(), spec, shape, 1));
        assert_ok(gcs_step(plan, &hyper, want.buffers));
        assert_ok(gcs_step_tensor(spec, shape, &hyper, f.buffers));
        assert_same_bits(&want, &f);
        gcs_plan_destroy(plan);
        fixture_free(&f);
        fixture_free(&want);
    }
    gcs_step_tensor_forget();
}

/* More names than there are lists to keep plans in, so that some share one. */
static void step_tensor_keeps_names_apart(void **state) {
    (void)state;
    enum { NAMES = 400, N = 64 };
    const gcs_spec spec = {.rule = GCS_RULE_SGD, .copy = GCS_COPY_BF16_STOCHASTIC};
    const gcs_hyper hyper = {.t = 1};
    gcs_tensor tensor = FLAT(N);
    fixture f = fixture_make(&tensor, 1, 9), want = fixture_make(&tensor, 1, 9);
    for (tensor.id = 1; tensor.id <= NAMES; tensor.id++) {
        gcs_plan *plan = NULL;
        assert_ok(gcs_plan_create(&plan, gcs_cpu(), &spec, &tensor, 1));
        assert_ok(gcs_step(plan, &hyper, want.buffers));
        assert_ok(gcs_step_tensor(&spec, &tensor, &hyper, f.buffers));
        assert_same_bits(&want, &f);
        gcs_plan_destroy(plan);
    }
    gcs_step_tensor_forget();
    fixture_free(&f);
    fixture_free(&want);
}

/* ---- Busy -------------------------------------------------------------------------------- */

struct inner {
    gcs_plan *plan;
    const gcs_buffers *buffers;
    gcs_status status[2];
    int calls;
};

/* A pool that tries to step the same plan from inside of its step. */
static void stepping_pool(void *pool, uint64_t count, gcs_task *task, void *arg) {
    struct inner *inner = pool;
    gcs_hyper hyper = gcs_hyper_default();
    gcs_measures measures = {.sums = NULL};
    inner->status[0] = gcs_step(inner->plan, &hyper, inner->buffers);
    inner->status[1] = gcs_measure(inner->plan, &hyper, inner->buffers, &measures);
    inner->calls++;
    for (uint64_t i = 0; i < count; i++)
        task(arg, i);
}

static void step_busy(void **state) {
    (void)state;
    static const gcs_tensor large[] = {ROWS(512, 1024)};
    fixture f = fixture_make(large, 1, 6), alone = fixture_make(large, 1, 6);
    struct inner inner = {.buffers = f.buffers};
    gcs_target target = gcs_cpu();
    target.threads = 2;
    target.parallel_for = stepping_pool;
    target.pool = &inner;
    gcs_spec spec = gcs_spec_sgdm();
    gcs_hyper hyper = gcs_hyper_default();
    assert_ok(gcs_plan_create(&inner.plan, target, &spec, large, 1));
    assert_ok(gcs_step(inner.plan, &hyper, f.buffers));
    assert_true(inner.calls > 0);
    assert_int_equal(inner.status[0], GCS_BUSY);
    assert_int_equal(inner.status[1], GCS_BUSY);
    assert_true(has_word(gcs_last_error(), "plan"));
    gcs_measures measures = {.sums = NULL};
    inner.calls = 0;
    assert_ok(gcs_measure(inner.plan, &hyper, f.buffers, &measures));
    assert_true(inner.calls > 0);
    assert_int_equal(inner.status[0], GCS_BUSY);
    assert_int_equal(inner.status[1], GCS_BUSY);
    gcs_plan_destroy(inner.plan);
    assert_ok(gcs_step_tensor(&spec, large, &hyper, alone.buffers));
    assert_same_bits(&f, &alone);
    fixture_free(&f);
    fixture_free(&alone);
}

/* ---- The last error belongs to its thread ------------------------------------------------ */

static void *other_thread(void *arg) {
    char *seen = arg;
    strcpy(seen, gcs_last_error()[0] ? "not empty" : "empty");
    gcs_plan *plan = NULL;
    gcs_plan_create(&plan, gcs_cpu(), NULL, two, 2);
    if (has_word(gcs_last_error(), "spec"))
        strcat(seen, ", then its own");
    return NULL;
}

static void last_error_is_per_thread(void **state) {
    (void)state;
    gcs_spec spec = gcs_spec_sgd();
    assert_fails(create(gcs_cpu(), &spec, two, 0), GCS_INVALID_ARGUMENT, "count");
    char before[512], seen[64];
    snprintf(before, sizeof before, "%s", gcs_last_error());
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, other_thread, seen), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(seen, "empty, then its own");
    assert_string_equal(gcs_last_error(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(spec_of_each_rule),
        cmocka_unit_test(plan_null_pointers),
        cmocka_unit_test(plan_sizes),
        cmocka_unit_test(plan_enum_values),
        cmocka_unit_test(plan_target),
        cmocka_unit_test(plan_questions),
        cmocka_unit_test(plan_of_a_huge_tensor),
        cmocka_unit_test(plan_with_more_threads_than_work),
        cmocka_unit_test(no_plan),
        cmocka_unit_test(step_tensor_bad_shape),
        cmocka_unit_test(step_tensor_keeps_plans_apart),
        cmocka_unit_test(step_tensor_keeps_names_apart),
        cmocka_unit_test(step_busy),
        cmocka_unit_test(last_error_is_per_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
