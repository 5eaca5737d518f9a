/* Work for a kernel on a matrix, as kernels/cuda/launch.h allows it: not one way to cut, as
 * dispatch/ has, but all that a kernel has to take. */
#ifndef GCSTEP_TESTS_CUDA_TWIN_CUT_H
#define GCSTEP_TESTS_CUDA_TWIN_CUT_H

#include "kernels/cuda/launch.h"

/* Starts as zeros but for what is said; items is to be freed. */
typedef struct twin_work {
    const gcs_cuda_kernel *kernel;
    const gcs_cuda_matrix *matrix; /* rows and cols */
    uint32_t matrix_index;
    uint64_t way;     /* which of the ways of cutting; any number */
    uint64_t columns; /* COLS: of a strip; set by the first cut */
    gcs_cuda_work *items;
    size_t count, room;
    size_t sums; /* of the items, of a first launch, which takes the sums; the others follow it */
    uint64_t scratch_words;
} twin_work;

/* Adds units [first, last) of each of the matrices behind each other. Of SPLIT kernels the work of
 * one call alone. False: no memory. */
bool twin_cut(twin_work *work, uint32_t slices, uint64_t first, uint64_t last);

#endif
