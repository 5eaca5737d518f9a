/* gcstep verify --backend cuda: the CUDA kernels on a GPU. */
#ifndef GCSTEP_TUNE_VERIFY_CUDA_H
#define GCSTEP_TUNE_VERIFY_CUDA_H

#include "kernels/cuda/launch.h"

typedef struct gcs_verify_cuda_choice {
    int device;
    const gcs_cuda_kernel *kernel; /* NULL: every one */
    bool small; /* few shapes, and each buffer an allocation of its own, for compute-sanitizer */
} gcs_verify_cuda_choice;

/* Prints to stdout, and why nothing could be done to stderr. Returns an exit status. */
int gcs_verify_cuda(const gcs_verify_cuda_choice *choice);

#endif
