/* One call of a kernel on an OpenCL device: its buffers and its work go there, launches, all comes
 * back. */
#ifndef GCSTEP_CHECK_OPENCL_ERRAND_H
#define GCSTEP_CHECK_OPENCL_ERRAND_H

#include "check/opencl/runner.h"

/* The `run` of a gcs_opencl_runner. */
bool gcs_opencl_errand_run(gcs_runner *runner, const gcs_run *run, void *const place[GCS_BUFS],
                           char *why, size_t why_size);

#endif
