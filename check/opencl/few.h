/* Few shapes of an OpenCL kernel that was built for any form: lengths around all the pieces that it
 * has, which check/'s own cases do not know of; few and small enough for a tool that slows
 * everything down. */
#ifndef GCSTEP_CHECK_OPENCL_FEW_H
#define GCSTEP_CHECK_OPENCL_FEW_H

#include "check/check.h"
#include "check/runner.h"
#include "kernels/opencl/launch.h"

/* `row`: the kernel's, as check/ sees it, with the longest group that can be run. Adds
 * to *report; no more than `most` cases. * Stops at the first failure. */
void gcs_opencl_few_run(gcs_runner *runner, const gcs_opencl_kernel *kernel, const gcs_kernel *row,
                        uint64_t most, gcs_check_report *report);

#endif
