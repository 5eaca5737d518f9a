/* An NVIDIA GPU as tables know it. */
#ifndef GCSTEP_DISPATCH_CUDA_IDENTITY_H
#define GCSTEP_DISPATCH_CUDA_IDENTITY_H

#include "dispatch/cuda/device.h"
#include "dispatch/device_identity.h"

extern const gcs_device_backend gcs_cuda_backend;

/* Its name, architecture, multiprocessors, bytes of L2 and bits of the memory's bus. */
void gcs_cuda_identity(const gcs_cuda_device *device, gcs_device_identity *identity);

#endif
