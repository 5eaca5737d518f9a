#include "dispatch/opencl/measure.h"
void gcs_opencl_measuring_free(struct gcs_opencl_plan *opencl) {
    (void)opencl;
}
