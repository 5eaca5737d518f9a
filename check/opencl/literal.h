/* OpenCL kernels built for one form, as a plan builds them: which forms of which kernel, and few
 * shapes of each. */
#ifndef GCSTEP_CHECK_OPENCL_LITERAL_H
#define GCSTEP_CHECK_OPENCL_LITERAL_H

#include "check/check.h"
#include "check/runner.h"
#include "kernels/opencl/launch.h"

/* The forms of a kernel: the common ones, and its share of all, which are dealt out over the
 * kernels that take them. `small`: one in all. */
size_t gcs_opencl_literal_count(const gcs_opencl_kernel *kernel, bool small);
gcs_form gcs_opencl_literal_at(const gcs_opencl_kernel *kernel, bool small, size_t index);

/* `row` as of gcs_opencl_few_run. Adds to *report. */
void gcs_opencl_literal_run(gcs_runner *runner, const gcs_opencl_kernel *kernel,
                            const gcs_kernel *row, const gcs_form *form, size_t number,
                            gcs_check_report *report);

#endif
