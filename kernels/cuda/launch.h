/* The contract between the CUDA kernels and the host: what lies in device memory, and what a launch
 * is given. C11 and CUDA C++ read it alike; every structure has the same layout in both.
 *
 * A plan's tensors are matrices in an array on the device. A launch steps some of them with one
 * kernel: its array of work has one item a block, in the order of blockIdx.x. A kernel knows no
 * table, no allocation and no other launch. It gives the bits of docs/arithmetic.md. */
#ifndef GCSTEP_KERNELS_CUDA_LAUNCH_H
#define GCSTEP_KERNELS_CUDA_LAUNCH_H

#include "kernels/kernel.h"

/* One matrix, or several of one shape behind each other (dispatch/tensor.h's gcs_block). FLAT: 1 x
 * elements. All pointers are device pointers, aligned for their element type, not more. */
typedef struct gcs_cuda_matrix {
    float *w;
    const void *g; /* float, or uint16_t in a form with a 16-bit gradient */
    float *m, *v, *v_max;
    uint16_t *copy;
    const float *means; /* kernels that are given the means (gcs_args.means): of the first group */
    const float *w_means; /* beside it, or NULL */
    gcs_measured
        measured; /* MEASURE: entry 0 is that of the matrix's first group, row or segment */
    float *out;   /* CHANGE: the sums, likewise */
    uint64_t rows, cols;
    uint64_t index; /* in its tensor, of the element that the pointers point at (draws) */
    uint32_t id;    /* of the tensor in the draws, not 0 */
    uint32_t group; /* parameter group: index of gcs_cuda_launch.groups */
} gcs_cuda_matrix;

/* What one block does, or one cluster of blocks: an item of a launch's work. A unit is an element
 * (FLAT, and kernels that are given the means), a row (ROWS) or a column (COLS).
 *
 * - LINEAR: count <= capacity elements; of kernels that measure: rows, columns, or of PART
 * segments;
 * - BLOCK: whole rows, count x cols <= capacity; where cols is no multiple of 32 better 31 less, so
 *   that the block can begin at a line of memory;
 * - KEEP, CLUSTER: one row, or `count` columns: GCS_CUDA_STRIP or a power of two above it up to
 *   `capacity`, less at the matrix's end;
 * - SPLIT: one row, or count <= capacity columns, in two launches (split.cuh). Phase 0: ROWS
 * segments, COLS runs, as many an item as the block has warps, from number part x warps on. Phase
 * 1: ROWS elements [part x capacity, + capacity), COLS run number `part`. */
typedef struct gcs_cuda_work {
    uint64_t first;  /* the first unit */
    uint32_t matrix; /* index of gcs_cuda_launch.matrices */
    uint32_t slice;  /* which of the matrices behind each other; of kernels that measure rows 0 */
    uint32_t count;  /* units */
    /* Of SPLIT kernels alone: */
    uint32_t phase;
    uint32_t part;
    uint32_t place; /* in gcs_cuda_launch.scratch, where the row or strip has its record */
} gcs_cuda_work;

/* A parameter group's part of a step. */
typedef struct gcs_cuda_group {
    gcs_coef coef;
    uint32_t first_step; /* t = 1: the old state is +0, whatever its buffers hold */
    uint32_t unused;
    const float *found_inf; /* NULL, or a flag on the device: not 0: nothing is written */
    uint64_t
        draw; /* next(next(0, seed), t) of docs/arithmetic.md: the tensor's id makes the keys */
} gcs_cuda_group;

/* Parameter groups that travel with a launch. With more of them they lie in device memory. */
#define GCS_CUDA_INLINE_GROUPS 16

/* A kernel's one parameter. */
typedef struct gcs_cuda_launch {
    const gcs_cuda_matrix *matrices;
    const gcs_cuda_work *work;
    const gcs_cuda_group *groups; /* NULL: those below */
    gcs_form form;                /* read by general kernels */
    uint32_t
        lets_next_begin; /* 1: another launch of the step follows, which may overlap this one */
    uint32_t *scratch;   /* SPLIT: records; all 0 before the first launch */
    gcs_cuda_group inline_groups[GCS_CUDA_INLINE_GROUPS];
} gcs_cuda_launch;

/* Where a kernel has its groups between sum and step. */
typedef enum gcs_cuda_keeping {
    GCS_CUDA_LINEAR = 0,  /* no groups, or given means */
    GCS_CUDA_BLOCK = 1,   /* whole rows in registers */
    GCS_CUDA_KEEP = 2,    /* in shared memory */
    GCS_CUDA_CLUSTER = 3, /* in that of several blocks; compute capability 9.0 and later */
    GCS_CUDA_SPLIT = 4    /* nowhere: the gradient is read again */
} gcs_cuda_keeping;

/* A kernel's row in the list. `row` has a name, op, rule, centre, view, shape and bounds as a CPU
 * kernel has, and no function: that is the symbol of the same name in the module. */
typedef struct gcs_cuda_kernel {
    gcs_kernel row; /* .isa is GCS_ISA_COUNT: none of the CPU's */
    gcs_cuda_keeping keeping;
    unsigned threads;  /* of a block; a multiple of 32 */
    unsigned capacity; /* LINEAR, BLOCK: elements of an item; COLS: columns of one; SPLIT rows:
                        * elements of a step's item */
    unsigned cluster;  /* blocks of a cluster; 1 but for CLUSTER */
} gcs_cuda_kernel;

extern const gcs_cuda_kernel gcs_cuda_kernels[];
extern const size_t gcs_cuda_kernel_count;

/* Dynamic shared memory of a block in bytes for groups of `length` elements; COLS: in strips of so
 * many columns. UINT64_MAX where the kernel cannot take them at all. */
uint64_t gcs_cuda_shared_bytes(const gcs_cuda_kernel *kernel, uint64_t length, uint64_t columns);

/* Words of a SPLIT kernel's record for a group of `length` elements; COLS: for a strip. */
uint64_t gcs_cuda_record_words(const gcs_cuda_kernel *kernel, uint64_t length);

/* In front of a row that a cluster keeps, in floats: sums of so many segments at the most, and the
 * mean. */
#define GCS_CUDA_CLUSTER_SEGMENTS 60
#define GCS_CUDA_CLUSTER_FLOATS   64

/* Words of a SPLIT record before its data. */
#define GCS_CUDA_RECORD 4

/* Columns of a strip: lines of 128 bytes or more. */
#define GCS_CUDA_STRIP 32

#endif
