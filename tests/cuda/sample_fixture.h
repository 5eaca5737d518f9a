/* Launching the kernels of sample.h. */
#ifndef GCSTEP_TESTS_CUDA_SAMPLE_FIXTURE_H
#define GCSTEP_TESTS_CUDA_SAMPLE_FIXTURE_H

#include "cuda/sample.h"
#include <stdalign.h>

enum {
    SAMPLE_CLUSTER = 3,
    SAMPLE_BLOCKS = 3 * SAMPLE_CLUSTER,
    SAMPLE_ELEMENTS = SAMPLE_BLOCKS * SAMPLE_THREADS
};

typedef struct sample_launch {
    alignas(16) float g[SAMPLE_ELEMENTS];
    float w[SAMPLE_ELEMENTS], m[1];
    uint32_t scratch[SAMPLE_BLOCKS + 1];
} sample_launch;

/* A new launch: g holds whole numbers, so that sums are exact in any order. */
static inline const char *sample_run(sample_launch *s, twin_kernel *kernel,
                                     const twin_options *options) {
    *s = (sample_launch){.m = {-1}};
    for (int i = 0; i < SAMPLE_ELEMENTS; i++) {
        s->g[i] = (float)(i * 37 % 101);
        s->w[i] = -1;
    }
    const gcs_cuda_matrix matrix = {.w = s->w, .g = s->g, .m = s->m};
    const gcs_cuda_launch launch = {.matrices = &matrix, .scratch = s->scratch};
    return twin_launch(kernel, &launch, SAMPLE_BLOCKS, SAMPLE_THREADS,
                       SAMPLE_THREADS * sizeof(float), options);
}

/* Way number i of running: each order, blocks alone and several at a time, in either direction. */
enum { SAMPLE_WAYS = TWIN_ORDERS * 2 * 2 };
static inline twin_options sample_way(unsigned i) {
    return (twin_options){.order = (twin_order)(i % TWIN_ORDERS),
                          .seed = i + 1,
                          .resident = i / TWIN_ORDERS % 2 == 0 ? 1 : 3,
                          .blocks_backwards = i / TWIN_ORDERS / 2 != 0};
}

#endif
