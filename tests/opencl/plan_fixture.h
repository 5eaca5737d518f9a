/* For tests of plans on whatever OpenCL there is (PoCL in the checks): a context with a queue, and
 * the memory of a fixture on the device, in one cl_mem, in one for each buffer, or shared. */
#ifndef GCSTEP_TESTS_OPENCL_PLAN_FIXTURE_H
#define GCSTEP_TESTS_OPENCL_PLAN_FIXTURE_H

#include "step_fixture.h"

#include "dispatch/opencl/device.h"

#include <stdio.h>

/* ---- Where it runs ------------------------------------------------------------------------- */

typedef struct scene {
    const gcs_opencl_driver *cl;
    gcs_opencl_device device;
    gcs_cl_context context;
    gcs_cl_queue queue; /* keeps the order of its commands */
} scene;

static scene here;

#define assert_cl(call) assert_int_equal(call, GCS_CL_SUCCESS)

static inline gcs_cl_queue queue_make(const scene *s, gcs_cl_flags properties) {
    gcs_cl_int result;
    const gcs_cl_queue queue = s->cl->queue_create(s->context, s->device.id, properties, &result);
    assert_cl(result);
    return queue;
}

/* Of the first device that can be used. False: there is none. */
static inline bool scene_open(scene *s) {
    int count = 0;
    gcs_cl_int result = GCS_CL_SUCCESS;
    if (gcs_opencl_open(&s->cl) != GCS_OK || gcs_opencl_device_count(&count) != GCS_OK)
        return false;
    bool found = false;
    for (int i = 0; i < count && !found; i++)
        found = gcs_opencl_device_at(i, &s->device) == GCS_OK;
    if (!found)
        return false;
    s->context = s->cl->context_create(NULL, 1, &s->device.id, NULL, NULL, &result);
    if (result != GCS_CL_SUCCESS)
        return false;
    s->queue = s->cl->queue_create(s->context, s->device.id, 0, &result);
    return result == GCS_CL_SUCCESS;
}

static inline void scene_close(scene *s) {
    s->cl->queue_release(s->queue);
    s->cl->context_release(s->context);
}

static inline gcs_target target_of(const scene *s) {
    return gcs_opencl(s->context, s->device.id, s->queue);
}

static inline gcs_cl_mem memory_make(const scene *s, gcs_cl_flags flags, size_t bytes) {
    gcs_cl_int result;
    const gcs_cl_mem memory = s->cl->buffer_create(s->context, flags, bytes, NULL, &result);
    assert_cl(result);
    return memory;
}

/* ---- A fixture's memory on the device ------------------------------------------------------ */

typedef enum way {
    ONE,    /* all in one cl_mem, behind some bytes */
    EACH,   /* each buffer has its own */
    SHARED, /* SVM */
    MIXED,  /* g in SVM, the others in one cl_mem */
    WAYS
} way;

enum { LEAD = 3 }; /* floats before the first, in ONE */

typedef struct mirror {
    const scene *s;
    const fixture *f;
    way how;
    gcs_cl_mem one, *each;   /* [tensors x FIXTURE_BUFFERS] */
    float *shared;           /* as the fixture's memory */
    gcs_cl_buffers *buffers; /* [tensors] */
    gcs_buffers *pointers;   /* SHARED */
    gcs_cl_mem means;        /* all floats of f->means */
} mirror;

static inline bool has_svm(const scene *s) {
    return (s->device.svm & GCS_CL_SVM_FINE_GRAIN_BUFFER) != 0;
}

/* A fixture's buffer k of a tensor: w m v v_max g copy, each `floats` long. */
static inline gcs_cl_buffer place_of(const mirror *m, size_t tensor, size_t k) {
    const fixture *f = m->f;
    const size_t at =
        (size_t)(f->buffers[tensor].w - f->memory) + k * fixture_elements(&f->tensors[tensor]);
    if (m->how == SHARED || (m->how == MIXED && k == 4))
        return (gcs_cl_buffer){.svm = m->shared + at};
    if (m->how == EACH)
        return (gcs_cl_buffer){.mem = m->each[tensor * FIXTURE_BUFFERS + k]};
    return (gcs_cl_buffer){.mem = m->one, .offset = (LEAD + at) * sizeof(float)};
}

static inline void *shared_make(const scene *s, size_t bytes) {
    void *memory = s->cl->svm_alloc(
        s->context, GCS_CL_MEM_READ_WRITE | GCS_CL_MEM_SVM_FINE_GRAIN_BUFFER, bytes, 0);
    assert_non_null(memory);
    return memory;
}

static inline mirror mirror_make(const scene *s, const fixture *f, way how) {
    mirror m = {.s = s, .f = f, .how = how};
    const size_t bytes = f->floats * sizeof(float);
    m.buffers = calloc(f->count, sizeof *m.buffers);
    m.pointers = calloc(f->count, sizeof *m.pointers);
    m.each = calloc(f->count * FIXTURE_BUFFERS, sizeof *m.each);
    assert_true(m.buffers != NULL && m.pointers != NULL && m.each != NULL);
    m.one = memory_make(s, GCS_CL_MEM_READ_WRITE, bytes + LEAD * sizeof(float));
    if (how == SHARED || how == MIXED)
        m.shared = shared_make(s, bytes);
    for (size_t i = 0; i < f->count; i++) {
        const size_t n = fixture_elements(&f->tensors[i]);
        for (size_t k = 0; how == EACH && k < FIXTURE_BUFFERS; k++)
            m.each[i * FIXTURE_BUFFERS + k] =
                memory_make(s, GCS_CL_MEM_READ_WRITE, n * sizeof(float));
        m.buffers[i] = (gcs_cl_buffers){.w = place_of(&m, i, 0),
                                        .m = place_of(&m, i, 1),
                                        .v = place_of(&m, i, 2),
                                        .v_max = place_of(&m, i, 3),
                                        .g = place_of(&m, i, 4),
                                        .copy = place_of(&m, i, 5)};
        if (how == SHARED) {
            float *at = m.shared + (f->buffers[i].w - f->memory);
            m.pointers[i] = (gcs_buffers){at,         at + 4 * n, at + n, at + 2 * n, at + 3 * n,
                                          at + 5 * n, NULL,       NULL,   0};
        }
    }
    return m;
}

static inline void mirror_free(mirror *m) {
    for (size_t i = 0; i < m->f->count * FIXTURE_BUFFERS; i++) {
        if (m->each[i] != NULL)
            m->s->cl->mem_release(m->each[i]);
    }
    m->s->cl->mem_release(m->one);
    if (m->means != NULL)
        m->s->cl->mem_release(m->means);
    if (m->shared != NULL)
        m->s->cl->svm_free(m->s->context, m->shared);
    free(m->each);
    free(m->buffers);
    free(m->pointers);
}

/* Calls `move` for each piece of the fixture's memory that is in a cl_mem. */
typedef void move_piece(const mirror *m, gcs_cl_mem memory, size_t offset, float *host,
                        size_t floats);

static inline void mirror_each(const mirror *m, move_piece *move) {
    const fixture *f = m->f;
    for (size_t i = 0; i < f->count; i++) {
        const size_t n = fixture_elements(&f->tensors[i]);
        for (size_t k = 0; k < FIXTURE_BUFFERS; k++) {
            const gcs_cl_buffer place = place_of(m, i, k);
            float *host = f->buffers[i].w + k * n;
            if (place.mem != NULL)
                move(m, place.mem, place.offset, host, n);
        }
    }
}

static inline void move_there(const mirror *m, gcs_cl_mem memory, size_t offset, float *host,
                              size_t floats) {
    assert_cl(m->s->cl->write(m->s->queue, memory, GCS_CL_TRUE, offset, floats * sizeof(float),
                              host, 0, NULL, NULL));
}
static inline void bring_back(const mirror *m, gcs_cl_mem memory, size_t offset, float *host,
                              size_t floats) {
    assert_cl(m->s->cl->read(m->s->queue, memory, GCS_CL_TRUE, offset, floats * sizeof(float), host,
                             0, NULL, NULL));
}

/* The fixture's values go to the device, and come back: after what the queue has to do. */
static inline void mirror_send(const mirror *m) {
    if (m->shared != NULL)
        memcpy(m->shared, m->f->memory, m->f->floats * sizeof(float));
    mirror_each(m, move_there);
}
static inline void mirror_fetch(const mirror *m) {
    assert_cl(m->s->cl->finish(m->s->queue));
    if (m->shared != NULL && m->how == SHARED)
        memcpy(m->f->memory, m->shared, m->f->floats * sizeof(float));
    for (size_t i = 0; m->how == MIXED && i < m->f->count; i++) {
        const size_t n = fixture_elements(&m->f->tensors[i]);
        float *g = m->f->buffers[i].w + 4 * n;
        memcpy(g, m->shared + (g - m->f->memory), n * sizeof(float));
    }
    mirror_each(m, bring_back);
}

static inline int on_a_device(int (*tests)(void)) {
    if (!scene_open(&here)) {
        printf("skipped: %s\n", gcs_last_error());
        return 77;
    }
    printf("on %s, %s\n", here.device.name, here.device.platform_version);
    if (!here.device.exact) {
        printf("skipped: the device does not keep the bits\n");
        return 77;
    }
    const int failed = tests();
    scene_close(&here);
    return failed;
}

#endif
