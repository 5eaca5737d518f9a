/* From the arguments of a kernel of check/ to what a CUDA kernel is given, on whatever runs it: a
 * GPU, or the twin of the tests. Pointers are taken over as they are. */
#ifndef GCSTEP_CHECK_CUDA_CALL_H
#define GCSTEP_CHECK_CUDA_CALL_H

#include "check/launch.h"
#include "kernels/cuda/launch.h"

/* Which entries of the arrays are the call's. The others are nonsense, for kernels that would look
 * at them. */
enum { GCS_CUDA_CALL_MATRIX = 1, GCS_CUDA_CALL_GROUP = 2 };

typedef struct gcs_cuda_call {
    gcs_cuda_matrix matrices[GCS_CUDA_CALL_MATRIX + 1];
    gcs_cuda_group groups[GCS_CUDA_CALL_GROUP + 1];
} gcs_cuda_call;

/* `found_inf`: of the group, or NULL; first_step: the state is hidden (first_step.h). PART:
 * args->means points at args->mean, as the device sees it. */
void gcs_cuda_call_fill(gcs_cuda_call *call, const gcs_args *args, const float *found_inf,
                        bool first_step);

/* The parameter of a launch, without its matrices, work and scratch memory. `groups`: where the
 * device has the call's; NULL: they travel with the launch. */
void gcs_cuda_call_launch(const gcs_cuda_call *call, const gcs_cuda_kernel *kernel,
                          const gcs_args *args, const gcs_cuda_group *groups,
                          gcs_cuda_launch *launch);

/* Dynamic shared memory of a block. */
unsigned gcs_cuda_call_shared(const gcs_cuda_kernel *kernel, const gcs_args *args,
                              uint64_t columns);

/* Makes the matrix one of two halves behind each other: see check/launch.h. */
gcs_launch_units gcs_cuda_call_halve(gcs_cuda_call *call, const gcs_cuda_kernel *kernel);

#endif
