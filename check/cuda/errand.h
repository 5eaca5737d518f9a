/* One call of a kernel on a GPU: its buffers and its work go there, launches, all comes back. */
#ifndef GCSTEP_CHECK_CUDA_ERRAND_H
#define GCSTEP_CHECK_CUDA_ERRAND_H

#include "check/cuda/runner.h"

/* The `run` of a gcs_cuda_runner. */
bool gcs_cuda_errand_run(gcs_runner *runner, const gcs_run *run, void *const place[GCS_BUFS],
                         char *why, size_t why_size);

#endif
