/* Few shapes of a CUDA kernel: lengths around all the pieces that it has, which check/'s own cases
 * do not know of; few enough for a tool that slows everything down. */
#ifndef GCSTEP_CHECK_CUDA_FEW_H
#define GCSTEP_CHECK_CUDA_FEW_H

#include "check/check.h"
#include "check/runner.h"
#include "kernels/cuda/launch.h"

/* `row`: the kernel's, as check/ sees it, with the longest group that can be run. Adds to *report.
 * Stops at the first failure. */
void gcs_cuda_few_run(gcs_runner *runner, const gcs_cuda_kernel *kernel, const gcs_kernel *row,
                      gcs_check_report *report);

#endif
