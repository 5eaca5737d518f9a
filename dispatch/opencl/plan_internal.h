/* What a plan for an OpenCL device consists of, and what the files that make it and step it have of
 * each other. */
#ifndef GCSTEP_DISPATCH_OPENCL_PLAN_INTERNAL_H
#define GCSTEP_DISPATCH_OPENCL_PLAN_INTERNAL_H

#include "dispatch/opencl/chain.h"
#include "dispatch/opencl/choice.h"
#include "dispatch/opencl/cut.h"
#include "dispatch/opencl/names.h"
#include "dispatch/opencl/plan.h"
#include "dispatch/opencl/uploads.h"

/* A kernel that the device has, built for one form. */
typedef struct gcs_opencl_built {
    const gcs_opencl_kernel *kernel;
    gcs_form form;
    gcs_cl_program program;
    gcs_cl_kernel handle;
    unsigned bound;           /* its first so many bindings may hold memory of the trainer's */
    bool has_pointers;        /* it has been told of addresses of SVM */
    size_t most_threads;      /* that the device runs it with */
    uint64_t own_local_bytes; /* local memory beside its argument */
} gcs_opencl_built;

/* The items of one tensor in the lists of a kernel's work. */
typedef struct gcs_opencl_part {
    size_t tensor;
    size_t first[GCS_OPENCL_PHASES], count[GCS_OPENCL_PHASES];
} gcs_opencl_part;

/* All tensors that one kernel steps. */
typedef struct gcs_opencl_use {
    gcs_opencl_built *built;
    gcs_opencl_cut work;             /* the items are freed when the device has them */
    gcs_cl_mem items;                /* list behind list */
    size_t first[GCS_OPENCL_PHASES]; /* of each list in it */
    uint64_t local_bytes;            /* of a work-group */
    gcs_opencl_part *parts;          /* in the order of their items */
    size_t count, room;
} gcs_opencl_use;

/* Consecutive tensors of a use that go in one launch (a SPLIT kernel's: in three), since they have
 * no more buffers than one has bindings. */
typedef struct gcs_opencl_batch {
    const gcs_opencl_use *use;
    size_t first, end; /* of use->parts */
    unsigned count;
    gcs_cl_mem memories[GCS_OPENCL_BINDINGS];
} gcs_opencl_batch;

typedef struct gcs_opencl_batches {
    gcs_opencl_batch *items; /* to be freed */
    size_t count, room;
} gcs_opencl_batches;

struct gcs_opencl_plan {
    const gcs_opencl_driver *driver;
    gcs_cl_context context; /* retained, and the queue */
    gcs_cl_queue queue;
    bool out_of_order; /* the queue */
    bool moved;        /* it is another one than `last` was enqueued in */
    gcs_cl_event
        last; /* of the last command; NULL: there is none that would have to be waited for */
    gcs_opencl_device device;
    gcs_environment env; /* for what is built later: of it the cache and the log */
    char *cache;         /* what env.opencl_cache points at */
    gcs_opencl_built **built;
    size_t built_count;
    bool *refused; /* [gcs_opencl_kernel_count]: the device cannot run what it made of the kernel */
    gcs_opencl_use *uses;
    size_t use_count;
    gcs_opencl_matrix *matrices;
    size_t matrix_count;
    size_t *first_matrix;     /* [tensors + 1] */
    gcs_opencl_group *groups; /* [parameter groups]: as the device has them */
    gcs_opencl_group *next_groups;
    gcs_cl_mem device_matrices, device_groups;
    gcs_cl_mem flags; /* a float for each parameter group; takes the place of all that is unused */
    float *svm_flags; /* the same, for flags in SVM; made when there is one */
    gcs_cl_mem scratch; /* NULL: no use needs it. Launches follow each other: all have the same */
    gcs_opencl_uploads uploads;
    /* The last step's. */
    gcs_opencl_names names;
    gcs_opencl_batches batches;
    const void **pointers;                  /* of SVM: room for all of a kernel's */
    bool has_groups, has_matrices;          /* the device has them */
    struct gcs_opencl_measuring *measuring; /* what gcs_measure needs; made at its first call */
};

/* ---- plan.c -------------------------------------------------------------------------------- */

/* Waits for what has been enqueued. */
gcs_cl_int gcs_opencl_wait(const struct gcs_opencl_plan *opencl);

/* ---- memory.c ------------------------------------------------------------------------------ */

/* Memory of the plan's on the device, with a copy of `data` where that is not NULL. */
gcs_status gcs_opencl_memory(const struct gcs_opencl_plan *opencl, uint64_t bytes, const void *data,
                             gcs_cl_mem *memory);

/* NULL is allowed, and it is NULL then. */
void gcs_opencl_memory_free(const struct gcs_opencl_plan *opencl, gcs_cl_mem *memory);

/* Brings the lists of a use to the device. */
gcs_status gcs_opencl_bring(const struct gcs_opencl_plan *opencl, gcs_opencl_use *use);

/* Gives back all that the use has, on the device and on the host. */
void gcs_opencl_use_free(const struct gcs_opencl_plan *opencl, gcs_opencl_use *use);

/* ---- built.c ------------------------------------------------------------------------------- */

/* The kernel for the form, built at the first call. *built is NULL where the device cannot run what
 * it made of it, with so much local memory; the kernel is refused from then on. */
gcs_status gcs_opencl_build(struct gcs_opencl_plan *opencl, const gcs_opencl_kernel *kernel,
                            const gcs_form *form, uint64_t local_bytes, gcs_opencl_built **built);

void gcs_opencl_built_free(struct gcs_opencl_plan *opencl);

/* Tells the kernel of the addresses that it may reach without having them as arguments. */
gcs_status gcs_opencl_tell_pointers(const struct gcs_opencl_plan *opencl, gcs_opencl_built *built,
                                    const void **pointers, size_t count);

/* ---- work.c -------------------------------------------------------------------------------- */

/* The matrices that a tensor is stepped as. */
size_t gcs_opencl_blocks(const gcs_planned_tensor *planned, gcs_block blocks[GCS_MAX_BLOCKS]);

/* Chooses the kernels of all tensors, builds them, and cuts their work: uses and matrices. */
gcs_status gcs_opencl_plan_work(gcs_plan *plan, const gcs_opencl_kernel *forced,
                                const gcs_target *target, const gcs_environment *env);

/* Adds a part to a use, for the tensor, that begins at the end of its lists; NULL: no memory. */
gcs_opencl_part *gcs_opencl_add_part(gcs_opencl_use *use, size_t tensor);

/* The part's items are what the lists have more than at its beginning. */
void gcs_opencl_end_part(gcs_opencl_use *use);

/* ---- batches.c ----------------------------------------------------------------------------- */

/* Puts part number `part` of the use in the last batch, or with `apart`, or where it is of another
 * use or full, in a new one; bindings[i] is for stream i of `places`, if it is used. False: no
 * memory. */
bool gcs_opencl_batch_part(gcs_opencl_batches *batches, const gcs_opencl_use *use, size_t part,
                           bool apart, const gcs_opencl_place places[GCS_OPENCL_STREAMS],
                           uint8_t bindings[GCS_OPENCL_STREAMS]);

/* What a launch is given beside its batch. */
typedef struct gcs_opencl_launch {
    gcs_cl_mem matrices, groups, scratch;
    const float *svm_flags; /* NULL: the plan's other ones */
    uint64_t stride;
} gcs_opencl_launch;

/* Enqueues the batch. `last`: the event of its last command is needed. */
gcs_status gcs_opencl_launch_batch(const struct gcs_opencl_plan *opencl,
                                   const gcs_opencl_batch *batch, const gcs_opencl_launch *launch,
                                   gcs_opencl_chain *chain, bool last);

/* ---- step.c -------------------------------------------------------------------------------- */

/* A parameter group as kernels are given it, without its flag: plan->coef is set. */
gcs_opencl_group gcs_opencl_group_of(const gcs_plan *plan, const gcs_hyper *hyper, size_t index);

/* What `call` says about waiting. */
gcs_status gcs_opencl_check_call(const gcs_cl_call *call);

#endif
