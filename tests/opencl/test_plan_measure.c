/* gcs_measure and gcs_measure_opencl of plans for an OpenCL device against gcs_measure of plans of
 * the CPU: the same bits. */
#include "opencl/plan_fixture.h"

#include <math.h>

enum { GROUPS = 3, MOST = 16, MOST_GROUPS = 512 }; /* parameter groups; tensors; groups of one */
enum { SUMS = 3, SUM_FLOATS = MOST * SUMS * MOST_GROUPS };

/* ---- What one plan finds ------------------------------------------------------------------- */

typedef struct measured {
    gcs_measures m[MOST];
    float *sums; /* [tensors][3][MOST_GROUPS]; 7 where nothing is written */
} measured;

static bool wants(const gcs_spec *spec, const fixture *f, size_t k, size_t sum) {
    if (gcs_tensor_groups(&f->tensors[k]) == 0)
        return false;
    return sum == 0   ? true
           : sum == 1 ? k % 3 != 1
                      : spec->center == GCS_CENTER_UPDATE && (f->count - k) % 2 == 1;
}

static measured measured_make(const gcs_spec *spec, const fixture *f, float *sums) {
    measured r = {.sums = sums};
    for (size_t i = 0; i < SUM_FLOATS; i++)
        sums[i] = 7;
    for (size_t k = 0; k < f->count; k++) {
        float *at = sums + k * SUMS * MOST_GROUPS;
        assert_true(gcs_tensor_groups(&f->tensors[k]) <= MOST_GROUPS);
        r.m[k] = (gcs_measures){.norm = 7};
        r.m[k].sums = wants(spec, f, k, 0) ? at : NULL;
        r.m[k].w_sums = wants(spec, f, k, 1) ? at + MOST_GROUPS : NULL;
        r.m[k].change_sums = wants(spec, f, k, 2) ? at + 2 * MOST_GROUPS : NULL;
    }
    return r;
}

/* Of a NaN the bits are a matter of the machine. */
static bool same_float(float a, float b) {
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}
static bool same_double(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void assert_same_measures(const measured *a, const measured *b, size_t count) {
    for (size_t k = 0; k < count; k++) {
        const gcs_measures *x = &a->m[k], *y = &b->m[k];
        if (!same_double(x->norm, y->norm) || !same_double(x->norm_centered, y->norm_centered) ||
            !same_float(x->max, y->max) || !same_float(x->max_centered, y->max_centered) ||
            x->finite != y->finite)
            fail_msg("tensor %zu: %.17g %.17g %.9g %.9g %d and %.17g %.17g %.9g %.9g %d", k,
                     x->norm, x->norm_centered, (double)x->max, (double)x->max_centered, x->finite,
                     y->norm, y->norm_centered, (double)y->max, (double)y->max_centered, y->finite);
    }
    for (size_t i = 0; i < SUM_FLOATS; i++) {
        if (!same_float(a->sums[i], b->sums[i]))
            fail_msg("sum %zu of tensor %zu: %.9g and %.9g", i / MOST_GROUPS % SUMS,
                     i / (SUMS * MOST_GROUPS), (double)a->sums[i], (double)b->sums[i]);
    }
}

/* ---- Two plans beside each other ----------------------------------------------------------- */

static void set_hyper(gcs_hyper *hyper, uint64_t t) {
    for (size_t i = 0; i < GROUPS; i++) {
        hyper[i] = fixture_hyper(t);
        hyper[i].weight_decay = i % 3 == 1 ? 0 : 0.3;
        hyper[i].grad_scale = i % 2 != 0 ? -0.5 : 0;
        hyper[i].clip = 0.25;
    }
}

static float given[2][MOST_GROUPS];

/* For a piece; of g alone where only that is looked at. */
static void give_means(const fixture *f, mirror *m) {
    for (size_t i = 0; i < MOST_GROUPS; i++)
        given[0][i] = 0.1F * fixture_value(70, i);
    m->means = memory_make(m->s, GCS_CL_MEM_READ_ONLY, sizeof given);
    move_there(m, m->means, 0, given[0], 2 * MOST_GROUPS);
    for (size_t k = 0; k < f->count; k++) {
        f->buffers[k].means_count = m->buffers[k].means_count = gcs_tensor_groups(&f->tensors[k]);
        f->buffers[k].means = given[0];
        m->buffers[k].means = (gcs_cl_buffer){.mem = m->means};
    }
}

typedef struct options {
    way how;
    bool means;
    void (*spoil)(const fixture *f);
    gcs_cl_flags queue, sums; /* properties of the queue, flags of the sums' cl_mem */
} options;

static void measure_there(gcs_plan *plan, const gcs_spec *spec, const gcs_hyper *hyper,
                          const mirror *m, const options *o, measured *to) {
    if (m->how == SHARED) {
        float *shared = shared_make(m->s, SUM_FLOATS * sizeof(float));
        measured r = measured_make(spec, m->f, shared);
        assert_ok(gcs_measure(plan, hyper, m->pointers, r.m));
        memcpy(to->sums, shared, SUM_FLOATS * sizeof(float));
        for (size_t k = 0; k < m->f->count; k++) {
            assert_true(r.m[k].sums == NULL || r.m[k].sums == shared + k * SUMS * MOST_GROUPS);
            to->m[k] = r.m[k];
        }
        m->s->cl->svm_free(m->s->context, shared);
        return;
    }
    gcs_cl_sums sums[MOST];
    gcs_cl_int result;
    const gcs_cl_mem memory =
        m->s->cl->buffer_create(m->s->context, o->sums | GCS_CL_MEM_COPY_HOST_PTR,
                                SUM_FLOATS * sizeof(float), to->sums, &result);
    assert_cl(result);
    for (size_t k = 0; k < m->f->count; k++) {
        gcs_cl_buffer of[SUMS] = {{.mem = NULL}, {.mem = NULL}, {.mem = NULL}};
        for (size_t i = 0; i < SUMS; i++) {
            if (wants(spec, m->f, k, i))
                of[i] = (gcs_cl_buffer){.mem = memory,
                                        .offset = (k * SUMS + i) * MOST_GROUPS * sizeof(float)};
        }
        sums[k] = (gcs_cl_sums){of[0], of[1], of[2]};
    }
    assert_ok(gcs_measure_opencl(plan, hyper, m->buffers, sums, to->m, NULL));
    bring_back(m, memory, 0, to->sums, SUM_FLOATS);
    m->s->cl->mem_release(memory);
}

static void compare(const gcs_spec *spec, const gcs_tensor *of, size_t count, options o) {
    gcs_tensor tensors[MOST];
    gcs_hyper hyper[GROUPS];
    assert_true(count <= MOST);
    for (size_t i = 0; i < count; i++) {
        tensors[i] = of[i];
        tensors[i].group = (uint32_t)(i % GROUPS);
    }
    fixture cpu = fixture_make_typed(tensors, count, 5, spec->gradient);
    if (o.spoil != NULL)
        o.spoil(&cpu);
    fixture device = fixture_blank(tensors, count, spec->gradient);
    fixture_copy(&device, &cpu);
    mirror m = mirror_make(&here, &device, o.how);
    mirror_send(&m);
    if (o.means)
        give_means(&cpu, &m);
    float *host = malloc(2 * SUM_FLOATS * sizeof(float));
    assert_non_null(host);
    gcs_plan *on_cpu, *on_device;
    const gcs_cl_queue own = queue_make(&here, o.queue);
    assert_ok(gcs_plan_create(&on_cpu, gcs_cpu(), spec, tensors, count));
    assert_ok(gcs_plan_create(&on_device, gcs_opencl(here.context, here.device.id, own), spec,
                              tensors, count));
    for (uint64_t t = 1; t <= 2; t++) { /* at t = 1 the state counts as +0 */
        measured a = measured_make(spec, &cpu, host);
        measured b = measured_make(spec, &cpu, host + SUM_FLOATS);
        set_hyper(hyper, t);
        assert_ok(gcs_measure(on_cpu, hyper, cpu.buffers, a.m));
        measure_there(on_device, spec, hyper, &m, &o, &b);
        assert_same_measures(&a, &b, count);
        mirror_fetch(&m);
        assert_same_bits(&cpu, &device); /* which have not been written */
    }
    gcs_plan_destroy(on_cpu);
    gcs_plan_destroy(on_device);
    here.cl->queue_release(own);
    mirror_free(&m);
    free(host);
    fixture_free(&cpu);
    fixture_free(&device);
}

/* ---- The tests ----------------------------------------------------------------------------- */

/* Short rows and long, of which some go by segments, columns, several matrices, tensors without
 * groups. */
static const gcs_tensor shapes[] = {ROWS(40, 9),   ROWS(7, 147),     COLS(27, 70),   FLAT(1024),
                                    FLAT(70000),   GENERAL(3, 5, 7), ROWS(2, 65537), COLS(4200, 33),
                                    ROWS(2, 3000), ROWS(1, 1),       COLS(1, 3)};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static const gcs_spec grad = {.rule = GCS_RULE_AMSGRAD, .center = GCS_CENTER_GRADIENT};
static const gcs_spec update = {.rule = GCS_RULE_ADAMW,
                                .center = GCS_CENTER_UPDATE,
                                .gradient = GCS_TYPE_BF16,
                                .copy = GCS_COPY_F16_STOCHASTIC};
static const gcs_spec none = {.rule = GCS_RULE_AMSGRAD};

static void every_centre(void **state) {
    (void)state;
    compare(&grad, shapes, SHAPES, (options){.how = ONE});
    compare(&update, shapes, SHAPES, (options){.how = ONE});
    compare(&none, shapes, SHAPES, (options){.how = ONE});
}

static void every_way(void **state) {
    (void)state;
    for (int how = EACH; how < WAYS; how++) {
        if (has_svm(&here) || (how != SHARED && how != MIXED))
            compare(&update, shapes, SHAPES, (options){.how = (way)how});
    }
}

/* Sums where the host may neither read nor write by itself, and kernels not write. */
static void a_queue_without_order(void **state) {
    (void)state;
    if ((here.device.queue & GCS_CL_QUEUE_OUT_OF_ORDER) == 0)
        skip();
    compare(
        &grad, shapes, SHAPES,
        (options){.how = EACH, .queue = GCS_CL_QUEUE_OUT_OF_ORDER, .sums = GCS_CL_MEM_READ_ONLY});
}

/* Groups that are cut, with their means and without. */
static void pieces(void **state) {
    (void)state;
    const gcs_tensor some[] = {
        gcs_shard(gcs_rows(20, 100), 150, 1200),     gcs_rows(30, 20),
        gcs_shard(gcs_general(4, 10, 7), 75, 150),   gcs_shard(gcs_cols(50, 30), 45, 1000),
        gcs_shard(gcs_rows(6, 70000), 1000, 300000), gcs_general(3, 20, 9)};
    for (int means = 0; means < 2; means++) {
        compare(&grad, some, sizeof some / sizeof some[0],
                (options){.how = ONE, .means = means != 0});
        compare(&update, some, sizeof some / sizeof some[0],
                (options){.how = EACH, .means = means != 0});
    }
}

static float odd_value;

static void put_odd_value(const fixture *f) {
    for (size_t k = 0; k < f->count; k++)
        fixture_set_gradient(f, k, fixture_elements(&f->tensors[k]) / 2, odd_value);
}

static void values_that_are_not_finite(void **state) {
    (void)state;
    static const float values[] = {NAN, INFINITY, 3e38F, 0x1p-149F, -0.0F};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        odd_value = values[i];
        compare(&grad, shapes, SHAPES, (options){.how = ONE, .spoil = put_odd_value});
    }
}

static int tests(void) {
    const struct CMUnitTest all[] = {
        cmocka_unit_test(every_centre),
        cmocka_unit_test(every_way),
        cmocka_unit_test(a_queue_without_order),
        cmocka_unit_test(pieces),
        cmocka_unit_test(values_that_are_not_finite),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}

int main(void) {
    return on_a_device(tests);
}
