/* What a plan consists of. Made in plan.c, partition.c and kernel_choice.c; used by execute.c. */
#ifndef GCSTEP_DISPATCH_PLAN_INTERNAL_H
#define GCSTEP_DISPATCH_PLAN_INTERNAL_H

#include "dispatch/plan.h"
#include "dispatch/table.h"
#include <stdatomic.h>

/* A tensor as it is stepped. Where nothing is centred, every layout is FLAT. */
typedef struct gcs_planned_tensor {
    gcs_tensor tensor;
    uint64_t elements;
    gcs_choice choice;   /* choice.line points at `line`, or is NULL */
    gcs_table_line line; /* a copy of the table's line that named the kernel */
    char *source;        /* the path of its table, or NULL */
    /* Only where a few long rows are shared among threads by pieces: */
    const gcs_kernel
        *sum; /* segment sums of a piece; NULL: the tensor is stepped by whole groups */
    const gcs_kernel *part; /* step of a piece with the mean given */
    float *segment_sums;    /* [rows][segments of a row] */
    float *means;           /* [rows] */
} gcs_planned_tensor;

/* A piece of a step for one thread. */
typedef struct gcs_work {
    size_t tensor;
    const gcs_kernel *kernel;
    uint64_t row;         /* VIEW_PART: which row */
    uint64_t first, last; /* range of the kernel's view */
} gcs_work;

typedef struct gcs_work_list {
    gcs_work *items;
    size_t count, capacity;
} gcs_work_list;

struct gcs_plan {
    gcs_spec spec;
    gcs_target target; /* .table and .kernel are not kept */
    bool traffic;      /* see gcs_plan_create_traffic */
    int threads;       /* that the work is cut for, and tables are asked for */
    int team; /* that OpenMP is asked for: as many as there are pieces, at most `threads` */
    gcs_planned_tensor *tensors;
    size_t count;
    size_t groups;
    /* A step runs all of `first`, takes the means of split rows, then runs all of `second`. */
    gcs_work_list first, second;
    float *scratch; /* what segment_sums and means point into */
    gcs_coef *coef; /* [groups], of the step that runs */
    bool *skip;     /* [groups], by found_inf */
    atomic_flag busy;
};

/* Chooses plan->tensors[i].choice for all tensors (kernel_choice.c). */
gcs_status gcs_choose_kernels(gcs_plan *plan, const gcs_target *target, const gcs_environment *env);

/* The fixed rule's kernel for a whole class: the best ISA's first one; NULL: none. Only for centred
 * views (kernel_choice.c). */
const gcs_kernel *gcs_first_kernel(gcs_op op, gcs_rule rule, gcs_view view, gcs_isa isa_cap);

/* Fills the work lists and the scratch memory (partition.c). */
gcs_status gcs_partition(gcs_plan *plan, const gcs_environment *env);

/* Runs one step: plan->coef and plan->skip are set, the buffers have been checked (execute.c). */
void gcs_execute(gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers);

#endif
