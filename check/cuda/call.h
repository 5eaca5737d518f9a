/* From the arguments of a kernel of check/ to what a CUDA kernel is given, on whatever runs it: a
 * GPU, or the twin of the tests. Pointers are taken over as they are. */
#ifndef GCSTEP_CHECK_CUDA_CALL_H
#define GCSTEP_CHECK_CUDA_CALL_H

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

/* ---- What the launch steps -------------------------------------------------------------------
 */

/* Units of so many matrices behind each other. */
typedef struct gcs_cuda_units {
    uint32_t slices;
    uint64_t first, last;
} gcs_cuda_units;

/* Rows or elements of a whole matrix may be taken as two matrices behind each other. */
bool gcs_cuda_call_can_halve(const gcs_cuda_kernel *kernel, const gcs_args *args);

/* Makes it so. The units are then {2, 0, all of the half}. */
gcs_cuda_units gcs_cuda_call_halve(gcs_cuda_call *call, const gcs_cuda_kernel *kernel);

/* Else the range is one stretch of units, or several: kernels that are given the means know
 * elements alone, and of a range of columns these are a stretch of each row. Of PART they are
 * segments. */
uint64_t gcs_cuda_call_stretches(const gcs_cuda_kernel *kernel, const gcs_args *args);
gcs_cuda_units gcs_cuda_call_stretch(const gcs_cuda_kernel *kernel, const gcs_args *args,
                                     uint64_t index);

#endif
