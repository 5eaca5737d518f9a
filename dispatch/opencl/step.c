/* gcs_step on an OpenCL device: everything is checked, then enqueued; nothing is waited for. */
#include "dispatch/opencl/plan_internal.h"

#include "dispatch/coefficients.h"
#include "dispatch/error.h"

#include <string.h>

/* ---- The data of a step -------------------------------------------------------------------- */

gcs_opencl_group gcs_opencl_group_of(const gcs_plan *plan, const gcs_hyper *hyper, size_t index) {
    const gcs_hyper *h = &hyper[index];
    gcs_opencl_group group;
    memset(&group, 0, sizeof group); /* it is compared, padding and all */
    group.first_step = h->t == 1;
    group.draw = gcs_draw_key_of_step(h->seed, h->t);
    if (!plan->traffic) /* whose kernels rely on step being 0 */
        group.coef = plan->coef[index];
    return group;
}

static void set_matrix(const gcs_plan *plan, const gcs_block *block,
                       const gcs_opencl_place places[GCS_OPENCL_STREAMS],
                       const uint8_t bindings[GCS_OPENCL_STREAMS], gcs_opencl_matrix *matrix) {
    const uint64_t f32 = sizeof(float);
    const uint64_t behind[GCS_OPENCL_STREAMS] = {
        [GCS_OPENCL_W] = block->at * f32,
        [GCS_OPENCL_G] = block->at * gcs_type_bytes(plan->spec.gradient),
        [GCS_OPENCL_M] = block->at * f32,
        [GCS_OPENCL_V] = block->at * f32,
        [GCS_OPENCL_V_MAX] = block->at * f32,
        [GCS_OPENCL_COPY] = block->at * sizeof(uint16_t),
        [GCS_OPENCL_MEANS] = block->group * f32,
        [GCS_OPENCL_W_MEANS] = block->group * f32,
    };
    for (size_t i = 0; i < GCS_OPENCL_STREAMS; i++) {
        const bool none = places[i].memory == NULL && places[i].at == 0;
        matrix->binding[i] = bindings[i];
        matrix->at[i] = none ? 0 : places[i].at + behind[i];
    }
}

/* Whether the use is the one that steps the tensor, which has two where its means may be given. */
static bool steps(const gcs_plan *plan, const gcs_opencl_use *use, size_t part) {
    const size_t tensor = use->parts[part].tensor;
    const bool given =
        plan->tensors[tensor].given != NULL && plan->opencl->names.buffers[tensor].means != NULL;
    return use->built->kernel->row.means_given == given;
}

/* From the names to launches and matrices. */
static gcs_status make_batches(gcs_plan *plan) {
    struct gcs_opencl_plan *opencl = plan->opencl;
    uint8_t bindings[GCS_OPENCL_STREAMS];
    gcs_block blocks[GCS_MAX_BLOCKS];
    opencl->batches.count = 0;
    for (size_t i = 0; i < opencl->use_count; i++) {
        const gcs_opencl_use *use = &opencl->uses[i];
        bool apart = true;
        for (size_t k = 0; k < use->count; k++) {
            const size_t tensor = use->parts[k].tensor;
            const bool stepped = steps(plan, use, k);
            if (stepped && !gcs_opencl_batch_part(&opencl->batches, use, k, apart,
                                                  opencl->names.places[tensor], bindings))
                return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the step's launches");
            apart = !stepped; /* those between others are another's */
            if (!stepped)
                continue;
            const size_t count = gcs_opencl_blocks(&plan->tensors[tensor], blocks);
            for (size_t j = 0; j < count; j++)
                set_matrix(plan, &blocks[j], opencl->names.places[tensor], bindings,
                           &opencl->matrices[opencl->first_matrix[tensor] + j]);
        }
    }
    return GCS_OK;
}

/* The kernels reach what lies in shared virtual memory through the matrices alone. */
static gcs_status tell_pointers(gcs_plan *plan) {
    struct gcs_opencl_plan *opencl = plan->opencl;
    gcs_status status = GCS_OK;
    for (size_t i = 0; i < opencl->use_count && status == GCS_OK; i++) {
        const gcs_opencl_use *use = &opencl->uses[i];
        size_t count = 0;
        for (size_t k = 0; k < use->count; k++) {
            if (!steps(plan, use, k))
                continue;
            for (size_t j = 0; j < GCS_OPENCL_STREAMS; j++) {
                const gcs_opencl_place *place = &opencl->names.places[use->parts[k].tensor][j];
                if (place->memory == NULL && place->at != 0)
                    opencl->pointers[count++] = (const void *)(uintptr_t)place->at;
            }
        }
        status = gcs_opencl_tell_pointers(opencl, use->built, opencl->pointers, count);
    }
    return status;
}

static gcs_status make_svm_flags(gcs_plan *plan) {
    struct gcs_opencl_plan *opencl = plan->opencl;
    if (!opencl->names.flags_in_svm || opencl->names.flag_count == 0 || opencl->svm_flags != NULL)
        return GCS_OK;
    opencl->svm_flags = opencl->driver->svm_alloc(opencl->context, GCS_CL_MEM_READ_WRITE,
                                                  plan->groups * sizeof(float), 0);
    return opencl->svm_flags != NULL
               ? GCS_OK
               : gcs_fail(GCS_OUT_OF_MEMORY, "no shared virtual memory for the step's flags");
}

/* ---- Enqueuing ----------------------------------------------------------------------------- */

/* The parameter groups, where they differ from those that the device has. */
static gcs_status send_groups(gcs_plan *plan, const gcs_hyper *hyper, gcs_opencl_chain *chain) {
    struct gcs_opencl_plan *opencl = plan->opencl;
    const size_t bytes = plan->groups * sizeof *opencl->groups;
    for (size_t i = 0; i < plan->groups; i++) {
        opencl->next_groups[i] = gcs_opencl_group_of(plan, hyper, i);
        opencl->next_groups[i].flag = opencl->names.flag_of[i];
    }
    if (opencl->has_groups && memcmp(opencl->groups, opencl->next_groups, bytes) == 0)
        return GCS_OK;
    opencl->has_groups = false;
    gcs_status status = gcs_opencl_uploads_wait(&opencl->uploads);
    if (status == GCS_OK)
        status = gcs_opencl_upload(&opencl->uploads, chain, opencl->next_groups, bytes,
                                   opencl->device_groups);
    if (status != GCS_OK)
        return status;
    memcpy(opencl->groups, opencl->next_groups, bytes);
    opencl->has_groups = true;
    return GCS_OK;
}

static gcs_status send_matrices(struct gcs_opencl_plan *opencl, gcs_opencl_chain *chain) {
    if (opencl->has_matrices)
        return GCS_OK;
    gcs_status status = gcs_opencl_uploads_wait(&opencl->uploads);
    if (status == GCS_OK)
        status = gcs_opencl_upload(&opencl->uploads, chain, opencl->matrices,
                                   opencl->matrix_count * sizeof *opencl->matrices,
                                   opencl->device_matrices);
    opencl->has_matrices = status == GCS_OK;
    return status;
}

/* The trainer's flags, to where the kernels look: the host never waits for them. */
static gcs_status fetch_flags(const struct gcs_opencl_plan *opencl, gcs_opencl_chain *chain) {
    const gcs_opencl_names *names = &opencl->names;
    gcs_cl_int result = GCS_CL_SUCCESS;
    for (size_t i = 0; i < names->flag_count && result == GCS_CL_SUCCESS; i++) {
        const gcs_opencl_place *flag = &names->flags[i];
        gcs_cl_event event, *to = gcs_opencl_chain_event(chain, false, &event);
        if (names->flags_in_svm)
            result = chain->driver->svm_copy(chain->queue, GCS_CL_FALSE, opencl->svm_flags + i,
                                             (const void *)(uintptr_t)flag->at, sizeof(float),
                                             chain->waits, chain->wait, to);
        else
            result = chain->driver->copy(chain->queue, flag->memory, opencl->flags,
                                         (size_t)flag->at, i * sizeof(float), sizeof(float),
                                         chain->waits, chain->wait, to);
        if (result == GCS_CL_SUCCESS)
            gcs_opencl_chain_add(chain, event);
    }
    return result == GCS_CL_SUCCESS ? GCS_OK
                                    : gcs_opencl_fail(result, "the step's flags cannot be read");
}

static gcs_status launch_all(const struct gcs_opencl_plan *opencl, gcs_opencl_chain *chain) {
    const gcs_opencl_names *names = &opencl->names;
    const gcs_opencl_launch launch = {
        .matrices = opencl->device_matrices,
        .groups = opencl->device_groups,
        .scratch = opencl->scratch != NULL ? opencl->scratch : opencl->flags,
        .svm_flags = names->flags_in_svm && names->flag_count != 0 ? opencl->svm_flags : NULL};
    gcs_status status = GCS_OK;
    for (size_t i = 0; i < opencl->batches.count && status == GCS_OK; i++)
        status = gcs_opencl_launch_batch(opencl, &opencl->batches.items[i], &launch, chain,
                                         i + 1 == opencl->batches.count);
    return status;
}

static gcs_status enqueue(gcs_plan *plan, const gcs_hyper *hyper, gcs_opencl_chain *chain) {
    struct gcs_opencl_plan *opencl = plan->opencl;
    gcs_status status = send_groups(plan, hyper, chain);
    if (status == GCS_OK)
        status = send_matrices(opencl, chain);
    if (status == GCS_OK)
        status = fetch_flags(opencl, chain);
    return status == GCS_OK ? launch_all(opencl, chain) : status;
}

/* ---- The step ------------------------------------------------------------------------------ */

gcs_status gcs_opencl_check_call(const gcs_cl_call *call) {
    if (call == NULL)
        return GCS_OK;
    if (call->wait_count > 0 && call->wait_list == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "call->wait_list is NULL, and wait_count %u",
                        call->wait_count);
    for (uint32_t i = 0; i < call->wait_count; i++) {
        if (call->wait_list[i] == NULL)
            return gcs_fail(GCS_INVALID_ARGUMENT, "call->wait_list[%u] is NULL", i);
    }
    return GCS_OK;
}

/* Everything that is checked of the arguments. */
static gcs_status check(gcs_plan *plan, const gcs_hyper *hyper, const gcs_opencl_given *given,
                        bool *changed) {
    struct gcs_opencl_plan *opencl = plan->opencl;
    gcs_status status = gcs_take_hyper(plan, hyper);
    if (status == GCS_OK)
        status = gcs_opencl_check_call(given->call);
    for (size_t i = 0; i < plan->groups && status == GCS_OK; i++) {
        status = gcs_check_flag(hyper, i);
        if (given->cl_buffers != NULL && hyper[i].found_inf != NULL)
            return gcs_fail(GCS_INVALID_ARGUMENT,
                            "hyper[%zu].found_inf is not NULL: with gcs_step_opencl a flag is in "
                            "call->found_inf",
                            i);
    }
    if (status == GCS_OK)
        status = gcs_opencl_take_names(plan, hyper, given, &opencl->names, changed);
    for (size_t i = 0; i < plan->count && status == GCS_OK; i++)
        status = gcs_check_step_tensor(plan, i, &opencl->names.buffers[i]);
    return status;
}

/* What follows from other buffers than the last step's. */
static gcs_status prepare(gcs_plan *plan) {
    struct gcs_opencl_plan *opencl = plan->opencl;
    opencl->has_matrices = false;
    gcs_status status = make_batches(plan);
    if (status == GCS_OK)
        status = tell_pointers(plan);
    if (status == GCS_OK)
        status = make_svm_flags(plan);
    return status;
}

gcs_status gcs_opencl_step(gcs_plan *plan, const gcs_hyper *hyper, const gcs_opencl_given *given) {
    struct gcs_opencl_plan *opencl = plan->opencl;
    void **event = given->call != NULL ? given->call->event : NULL;
    gcs_opencl_chain chain;
    bool changed = true;
    gcs_status status = check(plan, hyper, given, &changed);
    if (status == GCS_OK && changed)
        status = prepare(plan);
    if (status == GCS_OK)
        status = gcs_opencl_chain_begin(&chain, opencl, given->call);
    if (status != GCS_OK) {
        opencl->names.valid = false; /* what follows from them is not there */
        return status;
    }
    status = enqueue(plan, hyper, &chain);
    gcs_opencl_chain_end(&chain, opencl, status == GCS_OK);
    if (status != GCS_OK || event == NULL)
        return status;
    const gcs_cl_int result = opencl->driver->event_retain(opencl->last);
    if (result != GCS_CL_SUCCESS)
        return gcs_opencl_fail(result, "the step was enqueued, but its event cannot be retained");
    *event = opencl->last;
    return GCS_OK;
}
