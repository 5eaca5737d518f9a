/* Running a CUDA kernel that was compiled for the host: its blocks by turns, each thread of a block
 * as a fiber. What goes wrong in a launch is told, not only what comes out. */
#ifndef GCSTEP_TESTS_CUDA_TWIN_RUN_H
#define GCSTEP_TESTS_CUDA_TWIN_RUN_H

#include "kernels/cuda/launch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A kernel. twin.h's GCS_KERNEL takes the launch by reference, which is a pointer: all threads of a
 * launch read one parameter, as on the device. */
typedef void twin_kernel(const gcs_cuda_launch *launch);

/* Which thread goes on where several can. */
typedef enum twin_order {
    TWIN_ASCENDING,  /* the first: it runs as far ahead of the others as it can */
    TWIN_DESCENDING, /* the last */
    TWIN_SHUFFLED,   /* any, drawn at every turn */
    TWIN_UNEVEN,     /* any of a warp that is far ahead of the others */
    TWIN_ORDERS
} twin_order;

/* Blocks at a time, at most; of one cluster too. */
#define TWIN_RESIDENT 16

typedef struct twin_options {
    twin_order order;
    uint64_t seed;
    unsigned cluster;      /* blocks of a cluster, of which the grid is a multiple; 0: 1 */
    unsigned resident;     /* clusters at a time, of no more blocks than TWIN_RESIDENT */
    bool blocks_backwards; /* the last block begins first */
} twin_options;

/* Runs `grid` blocks of so many threads, a multiple of 32 up to 1,024, each with `shared_bytes` of
 * memory that holds signalling NaNs. The same options give the same order of everything. NULL: all
 * went well; else what was wrong, valid until the next launch: threads that wait for what never
 * comes, an access that is not aligned, writes behind the shared memory (with ASan: of any access).
 * For one thread at a time. A launch that was left by a jump is abandoned by the next. */
const char *twin_launch(twin_kernel *kernel, const gcs_cuda_launch *launch, unsigned grid,
                        unsigned threads, size_t shared_bytes, const twin_options *options);

/* The name of an order. */
const char *twin_order_name(twin_order order);

#ifdef __cplusplus
}
#endif
#endif
