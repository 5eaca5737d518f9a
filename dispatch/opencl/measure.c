/* One measurement on an OpenCL device, phase by phase: kernels, their figures to the host, and sums
 * back. */
#include "dispatch/opencl/measure.h"

#include "dispatch/error.h"

/* ---- What is given ------------------------------------------------------------------------- */

static const char *const sum_names[GCS_OPENCL_SUM_KINDS] = {"sums", "w_sums", "change_sums"};

static bool is_there(const gcs_cl_buffer *buffer) {
    return buffer->mem != NULL || buffer->svm != NULL;
}

static gcs_status name_sums(const gcs_plan *plan, size_t index, const gcs_cl_sums *sums,
                            const gcs_measures *wanted) {
    gcs_opencl_measuring *measuring = plan->opencl->measuring;
    gcs_measures *m = &measuring->measures[index];
    const gcs_cl_sums of_svm = {
        {.svm = wanted->sums}, {.svm = wanted->w_sums}, {.svm = wanted->change_sums}};
    const gcs_cl_sums *of = sums != NULL ? sums : &of_svm;
    const gcs_cl_buffer *const buffers[GCS_OPENCL_SUM_KINDS] = {&of->sums, &of->w_sums,
                                                                &of->change_sums};
    void *names[GCS_OPENCL_SUM_KINDS] = {NULL};
    for (size_t i = 0; i < GCS_OPENCL_SUM_KINDS; i++) {
        const gcs_status status =
            gcs_opencl_name(plan, &measuring->names, "measures", index, sum_names[i], buffers[i],
                            plan->tensors[index].groups * sizeof(float), GCS_OPENCL_COPIED,
                            &names[i], &measuring->sums[index][i]);
        if (status != GCS_OK)
            return status;
    }
    *m = *wanted;
    m->sums = names[0];
    m->w_sums = names[1];
    m->change_sums = names[2];
    return GCS_OK;
}

/* What is read: g, and for the sums that are wanted the weights and the state. */
static void accesses_of(const gcs_plan *plan, size_t index, const gcs_cl_buffers *given,
                        unsigned accesses[GCS_OPENCL_STREAMS]) {
    const gcs_planned_tensor *planned = &plan->tensors[index];
    const gcs_measures *m = &plan->opencl->measuring->measures[index];
    const bool change = m->change_sums != NULL;
    const bool means = planned->cut && planned->form.center != GCS_CENTER_UPDATE;
    const bool read[GCS_OPENCL_STREAMS] = {
        [GCS_OPENCL_G] = true,
        [GCS_OPENCL_W] = change || m->w_sums != NULL,
        [GCS_OPENCL_M] = change && plan->m,
        [GCS_OPENCL_V] = change && plan->v,
        [GCS_OPENCL_V_MAX] = change && plan->v_max,
        [GCS_OPENCL_MEANS] = means && is_there(&given->means),
    };
    for (size_t i = 0; i < GCS_OPENCL_STREAMS; i++)
        accesses[i] = read[i] ? GCS_OPENCL_READ : GCS_OPENCL_UNUSED;
}

gcs_status gcs_opencl_measure_names(gcs_plan *plan, const gcs_opencl_given *given,
                                    const gcs_cl_sums *sums, const gcs_measures *wanted,
                                    const gcs_buffers **buffers, gcs_measures **measures) {
    unsigned accesses[GCS_OPENCL_STREAMS];
    const bool cl = given->cl_buffers != NULL;
    static const gcs_cl_sums none;
    gcs_status status = gcs_opencl_check_call(given->call);
    if (status == GCS_OK)
        status = gcs_opencl_measuring_open(plan);
    if (status != GCS_OK)
        return status;
    gcs_opencl_measuring *measuring = plan->opencl->measuring;
    gcs_opencl_forget(&measuring->names.memories);
    measuring->call = given->call;
    for (size_t i = 0; i < plan->count && status == GCS_OK; i++) {
        measuring->names.given[i] = gcs_opencl_buffers_of(given, i);
        status = name_sums(plan, i, !cl ? NULL : sums != NULL ? &sums[i] : &none, &wanted[i]);
        accesses_of(plan, i, &measuring->names.given[i], accesses);
        if (status == GCS_OK)
            status = gcs_opencl_name_tensor(plan, &measuring->names, i, accesses);
    }
    *buffers = measuring->names.buffers;
    *measures = measuring->measures;
    return status;
}

gcs_status gcs_opencl_measure_begin(const gcs_plan *plan) {
    const gcs_cl_call *call = plan->opencl->measuring->call;
    if (call == NULL || call->wait_count == 0)
        return GCS_OK;
    const gcs_cl_int result = plan->opencl->driver->events_wait(call->wait_count, call->wait_list);
    return result == GCS_CL_SUCCESS
               ? GCS_OK
               : gcs_opencl_fail(result, "call->wait_list cannot be waited for");
}

/* ---- What the kernels read from memory ----------------------------------------------------- */

/* Of a row that is split, where its mean is, of others, where the caller gave them; nowhere: 0 is
 * taken off, or a mean that the kernel finds itself. */
static gcs_opencl_place means_of(const gcs_measurement *run, size_t number) {
    gcs_opencl_measuring *measuring = run->plan->opencl->measuring;
    const gcs_opencl_measured *what = &measuring->measured[number];
    const bool part = number < measuring->parts;
    const gcs_phase phase = part ? GCS_PHASE_CENTRED_PARTS : GCS_PHASE_GRADIENT;
    const gcs_centring centring =
        gcs_centring_of(&run->plan->tensors[what->tensor], &run->buffers[what->tensor]);
    gcs_opencl_place place = {.memory = NULL};
    if (run->phase != phase)
        return place;
    if (centring == GCS_GIVEN_MEANS) {
        place = measuring->names.places[what->tensor][GCS_OPENCL_MEANS];
        place.at += what->block.group * sizeof(float);
    } else if (part && centring == GCS_OWN_MEANS) {
        measuring->means[number] =
            run->plan->measuring->figures.sum[what->place] / (float)what->block.cols;
        place = (gcs_opencl_place){measuring->device_means, number * sizeof(float)};
    }
    return place;
}

/* The places of matrix `number`. */
static void places_of(const gcs_measurement *run, size_t number,
                      gcs_opencl_place places[GCS_OPENCL_STREAMS]) {
    const gcs_plan *plan = run->plan;
    const gcs_opencl_measured *what = &plan->opencl->measuring->measured[number];
    const gcs_opencl_place *all = plan->opencl->measuring->names.places[what->tensor];
    const bool weights = run->phase == GCS_PHASE_WEIGHTS, change = run->phase == GCS_PHASE_CHANGE;
    for (size_t i = 0; i < GCS_OPENCL_STREAMS; i++) {
        const bool used = i == GCS_OPENCL_G || (change && i < GCS_OPENCL_COPY);
        const gcs_opencl_place *from = &all[i == GCS_OPENCL_G && weights ? GCS_OPENCL_W : i];
        const unsigned bytes = i == GCS_OPENCL_G && !weights ? gcs_type_bytes(plan->spec.gradient)
                                                             : (unsigned)sizeof(float);
        places[i] = (gcs_opencl_place){.memory = NULL};
        if (used && (from->memory != NULL || from->at != 0))
            places[i] = (gcs_opencl_place){from->memory, from->at + what->block.at * bytes};
    }
    places[GCS_OPENCL_MEANS] = means_of(run, number);
}

static void set_matrix(const gcs_measurement *run, size_t number,
                       const uint8_t bindings[GCS_OPENCL_STREAMS]) {
    gcs_opencl_measuring *measuring = run->plan->opencl->measuring;
    const gcs_opencl_measured *what = &measuring->measured[number];
    gcs_opencl_matrix *matrix = &measuring->matrices[number];
    gcs_opencl_place places[GCS_OPENCL_STREAMS];
    places_of(run, number, places);
    for (size_t i = 0; i < GCS_OPENCL_STREAMS; i++) {
        matrix->binding[i] = places[i].memory != NULL ? bindings[i] : GCS_OPENCL_SVM;
        matrix->at[i] = places[i].at;
    }
    matrix->figure = number < measuring->parts ? 5 * run->plan->measuring->entries + what->from_part
                                               : what->place;
}

/* Parts behind each other that concern the phase and have the same form, as far as bindings reach.
 */
static gcs_status make_batches(const gcs_measurement *run, gcs_opencl_measure_use *of) {
    gcs_opencl_measuring *measuring = run->plan->opencl->measuring;
    gcs_opencl_place places[GCS_OPENCL_STREAMS];
    uint8_t bindings[GCS_OPENCL_STREAMS];
    const gcs_form *before = NULL;
    for (size_t i = 0; i < of->use.count; i++) {
        const size_t tensor = of->use.parts[i].tensor;
        const gcs_form *form =
            gcs_measure_concerns(run, tensor) ? gcs_measure_form(run, tensor) : NULL;
        if (form != NULL) {
            places_of(run, of->matrices[i].first, places);
            if (!gcs_opencl_batch_part(&measuring->batches, &of->use, i, form != before, places,
                                       bindings))
                return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for measuring");
            for (size_t k = of->matrices[i].first; k < of->matrices[i].end; k++)
                set_matrix(run, k, bindings);
        }
        before = form;
    }
    return GCS_OK;
}

static gcs_cl_int send(gcs_opencl_chain *chain, gcs_cl_mem to, const void *from, size_t bytes) {
    gcs_cl_event event, *wanted = gcs_opencl_chain_event(chain, false, &event);
    const gcs_cl_int result = chain->driver->write(chain->queue, to, GCS_CL_FALSE, 0, bytes, from,
                                                   chain->waits, chain->wait, wanted);
    if (result == GCS_CL_SUCCESS)
        gcs_opencl_chain_add(chain, event);
    return result;
}

/* The arrays stay as they are until the phase has ended. */
static gcs_status send_all(const gcs_measurement *run, gcs_opencl_chain *chain) {
    gcs_opencl_measuring *measuring = run->plan->opencl->measuring;
    for (size_t i = 0; i < run->plan->groups; i++)
        measuring->groups[i] = gcs_opencl_group_of(run->plan, run->hyper, i);
    gcs_cl_int result = send(chain, measuring->device_groups, measuring->groups,
                             run->plan->groups * sizeof *measuring->groups);
    if (result == GCS_CL_SUCCESS)
        result = send(chain, measuring->device_matrices, measuring->matrices,
                      measuring->count * sizeof *measuring->matrices);
    if (result == GCS_CL_SUCCESS)
        result = send(chain, measuring->device_means, measuring->means,
                      (measuring->parts + 1) * sizeof *measuring->means);
    return result == GCS_CL_SUCCESS
               ? GCS_OK
               : gcs_opencl_fail(result, "the tensors' places cannot be sent to the device");
}

/* ---- Launches ------------------------------------------------------------------------------ */

static gcs_status tell_pointers(const gcs_measurement *run, const gcs_opencl_batch *batch) {
    struct gcs_opencl_plan *opencl = run->plan->opencl;
    size_t count = 0, last = run->plan->count;
    for (size_t i = batch->first; i < batch->end; i++) {
        const size_t tensor = batch->use->parts[i].tensor;
        for (size_t k = 0; k < GCS_OPENCL_STREAMS && tensor != last; k++) {
            const gcs_opencl_place *place = &opencl->measuring->names.places[tensor][k];
            if (place->memory == NULL && place->at != 0)
                opencl->pointers[count++] = (const void *)(uintptr_t)place->at;
        }
        last = tensor;
    }
    return gcs_opencl_tell_pointers(opencl, batch->use->built, opencl->pointers, count);
}

static gcs_status launch(const gcs_measurement *run, const gcs_opencl_batch *batch,
                         gcs_opencl_chain *chain) {
    struct gcs_opencl_plan *opencl = run->plan->opencl;
    gcs_opencl_measuring *measuring = opencl->measuring;
    const gcs_measuring *figures = run->plan->measuring;
    size_t kind = 0;
    while (&measuring->uses[kind].use != batch->use)
        kind++;
    gcs_opencl_measure_use *of = &measuring->uses[kind];
    const gcs_form *form = gcs_measure_form(run, batch->use->parts[batch->first].tensor);
    const gcs_opencl_launch parameters = {
        .matrices = measuring->device_matrices,
        .groups = measuring->device_groups,
        .scratch = measuring->figures,
        .stride = kind == GCS_OPENCL_PARTS ? figures->segment_entries : figures->entries};
    gcs_status status =
        gcs_opencl_build(opencl, of->kernel, form, of->use.local_bytes, &of->use.built);
    if (status == GCS_OK && of->use.built == NULL)
        return gcs_fail(GCS_UNSUPPORTED, "kernel %s cannot be run in all its forms on '%s'",
                        of->kernel->row.name, opencl->device.name);
    if (status == GCS_OK)
        status = tell_pointers(run, batch);
    return status == GCS_OK ? gcs_opencl_launch_batch(opencl, batch, &parameters, chain, false)
                            : status;
}

/* ---- A phase ------------------------------------------------------------------------------- */

/* What the phase has written. Waits for it. */
static gcs_status fetch(const gcs_measurement *run, gcs_opencl_chain *chain) {
    const gcs_measuring *to = run->plan->measuring;
    uint64_t first = 0, end = 5 * to->entries + 3 * to->segment_entries;
    if (run->phase == GCS_PHASE_CENTRED_PARTS)
        first = 5 * to->entries; /* those of whole rows are there and stay */
    else if (run->phase == GCS_PHASE_CHANGE)
        end = to->entries;
    const gcs_cl_int result = chain->driver->read(
        chain->queue, run->plan->opencl->measuring->figures, GCS_CL_TRUE, first * sizeof(float),
        (end - first) * sizeof(float), to->memory + first, chain->waits, chain->wait, NULL);
    if (result != GCS_CL_SUCCESS)
        return gcs_opencl_fail(result, "the figures cannot be fetched from the device");
    return GCS_OK;
}

static gcs_status run_kernels(const gcs_measurement *run, gcs_opencl_chain *chain) {
    const gcs_opencl_batches *batches = &run->plan->opencl->measuring->batches;
    gcs_status status = send_all(run, chain);
    for (size_t i = 0; i < batches->count && status == GCS_OK; i++)
        status = launch(run, &batches->items[i], chain);
    return status == GCS_OK ? fetch(run, chain) : status;
}

gcs_status gcs_opencl_measure_phase(const gcs_measurement *run) {
    static const struct {
        size_t first, end;
    } uses_of[] = {
        [GCS_PHASE_GRADIENT] = {GCS_OPENCL_PARTS, GCS_OPENCL_CHANGE_ROWS},
        [GCS_PHASE_CENTRED_PARTS] = {GCS_OPENCL_PARTS, GCS_OPENCL_WHOLE_ROWS},
        [GCS_PHASE_WEIGHTS] = {GCS_OPENCL_PARTS, GCS_OPENCL_CHANGE_ROWS},
        [GCS_PHASE_CHANGE] = {GCS_OPENCL_CHANGE_ROWS, GCS_OPENCL_KINDS},
    };
    struct gcs_opencl_plan *opencl = run->plan->opencl;
    gcs_opencl_chain chain;
    gcs_status status = GCS_OK;
    opencl->measuring->batches.count = 0;
    for (size_t i = uses_of[run->phase].first; i < uses_of[run->phase].end && status == GCS_OK; i++)
        status = make_batches(run, &opencl->measuring->uses[i]);
    if (status == GCS_OK)
        status = gcs_opencl_chain_begin(&chain, opencl, NULL);
    if (status != GCS_OK)
        return status;
    status = run_kernels(run, &chain);
    gcs_opencl_chain_end(&chain, opencl, status == GCS_OK);
    if (status != GCS_OK)
        gcs_opencl_wait(opencl); /* it reads what the next call writes */
    return status;
}

/* ---- Sums ---------------------------------------------------------------------------------- */

/* To a cl_mem by way of the figures, where they were found: whether the host may write to it is no
 * matter then. */
static gcs_cl_int send_sums(const gcs_plan *plan, size_t index, const float *from,
                            const gcs_opencl_place *to, gcs_opencl_chain *chain) {
    const struct gcs_opencl_plan *opencl = plan->opencl;
    const gcs_cl_mem figures = opencl->measuring->figures;
    const size_t bytes = (size_t)plan->tensors[index].groups * sizeof(float);
    const size_t at = (size_t)plan->measuring->tensors[index].place * sizeof(float);
    gcs_cl_event event, *wanted = gcs_opencl_chain_event(chain, false, &event);
    if (to->memory == NULL)
        return chain->driver->svm_copy(chain->queue, GCS_CL_TRUE, (void *)(uintptr_t)to->at, from,
                                       bytes, chain->waits, chain->wait, NULL);
    gcs_cl_int result = chain->driver->write(chain->queue, figures, GCS_CL_TRUE, at, bytes, from,
                                             chain->waits, chain->wait, NULL);
    if (result != GCS_CL_SUCCESS)
        return result;
    result = chain->driver->copy(chain->queue, figures, to->memory, at, (size_t)to->at, bytes, 0,
                                 NULL, wanted);
    if (result == GCS_CL_SUCCESS)
        gcs_opencl_chain_add(chain, event);
    return result;
}

gcs_status gcs_opencl_measure_write_sums(const gcs_measurement *run, size_t index) {
    const gcs_plan *plan = run->plan;
    const gcs_measuring *measuring = plan->measuring;
    const gcs_measured_tensor *tensor = &measuring->tensors[index];
    const size_t kind = run->phase == GCS_PHASE_WEIGHTS  ? 1
                        : run->phase == GCS_PHASE_CHANGE ? 2
                                                         : 0;
    const float *from = measuring->figures.sum + tensor->place;
    gcs_opencl_chain chain;
    if (!tensor->in_order) {
        gcs_measured_sums(plan, index, measuring->figures.sum, measuring->combined);
        from = measuring->combined;
    }
    const gcs_status status = gcs_opencl_chain_begin(&chain, plan->opencl, NULL);
    if (status != GCS_OK)
        return status;
    const gcs_cl_int result =
        send_sums(plan, index, from, &plan->opencl->measuring->sums[index][kind], &chain);
    gcs_opencl_chain_end(&chain, plan->opencl, result == GCS_CL_SUCCESS);
    return result == GCS_CL_SUCCESS
               ? GCS_OK
               : gcs_opencl_fail(result, "the sums cannot be sent to the device");
}

gcs_status gcs_opencl_measure_end(const gcs_plan *plan) {
    const gcs_cl_int result = gcs_opencl_wait(plan->opencl);
    return result == GCS_CL_SUCCESS
               ? GCS_OK
               : gcs_opencl_fail(result, "the sums cannot be sent to the device");
}
