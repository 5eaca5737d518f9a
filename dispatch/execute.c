/* One parallel region per step: every thread takes pieces of work until none is left. */
#include "dispatch/plan_internal.h"

#include <string.h>

/* What the threads of one step share. */
typedef struct execution {
    const gcs_plan *plan;
    const gcs_hyper *hyper;
    const gcs_buffers *buffers;
    const gcs_work_list *list; /* for gcs_parallel_for: the phase that runs */
} execution;

/* Puts +0 into the state of a range, for the first step. */
static void clear_state(const gcs_kernel *kernel, const gcs_args *args) {
    const bool cols = kernel->view == GCS_VIEW_COLS, rows = kernel->view == GCS_VIEW_ROWS;
    const uint64_t unit = rows ? args->cols : 1;
    const uint64_t blocks = cols ? args->rows : 1, stride = cols ? args->cols : 0;
    const uint64_t first = args->first * unit;
    const size_t bytes = (size_t)((args->last - args->first) * unit) * sizeof(float);
    for (uint64_t block = 0; block < blocks; block++) {
        if (args->m != NULL)
            memset(args->m + block * stride + first, 0, bytes);
        if (args->v != NULL)
            memset(args->v + block * stride + first, 0, bytes);
    }
}

static gcs_args arguments_of(const execution *run, const gcs_work *work) {
    static const gcs_coef no_decay;
    const gcs_plan *plan = run->plan;
    const gcs_planned_tensor *planned = &plan->tensors[work->tensor];
    const gcs_buffers *b = &run->buffers[work->tensor];
    gcs_args args = {
        .w = b->w,
        .g = b->g,
        .m = gcs_rule_has_m(plan->spec.rule) ? b->m : NULL,
        .v = gcs_rule_has_v(plan->spec.rule) ? b->v : NULL,
        .rows = planned->tensor.rows,
        .cols = planned->tensor.cols,
        .first = work->first,
        .last = work->last,
        .coef = &plan->coef[planned->tensor.group],
    };
    if (work->kernel->view == GCS_VIEW_PART) {
        const uint64_t at = work->row * args.cols;
        const uint64_t segments = (args.cols + GCS_SEGMENT - 1) / GCS_SEGMENT;
        args.w += at;
        args.g += at;
        args.m = args.m != NULL ? args.m + at : NULL;
        args.v = args.v != NULL ? args.v + at : NULL;
        args.mean = planned->means[work->row];
        args.out = planned->segment_sums + work->row * segments;
    }
    /* AdamW's decay is no part of what is centred. */
    if (work->kernel->op == GCS_OP_SUM && plan->spec.rule == GCS_RULE_ADAMW)
        args.coef = &no_decay;
    return args;
}

static void run_work(const execution *run, const gcs_work *work) {
    const uint32_t group = run->plan->tensors[work->tensor].tensor.group;
    if (run->plan->skip[group])
        return;
    const gcs_args args = arguments_of(run, work);
    if (run->hyper[group].t == 1 && work->kernel->op == GCS_OP_STEP)
        clear_state(work->kernel, &args);
    work->kernel->run(&args);
}

/* The mean of a row from its segment sums, which are a contiguous group themselves. */
static float mean_of_segments(const gcs_kernel *sum, float *sums, uint64_t length) {
    static const gcs_coef no_decay;
    uint64_t n = (length + GCS_SEGMENT - 1) / GCS_SEGMENT;
    while (n > 1) {
        /* In place: sum i goes where an element that was read before stood. */
        const gcs_args args = {
            .g = sums, .rows = 1, .cols = n, .last = n, .coef = &no_decay, .out = sums};
        sum->run(&args);
        n = (n + GCS_SEGMENT - 1) / GCS_SEGMENT;
    }
    return sums[0] / (float)length;
}

static void take_means(const gcs_plan *plan) {
    for (size_t i = 0; i < plan->count; i++) {
        const gcs_planned_tensor *planned = &plan->tensors[i];
        if (planned->sum == NULL || plan->skip[planned->tensor.group])
            continue;
        const uint64_t length = planned->tensor.cols;
        const uint64_t segments = (length + GCS_SEGMENT - 1) / GCS_SEGMENT;
        for (uint64_t row = 0; row < planned->tensor.rows; row++)
            planned->means[row] =
                mean_of_segments(planned->sum, planned->segment_sums + row * segments, length);
    }
}

static void run_alone(const execution *run) {
    const gcs_plan *plan = run->plan;
    for (size_t i = 0; i < plan->first.count; i++)
        run_work(run, &plan->first.items[i]);
    if (plan->second.count == 0)
        return;
    take_means(plan);
    for (size_t i = 0; i < plan->second.count; i++)
        run_work(run, &plan->second.items[i]);
}

static void pool_task(void *arg, uint64_t index) {
    const execution *run = arg;
    run_work(run, &run->list->items[index]);
}

static void run_in_pool(execution *run) {
    const gcs_plan *plan = run->plan;
    const gcs_target *target = &plan->target;
    run->list = &plan->first;
    target->parallel_for(target->pool, plan->first.count, pool_task, run);
    if (plan->second.count == 0)
        return;
    take_means(plan);
    run->list = &plan->second;
    target->parallel_for(target->pool, plan->second.count, pool_task, run);
}

#ifdef _OPENMP
static void take_work(const execution *run, const gcs_work_list *list, atomic_size_t *next) {
    for (;;) {
        const size_t i = atomic_fetch_add_explicit(next, 1, memory_order_relaxed);
        if (i >= list->count)
            return;
        run_work(run, &list->items[i]);
    }
}

static void run_with_openmp(const execution *run) {
    const gcs_plan *plan = run->plan;
    atomic_size_t next_first = 0, next_second = 0;
#pragma omp parallel num_threads(plan->team)
    {
        take_work(run, &plan->first, &next_first);
        if (plan->second.count != 0) {
#pragma omp barrier
#pragma omp single
            take_means(plan);
            take_work(run, &plan->second, &next_second);
        }
    }
}
#else
static void run_with_openmp(const execution *run) {
    run_alone(run);
}
#endif

void gcs_execute(gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers) {
    execution run = {.plan = plan, .hyper = hyper, .buffers = buffers};
    if (plan->target.parallel_for != NULL)
        run_in_pool(&run);
    else if (plan->team == 1)
        run_alone(&run);
    else
        run_with_openmp(&run);
}
