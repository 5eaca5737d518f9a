/* An OpenCL device to measure on: its context, its queue, its memory. */
#include "measure/opencl.h"

#include "dispatch/error.h"
#include "measure/measure.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define CACHE_MULTIPLE 4 /* as on a CPU (measure/cold.c) */
#define LEAST_BYTES    ((uint64_t)64 << 20)

static gcs_status check(gcs_cl_int result, const char *what) {
    return result == GCS_CL_SUCCESS ? GCS_OK : gcs_opencl_fail(result, "%s", what);
}

/* ---- Context and queue --------------------------------------------------------------------- */

/* The loader is open: gcs_opencl_open has opened it for good. */
static gcs_status take_functions(gcs_lab *lab) {
    void *library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return gcs_fail(GCS_UNSUPPORTED, "libOpenCL.so.1 cannot be opened");
    gcs_status status = GCS_OK;
    void *address;
    /* ISO C has no conversion from a pointer to data; POSIX promises that the bits are the same. */
#define TAKE(returned, field, symbol, parameters)                                                  \
    address = dlsym(library, #symbol);                                                             \
    memcpy(&lab->field, &address, sizeof address);                                                 \
    if (address == NULL)                                                                           \
        status = gcs_fail(GCS_UNSUPPORTED, "the OpenCL loader has no function " #symbol);
    GCS_LAB_FUNCTIONS(TAKE)
#undef TAKE
    dlclose(library);
    return status;
}

static gcs_status open_queue(gcs_lab *lab) {
    const gcs_cl_property properties[] = {GCS_CL_CONTEXT_PLATFORM,
                                          (gcs_cl_property)lab->device.platform, 0};
    gcs_cl_int result = GCS_CL_SUCCESS;
    if ((lab->device.queue & GCS_CL_QUEUE_PROFILING) == 0)
        return gcs_fail(GCS_UNSUPPORTED, "OpenCL device '%.100s' does not tell times (profiling)",
                        lab->device.name);
    lab->context = lab->driver->context_create(properties, 1, &lab->device.id, NULL, NULL, &result);
    if (result != GCS_CL_SUCCESS) {
        lab->context = NULL;
        return check(result, "the OpenCL device has no context for us");
    }
    lab->queue =
        lab->driver->queue_create(lab->context, lab->device.id, GCS_CL_QUEUE_PROFILING, &result);
    if (result != GCS_CL_SUCCESS)
        lab->queue = NULL;
    return check(result, "the OpenCL device has no queue for us");
}

gcs_status gcs_lab_open(gcs_lab *lab, int ordinal) {
    *lab = (gcs_lab){.driver = NULL};
    gcs_status status = gcs_opencl_open(&lab->driver);
    if (status == GCS_OK)
        status = take_functions(lab);
    if (status == GCS_OK)
        status = gcs_opencl_device_at(ordinal, &lab->device);
    if (status == GCS_OK)
        status = open_queue(lab);
    if (status != GCS_OK)
        gcs_lab_close(lab);
    return status;
}

void gcs_lab_close(gcs_lab *lab) {
    if (lab->queue != NULL)
        lab->driver->queue_release(lab->queue);
    if (lab->context != NULL)
        lab->driver->context_release(lab->context);
    lab->queue = NULL;
    lab->context = NULL;
}

gcs_target gcs_lab_target(const gcs_lab *lab) {
    return gcs_opencl(lab->context, lab->device.id, lab->queue);
}

size_t gcs_lab_format(const gcs_lab *lab, char *text, size_t size) {
    char device[1024];
    gcs_opencl_device_format(&lab->device, device, sizeof device);
    const int n = snprintf(text, size, "%s, platform %s, %s", device, lab->device.platform_name,
                           lab->device.platform_version);
    return n > 0 ? (size_t)n : 0;
}

bool gcs_lab_is_cpu(const gcs_lab *lab) {
    return (lab->device.type & GCS_CL_DEVICE_TYPE_CPU) != 0;
}

uint64_t gcs_lab_cold_bytes(const gcs_lab *lab) {
    const uint64_t told = CACHE_MULTIPLE * lab->device.cache_bytes;
    const uint64_t least = gcs_lab_is_cpu(lab) ? gcs_cold_bytes() : LEAST_BYTES;
    return told > least ? told : least;
}

/* ---- Memory -------------------------------------------------------------------------------- */

gcs_status gcs_lab_alloc(const gcs_lab *lab, uint64_t bytes, gcs_cl_mem *memory) {
    *memory = NULL;
    if (bytes > lab->device.max_allocation)
        return gcs_fail(GCS_UNSUPPORTED,
                        "a buffer of %llu bytes: the largest of OpenCL device '%.100s' is %llu",
                        (unsigned long long)bytes, lab->device.name,
                        (unsigned long long)lab->device.max_allocation);
    const gcs_cl_flags of_host = gcs_lab_is_cpu(lab) ? GCS_CL_MEM_ALLOC_HOST_PTR : 0;
    gcs_cl_int result = GCS_CL_SUCCESS;
    const gcs_cl_mem made = lab->driver->buffer_create(
        lab->context, GCS_CL_MEM_READ_WRITE | of_host, (size_t)bytes, NULL, &result);
    if (result != GCS_CL_SUCCESS)
        return gcs_opencl_fail(result, "no device memory of %llu bytes", (unsigned long long)bytes);
    *memory = made;
    return GCS_OK;
}

void gcs_lab_free(const gcs_lab *lab, gcs_cl_mem memory) {
    if (memory != NULL)
        lab->driver->mem_release(memory);
}

gcs_status gcs_lab_fill(const gcs_lab *lab, gcs_cl_mem memory, uint64_t bytes, const void *pattern,
                        uint64_t pattern_bytes) {
    uint64_t done = pattern_bytes < bytes ? pattern_bytes : bytes;
    gcs_cl_int result = lab->driver->write(lab->queue, memory, GCS_CL_TRUE, 0, (size_t)done,
                                           pattern, 0, NULL, NULL);
    /* What is there is whole patterns, until the last copy. */
    while (done < bytes && result == GCS_CL_SUCCESS) {
        const uint64_t more = done < bytes - done ? done : bytes - done;
        result = lab->driver->copy(lab->queue, memory, memory, 0, (size_t)done, (size_t)more, 0,
                                   NULL, NULL);
        done += more;
    }
    const gcs_cl_int end = lab->driver->finish(lab->queue);
    return check(result != GCS_CL_SUCCESS ? result : end, "device memory cannot be filled");
}

gcs_status gcs_lab_map(const gcs_lab *lab, gcs_cl_mem memory, uint64_t bytes, void **at) {
    gcs_cl_int result = GCS_CL_SUCCESS;
    *at = lab->driver->map(lab->queue, memory, GCS_CL_TRUE, GCS_CL_MAP_READ | GCS_CL_MAP_WRITE, 0,
                           (size_t)bytes, 0, NULL, NULL, &result);
    return check(result, "device memory cannot be mapped");
}

gcs_status gcs_lab_unmap(const gcs_lab *lab, gcs_cl_mem memory, void *at) {
    const gcs_cl_int result = lab->driver->unmap(lab->queue, memory, at, 0, NULL, NULL);
    const gcs_cl_int end = lab->driver->finish(lab->queue);
    return check(result != GCS_CL_SUCCESS ? result : end, "device memory cannot be given back");
}
