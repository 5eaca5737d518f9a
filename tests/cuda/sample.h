/* Kernels that the twin is tested with: right ones, and ones with a planted fault. */
#ifndef GCSTEP_TESTS_CUDA_SAMPLE_H
#define GCSTEP_TESTS_CUDA_SAMPLE_H

#include "cuda/twin_run.h"

/* Of 64 threads a block (SAMPLE_THREADS) with a float of shared memory each. Kernel for kernel:
 * name, what it does. Matrix 0: g is read, w is written; scratch: counters that are 0. */
#define SAMPLE_KERNELS(X)                                                                          \
    X(sample_sums)              /* w[block] = sum of the block's elements of g; right */           \
    X(sample_tickets)           /* the last block sums what all wrote to w, into m[0]; right */    \
    X(sample_cluster)           /* w = the element of the next block of the cluster; right */      \
    X(sample_no_barrier)        /* reads a neighbour's element before it is surely there */        \
    X(sample_no_warp_barrier)   /* the same within a warp, behind a shuffle */                     \
    X(sample_no_fence)          /* sample_tickets without the fence before the counter */          \
    X(sample_same_element)      /* all blocks write w[0] */                                        \
    X(sample_unwritten)         /* reads shared memory that nobody wrote */                        \
    X(sample_beyond_warp)       /* takes the value of a lane that there is not */                  \
    X(sample_early_return)      /* thread 5 returns, the others wait */                            \
    X(sample_two_barriers)      /* half of the threads wait at another barrier */                  \
    X(sample_half_warp)         /* half of a warp shuffles */                                      \
    X(sample_cluster_early)     /* sample_cluster without its first barrier */                     \
    X(sample_cluster_unordered) /* with one that orders nothing in its place */                    \
    X(sample_cluster_ends)      /* sample_cluster without its last: a block may have ended */      \
    X(sample_cluster_half)      /* returns with half of a barrier */                               \
    X(sample_cluster_twice)     /* arrives twice */                                                \
    X(sample_misaligned)        /* reads 16 bytes from 4 behind a multiple of 16 */                \
    X(sample_overrun)           /* writes a float behind the shared memory */                      \
    X(sample_overread)          /* reads it */

enum { SAMPLE_THREADS = 64 };

#ifndef __cplusplus
#define X(name) void name(const gcs_cuda_launch *launch);
SAMPLE_KERNELS(X)
#undef X
#endif
#endif
