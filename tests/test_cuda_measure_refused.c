/* gcs_measure of plans for a GPU where it is refused: nothing is launched. */
#include "cuda_measure_scene.h"

/* ---- Arguments ----------------------------------------------------------------------------- */

static void pointers(void **state) {
    (void)state;
    scene s = scene_make(GCS_RULE_AMSGRAD);
    float *elsewhere = malloc(40000 * sizeof *elsewhere);
    gcs_buffers *b = &s.f.buffers[0];
    gcs_measures *m = &s.m[0];
    const struct {
        const void **pointer;
        const char *name;
    } each[] = {
        {(const void **)(void *)&b->g, "buffers[0].g"},
        {(const void **)(void *)&b->w, "buffers[0].w"},
        {(const void **)(void *)&b->m, "buffers[0].m"},
        {(const void **)(void *)&b->v, "buffers[0].v"},
        {(const void **)(void *)&b->v_max, "buffers[0].v_max"},
        {(const void **)(void *)&m->sums, "measures[0].sums"},
        {(const void **)(void *)&m->w_sums, "measures[0].w_sums"},
        {(const void **)(void *)&m->change_sums, "measures[0].change_sums"},
    };
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < sizeof each / sizeof each[0]; i++) {
            const void *good = *each[i].pointer;
            *each[i].pointer = elsewhere;
            refused(&s, GCS_INVALID_ARGUMENT, each[i].name, "CUDA_ERROR_INVALID_VALUE");
            standin_register(elsewhere, 40000 * sizeof *elsewhere, STANDIN_DEVICE, 1);
            refused(&s, GCS_INVALID_ARGUMENT, each[i].name, "CUDA_ERROR_INVALID_DEVICE");
            standin_forget(elsewhere);
            *each[i].pointer = good;
        }
        /* A second time behind a step, of which the plan knows the buffers. */
        const gcs_tensor *cut = &shapes[3];
        s.f.buffers[3].means_count = gcs_tensor_groups(cut);
        s.f.buffers[3].means = sums[3][0];
        assert_ok(gcs_step(s.plan, &s.hyper, s.f.buffers));
        s.f.buffers[3].means = NULL;
    }
    /* What is not looked at may be anything. */
    b->copy = elsewhere;
    s.hyper.found_inf = elsewhere;
    assert_ok(measure(&s));
    m->w_sums = m->change_sums = NULL;
    b->w = b->m = b->v = b->v_max = elsewhere;
    assert_ok(measure(&s));
    free(elsewhere);
    scene_end(&s);
}

static void arguments(void **state) {
    (void)state;
    scene s = scene_make(GCS_RULE_SGDM);
    assert_fails(gcs_measure(NULL, &s.hyper, s.f.buffers, s.m), GCS_INVALID_ARGUMENT, "plan");
    assert_fails(gcs_measure(s.plan, NULL, s.f.buffers, s.m), GCS_INVALID_ARGUMENT, "hyper");
    assert_fails(gcs_measure(s.plan, &s.hyper, NULL, s.m), GCS_INVALID_ARGUMENT, "buffers");
    assert_fails(gcs_measure(s.plan, &s.hyper, s.f.buffers, NULL), GCS_INVALID_ARGUMENT,
                 "measures");
    s.hyper.momentum = 1;
    refused(&s, GCS_INVALID_ARGUMENT, "momentum", NULL);
    s.hyper.momentum = 0;
    s.m[1].w_sums = s.m[1].sums;
    refused(&s, GCS_INVALID_ARGUMENT, "measures[1].w_sums", "overlap");
    s.m[1].w_sums = sums[1][1];
    s.f.buffers[2].g = NULL;
    refused(&s, GCS_INVALID_ARGUMENT, "buffers[2].g", NULL);
    assert_int_equal(standin_alive(), s.alive);
    scene_end(&s);
}

/* Its means must be device memory where they are used: not with CENTER_UPDATE. */
static void means(void **state) {
    (void)state;
    scene s = scene_make(GCS_RULE_SGD);
    float host[GROUPS_OF_ALL] = {0};
    s.f.buffers[3].means = host;
    s.f.buffers[3].means_count = gcs_tensor_groups(&shapes[3]);
    assert_ok(measure(&s));
    gcs_plan_destroy(s.plan);
    const gcs_spec spec = {.rule = GCS_RULE_SGD, .center = GCS_CENTER_GRADIENT};
    assert_ok(gcs_plan_create(&s.plan, gcs_cuda(s.stream), &spec, shapes, TENSORS));
    for (size_t k = 0; k < TENSORS; k++)
        s.m[k].change_sums = NULL;
    refused(&s, GCS_INVALID_ARGUMENT, "buffers[3].means", NULL);
    s.f.buffers[3].means_count--;
    refused(&s, GCS_INVALID_ARGUMENT, "buffers[3].means_count", NULL);
    s.f.buffers[3].means = NULL;
    assert_ok(measure(&s));
    scene_end(&s);
}

/* ---- The context and the stream ------------------------------------------------------------ */

static void contexts_and_captures(void **state) {
    (void)state;
    scene s = scene_make(GCS_RULE_SGD);
    static const int other[] = {1, -1};
    for (size_t i = 0; i < 2; i++) {
        standin_make_current(other[i]);
        refused(&s, GCS_DEVICE_ERROR, "context", "CUDA_ERROR_INVALID_CONTEXT");
        standin_make_current(0);
    }
    for (int again = 0; again < 2; again++) {
        standin_begin_capture(s.stream);
        refused(&s, GCS_DEVICE_ERROR, "captured", NULL);
        assert_int_equal(standin_captured(), 0); /* and it is not spoilt */
        standin_end_capture();
        assert_ok(measure(&s));
    }
    scene_end(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pointers),
        cmocka_unit_test(arguments),
        cmocka_unit_test(means),
        cmocka_unit_test(contexts_and_captures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
