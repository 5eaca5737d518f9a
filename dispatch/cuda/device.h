/* What is to be known of a GPU. */
#ifndef GCSTEP_DISPATCH_CUDA_DEVICE_H
#define GCSTEP_DISPATCH_CUDA_DEVICE_H

#include "dispatch/cuda/driver.h"

typedef struct gcs_cuda_device {
    char name[128];
    int major, minor; /* architecture: sm_<major><minor> */
    int code_major;   /* of the architecture that the loaded kernels were written for, which is less
                       * where the driver compiled them from older PTX (gcs_cuda_module_load) */
    int multiprocessors;
    uint64_t l2_bytes;
    uint64_t shared_bytes; /* most shared memory of a block */
    int bus_bits;          /* of its memory */
    int memory_khz;        /* clock of its memory; 0: not told */
} gcs_cuda_device;

gcs_status gcs_cuda_device_read(const gcs_cuda_driver *driver, gcs_cu_device which,
                                gcs_cuda_device *device);

/* How many GPUs the driver has, and one of them, by its ordinal number; no context is needed.
 * Errors beside those of the call: as gcs_cuda_open. */
gcs_status gcs_cuda_device_count(int *count);
gcs_status gcs_cuda_device_at(int ordinal, gcs_cuda_device *device);

/* "NVIDIA H100 80GB HBM3, sm_90, 132 multiprocessors, L2 50.0 MiB, bus 5120 bits". Returns the
 * length that the whole text has, as snprintf does. */
size_t gcs_cuda_device_format(const gcs_cuda_device *device, char *text, size_t size);

#endif
