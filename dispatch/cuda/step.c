/* gcs_step on a GPU: everything is checked, then enqueued; nothing is waited for. */
#include "dispatch/cuda/plan_internal.h"

#include "dispatch/coefficients.h"
#include "dispatch/error.h"

#include <string.h>

/* ---- The data of a step -------------------------------------------------------------------- */

gcs_cuda_group gcs_cuda_group_of(const gcs_plan *plan, const gcs_hyper *hyper, size_t index) {
    const gcs_hyper *h = &hyper[index];
    gcs_cuda_group group = {.first_step = h->t == 1,
                            .found_inf = h->found_inf,
                            .draw = gcs_draw_key_of_step(h->seed, h->t)};
    if (!plan->traffic) /* whose kernels rely on step being 0 */
        group.coef = plan->coef[index];
    return group;
}

static void set_matrix(const gcs_plan *plan, const gcs_buffers *b, const gcs_block *block,
                       gcs_cuda_matrix *matrix) {
    const unsigned f32 = sizeof(float);
    matrix->w = gcs_cuda_moved(b->w, block->at, f32);
    matrix->g = gcs_cuda_moved(b->g, block->at, gcs_type_bytes(plan->spec.gradient));
    matrix->m = plan->m ? gcs_cuda_moved(b->m, block->at, f32) : NULL;
    matrix->v = plan->v ? gcs_cuda_moved(b->v, block->at, f32) : NULL;
    matrix->v_max = plan->v_max ? gcs_cuda_moved(b->v_max, block->at, f32) : NULL;
    matrix->copy = plan->copy ? gcs_cuda_moved(b->copy, block->at, sizeof(uint16_t)) : NULL;
    matrix->means = gcs_cuda_moved(b->means, block->group, f32);
    matrix->w_means = gcs_cuda_moved(b->w_means, block->group, f32);
}

static void set_matrices(gcs_plan *plan, const gcs_buffers *buffers) {
    struct gcs_cuda_plan *cuda = plan->cuda;
    for (size_t i = 0; i < plan->count; i++) {
        gcs_block blocks[GCS_MAX_BLOCKS];
        const size_t count = gcs_cuda_blocks(&plan->tensors[i], blocks);
        for (size_t k = 0; k < count; k++)
            set_matrix(plan, &buffers[i], &blocks[k], &cuda->matrices[cuda->first_matrix[i] + k]);
    }
}

/* ---- Launches ------------------------------------------------------------------------------ */

/* The launches of one step. */
typedef struct launches {
    const gcs_plan *plan;
    const gcs_buffers *buffers;
    gcs_cuda_launch *parameter;
    bool counts; /* nothing is launched, `count` becomes their number */
    unsigned count, done;
} launches;

/* Work of a kernel. Unless it depends on the launch before it, its blocks may begin when that one's
 * last block has: they step other tensors, and fill what the end of a launch leaves idle. They end
 * after it (kernels/cuda/target.cuh). */
static gcs_status launch(launches *l, const gcs_cuda_use *use, bool depends, gcs_cu_pointer work,
                         size_t first, size_t count) {
    const struct gcs_cuda_plan *cuda = l->plan->cuda;
    if (l->counts) {
        l->count++;
        return GCS_OK;
    }
    void *parameters[] = {l->parameter};
    const unsigned cluster = use->kernel->cluster;
    gcs_cu_launch_attribute attributes[2];
    unsigned attribute_count = 0;
    if (cluster > 1)
        attributes[attribute_count++] =
            (gcs_cu_launch_attribute){.id = GCS_CU_LAUNCH_CLUSTER, .value = {cluster, 1, 1}};
    if (cuda->overlaps && l->done > 0 && !depends)
        attributes[attribute_count++] =
            (gcs_cu_launch_attribute){.id = GCS_CU_LAUNCH_OVERLAP, .value = {1}};
    const gcs_cu_launch launch = {.grid = {(unsigned)count * cluster, 1, 1},
                                  .block = {use->kernel->threads, 1, 1},
                                  .shared_bytes = use->shared_bytes,
                                  .stream = cuda->stream,
                                  .attributes = attributes,
                                  .attribute_count = attribute_count};
    l->parameter->work = (const gcs_cuda_work *)(uintptr_t)(work + first * sizeof(gcs_cuda_work));
    l->parameter->scratch = (uint32_t *)(uintptr_t)use->scratch;
    l->done++;
    /* Not for the trainer's next kernel, which may count on the end of the step. */
    l->parameter->lets_next_begin = l->done < l->count;
    const gcs_cu_result result = cuda->driver->launch(&launch, use->function, parameters, NULL);
    if (result != GCS_CU_SUCCESS)
        return gcs_cuda_fail(cuda->driver, result, "kernel %s was not launched",
                             use->kernel->row.name);
    return GCS_OK;
}

/* Whether the use is the one that steps the tensor, which has two where its means may be given. */
static bool steps(const gcs_plan *plan, const gcs_cuda_use *use, size_t part,
                  const gcs_buffers *buffers) {
    const size_t tensor = use->parts[part].tensor;
    const bool given = plan->tensors[tensor].given != NULL && buffers[tensor].means != NULL;
    return use->kernel->row.means_given == given;
}

/* One launch; several where some tensors between others are not for this use. */
static gcs_status launch_sums(launches *l, const gcs_cuda_use *use) {
    gcs_status status = GCS_OK;
    for (size_t i = 0; i < use->count && status == GCS_OK; i++) {
        const size_t first = use->parts[i].first_sum;
        size_t count = 0;
        for (; i < use->count && steps(l->plan, use, i, l->buffers); i++)
            count += use->parts[i].sums;
        if (count != 0)
            status = launch(l, use, false, use->device_sums, first, count);
    }
    return status;
}

/* The same. Where the steps are in the other order than the tensors, the last of some is the first.
 */
static gcs_status launch_steps(launches *l, const gcs_cuda_use *use) {
    gcs_status status = GCS_OK;
    for (size_t i = 0; i < use->count && status == GCS_OK; i++) {
        size_t first = use->parts[i].first_step, count = 0;
        for (; i < use->count && steps(l->plan, use, i, l->buffers); i++) {
            const gcs_cuda_part *part = &use->parts[i];
            first = part->first_step < first ? part->first_step : first;
            count += part->steps;
        }
        if (count != 0)
            status = launch(l, use, use->device_sums != 0, use->device_steps, first, count);
    }
    return status;
}

static gcs_status launch_use(launches *l, const gcs_cuda_use *use) {
    /* As of all of its tensors. */
    l->parameter->form = l->plan->tensors[use->parts[0].tensor].form;
    const gcs_status status = use->device_sums != 0 ? launch_sums(l, use) : GCS_OK;
    return status == GCS_OK ? launch_steps(l, use) : status;
}

static gcs_status launch_all(const gcs_plan *plan, const gcs_buffers *buffers,
                             gcs_cuda_launch *parameter, gcs_cu_pointer set) {
    const struct gcs_cuda_plan *cuda = plan->cuda;
    launches l = {.plan = plan, .buffers = buffers, .parameter = parameter, .counts = true};
    gcs_status status = GCS_OK;
    for (size_t i = 0; i < cuda->use_count; i++)
        status = launch_use(&l, &cuda->uses[i]);
    l.counts = false;
    parameter->matrices = (const gcs_cuda_matrix *)(uintptr_t)(set + cuda->groups_bytes);
    if (cuda->groups_bytes != 0)
        parameter->groups = (const gcs_cuda_group *)(uintptr_t)set;
    for (size_t i = 0; i < cuda->use_count && status == GCS_OK; i++)
        status = launch_use(&l, &cuda->uses[i]);
    return status;
}

/* ---- The step ------------------------------------------------------------------------------ */

gcs_status gcs_cuda_check_context(const struct gcs_cuda_plan *cuda, bool *capturing) {
    gcs_cu_context context = NULL;
    int capture = GCS_CU_CAPTURE_NONE;
    gcs_cu_result result = cuda->driver->context_current(&context);
    if (result == GCS_CU_SUCCESS && context != cuda->context)
        result = GCS_CU_INVALID_CONTEXT;
    if (result != GCS_CU_SUCCESS)
        return gcs_cuda_fail(cuda->driver, result,
                             "the calling thread's current context is not the plan's");
    result = cuda->driver->stream_is_capturing(cuda->stream, &capture);
    if (result != GCS_CU_SUCCESS)
        return gcs_cuda_fail(cuda->driver, result, "the plan's stream cannot be used");
    *capturing = capture != GCS_CU_CAPTURE_NONE;
    return GCS_OK;
}

static bool same_flags(const gcs_plan *plan, const gcs_hyper *hyper) {
    for (size_t i = 0; i < plan->groups; i++) {
        if (hyper[i].found_inf != plan->cuda->flags[i])
            return false;
    }
    return true;
}

static gcs_status take_buffers(gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers) {
    struct gcs_cuda_plan *cuda = plan->cuda;
    const size_t bytes = plan->count * sizeof *buffers;
    const bool same = cuda->checked && memcmp(cuda->buffers, buffers, bytes) == 0;
    if (same && same_flags(plan, hyper))
        return GCS_OK;
    const gcs_status status = gcs_cuda_check_pointers(plan, hyper, buffers);
    if (status != GCS_OK)
        return status;
    for (size_t i = 0; i < plan->groups; i++)
        cuda->flags[i] = hyper[i].found_inf;
    if (same)
        return GCS_OK;
    set_matrices(plan, buffers);
    memcpy(cuda->buffers, buffers, bytes);
    cuda->checked = true;
    cuda->uploaded = false;
    return GCS_OK;
}

/* Sees to it that the device has what the kernels read from memory, at *set. */
static gcs_status provide(struct gcs_cuda_plan *cuda, bool capturing, gcs_cu_pointer *set) {
    if (capturing)
        return gcs_cuda_upload_frozen(&cuda->uploads, cuda->set, set);
    *set = gcs_cuda_uploads_plain(&cuda->uploads);
    const size_t bytes = cuda->uploaded ? cuda->groups_bytes : cuda->set_bytes;
    const gcs_status status =
        bytes != 0 ? gcs_cuda_upload(&cuda->uploads, cuda->set, bytes, cuda->stream) : GCS_OK;
    cuda->uploaded = status == GCS_OK;
    return status;
}

gcs_status gcs_cuda_step(gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers) {
    struct gcs_cuda_plan *cuda = plan->cuda;
    gcs_cuda_launch parameter = {.groups = NULL};
    bool capturing = false;
    gcs_status status = gcs_take_hyper(plan, hyper);
    for (size_t i = 0; i < plan->groups && status == GCS_OK; i++)
        status = gcs_check_flag(hyper, i);
    for (size_t i = 0; i < plan->count && status == GCS_OK; i++)
        status = gcs_check_step_tensor(plan, i, &buffers[i]);
    if (status == GCS_OK)
        status = gcs_cuda_check_context(cuda, &capturing);
    if (status == GCS_OK)
        status = take_buffers(plan, hyper, buffers);
    if (status != GCS_OK)
        return status;
    gcs_cuda_group *groups =
        cuda->groups_bytes != 0 ? (gcs_cuda_group *)(void *)cuda->set : parameter.inline_groups;
    for (size_t i = 0; i < plan->groups; i++)
        groups[i] = gcs_cuda_group_of(plan, hyper, i);
    gcs_cu_pointer set = 0;
    status = provide(cuda, capturing, &set);
    return status == GCS_OK ? launch_all(plan, buffers, &parameter, set) : status;
}
