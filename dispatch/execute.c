/* A step: the kernels run on the plan's pieces of work, stage by stage. */
#include "dispatch/plan_internal.h"

#include <string.h>

/* What the threads of one step share. */
typedef struct execution {
    const gcs_plan *plan;
    const gcs_hyper *hyper;
    const gcs_buffers *buffers;
} execution;

/* ---- Arguments ----------------------------------------------------------------------------- */

/* NULL stays NULL. */
static float *moved(float *buffer, uint64_t elements) {
    return buffer != NULL ? buffer + elements : NULL;
}

gcs_args gcs_work_arguments(const gcs_plan *plan, const gcs_work *work, const gcs_buffers *b,
                            const gcs_form *form) {
    const gcs_planned_tensor *planned = &plan->tensors[work->tensor];
    const uint64_t at = work->block.at;
    return (gcs_args){
        .w = moved(b->w, at),
        .g = (const char *)b->g + at * gcs_type_bytes(form->gradient),
        .m = moved(plan->m ? b->m : NULL, at),
        .v = moved(plan->v ? b->v : NULL, at),
        .v_max = moved(plan->v_max ? b->v_max : NULL, at),
        .copy = plan->copy && b->copy != NULL ? (uint16_t *)b->copy + at : NULL,
        .rows = work->block.rows,
        .cols = work->block.cols,
        .first = work->first,
        .last = work->last,
        .coef = &plan->coef[planned->shape.group],
        .form = form,
        .draw = {.key = {planned->key[0], planned->key[1]}, .index = planned->shape.offset + at},
    };
}

void gcs_next_slice(gcs_args *args) {
    const uint64_t n = args->rows * args->cols;
    args->w = moved(args->w, n);
    args->g = (const char *)args->g + n * gcs_type_bytes(args->form->gradient);
    args->m = moved(args->m, n);
    args->v = moved(args->v, n);
    args->v_max = moved(args->v_max, n);
    args->copy = args->copy != NULL ? args->copy + n : NULL;
    args->draw.index += n;
    args->means = args->means != NULL ? args->means + args->cols : NULL;
    args->w_means = args->w_means != NULL ? args->w_means + args->cols : NULL;
}

/* ---- The state before the first step ------------------------------------------------------- */

/* Puts +0 into the state of a range. */
static void clear_state(gcs_view view, const gcs_args *args) {
    float *const state[] = {args->m, args->v, args->v_max};
    const bool cols = view == GCS_VIEW_COLS;
    const uint64_t unit = view == GCS_VIEW_ROWS ? args->cols : 1;
    const uint64_t lines = cols ? args->rows : 1;
    const size_t bytes = (size_t)((args->last - args->first) * unit) * sizeof(float);
    for (size_t i = 0; i < sizeof state / sizeof state[0]; i++) {
        for (uint64_t line = 0; state[i] != NULL && line < lines; line++)
            memset(state[i] + line * args->cols + args->first * unit, 0, bytes);
    }
}

/* Whether this work is the first to read the state. With CENTER_UPDATE the sums make it new. */
static bool meets_old_state(const gcs_planned_tensor *planned, const gcs_kernel *kernel) {
    const bool in_sums = planned->form.center == GCS_CENTER_UPDATE;
    if (kernel->op == GCS_OP_SUM)
        return in_sums;
    return kernel->op == GCS_OP_STEP && !(in_sums && kernel->view == GCS_VIEW_PART);
}

/* ---- Running a piece of work --------------------------------------------------------------- */

static void run_slices(const execution *run, const gcs_work *work, gcs_args *args) {
    const gcs_planned_tensor *planned = &run->plan->tensors[work->tensor];
    const bool clear =
        run->hyper[planned->shape.group].t == 1 && meets_old_state(planned, work->kernel);
    for (uint64_t slice = 0;;) {
        if (clear)
            clear_state(work->kernel->view, args);
        work->kernel->run(args);
        if (++slice == work->block.slices)
            return;
        gcs_next_slice(args);
    }
}

/* The caller has the means of the groups. */
static void run_given(const execution *run, gcs_work work) {
    const gcs_planned_tensor *planned = &run->plan->tensors[work.tensor];
    const gcs_buffers *b = &run->buffers[work.tensor];
    if (work.kernel->view == GCS_VIEW_PART) {
        /* A piece of a row is a row whose mean is known. */
        work.block.at += work.first;
        work.block.cols = work.last - work.first;
        work.first = 0;
        work.last = 1;
    }
    work.kernel = planned->given;
    gcs_args args = gcs_work_arguments(run->plan, &work, b, &planned->form);
    args.means = b->means + work.block.group;
    args.w_means = b->w_means != NULL ? b->w_means + work.block.group : NULL;
    run_slices(run, &work, &args);
}

/* Segment sums, or the step with the mean that was made of them. */
static void run_split(const execution *run, const gcs_work *work) {
    const gcs_plan *plan = run->plan;
    const gcs_planned_tensor *planned = &plan->tensors[work->tensor];
    gcs_args args = gcs_work_arguments(plan, work, &run->buffers[work->tensor], &planned->form);
    gcs_coef coef = *args.coef;
    if (work->kernel == plan->fold &&
        (gcs_rule_is_decoupled(plan->spec.rule) || planned->form.center != GCS_CENTER_GRADIENT))
        coef.decay = 0; /* it is no part of what is centred, which this kernel does not know */
    args.coef = &coef;
    if (work->kernel->op == GCS_OP_STEP)
        args.mean = planned->means[work->block.group];
    args.out = planned->segment_sums + work->place;
    run_slices(run, work, &args);
}

static void run_work(void *arg, const gcs_work *work) {
    const execution *run = arg;
    const gcs_planned_tensor *planned = &run->plan->tensors[work->tensor];
    if (run->plan->skip[planned->shape.group])
        return;
    if (planned->given != NULL && run->buffers[work->tensor].means != NULL) {
        if (work->kernel->op == GCS_OP_STEP)
            run_given(run, *work);
    } else if (work->kernel->view == GCS_VIEW_PART) {
        run_split(run, work);
    } else {
        gcs_args args =
            gcs_work_arguments(run->plan, work, &run->buffers[work->tensor], &planned->form);
        run_slices(run, work, &args);
    }
}

/* ---- The means of split rows --------------------------------------------------------------- */

float gcs_sum_in_place(const gcs_plan *plan, float *values, uint64_t n) {
    static const gcs_coef as_they_are = {.scale = 1};
    static const gcs_form form = {.rule = GCS_RULE_SGD, .center = GCS_CENTER_GRADIENT};
    while (n > 1) {
        /* Sum i goes where an element that was read before stood. */
        const gcs_args args = {.g = values,
                               .rows = 1,
                               .cols = n,
                               .last = n,
                               .coef = &as_they_are,
                               .form = &form,
                               .out = values};
        plan->fold->run(&args);
        n = gcs_segments_of(n);
    }
    return values[0];
}

/* Of the rows whose sums the stage has taken. */
static void take_means(void *arg, const gcs_stage *sums) {
    const execution *run = arg;
    const gcs_plan *plan = run->plan;
    for (size_t i = 0; i < sums->count; i++) {
        const gcs_work *work = &sums->items[i];
        const gcs_planned_tensor *planned = &plan->tensors[work->tensor];
        if (work->first != 0 || plan->skip[planned->shape.group] ||
            run->buffers[work->tensor].means != NULL)
            continue;
        const uint64_t length = work->block.cols;
        planned->means[work->block.group] =
            gcs_sum_in_place(plan, planned->segment_sums + work->place, gcs_segments_of(length)) /
            (float)length;
    }
}

void gcs_execute(gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers) {
    execution run = {.plan = plan, .hyper = hyper, .buffers = buffers};
    gcs_team_run(plan, plan->stages, plan->stage_count, run_work, take_means, &run);
}
