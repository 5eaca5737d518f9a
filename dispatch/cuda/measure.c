/* One measurement on a GPU, phase by phase: kernels, their figures to the host, and sums back. */
#include "dispatch/cuda/measure.h"

#include "dispatch/error.h"

static gcs_status failed(const struct gcs_cuda_plan *cuda, gcs_cu_result result) {
    return gcs_cuda_fail(cuda->driver, result, "the figures cannot be fetched from the device");
}

gcs_status gcs_cuda_measure_check(const gcs_plan *plan, const gcs_buffers *buffers,
                                  const gcs_measures *measures) {
    bool capturing = false;
    const gcs_status status = gcs_cuda_check_context(plan->cuda, &capturing);
    if (status != GCS_OK)
        return status;
    if (capturing)
        return gcs_fail(GCS_DEVICE_ERROR, "the plan's stream is captured: gcs_measure waits for "
                                          "its figures, which a graph cannot");
    return gcs_cuda_check_measured(plan, buffers, measures);
}

/* ---- What the kernels read from memory ----------------------------------------------------- */

/* Of a row that is split, where its mean is, of others, where the caller gave them; NULL: 0 is
 * taken off, or a mean that the kernel finds itself. */
static const float *means_of(const gcs_measurement *run, size_t number) {
    const gcs_cuda_measuring *measuring = run->plan->cuda->measuring;
    const gcs_cuda_measured *what = &measuring->measured[number];
    const gcs_buffers *b = &run->buffers[what->tensor];
    const bool part = number < measuring->parts;
    const gcs_phase phase = part ? GCS_PHASE_CENTRED_PARTS : GCS_PHASE_GRADIENT;
    const gcs_centring centring = gcs_centring_of(&run->plan->tensors[what->tensor], b);
    if (run->phase != phase)
        return NULL;
    if (centring == GCS_GIVEN_MEANS)
        return b->means + what->block.group;
    if (!part || centring != GCS_OWN_MEANS)
        return NULL;
    measuring->means[number] =
        run->plan->measuring->figures.sum[what->place] / (float)what->block.cols;
    const gcs_cu_pointer means =
        measuring->device_set +
        (gcs_cu_pointer)((unsigned char *)measuring->means - measuring->set);
    return (const float *)(uintptr_t)means + number;
}

static void set_matrix(const gcs_measurement *run, size_t number) {
    const gcs_plan *plan = run->plan;
    const gcs_cuda_measuring *measuring = plan->cuda->measuring;
    const gcs_cuda_measured *what = &measuring->measured[number];
    const gcs_buffers *b = &run->buffers[what->tensor];
    const unsigned f32 = sizeof(float);
    const uint64_t at = what->block.at;
    gcs_cuda_matrix *matrix = &measuring->matrices[number];
    if (run->phase == GCS_PHASE_WEIGHTS)
        matrix->g = gcs_cuda_moved(b->w, at, f32);
    else
        matrix->g = gcs_cuda_moved(b->g, at, gcs_type_bytes(plan->spec.gradient));
    matrix->w = gcs_cuda_moved(b->w, at, f32);
    matrix->m = plan->m ? gcs_cuda_moved(b->m, at, f32) : NULL;
    matrix->v = plan->v ? gcs_cuda_moved(b->v, at, f32) : NULL;
    matrix->v_max = plan->v_max ? gcs_cuda_moved(b->v_max, at, f32) : NULL;
    matrix->means = means_of(run, number);
    matrix->measured = number < measuring->parts
                           ? gcs_figures_from(&measuring->segments, what->from_part)
                           : gcs_figures_from(&measuring->figures, what->place);
    matrix->out = measuring->figures.sum + what->place;
}

static gcs_cu_result send_set(const gcs_measurement *run, gcs_cuda_launch *parameter) {
    const gcs_plan *plan = run->plan;
    const struct gcs_cuda_plan *cuda = plan->cuda;
    const gcs_cuda_measuring *measuring = cuda->measuring;
    const bool in_memory = measuring->groups_bytes != 0;
    gcs_cuda_group *groups =
        in_memory ? (gcs_cuda_group *)(void *)measuring->set : parameter->inline_groups;
    for (size_t i = 0; i < plan->groups; i++) {
        groups[i] = gcs_cuda_group_of(plan, run->hyper, i);
        groups[i].found_inf = NULL; /* it is not looked at, and may be anything */
    }
    for (size_t i = 0; i < measuring->count; i++)
        set_matrix(run, i);
    if (in_memory)
        parameter->groups = (const gcs_cuda_group *)(uintptr_t)measuring->device_set;
    parameter->matrices =
        (const gcs_cuda_matrix *)(uintptr_t)(measuring->device_set + measuring->groups_bytes);
    return cuda->driver->to_device(measuring->device_set, measuring->set, measuring->set_bytes,
                                   cuda->stream);
}

/* ---- Launches ------------------------------------------------------------------------------ */

static gcs_cu_result launch(const struct gcs_cuda_plan *cuda, const gcs_cuda_use *use,
                            gcs_cuda_launch *parameter, size_t first, size_t count) {
    void *parameters[] = {parameter};
    const gcs_cu_launch launch = {.grid = {(unsigned)count, 1, 1},
                                  .block = {use->kernel->threads, 1, 1},
                                  .shared_bytes = use->shared_bytes,
                                  .stream = cuda->stream};
    parameter->work =
        (const gcs_cuda_work *)(uintptr_t)(use->device_steps + first * sizeof(gcs_cuda_work));
    return cuda->driver->launch(&launch, use->function, parameters, NULL);
}

/* One launch; several where tensors between others do not concern the phase, or have another form.
 */
static gcs_cu_result launch_use(const gcs_measurement *run, const gcs_cuda_use *use,
                                gcs_cuda_launch *parameter) {
    gcs_cu_result result = GCS_CU_SUCCESS;
    for (size_t i = 0, next; i < use->count && result == GCS_CU_SUCCESS; i = next) {
        const gcs_form *form = gcs_measure_form(run, use->parts[i].tensor);
        size_t count = 0;
        for (next = i; next < use->count; next++) {
            const gcs_cuda_part *part = &use->parts[next];
            if (!gcs_measure_concerns(run, part->tensor) ||
                gcs_measure_form(run, part->tensor) != form)
                break;
            count += part->steps;
        }
        if (next == i) {
            next++;
            continue;
        }
        parameter->form = *form;
        result = launch(run->plan->cuda, use, parameter, use->parts[i].first_step, count);
    }
    return result;
}

/* ---- A phase ------------------------------------------------------------------------------- */

/* What the phase has written. */
static gcs_cu_result fetch(const gcs_measurement *run) {
    const struct gcs_cuda_plan *cuda = run->plan->cuda;
    const gcs_measuring *to = run->plan->measuring;
    uint64_t first = 0, end = 5 * to->entries + 3 * to->segment_entries;
    if (run->phase == GCS_PHASE_CENTRED_PARTS)
        first = 5 * to->entries; /* those of whole rows are there and stay */
    else if (run->phase == GCS_PHASE_CHANGE)
        end = to->entries;
    return cuda->driver->to_host(to->memory + first,
                                 cuda->measuring->device_figures + first * sizeof(float),
                                 (end - first) * sizeof(float), cuda->stream);
}

gcs_status gcs_cuda_measure_phase(const gcs_measurement *run) {
    static const struct {
        size_t first, end;
    } uses_of[] = {
        [GCS_PHASE_GRADIENT] = {GCS_CUDA_PARTS, GCS_CUDA_CHANGES},
        [GCS_PHASE_CENTRED_PARTS] = {GCS_CUDA_PARTS, GCS_CUDA_WHOLE_ROWS},
        [GCS_PHASE_WEIGHTS] = {GCS_CUDA_PARTS, GCS_CUDA_CHANGES},
        [GCS_PHASE_CHANGE] = {GCS_CUDA_CHANGES, GCS_CUDA_MEASURING_USES},
    };
    const struct gcs_cuda_plan *cuda = run->plan->cuda;
    gcs_cuda_launch parameter = {.groups = NULL};
    gcs_cu_result result = send_set(run, &parameter);
    for (size_t i = uses_of[run->phase].first;
         i < uses_of[run->phase].end && result == GCS_CU_SUCCESS; i++) {
        const gcs_cuda_use *use = &cuda->measuring->uses[i];
        result = launch_use(run, use, &parameter);
        if (result != GCS_CU_SUCCESS) {
            cuda->driver->stream_synchronize(cuda->stream); /* it reads what the next call writes */
            return gcs_cuda_fail(cuda->driver, result, "kernel %s was not launched",
                                 use->kernel->row.name);
        }
    }
    if (result == GCS_CU_SUCCESS)
        result = fetch(run);
    const gcs_cu_result end = cuda->driver->stream_synchronize(cuda->stream);
    result = result != GCS_CU_SUCCESS ? result : end;
    return result == GCS_CU_SUCCESS ? GCS_OK : failed(cuda, result);
}

/* ---- Sums ---------------------------------------------------------------------------------- */

gcs_status gcs_cuda_measure_write_sums(const gcs_plan *plan, size_t index, float *to) {
    const struct gcs_cuda_plan *cuda = plan->cuda;
    const gcs_measuring *measuring = plan->measuring;
    const gcs_measured_tensor *tensor = &measuring->tensors[index];
    const float *from = measuring->figures.sum + tensor->place;
    if (!tensor->in_order) {
        gcs_measured_sums(plan, index, measuring->figures.sum, measuring->combined);
        from = measuring->combined;
    }
    gcs_cu_result result =
        cuda->driver->to_device((gcs_cu_pointer)(uintptr_t)to, from,
                                plan->tensors[index].groups * sizeof *to, cuda->stream);
    if (result == GCS_CU_SUCCESS &&
        !tensor->in_order) /* the next tensor's come to the same place */
        result = cuda->driver->stream_synchronize(cuda->stream);
    return result == GCS_CU_SUCCESS
               ? GCS_OK
               : gcs_cuda_fail(cuda->driver, result, "the sums cannot be sent to the device");
}

gcs_status gcs_cuda_measure_end(const gcs_plan *plan) {
    const struct gcs_cuda_plan *cuda = plan->cuda;
    const gcs_cu_result result = cuda->driver->stream_synchronize(cuda->stream);
    return result == GCS_CU_SUCCESS ? GCS_OK : failed(cuda, result);
}
