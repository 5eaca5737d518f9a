/* A CUDA kernel in the twin as a kernel of check/: from the arguments of one to a launch. */
#ifndef GCSTEP_TESTS_CUDA_TWIN_CALL_H
#define GCSTEP_TESTS_CUDA_TWIN_CALL_H

#include "cuda/twin_run.h"

/* How the kernel's launches go. */
typedef struct twin_call_options {
    twin_order order;         /* TWIN_ORDERS: another one for each launch */
    unsigned largest_cluster; /* blocks; 0: as the kernel has them */
    bool sampled;             /* of calls with many threads some are left to the portable kernel */
} twin_call_options;

/* The kernel's row with a `run` that launches it in the twin; for one kernel at a time. False:
 * there is no function of its name. */
bool twin_call_open(const gcs_cuda_kernel *kernel, const twin_call_options *options,
                    gcs_kernel *row);

/* Sets the option. */
void twin_call_sample(bool sampled);

/* What the first launch that went wrong said; "" if none. */
const char *twin_call_trouble(void);

/* Launches since twin_call_open. */
uint64_t twin_call_count(void);

#endif
