/* Before the first gcs_measure of a plan for an OpenCL device: memory for its work and the figures,
 * here and on the device. */
#include "dispatch/opencl/measure.h"

#include "dispatch/error.h"

#include <stdlib.h>

static gcs_status no_memory(void) {
    return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for measuring");
}

gcs_status gcs_opencl_measuring_open(gcs_plan *plan) {
    if (plan->opencl->measuring != NULL)
        return GCS_OK;
    gcs_opencl_measuring *measuring = plan->opencl->measuring = calloc(1, sizeof *measuring);
    if (measuring == NULL)
        return no_memory();
    measuring->sums = calloc(plan->count, sizeof *measuring->sums);
    measuring->measures = calloc(plan->count, sizeof *measuring->measures);
    const gcs_status status = measuring->sums != NULL && measuring->measures != NULL
                                  ? gcs_opencl_names_open(&measuring->names, plan)
                                  : no_memory();
    if (status != GCS_OK)
        gcs_opencl_measuring_free(plan->opencl);
    return status;
}

static gcs_status allocate(gcs_plan *plan) {
    gcs_opencl_measuring *measuring = plan->opencl->measuring;
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
        return gcs_fail(GCS_UNSUPPORTED, "too many tensors, or long rows, for measuring there");
    measuring->parts = (size_t)parts;
    measuring->measured = calloc((size_t)count, sizeof *measuring->measured);
    measuring->matrices = calloc((size_t)count, sizeof *measuring->matrices);
    measuring->groups = calloc(plan->groups, sizeof *measuring->groups);
    measuring->means = calloc((size_t)parts + 1, sizeof *measuring->means);
    return measuring->measured != NULL && measuring->matrices != NULL &&
                   measuring->groups != NULL && measuring->means != NULL
               ? GCS_OK
               : no_memory();
}

static gcs_status fill_memory(gcs_plan *plan) {
    struct gcs_opencl_plan *opencl = plan->opencl;
    const gcs_measuring *figures = plan->measuring;
    gcs_opencl_measuring *measuring = opencl->measuring;
    const uint64_t floats = 5 * figures->entries + 3 * figures->segment_entries;
    gcs_status status = gcs_opencl_memory(opencl, plan->groups * sizeof *measuring->groups, NULL,
                                          &measuring->device_groups);
    if (status == GCS_OK)
        status = gcs_opencl_memory(opencl, measuring->count * sizeof *measuring->matrices, NULL,
                                   &measuring->device_matrices);
    if (status == GCS_OK)
        status = gcs_opencl_memory(opencl, (measuring->parts + 1) * sizeof(float), NULL,
                                   &measuring->device_means);
    if (status == GCS_OK)
        status = gcs_opencl_memory(opencl, floats * sizeof(float), NULL, &measuring->figures);
    for (size_t i = 0; i < GCS_OPENCL_KINDS && status == GCS_OK; i++) {
        if (measuring->uses[i].kernel != NULL)
            status = gcs_opencl_bring(opencl, &measuring->uses[i].use);
    }
    return status;
}

gcs_status gcs_opencl_measuring_create(gcs_plan *plan) {
    gcs_status status = allocate(plan);
    if (status == GCS_OK)
        status = gcs_opencl_measuring_work(plan);
    if (status == GCS_OK)
        status = fill_memory(plan);
    if (status != GCS_OK)
        gcs_opencl_measuring_free(plan->opencl);
    return status;
}

void gcs_opencl_measuring_free(struct gcs_opencl_plan *opencl) {
    gcs_opencl_measuring *measuring = opencl->measuring;
    if (measuring == NULL)
        return;
    gcs_cl_mem *const memories[] = {&measuring->device_groups, &measuring->device_matrices,
                                    &measuring->device_means, &measuring->figures};
    for (size_t i = 0; i < sizeof memories / sizeof memories[0]; i++)
        gcs_opencl_memory_free(opencl, memories[i]);
    for (size_t i = 0; i < GCS_OPENCL_KINDS; i++) {
        gcs_opencl_use_free(opencl, &measuring->uses[i].use);
        free(measuring->uses[i].matrices);
    }
    gcs_opencl_names_close(&measuring->names);
    free(measuring->batches.items);
    free(measuring->measured);
    free(measuring->matrices);
    free(measuring->groups);
    free(measuring->means);
    free(measuring->sums);
    free(measuring->measures);
    free(measuring);
    opencl->measuring = NULL;
}
