/* Errors of plans and steps: each is a status and a sentence that names the argument, and nothing
 * is written. Hyper-parameters: test_hyper.c. */
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
        {{GCS_LAYOUT_ROWS, 0, 5, 0}, "rows"},
        {{GCS_LAYOUT_ROWS, 5, 0, 0}, "cols"},
        {{GCS_LAYOUT_COLS, 0, 5, 0}, "rows"},
        {{GCS_LAYOUT_COLS, 5, 0, 0}, "cols"},
        {{GCS_LAYOUT_FLAT, 1, 0, 0}, "cols"},
        /* elements overflow; bytes overflow by one element, and by far */
        {{GCS_LAYOUT_ROWS, (uint64_t)1 << 32, (uint64_t)1 << 32, 0}, "rows x cols"},
        {{GCS_LAYOUT_COLS, (uint64_t)1 << 31, (uint64_t)1 << 31, 0}, "rows x cols"},
        {{GCS_LAYOUT_FLAT, 1, UINT64_MAX / 4 + 1, 0}, "rows x cols"},
        {{GCS_LAYOUT_ROWS, UINT64_MAX, UINT64_MAX, 0}, "rows x cols"},
        {{GCS_LAYOUT_FLAT, 2, 5, 0}, "rows"},
        {{GCS_LAYOUT_ROWS, 3, 5, 65536}, "group"},
        {{GCS_LAYOUT_ROWS, 3, 5, UINT32_MAX}, "group"},
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
    static const int unknown[] = {-1, 5, 99};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        gcs_spec rule = {(gcs_rule)unknown[i], GCS_CENTER_GRADIENT};
        gcs_spec center = {GCS_RULE_SGD, (gcs_center)unknown[i]};
        gcs_spec spec = gcs_spec_sgd();
        gcs_tensor layout = {(gcs_layout)unknown[i], 3, 5, 0};
        assert_fails(create(gcs_cpu(), &rule, &tensor, 1), GCS_INVALID_ARGUMENT, "rule");
        assert_fails(create(gcs_cpu(), &center, &tensor, 1), GCS_INVALID_ARGUMENT, "center");
        assert_fails(create(gcs_cpu(), &spec, &layout, 1), GCS_INVALID_ARGUMENT, "layout");
    }
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
        "GCS_UNSUPPORTED", "GCS_BAD_ENVIRONMENT",  "GCS_BUSY"};
    for (int i = 0; i < 6; i++)
        assert_string_equal(gcs_status_name((gcs_status)i), status[i]);
    assert_string_equal(gcs_status_name((gcs_status)6), "unknown status");
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
        assert_in_range(plan->first.count, 2, 1 << 15);
        gcs_plan_destroy(plan);
    }
}

static void plan_with_more_threads_than_work(void **state) {
    (void)state;
    fixture f = fixture_make(&(gcs_tensor){GCS_LAYOUT_ROWS, 4, 33, 0}, 1, 0);
    gcs_tensor tensor = gcs_rows(4, 33);
    gcs_spec spec = gcs_spec_sgdm();
    gcs_hyper hyper = gcs_hyper_default();
    gcs_target target = gcs_cpu();
    gcs_plan *plan = NULL;
    target.threads = INT32_MAX;
    assert_ok(gcs_plan_create(&plan, target, &spec, &tensor, 1));
    assert_int_equal(gcs_plan_threads(plan), 1024);
    assert_int_equal(plan->team, plan->first.count);
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

/* ---- Steps ------------------------------------------------------------------------------- */

/* Two tensors, so that an error in the second would come after the first was stepped if the
 * arguments were not all looked at first. */
static const gcs_tensor two[] = {{GCS_LAYOUT_ROWS, 4, 33, 0}, {GCS_LAYOUT_COLS, 9, 6, 0}};

static gcs_plan *plan_of_two(gcs_rule rule) {
    gcs_spec spec = {rule, GCS_CENTER_GRADIENT};
    gcs_plan *plan = NULL;
    assert_ok(gcs_plan_create(&plan, gcs_cpu(), &spec, two, 2));
    return plan;
}

/* Steps with the second tensor's buffers replaced by `bad`, by both forms of the call. */
static void refuses_buffers(gcs_rule rule, fixture *f, gcs_buffers bad, const char *argument) {
    fixture before = fixture_make(two, 2, 0);
    fixture_copy(&before, f);
    gcs_hyper hyper = gcs_hyper_default();
    gcs_buffers buffers[] = {f->buffers[0], bad};
    gcs_plan *plan = plan_of_two(rule);
    assert_fails(gcs_step(plan, &hyper, buffers), GCS_INVALID_ARGUMENT, argument);
    gcs_plan_destroy(plan);
    gcs_spec spec = {rule, GCS_CENTER_GRADIENT};
    assert_fails(gcs_step_tensor(&spec, &two[1], &hyper, &bad), GCS_INVALID_ARGUMENT, argument);
    assert_same_bits(&before, f);
    fixture_free(&before);
}

static void step_null_pointers(void **state) {
    (void)state;
    fixture f = fixture_make(two, 2, 1);
    gcs_hyper hyper = gcs_hyper_default();
    gcs_spec spec = gcs_spec_adam();
    gcs_plan *plan = plan_of_two(GCS_RULE_ADAM);
    assert_fails(gcs_step(NULL, &hyper, f.buffers), GCS_INVALID_ARGUMENT, "plan");
    assert_fails(gcs_step(plan, NULL, f.buffers), GCS_INVALID_ARGUMENT, "hyper");
    assert_fails(gcs_step(plan, &hyper, NULL), GCS_INVALID_ARGUMENT, "buffers");
    gcs_plan_destroy(plan);
    assert_fails(gcs_step_tensor(NULL, two, &hyper, f.buffers), GCS_INVALID_ARGUMENT, "spec");
    assert_fails(gcs_step_tensor(&spec, NULL, &hyper, f.buffers), GCS_INVALID_ARGUMENT, "tensor");
    assert_fails(gcs_step_tensor(&spec, two, NULL, f.buffers), GCS_INVALID_ARGUMENT, "hyper");
    assert_fails(gcs_step_tensor(&spec, two, &hyper, NULL), GCS_INVALID_ARGUMENT, "buffers");

    static const gcs_rule rules[] = {GCS_RULE_SGD, GCS_RULE_SGDM, GCS_RULE_ADAM, GCS_RULE_ADAMW};
    for (int r = 0; r < 4; r++) {
        gcs_buffers b = f.buffers[1];
        b.w = NULL;
        refuses_buffers(rules[r], &f, b, "w");
        b = f.buffers[1];
        b.g = NULL;
        refuses_buffers(rules[r], &f, b, "g");
        b = f.buffers[1];
        b.m = NULL;
        if (rules[r] != GCS_RULE_SGD)
            refuses_buffers(rules[r], &f, b, "m");
        b = f.buffers[1];
        b.v = NULL;
        if (rules[r] >= GCS_RULE_ADAM)
            refuses_buffers(rules[r], &f, b, "v");
    }
    fixture_free(&f);
}

static void step_unused_buffers_may_be_null(void **state) {
    (void)state;
    fixture f = fixture_make(two, 2, 2);
    gcs_hyper hyper = gcs_hyper_default();
    gcs_plan *sgd = plan_of_two(GCS_RULE_SGD), *sgdm = plan_of_two(GCS_RULE_SGDM);
    for (int k = 0; k < 2; k++)
        f.buffers[k].v = NULL;
    assert_ok(gcs_step(sgdm, &hyper, f.buffers));
    for (int k = 0; k < 2; k++)
        f.buffers[k].m = NULL;
    assert_ok(gcs_step(sgd, &hyper, f.buffers));
    gcs_plan_destroy(sgd);
    gcs_plan_destroy(sgdm);
    fixture_free(&f);
}

static void step_misaligned(void **state) {
    (void)state;
    fixture f = fixture_make(two, 2, 3);
    static const char *const names[] = {"w", "g", "m", "v"};
    for (int i = 0; i < 4; i++)
        for (uintptr_t offset = 1; offset < sizeof(float); offset++) {
            gcs_buffers b = f.buffers[1];
            if (i == 0)
                b.w = (void *)((uintptr_t)b.w + offset);
            if (i == 1)
                b.g = (const char *)b.g + offset;
            if (i == 2)
                b.m = (void *)((uintptr_t)b.m + offset);
            if (i == 3)
                b.v = (void *)((uintptr_t)b.v + offset);
            refuses_buffers(GCS_RULE_ADAMW, &f, b, names[i]);
            assert_non_null(strstr(gcs_last_error(), "align"));
        }
    fixture_free(&f);
}

/* Each pair of buffers: the same, one element into the other from either side. */
static void step_overlaps(void **state) {
    (void)state;
    fixture f = fixture_make(two, 2, 4);
    static const char *const names[] = {"w", "g", "m", "v"};
    ptrdiff_t n = (ptrdiff_t)fixture_elements(&two[1]);
    const ptrdiff_t shifts[] = {0, n - 1, 1 - n};
    for (int a = 0; a < 4; a++)
        for (int b = 0; b < a; b++)
            for (int s = 0; s < 3; s++) {
                /* All inside the fixture's memory, which begins before this tensor's w. */
                float *place[4] = {f.buffers[1].w, f.buffers[1].w + 3 * n, f.buffers[1].m,
                                   f.buffers[1].v};
                float *moved = place[b] + shifts[s];
                if (moved + n > f.memory + f.floats)
                    continue;
                place[a] = moved;
                gcs_buffers bad = {place[0], place[1], place[2], place[3]};
                refuses_buffers(GCS_RULE_ADAM, &f, bad, names[a]);
                assert_non_null(strstr(gcs_last_error(), "overlap"));
            }
    /* What a rule does not use may be anything: SGD with m and v equal to w. */
    gcs_spec spec = gcs_spec_sgd();
    gcs_hyper hyper = gcs_hyper_default();
    gcs_buffers b = {f.buffers[1].w, f.buffers[1].g, f.buffers[1].w, f.buffers[1].w};
    assert_ok(gcs_step_tensor(&spec, &two[1], &hyper, &b));
    fixture_free(&f);
}

static void step_tensor_bad_shape(void **state) {
    (void)state;
    fixture f = fixture_make(two, 2, 5), before = fixture_make(two, 2, 5);
    gcs_hyper hyper = gcs_hyper_default();
    gcs_spec spec = gcs_spec_sgdm(), bad_spec = {(gcs_rule)77, GCS_CENTER_NONE};
    gcs_tensor zero = {GCS_LAYOUT_ROWS, 0, 4, 0};
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
    static const gcs_tensor shapes[] = {{GCS_LAYOUT_ROWS, 6, 10, 0},
                                        {GCS_LAYOUT_COLS, 6, 10, 0},
                                        {GCS_LAYOUT_ROWS, 10, 6, 0},
                                        {GCS_LAYOUT_FLAT, 1, 60, 0}};
    static const gcs_spec specs[] = {{GCS_RULE_SGD, GCS_CENTER_GRADIENT},
                                     {GCS_RULE_SGD, GCS_CENTER_NONE},
                                     {GCS_RULE_SGDM, GCS_CENTER_GRADIENT}};
    gcs_hyper hyper = gcs_hyper_default();
    hyper.t = 5;
    for (int i = 0; i < 4 * 3 * 2; i++) { /* twice, so that kept plans are used */
        const gcs_tensor *shape = &shapes[i % 4];
        const gcs_spec *spec = &specs[i / 4 % 3];
        fixture f = fixture_make(shape, 1, 8), want = fixture_make(shape, 1, 8);
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

/* ---- Busy -------------------------------------------------------------------------------- */

struct inner {
    gcs_plan *plan;
    const gcs_buffers *buffers;
    gcs_status status;
    int calls;
};

/* A pool that tries to step the same plan from inside of its step. */
static void stepping_pool(void *pool, uint64_t count, gcs_task *task, void *arg) {
    struct inner *inner = pool;
    gcs_hyper hyper = gcs_hyper_default();
    inner->status = gcs_step(inner->plan, &hyper, inner->buffers);
    inner->calls++;
    for (uint64_t i = 0; i < count; i++)
        task(arg, i);
}

static void step_busy(void **state) {
    (void)state;
    static const gcs_tensor large[] = {{GCS_LAYOUT_ROWS, 512, 1024, 0}};
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
    assert_int_equal(inner.status, GCS_BUSY);
    assert_true(has_word(gcs_last_error(), "plan"));
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
        cmocka_unit_test(plan_null_pointers),
        cmocka_unit_test(plan_sizes),
        cmocka_unit_test(plan_enum_values),
        cmocka_unit_test(plan_target),
        cmocka_unit_test(plan_questions),
        cmocka_unit_test(plan_of_a_huge_tensor),
        cmocka_unit_test(plan_with_more_threads_than_work),
        cmocka_unit_test(no_plan),
        cmocka_unit_test(step_null_pointers),
        cmocka_unit_test(step_unused_buffers_may_be_null),
        cmocka_unit_test(step_misaligned),
        cmocka_unit_test(step_overlaps),
        cmocka_unit_test(step_tensor_bad_shape),
        cmocka_unit_test(step_tensor_keeps_plans_apart),
        cmocka_unit_test(step_busy),
        cmocka_unit_test(last_error_is_per_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
