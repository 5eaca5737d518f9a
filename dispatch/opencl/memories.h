/* Asking OpenCL about the trainer's cl_mems, once for each. */
#ifndef GCSTEP_DISPATCH_OPENCL_MEMORIES_H
#define GCSTEP_DISPATCH_OPENCL_MEMORIES_H

#include "dispatch/opencl/names.h"

/* Why a cl_mem cannot be used. */
typedef struct gcs_opencl_refusal {
    const char *what;  /* "is no buffer" and so on */
    gcs_cl_int result; /* of the call that said so, or GCS_CL_SUCCESS */
} gcs_opencl_refusal;

/* What is known of a cl_mem, which is asked if it has not been met; NULL: `refusal` says why, or
 * has no `what`: no memory. The entry stays where it is until the next call. */
const gcs_opencl_memory_facts *gcs_opencl_met(gcs_opencl_memories *memories,
                                              const struct gcs_opencl_plan *opencl,
                                              gcs_cl_mem handle, gcs_opencl_refusal *refusal);

/* Whether all that were given have the size that they had. */
bool gcs_opencl_are_as_before(const gcs_opencl_memories *memories,
                              const struct gcs_opencl_plan *opencl);

void gcs_opencl_memories_free(gcs_opencl_memories *memories);

#endif
