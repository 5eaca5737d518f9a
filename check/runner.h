/* Running a kernel that is no function of this process, in the place of gcs_kernel.run. */
#ifndef GCSTEP_CHECK_RUNNER_H
#define GCSTEP_CHECK_RUNNER_H

#include "check/bound.h"
#include "check/run.h"

typedef struct gcs_runner gcs_runner;
struct gcs_runner {
    /* Runs run->kernel, with the coefficients and keys in `run`, on the used buffers, whose parts
     * in memory are at `place`. There is no other memory of the tensor: pointers to its beginning
     * (gcs_run_arguments) may lie outside of everything. False: why[why_size] says what went wrong.
     */
    bool (*run)(gcs_runner *runner, const gcs_run *run, void *const place[GCS_BUFS], char *why,
                size_t why_size);
    /* Its operations are not all rounded correctly: results need not have the bits of the portable
     * kernels, but be within the bound of the reference (bound.h), where the whole tensor is
     * stepped. */
    bool inexact;
    bool flushes; /* inexact, and it has no subnormal numbers: classes of values with them are left
                     out */
    gcs_bound_loose loose;
    bool ended; /* nothing can be run any more: there are no more cases */
};

#endif
