/* gcs_measure of a plan for a GPU beside that of a CPU plan: their figures, compared bit for bit.
 */
#ifndef GCSTEP_TESTS_CUDA_MEASURE_FIXTURE_H
#define GCSTEP_TESTS_CUDA_MEASURE_FIXTURE_H

#include "cuda_twin_fixture.h"

#include <math.h>

enum { MOST = 24, MOST_GROUPS = 2048 }; /* tensors, and groups of one */
enum { SUMS = 3, SUM_FLOATS = MOST * SUMS * MOST_GROUPS };

/* ---- One plan's measures ------------------------------------------------------------------- */

typedef struct measured {
    gcs_measures m[MOST];
    float *sums; /* [tensors][3][MOST_GROUPS]; 7 where nothing is written */
} measured;

/* Of tensor k: sums always, those of w of two in three, those of the change of every other one, the
 * last included. */
static inline measured measured_make(const gcs_spec *spec, const fixture *f) {
    measured r = {.sums = malloc(SUM_FLOATS * sizeof(float))};
    assert_non_null(r.sums);
    for (size_t i = 0; i < SUM_FLOATS; i++)
        r.sums[i] = 7;
    for (size_t k = 0; k < f->count; k++) {
        float *at = r.sums + k * SUMS * MOST_GROUPS;
        const uint64_t groups = gcs_tensor_groups(&f->tensors[k]);
        const bool change = spec->center == GCS_CENTER_UPDATE && (f->count - k) % 2 == 1;
        assert_true(groups <= MOST_GROUPS);
        r.m[k] = (gcs_measures){.norm = 7};
        if (groups == 0)
            continue;
        r.m[k].sums = at;
        r.m[k].w_sums = k % 3 != 1 ? at + MOST_GROUPS : NULL;
        r.m[k].change_sums = change ? at + 2 * MOST_GROUPS : NULL;
    }
    return r;
}

/* Of a NaN the bits are a matter of the machine. */
static inline void assert_same_float(float a, float b, const char *what, size_t k) {
    if (memcmp(&a, &b, sizeof a) != 0 && !(isnan(a) && isnan(b)))
        fail_msg("%s of tensor %zu: %.9g and %.9g", what, k, (double)a, (double)b);
}
static inline void assert_same_double(double a, double b, const char *what, size_t k) {
    if (memcmp(&a, &b, sizeof a) != 0 && !(isnan(a) && isnan(b)))
        fail_msg("%s of tensor %zu: %.17g and %.17g", what, k, a, b);
}

static inline void assert_same_measures(const measured *a, const measured *b, size_t count) {
    for (size_t k = 0; k < count; k++) {
        assert_same_double(a->m[k].norm, b->m[k].norm, "norm", k);
        assert_same_double(a->m[k].norm_centered, b->m[k].norm_centered, "norm_centered", k);
        assert_same_float(a->m[k].max, b->m[k].max, "max", k);
        assert_same_float(a->m[k].max_centered, b->m[k].max_centered, "max_centered", k);
        assert_int_equal(a->m[k].finite, b->m[k].finite);
    }
    for (size_t i = 0; i < SUM_FLOATS; i++)
        assert_same_float(a->sums[i], b->sums[i], "a sum", i / (SUMS * MOST_GROUPS));
}

/* ---- Two plans beside each other ----------------------------------------------------------- */

static inline gcs_plan *plan_of(gcs_target target, const gcs_spec *spec, const fixture *f) {
    gcs_plan *plan;
    assert_ok(gcs_plan_create(&plan, target, spec, f->tensors, f->count));
    return plan;
}

static inline void set_hyper(gcs_hyper *hyper, size_t groups, uint64_t t) {
    for (size_t i = 0; i < groups; i++) {
        hyper[i] = fixture_hyper(t);
        hyper[i].lr = 0.1 + 0.05 * (double)i;
        hyper[i].weight_decay = i % 3 == 1 ? 0 : 0.3;
        hyper[i].seed = 17 + i;
        hyper[i].grad_scale = i % 2 != 0 ? -0.5 : 0;
        hyper[i].clip = 0.25;
        hyper[i].found_inf = (const float *)(uintptr_t)64; /* it is not looked at */
    }
}

static float given[2][MOST_GROUPS];

static inline void give_means(const fixture *f) {
    for (size_t i = 0; i < MOST_GROUPS; i++) {
        given[0][i] = 0.1F * fixture_value(70, i);
        given[1][i] = 0.1F * fixture_value(71, i);
    }
    for (size_t k = 0; k < f->count; k++) {
        gcs_buffers *b = &f->buffers[k];
        b->means_count = gcs_tensor_groups(&f->tensors[k]);
        b->means = b->means_count != 0 ? given[0] : NULL;
        b->w_means = b->means_count != 0 ? given[1] : NULL;
    }
}

/* What is measured: at t = 1 the state counts as +0. */
typedef struct options {
    size_t groups; /* parameter groups; the tensors are of them by turns */
    bool means;    /* the caller gives them for all */
    void (*spoil)(const fixture *f);
} options;

static inline void step_after(gcs_plan *on_cpu, gcs_plan *on_gpu, gcs_hyper *hyper,
                              const options *o, fixture *cpu, fixture *gpu) {
    for (size_t i = 0; i < o->groups; i++)
        hyper[i].found_inf = NULL;
    assert_ok(gcs_step(on_cpu, hyper, cpu->buffers));
    assert_ok(gcs_step(on_gpu, hyper, gpu->buffers));
    assert_same_bits(cpu, gpu);
}

static inline void compare(const gcs_spec *spec, const gcs_tensor *of, size_t count,
                           const options *o) {
    gcs_tensor tensors[MOST];
    gcs_hyper hyper[MOST];
    assert_true(count <= MOST && o->groups <= MOST);
    for (size_t i = 0; i < count; i++) {
        tensors[i] = of[i];
        tensors[i].group = (uint32_t)(i % o->groups);
    }
    fixture cpu = fixture_make_typed(tensors, count, 5, spec->gradient);
    if (o->spoil != NULL)
        o->spoil(&cpu);
    fixture gpu = fixture_blank(tensors, count, spec->gradient);
    measured a = measured_make(spec, &cpu), b = measured_make(spec, &cpu);
    open_twin(&gpu);
    standin_register(b.sums, SUM_FLOATS * sizeof(float), STANDIN_DEVICE, 0);
    standin_register(given, sizeof given, STANDIN_DEVICE, 0);
    if (o->means)
        give_means(&cpu);
    fixture_copy(&gpu, &cpu);
    gcs_plan *on_cpu = plan_of(gcs_cpu(), spec, &cpu);
    gcs_plan *on_gpu = plan_of(gcs_cuda(NULL), spec, &gpu);
    for (uint64_t t = 1; t <= 2; t++) {
        set_hyper(hyper, o->groups, t);
        assert_ok(gcs_measure(on_cpu, hyper, cpu.buffers, a.m));
        assert_ok(gcs_measure(on_gpu, hyper, gpu.buffers, b.m));
        assert_same_measures(&a, &b, count);
        assert_same_bits(&cpu, &gpu); /* which have not been written */
        if (o->spoil == NULL && (o->means || spec->center == GCS_CENTER_NONE || of[0].count == 0))
            step_after(on_cpu, on_gpu, hyper, o, &cpu, &gpu);
    }
    gcs_plan_destroy(on_cpu);
    gcs_plan_destroy(on_gpu);
    assert_int_equal(standin_alive(), 0);
    standin_forget(b.sums);
    standin_forget(given);
    standin_forget(gpu.memory);
    free(a.sums);
    free(b.sums);
    fixture_free(&cpu);
    fixture_free(&gpu);
}

#endif
