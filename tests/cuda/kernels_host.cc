// The CUDA kernels for the host.
#include "kernels/cuda/kernels.cu"
