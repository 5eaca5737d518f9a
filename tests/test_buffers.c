/* Errors in the buffers of a step or a measurement: each is a status and a sentence that names the
 * argument, and nothing is written. */
#include "step_fixture.h"

#include "dispatch/plan.h"

/* Two tensors, so that an error in the second would come after the first was stepped if the
 * arguments were not all looked at first. */
static const gcs_tensor two[] = {ROWS(4, 33), COLS(9, 6)};

static gcs_spec spec_of(gcs_rule rule) {
    return (gcs_spec){.rule = rule, .center = GCS_CENTER_GRADIENT};
}

static gcs_plan *plan_of_two(const gcs_spec *spec) {
    gcs_plan *plan = NULL;
    assert_ok(gcs_plan_create(&plan, gcs_cpu(), spec, two, 2));
    return plan;
}

/* Steps with the second tensor's buffers replaced by `bad`, by both forms of the call. */
static void refuses_buffers(gcs_spec spec, fixture *f, gcs_buffers bad, const char *argument) {
    fixture before = fixture_make(two, 2, 0);
    fixture_copy(&before, f);
    gcs_hyper hyper = gcs_hyper_default();
    gcs_buffers buffers[] = {f->buffers[0], bad};
    gcs_plan *plan = plan_of_two(&spec);
    assert_fails(gcs_step(plan, &hyper, buffers), GCS_INVALID_ARGUMENT, argument);
    assert_non_null(strstr(gcs_last_error(), "buffers[1]"));
    gcs_plan_destroy(plan);
    assert_fails(gcs_step_tensor(&spec, &two[1], &hyper, &bad), GCS_INVALID_ARGUMENT, argument);
    assert_same_bits(&before, f);
    fixture_free(&before);
}

static void step_null_pointers(void **state) {
    (void)state;
    fixture f = fixture_make(two, 2, 1);
    gcs_hyper hyper = gcs_hyper_default();
    gcs_spec spec = gcs_spec_adam();
    gcs_plan *plan = plan_of_two(&spec);
    assert_fails(gcs_step(NULL, &hyper, f.buffers), GCS_INVALID_ARGUMENT, "plan");
    assert_fails(gcs_step(plan, NULL, f.buffers), GCS_INVALID_ARGUMENT, "hyper");
    assert_fails(gcs_step(plan, &hyper, NULL), GCS_INVALID_ARGUMENT, "buffers");
    gcs_plan_destroy(plan);
    assert_fails(gcs_step_tensor(NULL, two, &hyper, f.buffers), GCS_INVALID_ARGUMENT, "spec");
    assert_fails(gcs_step_tensor(&spec, NULL, &hyper, f.buffers), GCS_INVALID_ARGUMENT, "tensor");
    assert_fails(gcs_step_tensor(&spec, two, NULL, f.buffers), GCS_INVALID_ARGUMENT, "hyper");
    assert_fails(gcs_step_tensor(&spec, two, &hyper, NULL), GCS_INVALID_ARGUMENT, "buffers");

    for (int r = 0; r < ALL_RULES; r++) {
        const gcs_rule rule = all_rules[r];
        gcs_buffers b = f.buffers[1];
        spec = spec_of(rule);
        b.w = NULL;
        refuses_buffers(spec, &f, b, "w");
        b = f.buffers[1];
        b.g = NULL;
        refuses_buffers(spec, &f, b, "g");
        b = f.buffers[1];
        b.m = NULL;
        if (gcs_rule_has_m(rule))
            refuses_buffers(spec, &f, b, "m");
        b = f.buffers[1];
        b.v = NULL;
        if (gcs_rule_has_v(rule))
            refuses_buffers(spec, &f, b, "v");
        b = f.buffers[1];
        b.v_max = NULL;
        if (gcs_rule_has_v_max(rule))
            refuses_buffers(spec, &f, b, "v_max");
        b = f.buffers[1];
        b.copy = NULL;
        for (spec.copy = GCS_COPY_BF16; spec.copy <= GCS_COPY_F16_STOCHASTIC; spec.copy++)
            refuses_buffers(spec, &f, b, "copy");
    }
    fixture_free(&f);
}

static void step_unused_buffers_may_be_null(void **state) {
    (void)state;
    gcs_hyper hyper = gcs_hyper_default();
    for (int r = 0; r < ALL_RULES; r++) {
        fixture f = fixture_make(two, 2, 2);
        const gcs_spec spec = spec_of(all_rules[r]);
        gcs_plan *plan = plan_of_two(&spec);
        for (int k = 0; k < 2; k++) {
            gcs_buffers *b = &f.buffers[k];
            b->copy = NULL;
            b->m = gcs_rule_has_m(spec.rule) ? b->m : NULL;
            b->v = gcs_rule_has_v(spec.rule) ? b->v : NULL;
            b->v_max = gcs_rule_has_v_max(spec.rule) ? b->v_max : NULL;
        }
        for (hyper.t = 1; hyper.t <= 2; hyper.t++)
            assert_ok(gcs_step(plan, &hyper, f.buffers));
        gcs_plan_destroy(plan);
        fixture_free(&f);
    }
}

/* What a step of AMSGrad with a bf16 copy uses, by the buffers' place in gcs_buffers. */
static const struct {
    const char *name;
    size_t place;
    unsigned size;
} used[] = {
    {"w", offsetof(gcs_buffers, w), 4},         {"g", offsetof(gcs_buffers, g), 4},
    {"m", offsetof(gcs_buffers, m), 4},         {"v", offsetof(gcs_buffers, v), 4},
    {"v_max", offsetof(gcs_buffers, v_max), 4}, {"copy", offsetof(gcs_buffers, copy), 2},
};
enum { USED = sizeof used / sizeof used[0] };

static void *get(const gcs_buffers *b, size_t i) {
    void *pointer;
    memcpy(&pointer, (const char *)b + used[i].place, sizeof pointer);
    return pointer;
}
static void set(gcs_buffers *b, size_t i, void *pointer) {
    memcpy((char *)b + used[i].place, &pointer, sizeof pointer);
}

static gcs_spec uses_all(void) {
    gcs_spec spec = gcs_spec_amsgrad();
    spec.copy = GCS_COPY_BF16;
    return spec;
}

static void step_misaligned(void **state) {
    (void)state;
    fixture f = fixture_make(two, 2, 3);
    for (size_t i = 0; i < USED; i++)
        for (uintptr_t offset = 1; offset < used[i].size; offset++) {
            gcs_buffers b = f.buffers[1];
            set(&b, i, (void *)((uintptr_t)get(&b, i) + offset));
            refuses_buffers(uses_all(), &f, b, used[i].name);
            assert_non_null(strstr(gcs_last_error(), "align"));
        }
    /* A 16-bit gradient needs two bytes, not four. */
    gcs_spec spec = gcs_spec_sgd();
    spec.gradient = GCS_TYPE_F16;
    gcs_hyper hyper = gcs_hyper_default();
    gcs_buffers b = f.buffers[1];
    b.g = (const char *)b.g + 1;
    refuses_buffers(spec, &f, b, "g");
    b.g = (const char *)b.g + 1;
    assert_ok(gcs_step_tensor(&spec, &two[1], &hyper, &b));
    fixture_free(&f);
}

/* Each pair of buffers: the same, one element into the other from either side. */
static void step_overlaps(void **state) {
    (void)state;
    fixture f = fixture_make(two, 2, 4);
    const ptrdiff_t n = (ptrdiff_t)fixture_elements(&two[1]);
    int refused = 0;
    for (size_t a = 0; a < USED; a++)
        for (size_t b = 0; b < USED; b++)
            for (int side = 0; side < 3 && a != b; side++) {
                /* Buffer a begins where b does, or in its last element, or ends in its first. */
                const ptrdiff_t last =
                    (n - 1) * (ptrdiff_t)(side == 1 ? used[b].size : used[a].size);
                const ptrdiff_t shift = side == 0 ? 0 : side == 1 ? last : -last;
                gcs_buffers bad = f.buffers[1];
                char *moved = (char *)get(&bad, b) + shift;
                if (moved + n * 4 > (char *)(f.memory + f.floats))
                    continue;
                set(&bad, a, moved);
                refuses_buffers(uses_all(), &f, bad, used[a].name);
                assert_true(has_word(gcs_last_error(), used[b].name) || side != 0);
                assert_non_null(strstr(gcs_last_error(), "overlap"));
                refused++;
            }
    assert_true(refused > USED * (USED - 1) * 2);
    /* Each by its own length: a 16-bit g that begins in the last element of w. */
    gcs_spec spec = gcs_spec_sgd();
    spec.gradient = GCS_TYPE_BF16;
    gcs_buffers b = f.buffers[1];
    b.g = b.w + n - 1;
    refuses_buffers(spec, &f, b, "g");
    /* What a rule does not use may be anything: SGD with all of it equal to w. */
    spec = gcs_spec_sgd();
    gcs_hyper hyper = gcs_hyper_default();
    b = f.buffers[1];
    b.m = b.v = b.v_max = b.w;
    b.copy = b.w;
    assert_ok(gcs_step_tensor(&spec, &two[1], &hyper, &b));
    fixture_free(&f);
}

/* ---- Means that the caller gives ------------------------------------------------------------ */

/* A piece that cuts the first and the last group, and a whole tensor. */
static const gcs_tensor cut_rows = {
    .layout = GCS_LAYOUT_ROWS, .rows = 9, .cols = 11, .offset = 13, .count = 60};
enum { CUT_GROUPS = 6 }; /* rows 1 to 6 */

/* One step of a single tensor must be refused, or not; in the first case nothing is written. */
static void refuses(gcs_spec spec, const gcs_tensor *tensor, const gcs_hyper *hyper,
                    const fixture *f, gcs_buffers b, const char *argument) {
    float *before = malloc(f->floats * sizeof(float));
    assert_non_null(before);
    memcpy(before, f->memory, f->floats * sizeof(float));
    assert_fails(gcs_step_tensor(&spec, tensor, hyper, &b), GCS_INVALID_ARGUMENT, argument);
    assert_memory_equal(before, f->memory, f->floats * sizeof(float));
    free(before);
}

static void means_of_the_wrong_count(void **state) {
    (void)state;
    fixture f = fixture_make(&cut_rows, 1, 20);
    static const float means[16];
    const gcs_hyper hyper = gcs_hyper_default();
    const gcs_spec spec = gcs_spec_sgdmw();
    gcs_buffers b = f.buffers[0];
    assert_int_equal(gcs_tensor_groups(&cut_rows), CUT_GROUPS);
    refuses(spec, &cut_rows, &hyper, &f, b, "means"); /* none at all */
    b.means = means;
    static const uint64_t counts[] = {0, 1, CUT_GROUPS - 1, CUT_GROUPS + 1, 9, UINT64_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        b.means_count = counts[i];
        refuses(spec, &cut_rows, &hyper, &f, b, "means_count");
    }
    b.means_count = CUT_GROUPS;
    assert_ok(gcs_step_tensor(&spec, &cut_rows, &hyper, &b));
    fixture_free(&f);
}

static void means_that_are_misplaced(void **state) {
    (void)state;
    fixture f = fixture_make(&cut_rows, 1, 21);
    float means[CUT_GROUPS + 1] = {0}, w_means[CUT_GROUPS + 1] = {0};
    gcs_hyper hyper = gcs_hyper_default();
    hyper.weight_decay = 0.1;
    const gcs_spec spec = uses_all();
    gcs_buffers good = f.buffers[0], b;
    good.means = means;
    good.w_means = w_means;
    good.means_count = CUT_GROUPS;
    b = good;
    b.means = (const float *)((uintptr_t)means + 2);
    refuses(spec, &cut_rows, &hyper, &f, b, "means");
    b = good;
    b.w_means = (const float *)((uintptr_t)w_means + 1);
    refuses(spec, &cut_rows, &hyper, &f, b, "w_means");
    b = good;
    b.w_means = NULL;
    refuses(spec, &cut_rows, &hyper, &f, b, "w_means");
    /* They are read: they may lie in g, but not in what is written. */
    for (size_t i = 0; i < USED; i++) {
        if (strcmp(used[i].name, "g") == 0)
            continue;
        b = good;
        b.means = get(&b, i);
        refuses(spec, &cut_rows, &hyper, &f, b, "means");
        b = good;
        b.w_means = get(&b, i);
        refuses(spec, &cut_rows, &hyper, &f, b, "w_means");
    }
    b = good;
    b.means = b.w_means = b.g;
    assert_ok(gcs_step_tensor(&spec, &cut_rows, &hyper, &b));
    fixture_free(&f);
}

/* w_means only matter where lambda w is in what is centred, means where something is. */
static void means_that_are_not_needed(void **state) {
    (void)state;
    static const float means[CUT_GROUPS];
    static const struct {
        gcs_spec spec;
        double decay;
    } cases[] = {{SPEC(SGDM, GRADIENT), 0},       {SPEC(SGDMW, GRADIENT), 0.1},
                 {SPEC(SGDM, RAW_GRADIENT), 0.1}, {SPEC(SGDM, UPDATE), 0.1},
                 {SPEC(ADAMW, UPDATE), 0.1},      {SPEC(ADAM, GRADIENT), 1e-60}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f = fixture_make(&cut_rows, 1, 22);
        gcs_hyper hyper = gcs_hyper_default();
        hyper.weight_decay = cases[i].decay;
        gcs_buffers b = f.buffers[0];
        b.means = means;
        b.means_count = CUT_GROUPS;
        assert_ok(gcs_step_tensor(&cases[i].spec, &cut_rows, &hyper, &b));
        fixture_free(&f);
    }
    /* Nothing is centred: a piece needs no means, and whatever is there is not looked at. */
    fixture f = fixture_make(&cut_rows, 1, 23), want = fixture_make(&cut_rows, 1, 23);
    const gcs_spec plain = SPEC(SGDM, NONE);
    const gcs_hyper hyper = gcs_hyper_default();
    gcs_buffers b = f.buffers[0];
    assert_ok(gcs_step_tensor(&plain, &cut_rows, &hyper, want.buffers));
    b.means = (const float *)(uintptr_t)1;
    b.means_count = 12345;
    assert_ok(gcs_step_tensor(&plain, &cut_rows, &hyper, &b));
    assert_same_bits(&want, &f);
    fixture_free(&f);
    fixture_free(&want);
}

/* ---- Measuring ------------------------------------------------------------------------------ */

/* A measurement of a plan of two tensors, the first good, is refused and writes nothing. */
static void refuses_measuring(gcs_center center, const gcs_tensor tensors[2],
                              const gcs_buffers buffers[2], gcs_measures measures[2],
                              const char *argument) {
    float guard[64];
    memcpy(guard, measures[0].sums, sizeof guard);
    unsigned char before[2 * sizeof *measures];
    memcpy(before, measures, sizeof before);
    const gcs_spec spec = {.rule = GCS_RULE_ADAM, .center = center};
    const gcs_hyper hyper = gcs_hyper_default();
    gcs_plan *plan = NULL;
    assert_ok(gcs_plan_create(&plan, gcs_cpu(), &spec, tensors, 2));
    assert_fails(gcs_measure(plan, &hyper, buffers, measures), GCS_INVALID_ARGUMENT, argument);
    assert_non_null(strstr(gcs_last_error(), "[1]"));
    gcs_plan_destroy(plan);
    assert_memory_equal(before, measures, sizeof before);
    assert_memory_equal(guard, measures[0].sums, sizeof guard);
}

static void measuring_null_pointers(void **state) {
    (void)state;
    fixture f = fixture_make(two, 2, 24);
    const gcs_spec spec = gcs_spec_adam();
    const gcs_hyper hyper = gcs_hyper_default();
    gcs_measures measures[2] = {{.sums = NULL}, {.sums = NULL}};
    gcs_plan *plan = plan_of_two(&spec);
    assert_fails(gcs_measure(NULL, &hyper, f.buffers, measures), GCS_INVALID_ARGUMENT, "plan");
    assert_fails(gcs_measure(plan, NULL, f.buffers, measures), GCS_INVALID_ARGUMENT, "hyper");
    assert_fails(gcs_measure(plan, &hyper, NULL, measures), GCS_INVALID_ARGUMENT, "buffers");
    assert_fails(gcs_measure(plan, &hyper, f.buffers, NULL), GCS_INVALID_ARGUMENT, "measures");
    gcs_hyper bad = hyper;
    bad.beta2 = 1;
    assert_fails(gcs_measure(plan, &bad, f.buffers, measures), GCS_INVALID_ARGUMENT, "beta2");
    gcs_plan_destroy(plan);
    fixture_free(&f);
}

static void measuring_bad_arguments(void **state) {
    (void)state;
    fixture f = fixture_make(two, 2, 25);
    float first[64] = {0}, sums[64] = {0};
    const gcs_measures good[2] = {{.sums = first}, {.sums = sums}};
    gcs_measures m[2];
#define REFUSES(CENTER, FIELD, VALUE, ARGUMENT)                                                    \
    do {                                                                                           \
        memcpy(m, good, sizeof m);                                                                 \
        m[1].FIELD = (VALUE);                                                                      \
        refuses_measuring(CENTER, two, b, m, ARGUMENT);                                            \
    } while (0)
    gcs_buffers b[2] = {f.buffers[0], f.buffers[1]};
    REFUSES(GCS_CENTER_GRADIENT, sums, (float *)((uintptr_t)sums + 1), "sums");
    REFUSES(GCS_CENTER_GRADIENT, sums, (float *)(uintptr_t)b[1].g, "sums");
    REFUSES(GCS_CENTER_GRADIENT, w_sums, sums + 5, "w_sums");
    REFUSES(GCS_CENTER_GRADIENT, w_sums, b[1].w, "w_sums");
    REFUSES(GCS_CENTER_GRADIENT, change_sums, sums + 10, "change_sums");
    REFUSES(GCS_CENTER_NONE, change_sums, sums + 10, "change_sums");
    REFUSES(GCS_CENTER_UPDATE, change_sums, b[1].v, "change_sums");
    b[1].m = NULL;
    REFUSES(GCS_CENTER_UPDATE, change_sums, sums + 10, "m");
    b[1].w = NULL;
    REFUSES(GCS_CENTER_UPDATE, w_sums, sums + 10, "w");
    b[1].g = NULL;
    REFUSES(GCS_CENTER_UPDATE, sums, sums, "g");
#undef REFUSES
    const gcs_tensor flat[2] = {ROWS(4, 33), FLAT(54)};
    b[1] = f.buffers[1];
    gcs_measures on_flat[2] = {{.sums = first}, {.sums = sums}};
    refuses_measuring(GCS_CENTER_GRADIENT, flat, b, on_flat, "sums");
    on_flat[1] = (gcs_measures){.w_sums = sums};
    refuses_measuring(GCS_CENTER_GRADIENT, flat, b, on_flat, "w_sums");
    on_flat[1] = (gcs_measures){.change_sums = sums};
    refuses_measuring(GCS_CENTER_UPDATE, flat, b, on_flat, "change_sums");
    fixture_free(&f);
}

static void measuring_bad_means(void **state) {
    (void)state;
    const gcs_tensor tensors[2] = {ROWS(4, 33), cut_rows};
    fixture f = fixture_make(tensors, 2, 26);
    float first[64] = {0}, sums[64] = {0};
    gcs_measures m[2] = {{.sums = first}, {.sums = sums}};
    gcs_buffers b[2] = {f.buffers[0], f.buffers[1]};
    b[1].means = sums + 32;
    b[1].means_count = CUT_GROUPS + 1;
    refuses_measuring(GCS_CENTER_GRADIENT, tensors, b, m, "means_count");
    b[1].means_count = CUT_GROUPS;
    b[1].means = sums + 5;
    refuses_measuring(GCS_CENTER_GRADIENT, tensors, b, m, "means");
    fixture_free(&f);
}

/* Buffers that are not looked at may be anything. */
static void measuring_takes_g_alone(void **state) {
    (void)state;
    fixture f = fixture_make(two, 2, 27);
    const gcs_spec spec = {
        .rule = GCS_RULE_AMSGRAD, .center = GCS_CENTER_GRADIENT, .copy = GCS_COPY_F16};
    const gcs_hyper hyper = gcs_hyper_default();
    const gcs_buffers b[2] = {{.g = f.buffers[0].g}, {.g = f.buffers[1].g, .means_count = 77}};
    gcs_measures m[2] = {{.sums = NULL}, {.sums = NULL}};
    gcs_plan *plan = plan_of_two(&spec);
    assert_ok(gcs_measure(plan, &hyper, b, m));
    assert_true(m[0].finite && m[1].finite && m[0].norm > 0 && m[1].norm_centered > 0);
    /* What is only read may be the same memory. */
    float sums[2][4];
    const gcs_buffers same[2] = {{.g = f.buffers[0].w, .w = f.buffers[0].w}, b[1]};
    m[0].sums = sums[0];
    m[0].w_sums = sums[1];
    assert_ok(gcs_measure(plan, &hyper, same, m));
    assert_memory_equal(sums[0], sums[1], sizeof sums[0]);
    gcs_plan_destroy(plan);
    fixture_free(&f);
}

static void group_means_arguments(void **state) {
    (void)state;
    const float sums[3] = {3, 6, -9};
    float means[3] = {1, 2, 3};
    const float before[3] = {1, 2, 3};
    gcs_tensor tensor = gcs_rows(3, 3), bad = gcs_shard(tensor, 0, 10);
    assert_fails(gcs_group_means(NULL, sums, means), GCS_INVALID_ARGUMENT, "tensor");
    assert_fails(gcs_group_means(&tensor, NULL, means), GCS_INVALID_ARGUMENT, "sums");
    assert_fails(gcs_group_means(&tensor, sums, NULL), GCS_INVALID_ARGUMENT, "means");
    assert_fails(gcs_group_means(&bad, sums, means), GCS_INVALID_ARGUMENT, "count");
    assert_memory_equal(before, means, sizeof before);
    assert_ok(gcs_group_means(&tensor, sums, means));
    assert_memory_equal(((const float[]){1, 2, -3}), means, sizeof before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(step_null_pointers),
        cmocka_unit_test(step_unused_buffers_may_be_null),
        cmocka_unit_test(step_misaligned),
        cmocka_unit_test(step_overlaps),
        cmocka_unit_test(means_of_the_wrong_count),
        cmocka_unit_test(means_that_are_misplaced),
        cmocka_unit_test(means_that_are_not_needed),
        cmocka_unit_test(measuring_null_pointers),
        cmocka_unit_test(measuring_bad_arguments),
        cmocka_unit_test(measuring_bad_means),
        cmocka_unit_test(measuring_takes_g_alone),
        cmocka_unit_test(group_means_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
