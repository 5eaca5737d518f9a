/* Making and freeing a plan for a GPU. */
#include "dispatch/cuda/plan_internal.h"

#include "dispatch/cuda/image.h"
#include "dispatch/cuda/measure.h"
#include "dispatch/cuda/module.h"
#include "dispatch/error.h"

#include <stdlib.h>

#define ALIGNMENT 256U /* of device memory */

gcs_target gcs_cuda(void *stream) {
    gcs_target target = gcs_cpu();
    target.backend = GCS_BACKEND_CUDA;
    target.stream = stream;
    return target;
}

/* ---- The context --------------------------------------------------------------------------- */

static gcs_status check_stream(const struct gcs_cuda_plan *cuda, gcs_cu_stream stream) {
    gcs_cu_context context = NULL;
    const gcs_cu_result result = cuda->driver->stream_context(stream, &context);
    if (result != GCS_CU_SUCCESS)
        return gcs_cuda_fail(cuda->driver, result, "stream cannot be used");
    if (context != cuda->context)
        return gcs_cuda_fail(cuda->driver, GCS_CU_INVALID_CONTEXT,
                             "stream is not of the calling thread's current context");
    return GCS_OK;
}

/* From this driver on a launch that overlaps the one before it can be captured in a graph. */
#define OVERLAP_DRIVER 12030

/* The calling thread's current context, its GPU, and the kernels in it. */
static gcs_status open_context(struct gcs_cuda_plan *cuda, gcs_cu_stream stream) {
    gcs_status status = gcs_cuda_module_check();
    if (status == GCS_OK)
        status = gcs_cuda_open(&cuda->driver);
    if (status != GCS_OK)
        return status;
    gcs_cu_result result = cuda->driver->context_current(&cuda->context);
    if (result == GCS_CU_SUCCESS && cuda->context == NULL)
        result = GCS_CU_INVALID_CONTEXT;
    if (result == GCS_CU_SUCCESS)
        result = cuda->driver->context_device(&cuda->which);
    if (result != GCS_CU_SUCCESS) {
        cuda->context = NULL;
        return gcs_cuda_fail(cuda->driver, result, "the calling thread has no CUDA context");
    }
    status = gcs_cuda_device_read(cuda->driver, cuda->which, &cuda->device);
    if (status == GCS_OK)
        status = check_stream(cuda, stream);
    cuda->stream = stream;
    if (status == GCS_OK)
        status = gcs_cuda_module_load(cuda->driver, &cuda->module, &cuda->device);
    cuda->overlaps = cuda->device.code_major >= 9 && cuda->driver->version >= OVERLAP_DRIVER;
    return status;
}

/* ---- Memory on the device ------------------------------------------------------------------ */

static gcs_cu_pointer take(gcs_cu_pointer *next, uint64_t bytes) {
    const gcs_cu_pointer at = *next;
    *next += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return at;
}

static gcs_cu_pointer take_list(gcs_cu_pointer *next, const gcs_cuda_work_list *list) {
    return list->count != 0 ? take(next, list->count * sizeof *list->items) : 0;
}

/* Places everything, from address `from` on. Returns the address behind it. */
static gcs_cu_pointer place(struct gcs_cuda_plan *cuda, gcs_cu_pointer from) {
    gcs_cu_pointer next = from;
    take(&next, gcs_cuda_uploads_device_bytes(cuda->set_bytes));
    for (size_t i = 0; i < cuda->use_count; i++) {
        gcs_cuda_use *use = &cuda->uses[i];
        use->device_sums = take_list(&next, &use->work.sums);
        use->device_steps = take_list(&next, &use->work.steps);
        use->scratch = use->work.scratch_words != 0
                           ? take(&next, use->work.scratch_words * sizeof(uint32_t))
                           : 0;
    }
    return next;
}

static gcs_cu_result bring_list(const struct gcs_cuda_plan *cuda, const gcs_cuda_work_list *list,
                                gcs_cu_pointer to) {
    if (list->count == 0)
        return GCS_CU_SUCCESS;
    return cuda->driver->to_device(to, list->items, list->count * sizeof *list->items,
                                   cuda->uploads.apart);
}

/* Brings the work there and clears the scratch memory; waits until that is done. */
static gcs_cu_result bring(const struct gcs_cuda_plan *cuda) {
    const gcs_cuda_driver *driver = cuda->driver;
    gcs_cu_result result = GCS_CU_SUCCESS;
    for (size_t i = 0; i < cuda->use_count && result == GCS_CU_SUCCESS; i++) {
        const gcs_cuda_use *use = &cuda->uses[i];
        result = bring_list(cuda, &use->work.sums, use->device_sums);
        if (result == GCS_CU_SUCCESS)
            result = bring_list(cuda, &use->work.steps, use->device_steps);
        if (result == GCS_CU_SUCCESS && use->scratch != 0)
            result =
                driver->set_words(use->scratch, 0, use->work.scratch_words, cuda->uploads.apart);
    }
    const gcs_cu_result end = driver->stream_synchronize(cuda->uploads.apart);
    return result != GCS_CU_SUCCESS ? result : end;
}

static void free_work(gcs_cuda_use *use) {
    free(use->work.sums.items);
    free(use->work.steps.items);
    use->work.sums.items = use->work.steps.items = NULL;
}

static gcs_status fill_memory(struct gcs_cuda_plan *cuda) {
    const uint64_t bytes = place(cuda, 0);
    gcs_cu_result result = cuda->driver->memory_alloc(&cuda->memory, bytes);
    if (result != GCS_CU_SUCCESS) {
        cuda->memory = 0;
        return gcs_cuda_fail(cuda->driver, result, "no device memory for the plan: %llu bytes",
                             (unsigned long long)bytes);
    }
    place(cuda, cuda->memory);
    const gcs_status status =
        gcs_cuda_uploads_open(&cuda->uploads, cuda->driver, cuda->set_bytes, cuda->memory);
    if (status != GCS_OK)
        return status;
    result = bring(cuda);
    for (size_t i = 0; i < cuda->use_count; i++)
        free_work(&cuda->uses[i]);
    return result == GCS_CU_SUCCESS
               ? GCS_OK
               : gcs_cuda_fail(cuda->driver, result, "the plan cannot be brought to the device");
}

/* ---- The plan ------------------------------------------------------------------------------ */

static gcs_status forced_kernel(const gcs_target *target, const gcs_environment *env,
                                const gcs_cuda_kernel **kernel) {
    *kernel = env->cuda_kernel;
    if (target->kernel == NULL)
        return GCS_OK;
    *kernel = gcs_cuda_find(target->kernel);
    if (*kernel == NULL)
        return gcs_fail(GCS_UNSUPPORTED, "target.kernel '%s' is not a CUDA kernel of this library",
                        target->kernel);
    return GCS_OK;
}

static gcs_status take_functions(struct gcs_cuda_plan *cuda) {
    gcs_status status = GCS_OK;
    for (size_t i = 0; i < cuda->use_count && status == GCS_OK; i++) {
        gcs_cuda_use *use = &cuda->uses[i];
        status = gcs_cuda_module_function(cuda->driver, cuda->module, use->kernel,
                                          use->shared_bytes, &use->function);
    }
    return status;
}

gcs_status gcs_cuda_plan_fill(gcs_plan *plan, const gcs_target *target,
                              const gcs_environment *env) {
    struct gcs_cuda_plan *cuda = plan->cuda = calloc(1, sizeof *cuda);
    const gcs_cuda_kernel *forced;
    plan->threads = plan->team = 1;
    if (cuda == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    gcs_status status = forced_kernel(target, env, &forced);
    if (status == GCS_OK)
        status = open_context(cuda, target->stream);
    if (status == GCS_OK)
        status = gcs_cuda_plan_work(plan, forced, target, env);
    if (status == GCS_OK)
        status = take_functions(cuda);
    if (status != GCS_OK)
        return status;
    cuda->buffers = calloc(plan->count, sizeof *cuda->buffers);
    cuda->flags = calloc(plan->groups, sizeof *cuda->flags);
    if (cuda->buffers == NULL || cuda->flags == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    return fill_memory(cuda);
}

/* What the plan has of CUDA's. Errors have nobody to go to, and leave nothing to be done: where the
 * context is no more, neither is anything in it. */
static void free_of_context(struct gcs_cuda_plan *cuda) {
    gcs_cu_context popped;
    if (cuda->context == NULL || cuda->driver->context_push(cuda->context) != GCS_CU_SUCCESS)
        return;
    cuda->driver->context_synchronize();
    gcs_cuda_uploads_close(&cuda->uploads);
    gcs_cuda_measuring_free(cuda, true);
    if (cuda->memory != 0)
        cuda->driver->memory_free(cuda->memory);
    if (cuda->module != NULL)
        cuda->driver->module_unload(cuda->module);
    cuda->driver->context_pop(&popped);
}

void gcs_cuda_plan_free(struct gcs_cuda_plan *cuda) {
    if (cuda == NULL)
        return;
    free_of_context(cuda);
    free(cuda->uploads.frozen); /* where the context is no more */
    gcs_cuda_measuring_free(cuda, false);
    for (size_t i = 0; i < cuda->use_count; i++) {
        free_work(&cuda->uses[i]);
        free(cuda->uses[i].parts);
    }
    free(cuda->uses);
    free(cuda->first_matrix);
    free(cuda->set);
    free(cuda->buffers);
    free(cuda->flags);
    free(cuda);
}

const char *gcs_cuda_plan_device_name(const struct gcs_cuda_plan *cuda) {
    return cuda->device.name;
}

gcs_status gcs_cuda_plan_set_stream(gcs_plan *plan, void *stream) {
    const gcs_status status = check_stream(plan->cuda, stream);
    if (status == GCS_OK)
        plan->cuda->stream = stream;
    return status;
}
