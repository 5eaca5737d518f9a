/* What a plan has of the device's memory. */
#include "dispatch/opencl/plan_internal.h"

#include "dispatch/error.h"

#include <stdlib.h>
#include <string.h>

gcs_status gcs_opencl_memory(const struct gcs_opencl_plan *opencl, uint64_t bytes, const void *data,
                             gcs_cl_mem *memory) {
    gcs_cl_int result = GCS_CL_SUCCESS;
    void *host;
    memcpy(&host, &data, sizeof host); /* OpenCL reads it only */
    *memory = NULL;
    if (bytes > opencl->device.max_allocation || bytes > SIZE_MAX)
        return gcs_fail(GCS_UNSUPPORTED,
                        "the plan needs %llu bytes of device memory together, and '%.100s' has at "
                        "most %llu together",
                        (unsigned long long)bytes, opencl->device.name,
                        (unsigned long long)opencl->device.max_allocation);
    const gcs_cl_flags copied = data != NULL ? GCS_CL_MEM_COPY_HOST_PTR : 0;
    *memory = opencl->driver->buffer_create(opencl->context, GCS_CL_MEM_READ_WRITE | copied,
                                            (size_t)bytes, host, &result);
    if (result == GCS_CL_SUCCESS && *memory != NULL)
        return GCS_OK;
    *memory = NULL;
    return gcs_opencl_fail(result, "no device memory for the plan: %llu bytes",
                           (unsigned long long)bytes);
}

void gcs_opencl_memory_free(const struct gcs_opencl_plan *opencl, gcs_cl_mem *memory) {
    if (*memory != NULL)
        opencl->driver->mem_release(*memory);
    *memory = NULL;
}

/* ---- Work ---------------------------------------------------------------------------------- */

gcs_status gcs_opencl_bring(const struct gcs_opencl_plan *opencl, gcs_opencl_use *use) {
    const gcs_opencl_work_list *lists = use->work.lists;
    size_t count = 0;
    for (size_t i = 0; i < GCS_OPENCL_PHASES; i++) {
        use->first[i] = count;
        count += lists[i].count;
    }
    gcs_opencl_work *together = lists[GCS_OPENCL_STEPS].items, *joined = NULL;
    if (count != lists[GCS_OPENCL_STEPS].count) {
        together = joined = malloc(count * sizeof *joined);
        if (joined == NULL)
            return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan's work");
        for (size_t i = 0; i < GCS_OPENCL_PHASES; i++)
            memcpy(joined + use->first[i], lists[i].items, lists[i].count * sizeof *joined);
    }
    const gcs_status status =
        gcs_opencl_memory(opencl, count * sizeof *together, together, &use->items);
    free(joined);
    gcs_opencl_cut_free(&use->work);
    return status;
}

void gcs_opencl_use_free(const struct gcs_opencl_plan *opencl, gcs_opencl_use *use) {
    gcs_opencl_cut_free(&use->work);
    gcs_opencl_memory_free(opencl, &use->items);
    free(use->parts);
    use->parts = NULL;
    use->count = use->room = 0;
}
