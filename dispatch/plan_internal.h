/* What a plan consists of, and what the files that make it and step it have of each other. */
#ifndef GCSTEP_DISPATCH_PLAN_INTERNAL_H
#define GCSTEP_DISPATCH_PLAN_INTERNAL_H

#include "dispatch/plan.h"
#include "dispatch/registry.h"
#include "dispatch/table.h"
#include "dispatch/tensor.h"
#include <stdatomic.h>

/* A tensor as it is stepped. */
typedef struct gcs_planned_tensor {
    gcs_tensor tensor; /* as kernels see it: FLAT over the piece where nothing is centred */
    gcs_tensor shape;  /* as the caller gave it, spelled out */
    gcs_form form;
    uint64_t elements;   /* of the piece */
    uint64_t groups;     /* gcs_tensor_groups of `shape` */
    bool cut;            /* some group that is centred is not whole: the caller gives the means */
    gcs_choice choice;   /* choice.line points at `line`, or is NULL */
    gcs_table_line line; /* a copy of the table's line that named the kernel */
    char *source;        /* the path of its table, or NULL */
    const gcs_kernel *given; /* for means that the caller gives; NULL where nothing is centred */
    /* Only where a few long rows are shared among threads by pieces: */
    const gcs_kernel
        *sum; /* segment sums of a piece; NULL: the tensor is stepped by whole groups */
    const gcs_kernel *part; /* step of a piece with the mean taken */
    float *segment_sums;    /* [rows][segments of a row] */
    float *means;           /* [rows] */
    uint32_t key[2];        /* of stochastic rounding, for the step that runs */
} gcs_planned_tensor;

/* A piece of work for one thread. */
typedef struct gcs_work {
    size_t tensor;
    const gcs_kernel *kernel; /* its view says what the range counts */
    gcs_block block;          /* VIEW_PART: one row */
    uint64_t first, last;     /* range of the kernel's view, in each slice */
    uint64_t place;           /* where its figures go: of its first group, or of its row's first
                               * segment (VIEW_PART) */
} gcs_work;

typedef struct gcs_work_list {
    gcs_work *items;
    size_t count, capacity;
} gcs_work_list;

/* Some work that the threads of a step share. */
typedef struct gcs_stage {
    const gcs_work *items;
    size_t count;     /* > 0 */
    uint64_t *shares; /* [team + 1]: thread i begins with items [shares[i], shares[i + 1]) */
    bool backwards;   /* the last item of a share first */
    bool waits;       /* for the stage before it, its end included */
    bool has_end;     /* something is to be done when all items are */
} gcs_stage;

/* What a stage does with an item, and at its end. */
typedef void gcs_stage_task(void *arg, const gcs_work *work);
typedef void gcs_stage_end(void *arg, const gcs_stage *stage);

/* How finely work is cut. */
typedef struct gcs_cut {
    int threads;
    uint64_t piece_bytes;       /* that a piece should move, about */
    unsigned bytes_per_element; /* that the work moves */
} gcs_cut;

struct gcs_plan {
    gcs_spec spec;
    gcs_target target; /* .table and .kernel are not kept */
    gcs_isa isa_cap;
    bool traffic;           /* see gcs_plan_create_traffic */
    bool m, v, v_max, copy; /* which of these buffers the spec uses */
    int threads;            /* that the work is cut for, and tables are asked for */
    int team;               /* that a step uses */
    gcs_planned_tensor *tensors;
    size_t count;
    size_t groups;
    gcs_work_list sums, parts; /* of split rows: the same pieces in the same order */
    gcs_work_list whole;       /* all other work */
    /* Split rows go in waves: the sums of some rows, at their end the means, then their parts,
     * which find in a cache what the sums have read. The last stage is `whole`. */
    gcs_stage *stages;
    size_t stage_count;
    struct gcs_progress *progress;   /* [stage_count][team + 1], of the step that runs */
    const gcs_kernel *fold;          /* sums segments of floats (gcs_sum_in_place) */
    float *scratch;                  /* what segment_sums and means point into */
    gcs_coef *coef;                  /* [groups], of the step that runs */
    bool *skip;                      /* [groups], by found_inf */
    struct gcs_measuring *measuring; /* what gcs_measure needs; made at its first call */
    struct gcs_cuda_plan *cuda;      /* both NULL: the CPU's. Else what is about threads, sums, */
    struct gcs_opencl_plan *opencl;  /* parts and stages is not used */
    atomic_flag busy;
};

/* ---- kernel_choice.c ----------------------------------------------------------------------- */

/* Chooses plan->tensors[i].choice for all tensors. */
gcs_status gcs_choose_kernels(gcs_plan *plan, const gcs_target *target, const gcs_environment *env);

/* The tables while a plan is made: those for the CPU or, where `device` is not NULL, for it. */
typedef struct gcs_plan_tables {
    gcs_tables *tables; /* to be closed also after a failure */
    bool tuned;         /* false: default lines alone count */
} gcs_plan_tables;
gcs_status gcs_plan_tables_open(gcs_plan_tables *open, const gcs_target *target,
                                const gcs_environment *env, const gcs_device_identity *device);

/* The shape of one matrix: neither its number nor a piece's place changes which kernel is fast. */
gcs_table_key gcs_planned_key(const gcs_planned_tensor *planned, uint32_t threads);

/* Copies the line that planned->choice points at, since the tables are closed when the plan is
 * made. */
gcs_status gcs_keep_evidence(gcs_planned_tensor *planned, const gcs_tables *tables);

/* What the tables are asked for a tensor of a device's plan. */
gcs_table_question gcs_question_of(const gcs_plan *plan, const gcs_planned_tensor *planned,
                                   const gcs_plan_tables *open);

/* Whether two tensors have the same choices on a device: networks have many of one shape. */
bool gcs_planned_alike(const gcs_planned_tensor *a, const gcs_planned_tensor *b);

/* The choice of another tensor, of which everything that is looked at is the same. */
gcs_status gcs_choose_as(gcs_planned_tensor *planned, const gcs_planned_tensor *other);

/* The fixed rule's kernel for a need; NULL: none. */
const gcs_kernel *gcs_kernel_for(const gcs_need *need, gcs_isa isa_cap);

/* ---- partition.c --------------------------------------------------------------------------- */

/* Fills the work lists, the stages and the scratch memory. */
gcs_status gcs_partition(gcs_plan *plan);

/* Frees what gcs_partition made, also where it failed. */
void gcs_partition_free(gcs_plan *plan);

/* ---- cut.c --------------------------------------------------------------------------------- */

/* The cut for work on the plan's tensors that moves so many bytes per element; and for a part of
 * that work, of so many elements, which the threads wait for. */
gcs_cut gcs_cut_for(const gcs_plan *plan, unsigned bytes_per_element);
gcs_cut gcs_cut_for_part(const gcs_cut *cut, uint64_t elements);

/* Adds the work on work.block, which work.kernel's view fits, in pieces. False: no memory. */
bool gcs_cut_block(gcs_work_list *list, gcs_work work, const gcs_cut *cut);

/* The same for rows whose means are given, so that they need not be whole: each piece becomes a
 * matrix of one row. */
bool gcs_cut_into_rows(gcs_work_list *list, const gcs_work *work, const gcs_cut *cut);

/* Whether so many threads should share these few long rows by pieces. */
bool gcs_rows_are_few_and_long(uint64_t rows, uint64_t cols, int threads);

/* Segments of a contiguous group. */
uint64_t gcs_segments_of(uint64_t length);

/* ---- execute.c, team.c --------------------------------------------------------------------- */

/* Runs one step: plan->coef, plan->skip and the keys are set, the buffers have been checked. */
void gcs_execute(gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers);

/* Arguments for a kernel on the first slice of work->block: pointers, sizes, range, the form (that
 * of the tensor's step, or another) and coefficients. */
gcs_args gcs_work_arguments(const gcs_plan *plan, const gcs_work *work, const gcs_buffers *b,
                            const gcs_form *form);

/* Lets the arguments point at the next slice. */
void gcs_next_slice(gcs_args *args);

/* The sum of n floats in the order of a contiguous group (docs/arithmetic.md). Overwrites them. */
float gcs_sum_in_place(const gcs_plan *plan, float *values, uint64_t n);

/* Sets plan->threads and plan->team for a step of so many bytes. */
void gcs_team_choose(gcs_plan *plan, uint64_t bytes);

/* What gcs_team_run needs: a stage's shares, and when there are all stages, plan->progress. */
gcs_status gcs_team_share(const gcs_plan *plan, gcs_stage *stage);
gcs_status gcs_team_prepare(gcs_plan *plan);

/* Runs up to plan->stage_count stages by the plan's threads, in order but for items of stages that
 * need not wait; returns when all is done. Each thread goes through its share in the stage's
 * direction (but not a caller's pool). */
void gcs_team_run(const gcs_plan *plan, const gcs_stage *stages, size_t count, gcs_stage_task *task,
                  gcs_stage_end *end, void *arg);

/* ---- step.c -------------------------------------------------------------------------------- */

/* Takes the plan for one call, and lets it go. GCS_INVALID_ARGUMENT (a null pointer), GCS_BUSY. */
gcs_status gcs_plan_enter(gcs_plan *plan, const gcs_hyper *hyper, const void *buffers);
void gcs_plan_leave(gcs_plan *plan);

/* Checks the hyper-parameters of all parameter groups and sets plan->coef. */
gcs_status gcs_take_hyper(gcs_plan *plan, const gcs_hyper *hyper);

/* What a step checks of a flag's address, and of a tensor's buffers. plan->coef is set. */
gcs_status gcs_check_flag(const gcs_hyper *hyper, size_t group);
gcs_status gcs_check_step_tensor(const gcs_plan *plan, size_t index, const gcs_buffers *b);

/* ---- measure_plan.c ------------------------------------------------------------------------ */

void gcs_measuring_free(struct gcs_measuring *measuring);

#endif
