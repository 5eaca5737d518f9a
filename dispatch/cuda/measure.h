/* gcs_measure on a GPU: what takes the place of the CPU's kernels. The figures of groups and
 * segments are found there and copied to the arrays that a CPU's kernels fill; what is made of them
 * is made on the host, by the same code. */
#ifndef GCSTEP_DISPATCH_CUDA_MEASURE_H
#define GCSTEP_DISPATCH_CUDA_MEASURE_H

#include "dispatch/cuda/plan_internal.h"
#include "dispatch/measure_internal.h"

/* A matrix to be measured: a block of a tensor, or a row of one that is split. */
typedef struct gcs_cuda_measured {
    size_t tensor;
    gcs_block block;
    uint64_t place;     /* of its first group's figures */
    uint64_t from_part; /* a row that is split: of its first segment's */
} gcs_cuda_measured;

/* The kernels: of each view first those for tensors that no centre concerns, so that these do not
 * stand between others; then the changes. */
enum {
    GCS_CUDA_PARTS = 0,
    GCS_CUDA_WHOLE_ROWS = 2,
    GCS_CUDA_WHOLE_COLS = 4,
    GCS_CUDA_CHANGES = 6, /* rows, cols */
    GCS_CUDA_MEASURING_USES = 8
};

typedef struct gcs_cuda_measuring {
    gcs_cuda_use uses[GCS_CUDA_MEASURING_USES]; /* kernel NULL: no tensor needs it */
    gcs_cuda_measured *measured;                /* [count], rows that are split first */
    size_t count, parts;
    /* What is sent before the kernels: the parameter groups where a launch does not carry them,
     * the matrices, the means of rows that are split. */
    unsigned char *set;
    size_t set_bytes, groups_bytes;
    gcs_cuda_matrix *matrices; /* [count], in `set` */
    float *means;              /* [parts], in `set` */
    gcs_cu_pointer memory;     /* on the device: all of the following */
    gcs_cu_pointer device_set, device_figures;
    gcs_measured figures, segments; /* device pointers, placed as in plan->measuring->memory */
} gcs_cuda_measuring;

/* ---- measure_work.c ------------------------------------------------------------------------ */

/* Whether segments of rows so long go to warps one by one, not whole rows. */
bool gcs_cuda_measures_by_parts(uint64_t cols, bool flat);

/* Chooses the kernels and cuts their work: uses, measured and matrices, for which there is room. */
gcs_status gcs_cuda_measuring_work(gcs_plan *plan);

/* ---- measure_plan.c ------------------------------------------------------------------------ */

/* Makes plan->cuda->measuring; plan->measuring has its blocks. The context is current. */
gcs_status gcs_cuda_measuring_create(gcs_plan *plan);

/* Frees it, if it is there. Without its context: only what the host has. */
void gcs_cuda_measuring_free(struct gcs_cuda_plan *cuda, bool in_context);

/* ---- measure.c ----------------------------------------------------------------------------- */

/* The context, the stream and the pointers, before anything is done. */
gcs_status gcs_cuda_measure_check(const gcs_plan *plan, const gcs_buffers *buffers,
                                  const gcs_measures *measures);

/* Runs the kernels of run->phase and waits until their figures are in plan->measuring. */
gcs_status gcs_cuda_measure_phase(const gcs_measurement *run);

/* gcs_measured_sums of plan->measuring->figures.sum, to the device. */
gcs_status gcs_cuda_measure_write_sums(const gcs_plan *plan, size_t index, float *to);

/* Waits for what has been enqueued. */
gcs_status gcs_cuda_measure_end(const gcs_plan *plan);

#endif
