/* One measurement: kernels fill the figures of groups, which are then put together per tensor. */
#include "dispatch/measure_internal.h"

typedef enum gcs_phase { GRADIENT, CENTRED_PARTS, WEIGHTS, CHANGE } gcs_phase;

/* What the threads of one measurement share. */
typedef struct measurement {
    const gcs_plan *plan;
    const gcs_hyper *hyper;
    const gcs_buffers *buffers;
    const gcs_measures *measures;
    gcs_phase phase;
} measurement;

gcs_centring gcs_centring_of(const gcs_planned_tensor *planned, const gcs_buffers *b) {
    if (planned->form.center == GCS_CENTER_NONE)
        return GCS_NOT_CENTRED;
    if (!planned->cut)
        return GCS_OWN_MEANS;
    /* With CENTER_UPDATE the caller's means are not those of g. */
    return planned->form.center == GCS_CENTER_UPDATE || b->means == NULL ? GCS_UNKNOWN_MEANS
                                                                         : GCS_GIVEN_MEANS;
}

/* ---- Kernels ------------------------------------------------------------------------------- */

static gcs_measured figures_from(const gcs_measured *all, uint64_t place) {
    return (gcs_measured){
        .sum = all->sum + place,
        .square = all->square + place,
        .max = all->max + place,
        .square_centered = all->square_centered != NULL ? all->square_centered + place : NULL,
        .max_centered = all->max_centered != NULL ? all->max_centered + place : NULL};
}

static void run_slices(const gcs_work *work, gcs_args *args, gcs_measured to) {
    args->measured = &to;
    args->out = to.sum; /* of GCS_OP_CHANGE */
    for (uint64_t slice = 0;;) {
        work->kernel->run(args);
        if (++slice == work->block.slices)
            return;
        gcs_next_slice(args);
        to = figures_from(&to, args->cols);
        args->out = to.sum;
    }
}

static float mean_of(const measurement *run, const gcs_work *work) {
    const gcs_planned_tensor *planned = &run->plan->tensors[work->tensor];
    const gcs_measuring *measuring = run->plan->measuring;
    const gcs_buffers *b = &run->buffers[work->tensor];
    if (gcs_centring_of(planned, b) == GCS_GIVEN_MEANS)
        return b->means[work->block.group];
    const uint64_t place = measuring->tensors[work->tensor].place + work->block.group;
    return measuring->figures.sum[place] / (float)work->block.cols;
}

/* Of g, or of w in its place. */
static void measure_elements(const measurement *run, const gcs_work *work) {
    const gcs_measuring *measuring = run->plan->measuring;
    const gcs_buffers *b = &run->buffers[work->tensor];
    const bool part = work->kernel->view == GCS_VIEW_PART, weights = run->phase == WEIGHTS;
    const gcs_centring centring = gcs_centring_of(&run->plan->tensors[work->tensor], b);
    const bool own = centring == GCS_OWN_MEANS, given = centring == GCS_GIVEN_MEANS;
    const gcs_form *form = weights        ? &measuring->weights
                           : own || given ? &measuring->centred
                                          : &measuring->raw;
    const gcs_buffers source = {.g = weights ? b->w : b->g};
    gcs_args args = gcs_work_arguments(run->plan, work, &source, form);
    if (given && !weights)
        args.means = b->means + work->block.group;
    if (run->phase == CENTRED_PARTS)
        args.mean = mean_of(run, work);
    run_slices(work, &args,
               figures_from(part ? &measuring->segments : &measuring->figures, work->place));
}

static void measure_change(const measurement *run, const gcs_work *work) {
    const gcs_planned_tensor *planned = &run->plan->tensors[work->tensor];
    gcs_args args =
        gcs_work_arguments(run->plan, work, &run->buffers[work->tensor], &planned->form);
    args.first_step = run->hyper[planned->shape.group].t == 1;
    run_slices(work, &args, figures_from(&run->plan->measuring->figures, work->place));
}

/* Whether the phase has anything to do for a tensor. */
static bool concerns(const measurement *run, size_t index) {
    const gcs_measures *m = &run->measures[index];
    switch (run->phase) {
    case GRADIENT:
        break;
    case CENTRED_PARTS: {
        const gcs_centring centring =
            gcs_centring_of(&run->plan->tensors[index], &run->buffers[index]);
        return centring == GCS_OWN_MEANS || centring == GCS_GIVEN_MEANS;
    }
    case WEIGHTS:
        return m->w_sums != NULL;
    case CHANGE:
        return m->change_sums != NULL;
    }
    return true;
}

static void run_work(void *arg, const gcs_work *work) {
    const measurement *run = arg;
    if (!concerns(run, work->tensor))
        return;
    if (run->phase == CHANGE)
        measure_change(run, work);
    else
        measure_elements(run, work);
}

/* ---- Split rows ---------------------------------------------------------------------------- */

/* From the figures of segments to those of rows. */
static void gather_rows(const measurement *run, const gcs_measured_block *b) {
    const gcs_measuring *measuring = run->plan->measuring;
    const uint64_t n = gcs_segments_of(b->block.cols);
    const gcs_measured *to = &measuring->figures;
    const bool centred = run->phase == CENTRED_PARTS;
    for (uint64_t row = 0; row < b->block.rows; row++) {
        const gcs_measured from = figures_from(&measuring->segments, b->segment + row * n);
        const uint64_t place = b->place + row;
        (centred ? to->max_centered : to->max)[place] = gcs_largest(from.max, n);
        (centred ? to->square_centered : to->square)[place] =
            gcs_sum_in_place(run->plan, from.square, n);
        if (!centred)
            to->sum[place] = gcs_sum_in_place(run->plan, from.sum, n);
    }
}

static void gather(const measurement *run) {
    const gcs_plan *plan = run->plan;
    for (size_t i = 0; i < plan->count; i++) {
        const gcs_measured_tensor *tensor = &plan->measuring->tensors[i];
        for (size_t k = 0; k < tensor->count; k++) {
            if (tensor->blocks[k].split && concerns(run, i))
                gather_rows(run, &tensor->blocks[k]);
        }
    }
}

static void run_phase(measurement *run, gcs_phase phase) {
    const gcs_plan *plan = run->plan;
    const gcs_measuring *measuring = plan->measuring;
    run->phase = phase;
    size_t concerned = 0;
    for (size_t i = 0; i < plan->count && concerned == 0; i++)
        concerned += concerns(run, i);
    if (concerned == 0)
        return;
    gcs_stage stage = phase == CHANGE ? measuring->change_stage : measuring->stage;
    if (phase == CENTRED_PARTS) {
        stage.count = measuring->parts;
        stage.backwards = true; /* what was read last is still in a cache */
    }
    if (stage.count != 0)
        gcs_team_run(plan, &stage, 1, run_work, NULL, run);
    if (phase != CHANGE && measuring->parts != 0)
        gather(run);
}

/* What the phase found, where the caller wants it. */
static void write_sums(const measurement *run) {
    for (size_t i = 0; i < run->plan->count; i++) {
        const gcs_measures *m = &run->measures[i];
        float *to = run->phase == WEIGHTS  ? m->w_sums
                    : run->phase == CHANGE ? m->change_sums
                                           : m->sums;
        if (to != NULL)
            gcs_measured_sums(run->plan, i, run->plan->measuring->figures.sum, to);
    }
}

void gcs_measure_run(const gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers,
                     gcs_measures *measures) {
    measurement run = {.plan = plan, .hyper = hyper, .buffers = buffers, .measures = measures};
    run_phase(&run, GRADIENT);
    write_sums(&run);
    run_phase(&run, CENTRED_PARTS);
    for (size_t i = 0; i < plan->count; i++)
        gcs_measured_tensor_write(plan, i, hyper[plan->tensors[i].shape.group].grad_scale,
                                  gcs_centring_of(&plan->tensors[i], &buffers[i]), &measures[i]);
    run_phase(&run, WEIGHTS);
    write_sums(&run);
    run_phase(&run, CHANGE);
    write_sums(&run);
}
