/* gcs_measure on an OpenCL device: what takes the place of the CPU's kernels. The figures of groups
 * and segments are found there and copied to the arrays that a CPU's kernels fill; what is made of
 * them is made on the host, by the same code. */
#ifndef GCSTEP_DISPATCH_OPENCL_MEASURE_H
#define GCSTEP_DISPATCH_OPENCL_MEASURE_H

#include "dispatch/measure_internal.h"
#include "dispatch/opencl/plan_internal.h"

/* A matrix to be measured: a block of a tensor, or a row of one that is split. */
typedef struct gcs_opencl_measured {
    size_t tensor;
    gcs_block block;
    uint64_t place;     /* of its first group's figures */
    uint64_t from_part; /* a row that is split: of its first segment's */
} gcs_opencl_measured;

/* What is looked at, of tensors of one view: by one kernel, in the forms that it is asked in. */
typedef enum gcs_opencl_kind {
    GCS_OPENCL_PARTS = 0,
    GCS_OPENCL_WHOLE_ROWS = 1,
    GCS_OPENCL_WHOLE_COLS = 2,
    GCS_OPENCL_CHANGE_ROWS = 3,
    GCS_OPENCL_CHANGE_COLS = 4,
    GCS_OPENCL_KINDS = 5
} gcs_opencl_kind;

/* Matrices behind each other. */
typedef struct gcs_opencl_range {
    size_t first, end;
} gcs_opencl_range;

/* The work of a kind; a part is a block of a tensor. */
typedef struct gcs_opencl_measure_use {
    gcs_opencl_use use;              /* .built is set before each launch */
    const gcs_opencl_kernel *kernel; /* NULL: no tensor needs it */
    gcs_opencl_range *matrices;      /* [use.count]: of each part */
} gcs_opencl_measure_use;

/* sums, w_sums, change_sums. */
#define GCS_OPENCL_SUM_KINDS 3

typedef struct gcs_opencl_measuring {
    gcs_opencl_measure_use uses[GCS_OPENCL_KINDS];
    gcs_opencl_measured *measured; /* [count], rows that are split first */
    size_t count, parts;
    gcs_opencl_matrix *matrices; /* [count] */
    gcs_opencl_group *groups;    /* [parameter groups] */
    float *means;                /* [parts], and one more so that there is memory */
    gcs_cl_mem device_groups, device_matrices, device_means, figures;
    gcs_opencl_names names;
    gcs_opencl_place (*sums)[GCS_OPENCL_SUM_KINDS]; /* [tensors]: where they go */
    gcs_measures *measures; /* [tensors]: the caller's, with names for these */
    gcs_opencl_batches batches;
    const gcs_cl_call *call; /* of the call that runs */
} gcs_opencl_measuring;

/* Whether segments of rows so long go to work-groups, not whole rows. */
bool gcs_opencl_measures_by_parts(uint64_t cols, bool flat);

/* ---- measure_work.c ------------------------------------------------------------------------ */

/* Chooses the kernels and cuts their work: uses, measured and matrices, for which there is room. */
gcs_status gcs_opencl_measuring_work(gcs_plan *plan);

/* ---- measure_plan.c ------------------------------------------------------------------------ */

/* Makes plan->opencl->measuring, without its work: what the checks need. */
gcs_status gcs_opencl_measuring_open(gcs_plan *plan);

/* The rest; plan->measuring has its blocks. Where it fails, all of it is freed. */
gcs_status gcs_opencl_measuring_create(gcs_plan *plan);

/* Frees it, if it is there. */
void gcs_opencl_measuring_free(struct gcs_opencl_plan *opencl);

/* ---- measure.c ----------------------------------------------------------------------------- */

/* The names of what is given, before anything is done: *buffers and *measures are what the rest of
 * a measurement works with. */
gcs_status gcs_opencl_measure_names(gcs_plan *plan, const gcs_opencl_given *given,
                                    const gcs_cl_sums *sums, const gcs_measures *wanted,
                                    const gcs_buffers **buffers, gcs_measures **measures);

/* Waits for the events that the call names. */
gcs_status gcs_opencl_measure_begin(const gcs_plan *plan);

/* Runs the kernels of run->phase and waits until their figures are in plan->measuring. */
gcs_status gcs_opencl_measure_phase(const gcs_measurement *run);

/* gcs_measured_sums of plan->measuring->figures.sum, to where the caller wants the phase's. */
gcs_status gcs_opencl_measure_write_sums(const gcs_measurement *run, size_t index);

/* Waits for what has been enqueued. */
gcs_status gcs_opencl_measure_end(const gcs_plan *plan);

#endif
