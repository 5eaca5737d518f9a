/* Before the first gcs_measure of a plan for a GPU: memory for its work and the figures, here and
 * on the device. */
#include "dispatch/cuda/measure.h"

#include "dispatch/error.h"

#include <stdlib.h>

#define ALIGNMENT 256U /* of device memory */

static gcs_status no_memory(void) {
    return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for measuring");
}

static gcs_status allocate(gcs_plan *plan) {
    gcs_cuda_measuring *measuring = plan->cuda->measuring;
    uint64_t count = 0, parts = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const gcs_measured_tensor *tensor = &plan->measuring->tensors[i];
        const bool change = plan->tensors[i].form.center == GCS_CENTER_UPDATE;
        for (size_t k = 0; k < tensor->count; k++) {
            const gcs_measured_block *b = &tensor->blocks[k];
            parts += b->split ? b->block.rows : 0;
            count += (b->split ? b->block.rows : 1) + change;
        }
    }
    if (count > UINT32_MAX)
        return gcs_fail(GCS_UNSUPPORTED, "too many tensors, or long rows, for measuring on a GPU");
    if (plan->groups > GCS_CUDA_INLINE_GROUPS)
        measuring->groups_bytes = plan->groups * sizeof(gcs_cuda_group);
    const size_t matrices = measuring->groups_bytes,
                 means = matrices + count * sizeof(gcs_cuda_matrix);
    measuring->parts = parts;
    measuring->set_bytes = means + parts * sizeof(float);
    measuring->set = calloc(1, measuring->set_bytes);
    measuring->measured = calloc(count, sizeof *measuring->measured);
    if (measuring->set == NULL || measuring->measured == NULL)
        return no_memory();
    measuring->matrices = (gcs_cuda_matrix *)(void *)(measuring->set + matrices);
    measuring->means = (float *)(void *)(measuring->set + means);
    return GCS_OK;
}

static gcs_cu_pointer take(gcs_cu_pointer *next, uint64_t bytes) {
    const gcs_cu_pointer at = *next;
    *next += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return at;
}

/* Places everything, from address `from` on. Returns the address behind it. */
static gcs_cu_pointer place(const gcs_measuring *figures, gcs_cuda_measuring *measuring,
                            gcs_cu_pointer from) {
    gcs_cu_pointer next = from;
    measuring->device_set = take(&next, measuring->set_bytes);
    measuring->device_figures =
        take(&next, (5 * figures->entries + 3 * figures->segment_entries) * sizeof(float));
    for (size_t i = 0; i < GCS_CUDA_MEASURING_USES; i++) {
        gcs_cuda_use *use = &measuring->uses[i];
        use->device_steps = take(&next, use->work.steps.count * sizeof *use->work.steps.items);
    }
    return next;
}

/* Brings the work there; waits until that is done. */
static gcs_cu_result bring(const struct gcs_cuda_plan *cuda) {
    gcs_cu_result result = GCS_CU_SUCCESS;
    for (size_t i = 0; i < GCS_CUDA_MEASURING_USES && result == GCS_CU_SUCCESS; i++) {
        const gcs_cuda_use *use = &cuda->measuring->uses[i];
        const gcs_cuda_work_list *list = &use->work.steps;
        if (list->count != 0)
            result =
                cuda->driver->to_device(use->device_steps, list->items,
                                        list->count * sizeof *list->items, cuda->uploads.apart);
    }
    const gcs_cu_result end = cuda->driver->stream_synchronize(cuda->uploads.apart);
    return result != GCS_CU_SUCCESS ? result : end;
}

static gcs_status fill_memory(gcs_plan *plan) {
    const struct gcs_cuda_plan *cuda = plan->cuda;
    gcs_cuda_measuring *measuring = cuda->measuring;
    const uint64_t bytes = place(plan->measuring, measuring, 0);
    gcs_cu_result result = cuda->driver->memory_alloc(&measuring->memory, bytes);
    if (result != GCS_CU_SUCCESS) {
        measuring->memory = 0;
        return gcs_cuda_fail(cuda->driver, result, "no device memory for measuring: %llu bytes",
                             (unsigned long long)bytes);
    }
    place(plan->measuring, measuring, measuring->memory);
    gcs_measuring_place(plan->measuring, (float *)(uintptr_t)measuring->device_figures,
                        &measuring->figures, &measuring->segments);
    result = bring(cuda);
    return result == GCS_CU_SUCCESS
               ? GCS_OK
               : gcs_cuda_fail(cuda->driver, result, "the work cannot be brought to the device");
}

/* The items are on the device then. */
static void free_items(gcs_cuda_measuring *measuring) {
    for (size_t i = 0; i < GCS_CUDA_MEASURING_USES; i++) {
        free(measuring->uses[i].work.steps.items);
        measuring->uses[i].work.steps.items = NULL;
    }
}

gcs_status gcs_cuda_measuring_create(gcs_plan *plan) {
    struct gcs_cuda_plan *cuda = plan->cuda;
    cuda->measuring = calloc(1, sizeof *cuda->measuring);
    if (cuda->measuring == NULL)
        return no_memory();
    gcs_status status = allocate(plan);
    if (status == GCS_OK)
        status = gcs_cuda_measuring_work(plan);
    if (status == GCS_OK)
        status = fill_memory(plan);
    free_items(cuda->measuring);
    if (status != GCS_OK)
        gcs_cuda_measuring_free(cuda, true);
    return status;
}

void gcs_cuda_measuring_free(struct gcs_cuda_plan *cuda, bool in_context) {
    gcs_cuda_measuring *measuring = cuda->measuring;
    if (measuring == NULL)
        return;
    if (in_context && measuring->memory != 0)
        cuda->driver->memory_free(measuring->memory);
    for (size_t i = 0; i < GCS_CUDA_MEASURING_USES; i++)
        free(measuring->uses[i].parts);
    free(measuring->measured);
    free(measuring->set);
    free(measuring);
    cuda->measuring = NULL;
}
