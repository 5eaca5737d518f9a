/* What a plan for a GPU consists of, and what the files that make it and step it have of each
 * other. */
#ifndef GCSTEP_DISPATCH_CUDA_PLAN_INTERNAL_H
#define GCSTEP_DISPATCH_CUDA_PLAN_INTERNAL_H

#include "dispatch/cuda/choice.h"
#include "dispatch/cuda/cut.h"
#include "dispatch/cuda/device.h"
#include "dispatch/cuda/plan.h"
#include "dispatch/cuda/uploads.h"

/* The items of one tensor in the work of a kernel. */
typedef struct gcs_cuda_part {
    size_t tensor;
    size_t first_sum, sums, first_step, steps;
} gcs_cuda_part;

/* All tensors that one kernel steps: in a step, one launch, or two where groups are split. */
typedef struct gcs_cuda_use {
    const gcs_cuda_kernel *kernel;
    gcs_cu_function function;
    gcs_cuda_cut work; /* the items are freed when the device has them */
    gcs_cu_pointer device_sums, device_steps;
    gcs_cu_pointer scratch; /* 0: it needs none */
    unsigned shared_bytes;  /* of a block */
    gcs_cuda_part *parts;   /* in the order of their items */
    size_t count, room;
} gcs_cuda_use;

struct gcs_cuda_plan {
    const gcs_cuda_driver *driver;
    gcs_cu_context context;
    gcs_cu_device which;
    gcs_cuda_device device;
    gcs_cu_stream stream;
    bool overlaps; /* a launch may begin before the one before it has ended */
    gcs_cu_module module;
    gcs_cuda_use *uses;
    size_t use_count;
    gcs_cu_pointer memory; /* all that the plan has on the device */
    gcs_cuda_uploads uploads;
    /* A set of `uploads`: the matrices, and where there are more parameter groups than a launch
     * carries, these before them. */
    unsigned char *set;
    size_t set_bytes, groups_bytes; /* groups_bytes 0: they travel with the launch */
    gcs_cuda_matrix *matrices;      /* in `set` */
    size_t matrix_count;
    size_t *first_matrix; /* [tensors + 1] */
    /* The last step's. */
    gcs_buffers *buffers;   /* [tensors]: they have been checked and are in `matrices` */
    const float **flags;    /* [parameter groups]: they have been checked */
    bool checked, uploaded; /* `buffers` holds something; the device has the matrices */
    struct gcs_cuda_measuring *measuring; /* what gcs_measure needs; made at its first call */
};

/* ---- plan.c -------------------------------------------------------------------------------- */

/* The matrices that tensor `index` is stepped as. */
size_t gcs_cuda_blocks(const gcs_planned_tensor *planned, gcs_block blocks[GCS_MAX_BLOCKS]);

/* ---- work.c -------------------------------------------------------------------------------- */

/* Chooses the kernels of all tensors and cuts their work: cuda->uses and matrices. */
gcs_status gcs_cuda_plan_work(gcs_plan *plan, const gcs_cuda_kernel *forced,
                              const gcs_target *target, const gcs_environment *env);

/* ---- step.c -------------------------------------------------------------------------------- */

/* Whether the plan's context is current, and its stream captured. GCS_DEVICE_ERROR. */
gcs_status gcs_cuda_check_context(const struct gcs_cuda_plan *cuda, bool *capturing);

/* A parameter group as kernels are given it: plan->coef is set. */
gcs_cuda_group gcs_cuda_group_of(const gcs_plan *plan, const gcs_hyper *hyper, size_t index);

/* NULL stays NULL. */
static inline void *gcs_cuda_moved(const void *from, uint64_t elements, unsigned bytes) {
    return from != NULL ? (char *)(uintptr_t)from + elements * bytes : NULL;
}

/* ---- pointers.c ---------------------------------------------------------------------------- */

/* Checks that what differs from the last step's buffers and flags can be reached by the device.
 * GCS_INVALID_ARGUMENT names the argument. */
gcs_status gcs_cuda_check_pointers(const gcs_plan *plan, const gcs_hyper *hyper,
                                   const gcs_buffers *buffers);

/* The same of what gcs_measure uses: of the buffers what it reads, and the sums that it writes. */
gcs_status gcs_cuda_check_measured(const gcs_plan *plan, const gcs_buffers *buffers,
                                   const gcs_measures *measures);

#endif
