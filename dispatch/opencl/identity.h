/* An OpenCL device as tables know it. */
#ifndef GCSTEP_DISPATCH_OPENCL_IDENTITY_H
#define GCSTEP_DISPATCH_OPENCL_IDENTITY_H

#include "dispatch/device_identity.h"
#include "dispatch/opencl/device.h"

extern const gcs_device_backend gcs_opencl_backend;

/* Its name, vendor and kind, compute units, bytes of a work-group's local memory and of the cache
 * before its memory, and the driver's version: a driver's compiler decides what is fast. */
void gcs_opencl_identity(const gcs_opencl_device *device, gcs_device_identity *identity);

#endif
