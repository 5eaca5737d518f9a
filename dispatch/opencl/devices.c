/* The devices of all platforms in one numbering. */
#include "dispatch/opencl/device.h"

#include "dispatch/error.h"

#include <stdlib.h>

typedef struct walk {
    const gcs_opencl_driver *driver;
    int wanted; /* the number to stop at, or -1 */
    int count;  /* devices passed */
    gcs_cl_device found;
    gcs_cl_int failure; /* the first of a platform */
} walk;

/* Passes a platform's devices. */
static gcs_cl_int walk_platform(walk *w, gcs_cl_platform platform) {
    gcs_cl_uint count = 0;
    gcs_cl_int result = w->driver->devices(platform, GCS_CL_DEVICE_TYPE_ALL, 0, NULL, &count);
    if (result == GCS_CL_DEVICE_NOT_FOUND || (result == GCS_CL_SUCCESS && count == 0))
        return GCS_CL_SUCCESS;
    if (result != GCS_CL_SUCCESS)
        return result;
    gcs_cl_device *devices = calloc(count, sizeof(gcs_cl_device));
    if (devices == NULL)
        return GCS_CL_OUT_OF_HOST_MEMORY;
    result = w->driver->devices(platform, GCS_CL_DEVICE_TYPE_ALL, count, devices, NULL);
    if (result == GCS_CL_SUCCESS) {
        if (w->wanted >= w->count && (gcs_cl_uint)(w->wanted - w->count) < count)
            w->found = devices[w->wanted - w->count];
        w->count += (int)count;
    }
    free(devices);
    return result;
}

static gcs_cl_int walk_platforms(walk *w) {
    gcs_cl_uint count = 0;
    gcs_cl_int result = w->driver->platforms(0, NULL, &count);
    if (result != GCS_CL_SUCCESS)
        return result;
    gcs_cl_platform *platforms = calloc(count + (size_t)1, sizeof(gcs_cl_platform));
    if (platforms == NULL)
        return GCS_CL_OUT_OF_HOST_MEMORY;
    result = w->driver->platforms(count, platforms, NULL);
    for (gcs_cl_uint i = 0; i < count && result == GCS_CL_SUCCESS; i++) {
        const gcs_cl_int failed = walk_platform(w, platforms[i]);
        if (w->failure == GCS_CL_SUCCESS)
            w->failure = failed;
    }
    free(platforms);
    return result;
}

static gcs_status walk_all(walk *w) {
    gcs_status status = gcs_opencl_open(&w->driver);
    if (status != GCS_OK)
        return status;
    const gcs_cl_int result = walk_platforms(w);
    if (result != GCS_CL_SUCCESS)
        return gcs_opencl_fail(result, "OpenCL's platforms cannot be listed");
    if (w->count == 0 && w->failure != GCS_CL_SUCCESS)
        return gcs_opencl_fail(w->failure, "OpenCL's devices cannot be listed");
    if (w->count == 0)
        return gcs_fail(GCS_UNSUPPORTED, "OpenCL has no device here");
    return GCS_OK;
}

gcs_status gcs_opencl_device_count(int *count) {
    walk w = {.wanted = -1};
    const gcs_status status = walk_all(&w);
    *count = status == GCS_OK ? w.count : 0;
    return status;
}

gcs_status gcs_opencl_device_at(int ordinal, gcs_opencl_device *device) {
    walk w = {.wanted = ordinal};
    *device = (gcs_opencl_device){.id = NULL};
    const gcs_status status = walk_all(&w);
    if (status != GCS_OK)
        return status;
    if (ordinal < 0 || ordinal >= w.count)
        return gcs_fail(GCS_UNSUPPORTED, "there is no OpenCL device %d: there are %d, from 0 on",
                        ordinal, w.count);
    return gcs_opencl_device_read(w.driver, w.found, device);
}
