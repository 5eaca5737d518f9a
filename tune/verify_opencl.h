/* gcstep verify --backend opencl: the OpenCL kernels on a device. */
#ifndef GCSTEP_TUNE_VERIFY_OPENCL_H
#define GCSTEP_TUNE_VERIFY_OPENCL_H

#include "kernels/opencl/launch.h"

typedef struct gcs_verify_opencl_choice {
    int device;
    const gcs_opencl_kernel *kernel; /* NULL: every one */
    uint64_t share, shares; /* of every kernel: numbers `share`, share + shares, ... of the list */
    bool small; /* few shapes and forms, and buffers that end where their data does: for tools that
                 * watch every access */
    uint64_t cases; /* of few shapes, at the most, of each kernel */
    uint64_t forms; /* that each kernel is built for alone, at the most (check/opencl/literal.h) */
} gcs_verify_opencl_choice;

/* Prints to stdout, and why nothing could be done to stderr. Returns an exit status. */
int gcs_verify_opencl(const gcs_verify_opencl_choice *choice);

#endif
