/* A plan for a GPU that is to be measured, on the stand-in for CUDA's driver; no kernel runs. */
#ifndef GCSTEP_TESTS_CUDA_MEASURE_SCENE_H
#define GCSTEP_TESTS_CUDA_MEASURE_SCENE_H

#include "cuda_fixture.h"

/* A row that goes by segments, columns, rows, and a tensor whose groups are cut. */
enum { TENSORS = 4, GROUPS_OF_ALL = 64 };
static const gcs_tensor shapes[TENSORS] = {
    ROWS(2, 20000),
    COLS(9, 12),
    ROWS(6, 10),
    {.layout = GCS_LAYOUT_COLS, .rows = 8, .cols = 5, .outer = 2, .offset = 7, .count = 50}};

static float sums[TENSORS][3][GROUPS_OF_ALL];

typedef struct scene {
    fixture f;
    gcs_plan *plan;
    gcs_measures m[TENSORS];
    gcs_hyper hyper;
    void *stream;
    unsigned alive; /* before the first gcs_measure */
} scene;

static inline scene scene_make(gcs_rule rule) {
    scene s = {.f = fixture_make(shapes, TENSORS, 7), .hyper = fixture_hyper(1)};
    const gcs_spec spec = {.rule = rule, .center = GCS_CENTER_UPDATE};
    standin_reset();
    standin_parameter_bytes = sizeof(gcs_cuda_launch);
    standin_register(s.f.memory, s.f.floats * sizeof(float), STANDIN_DEVICE, 0);
    standin_register(sums, sizeof sums, STANDIN_DEVICE, 0);
    for (size_t k = 0; k < TENSORS; k++)
        s.m[k] =
            (gcs_measures){.sums = sums[k][0], .w_sums = sums[k][1], .change_sums = sums[k][2]};
    s.stream = standin_stream(0);
    assert_ok(gcs_plan_create(&s.plan, gcs_cuda(s.stream), &spec, shapes, TENSORS));
    s.alive = standin_alive();
    return s;
}

static inline void scene_end(scene *s) {
    gcs_plan_destroy(s->plan);
    assert_int_equal(standin_alive(), 0);
    standin_forget(sums);
    standin_forget(s->f.memory);
    fixture_free(&s->f);
}

static inline gcs_status measure(scene *s) {
    return gcs_measure(s->plan, &s->hyper, s->f.buffers, s->m);
}

static inline void refused(scene *s, gcs_status status, const char *word, const char *name) {
    const unsigned launches = standin_calls("cuLaunchKernelEx");
    assert_fails(measure(s), status, word);
    if (name != NULL && strstr(gcs_last_error(), name) == NULL)
        fail_msg("\"%s\" does not say %s", gcs_last_error(), name);
    assert_int_equal(standin_calls("cuLaunchKernelEx"), launches);
}

#endif
