/* From the arguments of a kernel of check/ to what an OpenCL kernel is given. */
#ifndef GCSTEP_CHECK_OPENCL_CALL_H
#define GCSTEP_CHECK_OPENCL_CALL_H

#include "check/launch.h"
#include "check/run.h"
#include "kernels/opencl/launch.h"

/* Which entries of the arrays are the call's. The others are nonsense, for kernels that would look
 * at them. */
enum { GCS_CL_CALL_MATRIX = 1, GCS_CL_CALL_GROUP = 2, GCS_CL_CALL_FLAG = 1 };

typedef struct gcs_cl_call_arrays {
    gcs_opencl_matrix matrices[GCS_CL_CALL_MATRIX + 2];
    gcs_opencl_group groups[GCS_CL_CALL_GROUP + 2];
    float flags[GCS_CL_CALL_FLAG + 2];
} gcs_cl_call_arrays;

/* Where a buffer's part is on the device. */
typedef struct gcs_cl_call_place {
    uint64_t at; /* into the binding, or an address */
    uint8_t binding;
} gcs_cl_call_place;

/* Which buffer of check/ each stream is. */
int gcs_cl_call_buffer(gcs_opencl_stream stream);

/* `places`: of the streams' buffers that the run uses. `mean`: of kernels that measure a part:
 * where the mean is; else NULL. `figure`: place of the first group's figures. */
void gcs_cl_call_fill(gcs_cl_call_arrays *call, const gcs_run *run,
                      const gcs_cl_call_place places[GCS_OPENCL_STREAMS],
                      const gcs_cl_call_place *mean, uint64_t figure);

/* The parameter group: whether it has a found_inf, and the state is hidden (check/first_step.h). */
void gcs_cl_call_group(gcs_cl_call_arrays *call, const gcs_run *run, bool has_flag,
                       bool first_step);

/* The length of the groups for gcs_opencl_local_bytes. */
uint64_t gcs_cl_call_length(const gcs_kernel *row, const gcs_trial *trial);

#endif
