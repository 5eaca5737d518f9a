/* Kernels of the plan's context: built for a form, and held to what the device can run. */
#include "dispatch/opencl/plan_internal.h"

#include "dispatch/error.h"
#include "dispatch/opencl/program.h"
#include "dispatch/opencl/source.h"

#include <stdlib.h>
#include <string.h>

static bool same_form(const gcs_form *a, const gcs_form *b) {
    return a->rule == b->rule && a->center == b->center && a->gradient == b->gradient &&
           a->copy == b->copy;
}

static gcs_opencl_built *find(const struct gcs_opencl_plan *opencl, const gcs_opencl_kernel *kernel,
                              const gcs_form *form) {
    for (size_t i = 0; i < opencl->built_count; i++) {
        if (opencl->built[i]->kernel == kernel && same_form(&opencl->built[i]->form, form))
            return opencl->built[i];
    }
    return NULL;
}

/* The function, with memory of the plan in the place of all that it may be given later. */
static gcs_status make_handle(const struct gcs_opencl_plan *opencl, gcs_opencl_built *built) {
    const gcs_opencl_driver *driver = opencl->driver;
    gcs_cl_int result = GCS_CL_SUCCESS;
    built->handle = driver->kernel_create(built->program, built->kernel->row.name, &result);
    for (gcs_cl_uint i = 0; i < GCS_OPENCL_BINDINGS && result == GCS_CL_SUCCESS; i++)
        result = driver->kernel_argument(built->handle, GCS_OPENCL_ARG_BINDING + i,
                                         sizeof opencl->flags, &opencl->flags);
    built->bound = 0;
    built->has_pointers = false;
    if (result != GCS_CL_SUCCESS)
        return gcs_opencl_fail(result, "kernel %s cannot be used", built->kernel->row.name);
    return GCS_OK;
}

/* What the compiler made may need more than the device has for each kernel. Asked of a new
 * function: of one that has been launched the answer has its local memory in it. */
static gcs_status ask_needs(const struct gcs_opencl_plan *opencl, gcs_opencl_built *built) {
    gcs_cl_ulong local = 0;
    gcs_cl_int result =
        opencl->driver->kernel_info(built->handle, opencl->device.id, GCS_CL_KERNEL_WORK_GROUP_SIZE,
                                    sizeof built->most_threads, &built->most_threads, NULL);
    if (result == GCS_CL_SUCCESS)
        result =
            opencl->driver->kernel_info(built->handle, opencl->device.id,
                                        GCS_CL_KERNEL_LOCAL_MEM_SIZE, sizeof local, &local, NULL);
    built->own_local_bytes = local;
    if (result != GCS_CL_SUCCESS)
        return gcs_opencl_fail(result, "kernel %s cannot be used", built->kernel->row.name);
    return GCS_OK;
}

static gcs_status build(struct gcs_opencl_plan *opencl, gcs_opencl_built *built) {
    char options[512];
    if (gcs_opencl_options(built->kernel, &built->form, options, sizeof options) >= sizeof options)
        return gcs_fail(GCS_UNSUPPORTED, "kernel %s has too many options", built->kernel->row.name);
    const gcs_status status =
        gcs_opencl_program(opencl->driver, opencl->context, &opencl->device, gcs_opencl_source,
                           options, &opencl->env, &built->program);
    if (status != GCS_OK)
        return status;
    const gcs_status made = make_handle(opencl, built);
    return made == GCS_OK ? ask_needs(opencl, built) : made;
}

static void free_one(const struct gcs_opencl_plan *opencl, gcs_opencl_built *built) {
    if (built->handle != NULL)
        opencl->driver->kernel_release(built->handle);
    if (built->program != NULL)
        opencl->driver->program_release(built->program);
    free(built);
}

static gcs_status add(struct gcs_opencl_plan *opencl, const gcs_opencl_kernel *kernel,
                      const gcs_form *form, gcs_opencl_built **built) {
    gcs_opencl_built **all =
        realloc(opencl->built, (opencl->built_count + 1) * sizeof(gcs_opencl_built *));
    if (all != NULL)
        opencl->built = all;
    *built = all != NULL ? calloc(1, sizeof **built) : NULL;
    if (*built == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    **built = (gcs_opencl_built){.kernel = kernel, .form = *form};
    const gcs_status status = build(opencl, *built);
    if (status == GCS_OK)
        all[opencl->built_count++] = *built;
    else
        free_one(opencl, *built);
    return status;
}

static bool can_run(const struct gcs_opencl_plan *opencl, const gcs_opencl_built *built,
                    uint64_t local_bytes) {
    const uint64_t there = opencl->device.local_bytes;
    return built->most_threads >= built->kernel->threads && local_bytes <= there &&
           built->own_local_bytes <= there - local_bytes;
}

gcs_status gcs_opencl_build(struct gcs_opencl_plan *opencl, const gcs_opencl_kernel *kernel,
                            const gcs_form *form, uint64_t local_bytes, gcs_opencl_built **built) {
    bool can = false;
    gcs_status status = GCS_OK;
    *built = find(opencl, kernel, form);
    if (*built == NULL)
        status = add(opencl, kernel, form, built);
    if (status == GCS_OK)
        can = can_run(opencl, *built, local_bytes);
    if (status != GCS_OK || !can)
        *built = NULL;
    if (status == GCS_OK && !can) {
        opencl->refused[kernel - gcs_opencl_kernels] = true;
        gcs_log(&opencl->env, GCS_LOG_INFO, "kernel %s is more than '%s' can run", kernel->row.name,
                opencl->device.name);
    }
    return status;
}

void gcs_opencl_built_free(struct gcs_opencl_plan *opencl) {
    for (size_t i = 0; i < opencl->built_count; i++)
        free_one(opencl, opencl->built[i]);
    free(opencl->built);
    opencl->built = NULL;
    opencl->built_count = 0;
}

gcs_status gcs_opencl_tell_pointers(const struct gcs_opencl_plan *opencl, gcs_opencl_built *built,
                                    const void **pointers, size_t count) {
    if (count == 0 && !built->has_pointers)
        return GCS_OK;
    if (count == 0) { /* no list is empty: only a new function knows of none */
        const gcs_opencl_built before = *built;
        const gcs_status status = make_handle(opencl, built);
        if (status == GCS_OK) {
            opencl->driver->kernel_release(before.handle);
            return GCS_OK;
        }
        if (built->handle != NULL)
            opencl->driver->kernel_release(built->handle);
        *built = before;
        return status;
    }
    const gcs_cl_int result = opencl->driver->kernel_exec_info(
        built->handle, GCS_CL_KERNEL_EXEC_INFO_SVM_PTRS, count * sizeof(void *), pointers);
    if (result != GCS_CL_SUCCESS)
        return gcs_opencl_fail(result, "kernel %s cannot be told of shared virtual memory",
                               built->kernel->row.name);
    built->has_pointers = true;
    return GCS_OK;
}
