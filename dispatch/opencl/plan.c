/* Making and freeing a plan for an OpenCL device. */
#include "dispatch/opencl/plan_internal.h"

#include "dispatch/error.h"
#include "dispatch/opencl/measure.h"

#include <stdlib.h>
#include <string.h>

gcs_target gcs_opencl(void *context, void *device, void *queue) {
    gcs_target target = gcs_cpu();
    target.backend = GCS_BACKEND_OPENCL;
    target.context = context;
    target.device = device;
    target.stream = queue;
    return target;
}

/* ---- The context --------------------------------------------------------------------------- */

static gcs_status check_context(const gcs_opencl_driver *driver, gcs_cl_context context,
                                gcs_cl_device device) {
    gcs_cl_uint count = 0;
    gcs_cl_int result =
        driver->context_info(context, GCS_CL_CONTEXT_NUM_DEVICES, sizeof count, &count, NULL);
    gcs_cl_device *devices = calloc(count + 1, sizeof *devices);
    if (devices == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    if (result == GCS_CL_SUCCESS)
        result = driver->context_info(context, GCS_CL_CONTEXT_DEVICES, count * sizeof *devices,
                                      devices, NULL);
    bool found = false;
    for (gcs_cl_uint i = 0; i < count; i++)
        found = found || devices[i] == device;
    free(devices);
    if (result != GCS_CL_SUCCESS)
        return gcs_opencl_fail(result, "target.context cannot be used");
    if (!found)
        return gcs_fail(GCS_INVALID_ARGUMENT, "target.device is no device of target.context");
    return GCS_OK;
}

/* `name`: of the argument. */
static gcs_status check_queue(const struct gcs_opencl_plan *opencl, gcs_cl_queue queue,
                              const char *name, bool *out_of_order) {
    gcs_cl_context context = NULL;
    gcs_cl_device device = NULL;
    gcs_cl_flags properties = 0;
    const gcs_opencl_driver *driver = opencl->driver;
    gcs_cl_int result =
        driver->queue_info(queue, GCS_CL_QUEUE_CONTEXT, sizeof context, &context, NULL);
    if (result == GCS_CL_SUCCESS)
        result = driver->queue_info(queue, GCS_CL_QUEUE_DEVICE, sizeof device, &device, NULL);
    if (result == GCS_CL_SUCCESS)
        result = driver->queue_info(queue, GCS_CL_QUEUE_PROPERTIES, sizeof properties, &properties,
                                    NULL);
    if (result != GCS_CL_SUCCESS)
        return gcs_opencl_fail(result, "%s cannot be used", name);
    if (context != opencl->context)
        return gcs_fail(GCS_INVALID_ARGUMENT, "%s is a queue of another context than the plan's",
                        name);
    if (device != opencl->device.id)
        return gcs_fail(GCS_INVALID_ARGUMENT, "%s is a queue of another device than the plan's",
                        name);
    if ((properties & GCS_CL_QUEUE_ON_DEVICE) != 0)
        return gcs_fail(GCS_INVALID_ARGUMENT,
                        "%s is a queue on the device, which kernels enqueue in", name);
    *out_of_order = (properties & GCS_CL_QUEUE_OUT_OF_ORDER) != 0;
    return GCS_OK;
}

static gcs_status check_target(const gcs_target *target) {
    const char *missing = target->context == NULL  ? "context"
                          : target->device == NULL ? "device"
                          : target->stream == NULL ? "stream"
                                                   : NULL;
    return missing == NULL
               ? GCS_OK
               : gcs_fail(GCS_INVALID_ARGUMENT, "target.%s is NULL: see gcs_opencl", missing);
}

/* Bytes of all arguments of a kernel, as 64-bit devices count them. */
#define ARGUMENT_BYTES ((GCS_OPENCL_ARG_BINDING + GCS_OPENCL_BINDINGS) * 8U)

static gcs_status check_device(const gcs_opencl_device *device) {
    if (device->parameter_bytes >= ARGUMENT_BYTES)
        return GCS_OK;
    return gcs_fail(GCS_UNSUPPORTED,
                    "OpenCL device '%.100s' has %llu bytes for the arguments of a kernel: %u are "
                    "needed",
                    device->name, (unsigned long long)device->parameter_bytes, ARGUMENT_BYTES);
}

static gcs_status open_context(struct gcs_opencl_plan *opencl, const gcs_target *target) {
    gcs_status status = check_target(target);
    if (status == GCS_OK)
        status = gcs_opencl_open(&opencl->driver);
    if (status == GCS_OK)
        status = check_context(opencl->driver, target->context, target->device);
    if (status == GCS_OK)
        status = gcs_opencl_device_read(opencl->driver, target->device, &opencl->device);
    if (status == GCS_OK)
        status = check_device(&opencl->device);
    if (status != GCS_OK)
        return status;
    gcs_cl_int result = opencl->driver->context_retain(target->context);
    if (result != GCS_CL_SUCCESS)
        return gcs_opencl_fail(result, "target.context cannot be used");
    opencl->context = target->context;
    status = check_queue(opencl, target->stream, "target.stream", &opencl->out_of_order);
    if (status != GCS_OK)
        return status;
    result = opencl->driver->queue_retain(target->stream);
    if (result != GCS_CL_SUCCESS)
        return gcs_opencl_fail(result, "target.stream cannot be used");
    opencl->queue = target->stream;
    return GCS_OK;
}

/* ---- The plan ------------------------------------------------------------------------------ */

static gcs_status forced_kernel(const gcs_target *target, const gcs_environment *env,
                                const gcs_opencl_kernel **kernel) {
    *kernel = env->opencl_kernel;
    if (target->kernel == NULL)
        return GCS_OK;
    *kernel = gcs_opencl_find(target->kernel);
    if (*kernel == NULL)
        return gcs_fail(GCS_UNSUPPORTED,
                        "target.kernel '%s' is not an OpenCL kernel of this library",
                        target->kernel);
    return GCS_OK;
}

/* What is built later is to find the cache and the log as the plan did. */
static gcs_status keep_environment(struct gcs_opencl_plan *opencl, const gcs_environment *env) {
    opencl->env = (gcs_environment){.isa_cap = env->isa_cap, .log = env->log};
    if (env->opencl_cache == NULL)
        return GCS_OK;
    const size_t size = strlen(env->opencl_cache) + 1;
    opencl->cache = malloc(size);
    if (opencl->cache == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    memcpy(opencl->cache, env->opencl_cache, size);
    opencl->env.opencl_cache = opencl->cache;
    return GCS_OK;
}

static gcs_status allocate(gcs_plan *plan) {
    struct gcs_opencl_plan *opencl = plan->opencl;
    opencl->refused = calloc(gcs_opencl_kernel_count, sizeof *opencl->refused);
    opencl->groups = calloc(plan->groups, sizeof *opencl->groups);
    opencl->next_groups = calloc(plan->groups, sizeof *opencl->next_groups);
    opencl->pointers = calloc(plan->count * GCS_OPENCL_STREAMS, sizeof *opencl->pointers);
    if (opencl->refused == NULL || opencl->groups == NULL || opencl->next_groups == NULL ||
        opencl->pointers == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    return gcs_opencl_names_open(&opencl->names, plan);
}

/* All that is on the device but for the kernels, and what is sent there. */
static gcs_status fill_memory(gcs_plan *plan) {
    struct gcs_opencl_plan *opencl = plan->opencl;
    const uint64_t groups = plan->groups * sizeof *opencl->groups,
                   matrices = opencl->matrix_count * sizeof *opencl->matrices;
    uint64_t scratch = 0;
    gcs_status status = gcs_opencl_memory(opencl, groups, NULL, &opencl->device_groups);
    if (status == GCS_OK)
        status = gcs_opencl_memory(opencl, matrices, NULL, &opencl->device_matrices);
    for (size_t i = 0; i < opencl->use_count && status == GCS_OK; i++) {
        gcs_opencl_use *use = &opencl->uses[i];
        scratch = use->work.scratch_floats > scratch ? use->work.scratch_floats : scratch;
        status = gcs_opencl_bring(opencl, use);
    }
    if (status == GCS_OK && scratch != 0)
        status = gcs_opencl_memory(opencl, scratch * sizeof(float), NULL, &opencl->scratch);
    if (status == GCS_OK)
        status = gcs_opencl_uploads_open(&opencl->uploads, opencl->driver,
                                         (size_t)(groups > matrices ? groups : matrices));
    return status;
}

gcs_status gcs_opencl_plan_fill(gcs_plan *plan, const gcs_target *target,
                                const gcs_environment *env) {
    struct gcs_opencl_plan *opencl = plan->opencl = calloc(1, sizeof *opencl);
    const gcs_opencl_kernel *forced;
    plan->threads = plan->team = 1;
    if (opencl == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    gcs_status status = forced_kernel(target, env, &forced);
    if (status == GCS_OK)
        status = keep_environment(opencl, env);
    if (status == GCS_OK)
        status = open_context(opencl, target);
    if (status == GCS_OK)
        status = allocate(plan);
    if (status == GCS_OK) /* before the kernels: it is in their bindings */
        status = gcs_opencl_memory(opencl, plan->groups * sizeof(float), NULL, &opencl->flags);
    if (status == GCS_OK)
        status = gcs_opencl_plan_work(plan, forced, target, env);
    return status == GCS_OK ? fill_memory(plan) : status;
}

gcs_cl_int gcs_opencl_wait(const struct gcs_opencl_plan *opencl) {
    gcs_cl_int result = opencl->driver->finish(opencl->queue);
    if (result == GCS_CL_SUCCESS && opencl->moved && opencl->last != NULL)
        result = opencl->driver->events_wait(1, &opencl->last); /* of another queue */
    return result;
}

/* What the plan has of OpenCL's. Errors have nobody to go to. */
static void free_of_context(struct gcs_opencl_plan *opencl) {
    const gcs_opencl_driver *driver = opencl->driver;
    if (opencl->queue != NULL) {
        gcs_opencl_wait(opencl);
        gcs_opencl_uploads_close(&opencl->uploads);
        driver->queue_release(opencl->queue);
    }
    gcs_opencl_measuring_free(opencl);
    if (opencl->last != NULL)
        driver->event_release(opencl->last);
    gcs_opencl_built_free(opencl);
    for (size_t i = 0; i < opencl->use_count; i++)
        gcs_opencl_use_free(opencl, &opencl->uses[i]);
    gcs_cl_mem *const memories[] = {&opencl->device_matrices, &opencl->device_groups,
                                    &opencl->flags, &opencl->scratch};
    for (size_t i = 0; i < sizeof memories / sizeof memories[0]; i++)
        gcs_opencl_memory_free(opencl, memories[i]);
    if (opencl->svm_flags != NULL)
        driver->svm_free(opencl->context, opencl->svm_flags);
    if (opencl->context != NULL)
        driver->context_release(opencl->context);
}

void gcs_opencl_plan_free(struct gcs_opencl_plan *opencl) {
    if (opencl == NULL)
        return;
    if (opencl->driver != NULL)
        free_of_context(opencl);
    gcs_opencl_names_close(&opencl->names);
    free(opencl->batches.items);
    free(opencl->uses);
    free(opencl->first_matrix);
    free(opencl->matrices);
    free(opencl->groups);
    free(opencl->next_groups);
    free(opencl->pointers);
    free(opencl->refused);
    free(opencl->cache);
    free(opencl);
}

const char *gcs_opencl_plan_device_name(const struct gcs_opencl_plan *opencl) {
    return opencl->device.name;
}

bool gcs_opencl_plan_is_exact(const struct gcs_opencl_plan *opencl) {
    return opencl->device.exact;
}

gcs_status gcs_opencl_plan_set_queue(gcs_plan *plan, void *queue) {
    struct gcs_opencl_plan *opencl = plan->opencl;
    bool out_of_order = false;
    if (queue == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "stream is NULL: it must be a command queue");
    const gcs_status status = check_queue(opencl, queue, "stream", &out_of_order);
    if (status != GCS_OK || queue == opencl->queue)
        return status;
    const gcs_cl_int result = opencl->driver->queue_retain(queue);
    if (result != GCS_CL_SUCCESS)
        return gcs_opencl_fail(result, "stream cannot be used");
    opencl->driver->queue_release(opencl->queue);
    opencl->queue = queue;
    opencl->out_of_order = out_of_order;
    opencl->moved = true;
    return GCS_OK;
}
