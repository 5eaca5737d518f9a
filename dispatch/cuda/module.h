/* The kernels in a context: loaded for one plan, and found by name. */
#ifndef GCSTEP_DISPATCH_CUDA_MODULE_H
#define GCSTEP_DISPATCH_CUDA_MODULE_H

#include "dispatch/cuda/device.h"
#include "kernels/cuda/launch.h"

/* GCS_UNSUPPORTED: the library was built without kernels. */
gcs_status gcs_cuda_module_check(void);

/* Loads the library's kernels into the current context; to be given back by driver->module_unload.
 * GCS_UNSUPPORTED: there are none, or the driver is too old for them, or the GPU is. */
gcs_status gcs_cuda_module_load(const gcs_cuda_driver *driver, gcs_cu_module *module,
                                gcs_cuda_device *device);

/* The kernel's function, ready to be launched with so much dynamic shared memory: nothing of it is
 * left for the first launch, which may be a captured one. */
gcs_status gcs_cuda_module_function(const gcs_cuda_driver *driver, gcs_cu_module module,
                                    const gcs_cuda_kernel *kernel, unsigned shared_bytes,
                                    gcs_cu_function *function);

#endif
