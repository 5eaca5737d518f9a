/* Which revision of the OpenCL kernels lies in the library. */
#include "dispatch/opencl/source.h"

const char *gcs_opencl_impl_rev(void) {
    return GCSTEP_OPENCL_IMPL_REV;
}
