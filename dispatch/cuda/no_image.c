/* A build without nvcc: there are no CUDA kernels in it. */
#include "dispatch/cuda/image.h"

#include <stddef.h>

const gcs_cuda_image gcs_cuda_built_image = {.fatbin = NULL, .architectures = "none"};
