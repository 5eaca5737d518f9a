/* For tests of plans on the stand-in for OpenCL's loader: kernels that compute nothing but count,
 * in each element of w, how often a launch would step it. */
#ifndef GCSTEP_TESTS_OPENCL_PLAN_STANDIN_H
#define GCSTEP_TESTS_OPENCL_PLAN_STANDIN_H

#include "opencl/plan_fixture.h"

#include "dispatch/opencl/choice.h"
#include "dispatch/opencl/cut.h"
#include "opencl/libopencl_standin.h"

/* What was launched. */
typedef struct noted {
    unsigned launches, given; /* of all kernels; of those that are given the means */
    int result;               /* of each launch */
} noted;

static inline void *memory_of(const standin_launch *l, unsigned argument) {
    void *memory;
    memcpy(&memory, l->arguments[argument].value, sizeof memory);
    return l->arguments[argument].is_svm ? memory : standin_data(memory);
}

static inline bool was_told(const standin_launch *l, uint64_t address) {
    bool told = false;
    for (size_t i = 0; i < l->pointer_count; i++) /* within the fixture's memory */
        told = told || address >= (uint64_t)(uintptr_t)l->pointers[i];
    return told;
}

/* Where a matrix's buffer is. */
static inline unsigned char *stream_of(const standin_launch *l, const gcs_opencl_matrix *x,
                                       gcs_opencl_stream stream) {
    if (x->binding[stream] == GCS_OPENCL_SVM) {
        assert_true(x->at[stream] == 0 || was_told(l, x->at[stream]));
        return (unsigned char *)(uintptr_t)x->at[stream];
    }
    assert_true(x->binding[stream] < GCS_OPENCL_BINDINGS);
    return (unsigned char *)memory_of(l, GCS_OPENCL_ARG_BINDING + x->binding[stream]) +
           x->at[stream];
}

static inline void count_range(float *w, uint64_t first, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        w[first + i] += 1;
}

/* Elements [first, first + count) of each of `rows` rows, or so many of a flat stretch. */
static inline void count_item(const gcs_opencl_kernel *kernel, const gcs_opencl_matrix *x,
                              const gcs_opencl_work *item, float *w) {
    const bool split = kernel->keeping == GCS_OPENCL_SPLIT;
    const uint64_t from = split ? (uint64_t)item->part * kernel->depth : 0;
    w += item->slice * x->rows * x->cols;
    if (split && item->phase != GCS_OPENCL_PHASES - 1)
        return;
    if (kernel->row.means_given || kernel->row.view == GCS_VIEW_FLAT) {
        count_range(w, item->first, item->count);
    } else if (kernel->row.view == GCS_VIEW_ROWS) {
        const uint64_t left = item->count * x->cols - from;
        count_range(w, item->first * x->cols + from,
                    split && left > kernel->depth ? kernel->depth : left);
    } else {
        const uint64_t to =
            split && x->rows - from > kernel->depth ? from + kernel->depth : x->rows;
        for (uint64_t row = from; row < to; row++)
            count_range(w, row * x->cols + item->first, item->count);
    }
}

static inline int note(void *context, const standin_launch *l) {
    noted *n = context;
    const gcs_opencl_kernel *kernel = gcs_opencl_find(l->kernel);
    const gcs_opencl_matrix *matrices = memory_of(l, GCS_OPENCL_ARG_MATRICES);
    const gcs_opencl_work *work = memory_of(l, GCS_OPENCL_ARG_WORK);
    const gcs_opencl_group *groups = memory_of(l, GCS_OPENCL_ARG_GROUPS);
    const float *flags = memory_of(l, GCS_OPENCL_ARG_FLAGS);
    uint32_t first;
    memcpy(&first, l->arguments[GCS_OPENCL_ARG_FIRST].value, sizeof first);
    assert_non_null(kernel);
    assert_int_equal(l->items, kernel->threads);
    n->launches++;
    n->given += kernel->row.means_given;
    for (size_t i = 0; i < l->groups; i++) {
        const gcs_opencl_work *item = &work[first + i];
        const gcs_opencl_matrix *x = &matrices[item->matrix];
        const uint32_t flag = groups[x->group].flag;
        assert_true(item->count > 0);
        assert_true(!kernel->row.means_given || stream_of(l, x, GCS_OPENCL_MEANS) != NULL);
        assert_non_null(stream_of(l, x, GCS_OPENCL_G));
        if (flag == 0 || flags[flag - 1] == 0)
            count_item(kernel, x, item, (float *)(void *)stream_of(l, x, GCS_OPENCL_W));
    }
    return n->result;
}

/* The place of the first of some floats that is not `value`, or their number. There are millions of
 * them: memcmp is quick also where loops are instrumented or emulated. */
static inline size_t first_unlike(const float *at, size_t count, float value) {
    if (count == 0 || (at[0] == value && memcmp(at, at + 1, (count - 1) * sizeof *at) == 0))
        return count;
    size_t i = 0;
    while (i < count && at[i] == value)
        i++;
    return i;
}

/* A fixture of zeros; its weights and the rest, as counted. */
static inline void assert_counted(const mirror *m, float times) {
    const fixture *f = m->f;
    mirror_fetch(m);
    for (size_t i = 0; i < f->count; i++) {
        const size_t n = fixture_elements(&f->tensors[i]);
        for (size_t k = 0; k < FIXTURE_BUFFERS; k++) {
            const float wanted = k == 0 ? times : 0, *at = f->buffers[i].w + k * n;
            const size_t wrong = first_unlike(at, n, wanted);
            if (wrong < n)
                fail_msg("tensor %zu: element %zu of buffer %zu is %g and not %g", i, wrong, k,
                         (double)at[wrong], (double)wanted);
        }
    }
}

#endif
