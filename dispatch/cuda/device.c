/* Asking the driver about a GPU. */
#include "dispatch/cuda/device.h"

#include <stdio.h>

gcs_status gcs_cuda_device_read(const gcs_cuda_driver *driver, gcs_cu_device which,
                                gcs_cuda_device *device) {
    int l2 = 0, shared = 0;
    const struct {
        int attribute, *value;
        bool needed;
    } wanted[] = {
        {GCS_CU_CAPABILITY_MAJOR, &device->major, true},
        {GCS_CU_CAPABILITY_MINOR, &device->minor, true},
        {GCS_CU_MULTIPROCESSORS, &device->multiprocessors, true},
        {GCS_CU_L2_BYTES, &l2, true},
        {GCS_CU_SHARED_BYTES_OPT_IN, &shared, true},
        {GCS_CU_MEMORY_BUS_BITS, &device->bus_bits, false},
        {GCS_CU_MEMORY_CLOCK_KHZ, &device->memory_khz, false},
    };
    *device = (gcs_cuda_device){0};
    gcs_cu_result result = driver->device_name(device->name, sizeof device->name, which);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0] && result == GCS_CU_SUCCESS; i++) {
        result = driver->device_attribute(wanted[i].value, wanted[i].attribute, which);
        if (!wanted[i].needed)
            result = GCS_CU_SUCCESS;
    }
    if (result != GCS_CU_SUCCESS)
        return gcs_cuda_fail(driver, result, "the GPU tells nothing of itself");
    device->l2_bytes = l2 > 0 ? (uint64_t)l2 : 0;
    device->shared_bytes = shared > 0 ? (uint64_t)shared : 0;
    return GCS_OK;
}

gcs_status gcs_cuda_device_count(int *count) {
    const gcs_cuda_driver *driver;
    *count = 0;
    const gcs_status status = gcs_cuda_open(&driver);
    if (status != GCS_OK)
        return status;
    const gcs_cu_result result = driver->device_count(count);
    return result == GCS_CU_SUCCESS ? GCS_OK
                                    : gcs_cuda_fail(driver, result, "the GPUs cannot be counted");
}

gcs_status gcs_cuda_device_at(int ordinal, gcs_cuda_device *device) {
    const gcs_cuda_driver *driver;
    gcs_cu_device which;
    const gcs_status status = gcs_cuda_open(&driver);
    if (status != GCS_OK)
        return status;
    const gcs_cu_result result = driver->device_get(&which, ordinal);
    return result == GCS_CU_SUCCESS ? gcs_cuda_device_read(driver, which, device)
                                    : gcs_cuda_fail(driver, result, "GPU %d", ordinal);
}

size_t gcs_cuda_device_format(const gcs_cuda_device *device, char *text, size_t size) {
    const int n = snprintf(text, size, "%s, sm_%d%d, %d multiprocessors, L2 %.1f MiB, bus %d bits",
                           device->name, device->major, device->minor, device->multiprocessors,
                           (double)device->l2_bytes / 1048576, device->bus_bits);
    return n > 0 ? (size_t)n : 0;
}
