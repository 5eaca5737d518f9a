/* OpenCL kernels built for one form, as a plan builds them: which forms of which kernel, and few
 * shapes of each. */
#ifndef GCSTEP_CHECK_OPENCL_LITERAL_H
#define GCSTEP_CHECK_OPENCL_LITERAL_H

#include "check/check.h"
#include "check/runner.h"
#include "kernels/opencl/launch.h"

/* The forms of a kernel of the list: first three common ones, of which kernels that follow each
 * other begin with different ones; then its share of all, which are dealt out over the kernels that
 * take them: each form is at least one kernel's. */
size_t gcs_opencl_literal_count(const gcs_opencl_kernel *kernel);
gcs_form gcs_opencl_literal_at(const gcs_opencl_kernel *kernel, size_t index);

/* `row` as of gcs_opencl_few_run, `number` varies the shapes. Adds to *report. */
void gcs_opencl_literal_run(gcs_runner *runner, const gcs_kernel *row, const gcs_form *form,
                            size_t number, gcs_check_report *report);

#endif
