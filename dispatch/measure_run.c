/* One measurement: kernels fill the figures of groups, which are then put together per tensor. */
#include "dispatch/cuda/measure.h"
#include "dispatch/measure_internal.h"
#include "dispatch/opencl/measure.h"

gcs_centring gcs_centring_of(const gcs_planned_tensor *planned, const gcs_buffers *b) {
    if (planned->form.center == GCS_CENTER_NONE)
        return GCS_NOT_CENTRED;
    if (!planned->cut)
        return GCS_OWN_MEANS;
    /* With CENTER_UPDATE the caller's means are not those of g. */
    return planned->form.center == GCS_CENTER_UPDATE || b->means == NULL ? GCS_UNKNOWN_MEANS
                                                                         : GCS_GIVEN_MEANS;
}

bool gcs_measure_concerns(const gcs_measurement *run, size_t index) {
    const gcs_measures *m = &run->measures[index];
    switch (run->phase) {
    case GCS_PHASE_GRADIENT:
        break;
    case GCS_PHASE_CENTRED_PARTS: {
        const gcs_centring centring =
            gcs_centring_of(&run->plan->tensors[index], &run->buffers[index]);
        return centring == GCS_OWN_MEANS || centring == GCS_GIVEN_MEANS;
    }
    case GCS_PHASE_WEIGHTS:
        return m->w_sums != NULL;
    case GCS_PHASE_CHANGE:
        return m->change_sums != NULL;
    }
    return true;
}

const gcs_form *gcs_measure_form(const gcs_measurement *run, size_t index) {
    const gcs_measuring *measuring = run->plan->measuring;
    const gcs_planned_tensor *planned = &run->plan->tensors[index];
    if (run->phase == GCS_PHASE_CHANGE)
        return &planned->form;
    if (run->phase == GCS_PHASE_WEIGHTS)
        return &measuring->weights;
    const gcs_centring centring = gcs_centring_of(planned, &run->buffers[index]);
    return centring == GCS_OWN_MEANS || centring == GCS_GIVEN_MEANS ? &measuring->centred
                                                                    : &measuring->raw;
}

/* ---- Kernels ------------------------------------------------------------------------------- */

static void run_slices(const gcs_work *work, gcs_args *args, gcs_measured to) {
    args->measured = &to;
    args->out = to.sum; /* of GCS_OP_CHANGE */
    for (uint64_t slice = 0;;) {
        work->kernel->run(args);
        if (++slice == work->block.slices)
            return;
        gcs_next_slice(args);
        to = gcs_figures_from(&to, args->cols);
        args->out = to.sum;
    }
}

static float mean_of(const gcs_measurement *run, const gcs_work *work) {
    const gcs_planned_tensor *planned = &run->plan->tensors[work->tensor];
    const gcs_measuring *measuring = run->plan->measuring;
    const gcs_buffers *b = &run->buffers[work->tensor];
    if (gcs_centring_of(planned, b) == GCS_GIVEN_MEANS)
        return b->means[work->block.group];
    const uint64_t place = measuring->tensors[work->tensor].place + work->block.group;
    return measuring->figures.sum[place] / (float)work->block.cols;
}

/* Of g, or of w in its place. */
static void measure_elements(const gcs_measurement *run, const gcs_work *work) {
    const gcs_measuring *measuring = run->plan->measuring;
    const gcs_buffers *b = &run->buffers[work->tensor];
    const bool part = work->kernel->view == GCS_VIEW_PART,
               weights = run->phase == GCS_PHASE_WEIGHTS;
    const bool given = gcs_centring_of(&run->plan->tensors[work->tensor], b) == GCS_GIVEN_MEANS;
    const gcs_buffers source = {.g = weights ? b->w : b->g};
    gcs_args args =
        gcs_work_arguments(run->plan, work, &source, gcs_measure_form(run, work->tensor));
    if (given && !weights)
        args.means = b->means + work->block.group;
    if (run->phase == GCS_PHASE_CENTRED_PARTS)
        args.mean = mean_of(run, work);
    run_slices(work, &args,
               gcs_figures_from(part ? &measuring->segments : &measuring->figures, work->place));
}

static void measure_change(const gcs_measurement *run, const gcs_work *work) {
    const gcs_planned_tensor *planned = &run->plan->tensors[work->tensor];
    gcs_args args = gcs_work_arguments(run->plan, work, &run->buffers[work->tensor],
                                       gcs_measure_form(run, work->tensor));
    args.first_step = run->hyper[planned->shape.group].t == 1;
    run_slices(work, &args, gcs_figures_from(&run->plan->measuring->figures, work->place));
}

static void run_work(void *arg, const gcs_work *work) {
    const gcs_measurement *run = arg;
    if (!gcs_measure_concerns(run, work->tensor))
        return;
    if (run->phase == GCS_PHASE_CHANGE)
        measure_change(run, work);
    else
        measure_elements(run, work);
}

/* ---- Split rows ---------------------------------------------------------------------------- */

/* From the figures of segments to those of rows. */
static void gather_rows(const gcs_measurement *run, const gcs_measured_block *b) {
    const gcs_measuring *measuring = run->plan->measuring;
    const uint64_t n = gcs_segments_of(b->block.cols);
    const gcs_measured *to = &measuring->figures;
    const bool centred = run->phase == GCS_PHASE_CENTRED_PARTS;
    for (uint64_t row = 0; row < b->block.rows; row++) {
        const gcs_measured from = gcs_figures_from(&measuring->segments, b->segment + row * n);
        const uint64_t place = b->place + row;
        (centred ? to->max_centered : to->max)[place] = gcs_largest(from.max, n);
        (centred ? to->square_centered : to->square)[place] =
            gcs_sum_in_place(run->plan, from.square, n);
        if (!centred)
            to->sum[place] = gcs_sum_in_place(run->plan, from.sum, n);
    }
}

static void gather(const gcs_measurement *run) {
    const gcs_plan *plan = run->plan;
    for (size_t i = 0; i < plan->count; i++) {
        const gcs_measured_tensor *tensor = &plan->measuring->tensors[i];
        for (size_t k = 0; k < tensor->count; k++) {
            if (tensor->blocks[k].split && gcs_measure_concerns(run, i))
                gather_rows(run, &tensor->blocks[k]);
        }
    }
}

/* ---- Phases -------------------------------------------------------------------------------- */

static void run_on_cpu(gcs_measurement *run) {
    const gcs_plan *plan = run->plan;
    const gcs_measuring *measuring = plan->measuring;
    gcs_stage stage = run->phase == GCS_PHASE_CHANGE ? measuring->change_stage : measuring->stage;
    if (run->phase == GCS_PHASE_CENTRED_PARTS) {
        stage.count = measuring->parts;
        stage.backwards = true; /* what was read last is still in a cache */
    }
    if (stage.count != 0)
        gcs_team_run(plan, &stage, 1, run_work, NULL, run);
}

static gcs_status run_phase(gcs_measurement *run, gcs_phase phase) {
    const gcs_plan *plan = run->plan;
    const bool has_parts = plan->measuring->segment_entries != 0;
    gcs_status status = GCS_OK;
    run->phase = phase;
    size_t concerned = 0;
    for (size_t i = 0; i < plan->count && concerned == 0; i++)
        concerned += gcs_measure_concerns(run, i);
    if (concerned == 0 || (phase == GCS_PHASE_CENTRED_PARTS && !has_parts))
        return GCS_OK;
    if (plan->cuda != NULL)
        status = gcs_cuda_measure_phase(run);
    else if (plan->opencl != NULL)
        status = gcs_opencl_measure_phase(run);
    else
        run_on_cpu(run);
    if (status == GCS_OK && phase != GCS_PHASE_CHANGE && has_parts)
        gather(run);
    return status;
}

/* What the phase found, where the caller wants it. */
static gcs_status write_sums(const gcs_measurement *run) {
    gcs_status status = GCS_OK;
    for (size_t i = 0; i < run->plan->count && status == GCS_OK; i++) {
        const gcs_measures *m = &run->measures[i];
        float *to = run->phase == GCS_PHASE_WEIGHTS  ? m->w_sums
                    : run->phase == GCS_PHASE_CHANGE ? m->change_sums
                                                     : m->sums;
        if (to == NULL)
            continue;
        if (run->plan->cuda != NULL)
            status = gcs_cuda_measure_write_sums(run->plan, i, to);
        else if (run->plan->opencl != NULL)
            status = gcs_opencl_measure_write_sums(run, i);
        else
            gcs_measured_sums(run->plan, i, run->plan->measuring->figures.sum, to);
    }
    return status;
}

static gcs_status run_with_sums(gcs_measurement *run, gcs_phase phase) {
    const gcs_status status = run_phase(run, phase);
    return status == GCS_OK ? write_sums(run) : status;
}

static gcs_status run_all(gcs_measurement *run, gcs_measures *measures) {
    const gcs_plan *plan = run->plan;
    gcs_status status = run_with_sums(run, GCS_PHASE_GRADIENT);
    if (status == GCS_OK)
        status = run_phase(run, GCS_PHASE_CENTRED_PARTS);
    if (status != GCS_OK)
        return status;
    for (size_t i = 0; i < plan->count; i++)
        gcs_measured_tensor_write(plan, i, run->hyper[plan->tensors[i].shape.group].grad_scale,
                                  gcs_centring_of(&plan->tensors[i], &run->buffers[i]),
                                  &measures[i]);
    status = run_with_sums(run, GCS_PHASE_WEIGHTS);
    return status == GCS_OK ? run_with_sums(run, GCS_PHASE_CHANGE) : status;
}

gcs_status gcs_measure_run(const gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers,
                           gcs_measures *measures) {
    gcs_measurement run = {.plan = plan, .hyper = hyper, .buffers = buffers, .measures = measures};
    const gcs_status status = run_all(&run, measures);
    if (plan->cuda == NULL && plan->opencl == NULL)
        return status;
    /* Also where something failed. */
    const gcs_status end =
        plan->cuda != NULL ? gcs_cuda_measure_end(plan) : gcs_opencl_measure_end(plan);
    return status != GCS_OK ? status : end;
}
