/* What is to be known of an OpenCL device: asked, never assumed. */
#ifndef GCSTEP_DISPATCH_OPENCL_DEVICE_H
#define GCSTEP_DISPATCH_OPENCL_DEVICE_H

#include "dispatch/opencl/driver.h"
#include <stdbool.h>

#define GCS_OPENCL_TEXT 256

/* Texts are cut where they are longer, are of printable characters, and have no space at their
 * ends. */
typedef struct gcs_opencl_device {
    gcs_cl_device id;
    gcs_cl_platform platform;
    char name[GCS_OPENCL_TEXT], vendor[GCS_OPENCL_TEXT];
    char driver_version[GCS_OPENCL_TEXT];
    char version[GCS_OPENCL_TEXT];   /* "OpenCL 3.0 ..." */
    char c_version[GCS_OPENCL_TEXT]; /* "OpenCL C 1.2 ..." */
    char platform_name[GCS_OPENCL_TEXT], platform_version[GCS_OPENCL_TEXT];
    unsigned major, minor; /* of `version` */
    gcs_cl_flags type;     /* GCS_CL_DEVICE_TYPE_... */
    uint32_t compute_units;
    uint32_t clock_mhz; /* 0: not told */
    uint64_t max_group; /* work-items of a work-group, and in its first dimension */
    uint64_t max_items;
    uint64_t local_bytes;     /* local memory of a work-group */
    bool local_is_dedicated;  /* it is a memory of its own, not a part of the global one */
    bool has_host_memory;     /* its global memory is the host's */
    uint64_t global_bytes;    /* global memory, and the largest buffer in it */
    uint64_t max_allocation;  /* bytes */
    uint64_t cache_bytes;     /* of global memory; 0: none */
    uint32_t cache_line;      /* bytes; 0: none */
    uint32_t base_alignment;  /* bits, of a sub-buffer's offset */
    uint64_t parameter_bytes; /* most bytes of a kernel's arguments together */
    uint32_t address_bits;
    uint32_t float_width_native, float_width_preferred; /* elements of a vector */
    gcs_cl_flags float_config;                          /* GCS_CL_FP_... */
    bool rounds_divide_sqrt; /* -cl-fp32-correctly-rounded-divide-sqrt is for it */
    bool exact;         /* it keeps the bits (docs/arithmetic.md): it rounds division and square
                         * root correctly, to nearest, and has subnormals, infinities and NaN */
    gcs_cl_flags svm;   /* GCS_CL_SVM_...; 0: it shares no memory with the host */
    gcs_cl_flags queue; /* GCS_CL_QUEUE_... that its queues may have */
    uint64_t timer_ns;  /* resolution of its profiling timer; 0: not told */
    bool has_subgroups; /* cl_khr_subgroups or OpenCL 2.1's */
} gcs_opencl_device;

/* GCS_UNSUPPORTED: it is big-endian, has no compiler, is not available, or is older than
 * OpenCL 1.2; then `device` has its texts all the same. GCS_OUT_OF_MEMORY, GCS_DEVICE_ERROR: it
 * does not tell; then `device` has what it told before. */
gcs_status gcs_opencl_device_read(const gcs_opencl_driver *driver, gcs_cl_device which,
                                  gcs_opencl_device *device);

/* How many devices all platforms have together, also those that cannot be used, and one of them by
 * its number from 0 on: the platforms in the loader's order, of each its devices in its order. A
 * platform that fails has none, unless no other has any. Errors beside those of gcs_opencl_open and
 * of the function above: GCS_UNSUPPORTED where there is no device, or none of that number. */
gcs_status gcs_opencl_device_count(int *count);
gcs_status gcs_opencl_device_at(int ordinal, gcs_opencl_device *device);

/* "CPU", "GPU", "accelerator" or "device" for any other. */
const char *gcs_opencl_device_kind(const gcs_opencl_device *device);

/* "NVIDIA H100 80GB HBM3, GPU, OpenCL 3.0, driver 550.54, 132 compute units, local memory 48 KiB,
 * cache 4.1 MiB, global memory 79.1 GiB, keeps the bits: yes". Returns the length that the whole
 * text has, as snprintf does. */
size_t gcs_opencl_device_format(const gcs_opencl_device *device, char *text, size_t size);

#endif
