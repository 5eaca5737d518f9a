/* From a kernel and a matrix to the items of a launch's work. Nothing here needs a GPU. */
#ifndef GCSTEP_DISPATCH_CUDA_CUT_H
#define GCSTEP_DISPATCH_CUDA_CUT_H

#include "kernels/cuda/launch.h"

/* Items of a list, at the most: 4 GiB of them, the work of more memory than a GPU has. */
#define GCS_CUDA_MOST_ITEMS ((uint64_t)1 << 27)

typedef struct gcs_cuda_work_list {
    gcs_cuda_work *items; /* to be freed */
    size_t count, room;
} gcs_cuda_work_list;

/* The work of one kernel, of all matrices that it steps. Starts as zeros. */
typedef struct gcs_cuda_cut {
    gcs_cuda_work_list sums;  /* of the launch before; empty but for SPLIT kernels */
    gcs_cuda_work_list steps; /* of the launch that steps; SPLIT: what was summed last comes last,
                               * so that the list is to be turned round (gcs_cuda_cut_turn) */
    uint64_t scratch_words;   /* 0: none */
} gcs_cuda_cut;

/* Adds what `kernel` has to do for units [first, last) of each of the `slices` matrices behind each
 * other: FLAT elements, ROWS rows, COLS columns; kernels that are given the means: elements of the
 * matrix, whatever their view. Of the matrix only rows and cols are looked at. `columns`: as of
 * gcs_cuda_columns. False: no memory, or more than an item's fields can hold. */
bool gcs_cuda_cut_matrix(gcs_cuda_cut *cut, const gcs_cuda_kernel *kernel, uint32_t matrix_index,
                         const gcs_cuda_matrix *matrix, uint64_t slices, uint64_t columns,
                         uint64_t first, uint64_t last);

/* Turns the list round. */
void gcs_cuda_cut_turn(gcs_cuda_work_list *list);

/* How many columns of that length a strip of the kernel has on a GPU whose blocks have so much
 * shared memory: GCS_CUDA_STRIP, or twice as many and so on where several such blocks still fit a
 * multiprocessor. 0: the kernel cannot take the length, also rows of it. Of rows 1. */
uint64_t gcs_cuda_columns(const gcs_cuda_kernel *kernel, uint64_t length, uint64_t shared_bytes);

/* Threads of the kernel that the shared memory of a multiprocessor has room for. */
uint64_t gcs_cuda_threads_at_a_time(const gcs_cuda_kernel *kernel, uint64_t length,
                                    uint64_t columns, uint64_t shared_bytes);

/* Rows of that length in an item of a BLOCK kernel. */
uint64_t gcs_cuda_rows_of_block(const gcs_cuda_kernel *kernel, uint64_t length);

#endif
