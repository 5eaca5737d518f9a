/* A GPU to measure on: its functions, its context, its memory. */
#include "measure/gpu.h"

#include "dispatch/cuda/module.h"
#include "dispatch/error.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* As on a CPU (measure/cold.c). */
#define CACHE_MULTIPLE 4
#define LEAST_BYTES    ((uint64_t)64 << 20)

static gcs_status check(const gcs_gpu *gpu, gcs_cu_result result, const char *what) {
    return result == GCS_CU_SUCCESS ? GCS_OK : gcs_cuda_fail(gpu->driver, result, "%s", what);
}

/* ---- Functions and context ----------------------------------------------------------------- */

/* The library is open: gcs_cuda_open has opened it for good. */
static gcs_status take_functions(gcs_gpu *gpu) {
    void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return gcs_fail(GCS_UNSUPPORTED, "libcuda.so.1 cannot be opened");
    gcs_status status = GCS_OK;
    void *address;
    /* ISO C has no conversion from a pointer to data; POSIX promises that the bits are the same. */
#define TAKE(field, symbol, parameters)                                                            \
    address = dlsym(library, symbol);                                                              \
    memcpy(&gpu->field, &address, sizeof address);                                                 \
    if (address == NULL)                                                                           \
        status = gcs_fail(GCS_UNSUPPORTED, "the CUDA driver has no function %s", symbol);
    GCS_GPU_FUNCTIONS(TAKE)
#undef TAKE
    dlclose(library);
    return status;
}

static gcs_status find_device(gcs_gpu *gpu, int ordinal) {
    int count = 0;
    const gcs_status status = check(gpu, gpu->driver->device_count(&count), "GPUs not counted");
    if (status != GCS_OK)
        return status;
    if (ordinal < 0 || ordinal >= count)
        return gcs_fail(GCS_INVALID_ARGUMENT, "there is no GPU number %d: of %d they count from 0",
                        ordinal, count);
    return check(gpu, gpu->driver->device_get(&gpu->which, ordinal), "the GPU cannot be used");
}

static gcs_status enter_context(gcs_gpu *gpu) {
    gcs_cu_context context = NULL;
    if (gpu->driver->context_retain == NULL || gpu->driver->context_release == NULL)
        return gcs_fail(GCS_UNSUPPORTED,
                        "the CUDA driver has no function cuDevicePrimaryCtxRetain");
    gcs_status status = check(gpu, gpu->driver->context_retain(&context, gpu->which),
                              "the GPU has no context for us");
    if (status != GCS_OK)
        return status;
    status = check(gpu, gpu->driver->context_push(context), "the GPU's context cannot be used");
    if (status != GCS_OK)
        gpu->driver->context_release(gpu->which);
    else
        gpu->context = context;
    return status;
}

gcs_status gcs_gpu_open(gcs_gpu *gpu, int ordinal) {
    *gpu = (gcs_gpu){.driver = NULL};
    gcs_status status = gcs_cuda_open(&gpu->driver);
    if (status == GCS_OK)
        status = take_functions(gpu);
    if (status == GCS_OK)
        status = find_device(gpu, ordinal);
    if (status == GCS_OK)
        status = gcs_cuda_device_read(gpu->driver, gpu->which, &gpu->device);
    if (status == GCS_OK)
        status = enter_context(gpu);
    if (status == GCS_OK)
        status = check(gpu, gpu->driver->stream_create(&gpu->stream, GCS_CU_STREAM_NON_BLOCKING),
                       "no stream");
    if (status != GCS_OK)
        gcs_gpu_close(gpu);
    return status;
}

gcs_status gcs_gpu_read_code(gcs_gpu *gpu) {
    gcs_cu_module module = NULL;
    const gcs_status status = gcs_cuda_module_load(gpu->driver, &module, &gpu->device);
    if (module != NULL)
        gpu->driver->module_unload(module);
    return status;
}

void gcs_gpu_close(gcs_gpu *gpu) {
    gcs_cu_context popped;
    if (gpu->stream != NULL)
        gpu->driver->stream_destroy(gpu->stream);
    if (gpu->context != NULL) {
        gpu->driver->context_pop(&popped);
        gpu->driver->context_release(gpu->which);
    }
    gpu->stream = gpu->context = NULL;
}

size_t gcs_gpu_format(const gcs_gpu *gpu, char *text, size_t size) {
    char device[256];
    gcs_cuda_device_format(&gpu->device, device, sizeof device);
    const int version = gpu->driver->version;
    const int n = snprintf(text, size, "%s, driver of CUDA %d.%d", device, version / 1000,
                           version % 1000 / 10);
    return n > 0 ? (size_t)n : 0;
}

uint64_t gcs_gpu_cold_bytes(const gcs_gpu *gpu) {
    const uint64_t bytes = CACHE_MULTIPLE * gpu->device.l2_bytes;
    return bytes > LEAST_BYTES ? bytes : LEAST_BYTES;
}

/* ---- Memory -------------------------------------------------------------------------------- */

static gcs_cu_pointer address_of(const void *memory) {
    return (gcs_cu_pointer)(uintptr_t)memory;
}

gcs_status gcs_gpu_free_bytes(const gcs_gpu *gpu, uint64_t *bytes) {
    size_t unused = 0, total = 0;
    const gcs_cu_result result = gpu->memory_info(&unused, &total);
    *bytes = unused;
    return check(gpu, result, "the GPU does not tell its memory");
}

gcs_status gcs_gpu_alloc(const gcs_gpu *gpu, uint64_t bytes, void **memory) {
    gcs_cu_pointer at = 0;
    *memory = NULL;
    const gcs_cu_result result = gpu->driver->memory_alloc(&at, (size_t)bytes);
    if (result != GCS_CU_SUCCESS)
        return gcs_cuda_fail(gpu->driver, result, "no device memory of %llu bytes",
                             (unsigned long long)bytes);
    *memory = (void *)(uintptr_t)at; // NOLINT(performance-no-int-to-ptr): it is no more to the host
    return GCS_OK;
}

void gcs_gpu_free(const gcs_gpu *gpu, void *memory) {
    if (memory != NULL)
        gpu->driver->memory_free(address_of(memory));
}

gcs_status gcs_gpu_wait(const gcs_gpu *gpu) {
    return check(gpu, gpu->driver->stream_synchronize(gpu->stream), "the GPU's work failed");
}

gcs_status gcs_gpu_fill(const gcs_gpu *gpu, void *memory, uint64_t bytes, const void *pattern,
                        uint64_t pattern_bytes) {
    uint64_t done = pattern_bytes < bytes ? pattern_bytes : bytes;
    gcs_status status =
        check(gpu, gpu->driver->to_device(address_of(memory), pattern, (size_t)done, gpu->stream),
              "no copy to the GPU");
    /* What is there is whole patterns, until the last copy. */
    while (done < bytes && status == GCS_OK) {
        const uint64_t more = done < bytes - done ? done : bytes - done;
        status = gcs_gpu_copy(gpu, (char *)memory + done, memory, more);
        done += more;
    }
    const gcs_status end = gcs_gpu_wait(gpu); /* the pattern is the caller's again */
    return status != GCS_OK ? status : end;
}

gcs_status gcs_gpu_copy(const gcs_gpu *gpu, void *to, const void *from, uint64_t bytes) {
    return check(gpu, gpu->copy(address_of(to), address_of(from), (size_t)bytes, gpu->stream),
                 "no copy on the GPU");
}
