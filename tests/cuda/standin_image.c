/* Kernels that the stand-in for CUDA's driver takes, in the place of the library's. */
#include "dispatch/cuda/image.h"

const gcs_cuda_image gcs_cuda_built_image = {
    .fatbin = "stand-in", .ptx = "stand-in PTX", .version = 13000, .architectures = "nothing"};
