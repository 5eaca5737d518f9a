/* CUDA kernels on a GPU as kernels of check/: each call's buffers go there and come back. */
#ifndef GCSTEP_CHECK_CUDA_RUNNER_H
#define GCSTEP_CHECK_CUDA_RUNNER_H

#include "check/cuda/freight.h"
#include "check/runner.h"
#include "dispatch/cuda/cut.h"
#include "dispatch/cuda/device.h"

/* Of the current context. */
typedef struct gcs_cuda_runner {
    gcs_runner runner; /* the first, so that it is found by this */
    const gcs_cuda_driver *driver;
    gcs_cuda_device device;
    gcs_cu_module module; /* NULL: none */
    gcs_cu_stream stream; /* NULL: none */
    gcs_freight freight;
    gcs_cuda_cut cut;
    uint32_t *scratch;
    uint64_t scratch_words; /* allocated */
    const gcs_cuda_kernel *kernel;
    gcs_cu_function function;
    uint64_t
        calls; /* of the kernel: what check/ does not vary and a launch can have, varies by it */
} gcs_cuda_runner;

/* Loads the kernels into the current context, which is on that GPU. `apart`: freight.h. After a
 * failure (gcs_last_error()) too it is to be closed. */
gcs_status gcs_cuda_runner_open(gcs_cuda_runner *runner, const gcs_cuda_driver *driver,
                                gcs_cu_device which, bool apart);
void gcs_cuda_runner_close(gcs_cuda_runner *runner);

/* Whether the GPU can run the kernel. */
bool gcs_cuda_runner_can(const gcs_cuda_runner *runner, const gcs_cuda_kernel *kernel);

/* Makes it the kernel that is run; *row is its row for check/, with the longest group that this GPU
 * has the shared memory for. */
gcs_status gcs_cuda_runner_take(gcs_cuda_runner *runner, const gcs_cuda_kernel *kernel,
                                gcs_kernel *row);

#endif
