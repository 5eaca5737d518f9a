/* OpenCL kernels built for one form, as a plan builds them: which forms of which kernel. */
#ifndef GCSTEP_CHECK_OPENCL_LITERAL_H
#define GCSTEP_CHECK_OPENCL_LITERAL_H

#include "kernels/opencl/launch.h"

/* The forms of a kernel of the list: first three common ones, of which kernels that follow each
 * other begin with different ones; then its share of all, which are dealt out over the kernels that
 * take them: each form is at least one kernel's. */
size_t gcs_opencl_literal_count(const gcs_opencl_kernel *kernel);
gcs_form gcs_opencl_literal_at(const gcs_opencl_kernel *kernel, size_t index);

#endif
