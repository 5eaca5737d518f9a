/* For tests of plans on the stand-in for CUDA's driver (tests/cuda/libcuda_standin.h): memory of
 * the device, and a hook that runs no kernel but notes which elements each launch would step. */
#ifndef GCSTEP_TESTS_CUDA_FIXTURE_H
#define GCSTEP_TESTS_CUDA_FIXTURE_H

#include "step_fixture.h"

#include "cuda/libcuda_standin.h"
#include "dispatch/cuda/choice.h"
#include "dispatch/cuda/image.h"

/* In the place of the library's: there are kernels, whether or not nvcc was here. */
const gcs_cuda_image gcs_cuda_built_image = {
    .fatbin = "stand-in", .ptx = "stand-in PTX", .version = 13000, .architectures = "nothing"};

/* What was launched. */
typedef struct noted {
    const fixture *f;
    unsigned char *steps; /* [floats]: how often the element at that place of w was stepped */
    unsigned launches, overlapping, last_lets;
    unsigned given;  /* launches of kernels that are given the means */
    unsigned result; /* of each launch */
    gcs_cuda_launch last;
} noted;

static inline const gcs_cuda_kernel *kernel_of_symbol(const char *symbol) {
    for (size_t i = 0; i < gcs_cuda_kernel_count; i++) {
        if (strcmp(gcs_cuda_kernels[i].row.name, symbol) == 0)
            return &gcs_cuda_kernels[i];
    }
    fail_msg("no kernel is called %s", symbol);
    return NULL;
}

static inline bool splits(const gcs_cuda_kernel *kernel) {
    return kernel->keeping == GCS_CUDA_SPLIT;
}

static inline void note_range(noted *n, const float *w, uint64_t first, uint64_t count) {
    const size_t at = (size_t)(w - n->f->memory) + first;
    assert_true(w >= n->f->memory && at + count <= n->f->floats);
    for (uint64_t i = 0; i < count; i++)
        n->steps[at + i]++;
}

static inline void note_item(noted *n, const gcs_cuda_kernel *kernel, const gcs_cuda_matrix *x,
                             const gcs_cuda_work *item) {
    const bool split = splits(kernel);
    const float *w = x->w + item->slice * x->rows * x->cols;
    assert_true(item->count > 0);
    if (split && item->phase == 0)
        return;
    if (kernel->row.means_given || kernel->row.view == GCS_VIEW_FLAT) {
        note_range(n, w, item->first, item->count);
    } else if (kernel->row.view == GCS_VIEW_ROWS) {
        const uint64_t skipped = split ? (uint64_t)item->part * kernel->capacity : 0;
        const uint64_t left = item->count * x->cols - skipped;
        note_range(n, w, item->first * x->cols + skipped,
                   split && left > kernel->capacity ? kernel->capacity : left);
    } else {
        const uint64_t from = split ? (uint64_t)item->part * GCS_RUN : 0;
        const uint64_t to = split && x->rows - from > GCS_RUN ? from + GCS_RUN : x->rows;
        for (uint64_t row = from; row < to; row++)
            note_range(n, w, row * x->cols + item->first, item->count);
    }
}

static inline int note(void *context, const standin_launch *launch) {
    noted *n = context;
    const gcs_cuda_kernel *kernel = kernel_of_symbol(launch->symbol);
    memcpy(&n->last, launch->parameter, sizeof n->last);
    assert_int_equal(launch->block, kernel->threads);
    assert_int_equal(launch->grid % launch->cluster, 0);
    assert_int_equal(launch->cluster, kernel->cluster);
    for (uint32_t i = 0; i < launch->grid / launch->cluster; i++) {
        const gcs_cuda_work *item = &n->last.work[i];
        if (splits(kernel))
            assert_int_equal(n->last.scratch[item->place], 0);
        note_item(n, kernel, &n->last.matrices[item->matrix], item);
    }
    /* What a launch may overlap is another of its step, and never the sums of its own groups. */
    if (launch->overlaps != 0) {
        assert_true(n->launches > 0);
        assert_false(splits(kernel) && n->last.work[0].phase == 1);
        n->overlapping++;
    }
    n->last_lets = n->last.lets_next_begin;
    n->launches++;
    n->given += kernel->row.means_given;
    return (int)n->result;
}

/* Fresh, with the stand-in as after loading and the fixture's memory as the device's. */
static inline noted noted_open(const fixture *f) {
    noted n = {.f = f, .steps = calloc(f->floats, 1)};
    assert_non_null(n.steps);
    standin_reset();
    standin_parameter_bytes = sizeof(gcs_cuda_launch);
    standin_register(f->memory, f->floats * sizeof(float), STANDIN_DEVICE, 0);
    return n;
}

static inline void noted_close(noted *n) {
    standin_forget(n->f->memory);
    free(n->steps);
}

/* The place of the first of some bytes that is not `value`, or their number. There are millions of
 * them: memcmp is quick also where loops are instrumented or emulated. */
static inline size_t first_unlike(const unsigned char *at, size_t count, unsigned value) {
    if (count == 0 || (at[0] == value && memcmp(at, at + 1, count - 1) == 0))
        return count;
    size_t i = 0;
    while (at[i] == value)
        i++;
    return i;
}

/* Every weight of each tensor was stepped so many times since the last such call, nothing else was.
 */
static inline void assert_stepped(noted *n, unsigned times) {
    for (size_t k = 0; k < n->f->count; k++) {
        unsigned char *at = n->steps + (n->f->buffers[k].w - n->f->memory);
        const size_t count = fixture_elements(&n->f->tensors[k]);
        const size_t wrong = first_unlike(at, count, times);
        if (wrong < count)
            fail_msg("element %zu of tensor %zu was stepped %u times", wrong, k, at[wrong]);
        memset(at, 0, count);
    }
    const size_t wrong = first_unlike(n->steps, n->f->floats, 0);
    if (wrong < n->f->floats)
        fail_msg("float %zu was stepped, which is no weight", wrong);
}

/* Calls that a step must not make. */
static inline unsigned calls_that_wait_or_allocate(void) {
    static const char *const names[] = {
        "cuMemAlloc_v2",       "cuMemFree_v2",  "cuMemHostAlloc",   "cuMemFreeHost",
        "cuStreamSynchronize", "cuStreamQuery", "cuCtxSynchronize", "cuModuleLoadData",
        "cuModuleGetFunction", "cuStreamCreate"};
    unsigned calls = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        calls += standin_calls(names[i]);
    return calls;
}

static inline unsigned copies(void) {
    return standin_calls("cuMemcpyHtoDAsync_v2");
}

#endif
