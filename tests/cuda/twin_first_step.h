/* A step whose state is all +0 is one at t = 1. */
#ifndef GCSTEP_TESTS_CUDA_TWIN_FIRST_STEP_H
#define GCSTEP_TESTS_CUDA_TWIN_FIRST_STEP_H

#include "kernels/cuda/launch.h"

/* Where the state of the arguments' range is all +0: makes it NaN, which a step at t = 1 must not
 * look at. False: it is not, or the rule has none. */
bool twin_hide_first_state(const gcs_cuda_kernel *kernel, const gcs_args *args);

#endif
