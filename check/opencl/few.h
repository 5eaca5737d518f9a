/* Few cases of an OpenCL kernel, small enough for a tool that slows everything down: lengths around
 * all the pieces that it has, which check/'s own cases do not know of; with values,
 * hyper-parameters and places of every kind in turn. */
#ifndef GCSTEP_CHECK_OPENCL_FEW_H
#define GCSTEP_CHECK_OPENCL_FEW_H

#include "check/check.h"
#include "check/runner.h"
#include "kernels/opencl/launch.h"

/* Each is given the kernel's row as check/ sees it, with the longest group that can be run, adds to
 * *report and stops at the first failure. */

/* Of all forms: of a kernel that was built for any. At most so many cases. */
void gcs_opencl_few_run(gcs_runner *runner, const gcs_opencl_kernel *kernel, const gcs_kernel *row,
                        uint64_t most, gcs_check_report *report);

/* Of one form. `number` varies the cases. */
void gcs_opencl_few_run_form(gcs_runner *runner, const gcs_kernel *row, const gcs_form *form,
                             uint64_t number, gcs_check_report *report);

#endif
