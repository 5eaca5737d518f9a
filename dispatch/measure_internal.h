/* What gcs_measure keeps in a plan: its work, cut for the threads, and memory for what is found.
 * Made in measure_plan.c, used by the other measure files, those of cuda/ among them. */
#ifndef GCSTEP_DISPATCH_MEASURE_INTERNAL_H
#define GCSTEP_DISPATCH_MEASURE_INTERNAL_H

#include "dispatch/plan_internal.h"

typedef struct gcs_measured_block {
    gcs_block block;
    uint64_t place;   /* of its first group's figures */
    bool split;       /* its rows are measured by pieces, which threads or blocks share */
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
    gcs_stage stage, change_stage; /* of `work` and `change`; their count may be 0. A plan for a GPU
                                    * has neither these nor the lists, but gcs_cuda_measuring */
    gcs_measured figures;          /* of groups, see gcs_measured_tensor.place */
    gcs_measured segments;         /* of segments of split rows: sum, square and max */
    float *combined;               /* [the most groups of a tensor that is not in order] */
    float *memory;                 /* what these point into: 5 x entries floats, 3 x
                                    * segment_entries, combined */
    uint64_t entries, segment_entries; /* of all tensors */
} gcs_measuring;

/* Makes plan->measuring. GCS_OUT_OF_MEMORY, GCS_UNSUPPORTED. */
gcs_status gcs_measuring_create(gcs_plan *plan);

/* Where the figures are in such memory, which may be a device's. */
void gcs_measuring_place(const gcs_measuring *measuring, float *memory, gcs_measured *figures,
                         gcs_measured *segments);

/* From entry `place` on. */
static inline gcs_measured gcs_figures_from(const gcs_measured *all, uint64_t place) {
    return (gcs_measured){
        .sum = all->sum + place,
        .square = all->square + place,
        .max = all->max + place,
        .square_centered = all->square_centered != NULL ? all->square_centered + place : NULL,
        .max_centered = all->max_centered != NULL ? all->max_centered + place : NULL};
}

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

/* What is looked at, one after the other; the parts of split rows a second time, when their means
 * are known. */
typedef enum gcs_phase {
    GCS_PHASE_GRADIENT,
    GCS_PHASE_CENTRED_PARTS,
    GCS_PHASE_WEIGHTS,
    GCS_PHASE_CHANGE
} gcs_phase;

/* One measurement. Threads share it. */
typedef struct gcs_measurement {
    const gcs_plan *plan;
    const gcs_hyper *hyper;
    const gcs_buffers *buffers;
    const gcs_measures *measures;
    gcs_phase phase;
} gcs_measurement;

/* Whether the phase has anything to do for a tensor, and in which form it is looked at. */
bool gcs_measure_concerns(const gcs_measurement *run, size_t index);
const gcs_form *gcs_measure_form(const gcs_measurement *run, size_t index);

/* Runs a measurement: plan->coef is set and everything has been checked. Only a device can fail. */
gcs_status gcs_measure_run(const gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers,
                           gcs_measures *measures);

#endif
