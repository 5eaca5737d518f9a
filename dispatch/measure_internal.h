/* What gcs_measure keeps in a plan: its work, cut for the threads, and memory for what is found.
 * Made in measure_plan.c, used by the other measure files. */
#ifndef GCSTEP_DISPATCH_MEASURE_INTERNAL_H
#define GCSTEP_DISPATCH_MEASURE_INTERNAL_H

#include "dispatch/plan_internal.h"

typedef struct gcs_measured_block {
    gcs_block block;
    uint64_t place;   /* of its first group's figures */
    bool split;       /* its rows are shared among threads by pieces */
    uint64_t segment; /* split: of its first row, in the figures of segments */
} gcs_measured_block;

typedef struct gcs_measured_tensor {
    gcs_measured_block blocks[GCS_MAX_BLOCKS];
    size_t count;
    uint64_t place, entries; /* its figures. Each block has its own: groups that a shard cuts have
                              * several entries */
    bool in_order;           /* one entry per group, in the order of the groups */
} gcs_measured_tensor;

typedef struct gcs_measuring {
    gcs_form raw, centred, weights; /* forms for GCS_OP_MEASURE */
    gcs_measured_tensor *tensors;
    gcs_work_list work; /* GCS_OP_MEASURE of all tensors */
    size_t parts;       /* the first so many are VIEW_PART */
    gcs_work_list change;
    gcs_stage stage, change_stage; /* of `work` and `change`; their count may be 0 */
    gcs_measured figures;          /* of groups, see gcs_measured_tensor.place */
    gcs_measured segments;         /* of segments of split rows: sum, square and max */
    float *combined;               /* [the most groups of a tensor that is not in order] */
    float *memory;                 /* what these point into */
} gcs_measuring;

/* Makes plan->measuring. GCS_OUT_OF_MEMORY, GCS_UNSUPPORTED. */
gcs_status gcs_measuring_create(gcs_plan *plan);

/* Where the means come from that the centred figures need. */
typedef enum gcs_centring {
    GCS_NOT_CENTRED,
    GCS_OWN_MEANS,
    GCS_GIVEN_MEANS,
    GCS_UNKNOWN_MEANS
} gcs_centring;

gcs_centring gcs_centring_of(const gcs_planned_tensor *planned, const gcs_buffers *b);

/* ---- measure_collect.c --------------------------------------------------------------------- */

/* The largest of n magnitudes; a NaN is above all. */
float gcs_largest(const float *values, uint64_t n);

/* One sum per group that tensor `index` lies in: parts of a group are added in the order in which
 * they stand in memory. `figures` is an array of plan->measuring->figures. */
void gcs_measured_sums(const gcs_plan *plan, size_t index, const float *figures, float *to);

/* Norms, maxima and finiteness, from the figures of its groups; those of squares are overwritten.
 */
void gcs_measured_tensor_write(const gcs_plan *plan, size_t index, double grad_scale,
                               gcs_centring centring, gcs_measures *m);

/* ---- measure_run.c ------------------------------------------------------------------------- */

/* Runs a measurement: plan->coef is set and everything has been checked. */
void gcs_measure_run(const gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers,
                     gcs_measures *measures);

#endif
