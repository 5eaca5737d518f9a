/* The compiled CUDA kernels, as they lie in the library. */
#ifndef GCSTEP_DISPATCH_CUDA_IMAGE_H
#define GCSTEP_DISPATCH_CUDA_IMAGE_H

typedef struct gcs_cuda_image {
    const void *fatbin;        /* NULL: this build has no CUDA kernels */
    const void *ptx;           /* for drivers of an older CUDA than made it: PTX alone; or NULL */
    int version;               /* of the CUDA that made it, 1000 x major + 10 x minor */
    const char *architectures; /* that it has code for, in words */
} gcs_cuda_image;

/* Made by cmake/cuda.cmake; a test may bring its own. */
extern const gcs_cuda_image gcs_cuda_built_image;

#endif
