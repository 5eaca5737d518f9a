/* A program for a device: its compiler's work, or that of an earlier process. */
#ifndef GCSTEP_DISPATCH_OPENCL_PROGRAM_H
#define GCSTEP_DISPATCH_OPENCL_PROGRAM_H

#include "dispatch/environment.h"
#include "dispatch/opencl/device.h"

/* Builds `source` for a device of the context; to be given back by driver->program_release. Beside
 * `options` (NULL: none) there are those that all kernels are built with: OpenCL C 1.2, and
 * division and square root rounded correctly where the device can. env->opencl_cache says where
 * programs are kept (dispatch/opencl/cache.h).
 *
 * GCS_UNSUPPORTED: the device's compiler refuses the source; the sentence has the beginning of what
 * it says, from the first error on, and the log has all of it at level info. GCS_OUT_OF_MEMORY,
 * GCS_DEVICE_ERROR: a call failed. */
gcs_status gcs_opencl_program(const gcs_opencl_driver *driver, gcs_cl_context context,
                              const gcs_opencl_device *device, const char *source,
                              const char *options, const gcs_environment *env,
                              gcs_cl_program *program);

#endif
