/* A call on its way to the device: shared by errand.c and errand_launch.c. */
#ifndef GCSTEP_CHECK_OPENCL_ERRAND_INTERNAL_H
#define GCSTEP_CHECK_OPENCL_ERRAND_INTERNAL_H

#include "check/opencl/call.h"
#include "check/opencl/errand.h"
#include "check/opencl/figures.h"

/* What a call has in device memory, as numbers of the freight's parts. */
typedef struct gcs_cl_parts {
    size_t matrices, work, groups, flags, scratch, decoy, mean, streams[GCS_OPENCL_STREAMS];
} gcs_cl_parts;

/* A call. */
typedef struct gcs_cl_errand {
    gcs_opencl_runner *runner;
    const gcs_run *run;
    gcs_cl_call_arrays call;
    gcs_cl_parts at;
    gcs_cl_figures figures;
    uint64_t scratch_floats;
    size_t before; /* items of the work that are none of the launch */
    gcs_cl_mem bindings[GCS_OPENCL_BINDINGS];
    float decoy[8], mean;
    bool halved, has_flag;
} gcs_cl_errand;

/* Sends the parts, launches and fetches. */
gcs_cl_int gcs_cl_errand_launch(gcs_cl_errand *errand);

#endif
