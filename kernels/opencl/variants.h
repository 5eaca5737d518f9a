/* The OpenCL kernels, a line each. Each takes any rule and types: it is compiled for the form that
 * a plan wants when the plan is made. */
#ifndef GCSTEP_KERNELS_OPENCL_VARIANTS_H
#define GCSTEP_KERNELS_OPENCL_VARIANTS_H

/* X(view, loop, threads, width, vectors, capacity, depth): `loop` is the body <view>_<loop>; the
 * others as in gcs_opencl_kernel. With one work-item a work-group and wide vectors they are for
 * CPUs, whose cache keeps what is read again; with many narrow ones for GPUs. docs/decisions.md has
 * the figures. */

/* Of no centre. */
#define GCS_OPENCL_FLAT_VARIANTS(X)                                                                \
    X(flat, linear, 256, 1, 4, 1024, 0)                                                            \
    X(flat, linear, 256, 4, 1, 1024, 0)                                                            \
    X(flat, linear, 1, 8, 2, 16384, 0)                                                             \
    X(flat, linear, 1, 16, 1, 16384, 0)                                                            \
    X(flat, linear, 1, 16, 2, 16384, 0)                                                            \
    X(flat, traffic, 256, 1, 4, 1024, 0)                                                           \
    X(flat, traffic, 1, 16, 2, 16384, 0)

/* Of the centres GRADIENT and UPDATE. */
#define GCS_OPENCL_GROUP_VARIANTS(X)                                                               \
    X(rows, block, 128, 1, 8, 1024, 0)                                                             \
    X(rows, block, 256, 1, 8, 2048, 0)                                                             \
    X(rows, block, 256, 4, 4, 4096, 0)                                                             \
    X(rows, keep, 256, 1, 4, 4096, 0)                                                              \
    X(rows, keep, 1, 16, 4, 4096, 0)                                                               \
    X(rows, pipe, 1, 8, 4, 65536, 0)                                                               \
    X(rows, pipe, 1, 16, 2, 65536, 0)                                                              \
    X(rows, pipe, 1, 16, 4, 65536, 0)                                                              \
    X(rows, again, 256, 1, 4, 1, 0)                                                                \
    X(rows, again, 1, 16, 4, 16384, 0)                                                             \
    X(rows, split, 256, 1, 8, 1, 8192)                                                             \
    X(rows, split, 1, 16, 4, 1, 65536)                                                             \
    X(cols, keep, 256, 1, 1, 32, 0)                                                                \
    X(cols, pipe, 1, 8, 8, 256, 0)                                                                 \
    X(cols, pipe, 1, 16, 4, 256, 0)                                                                \
    X(cols, again, 256, 1, 1, 32, 0)                                                               \
    X(cols, again, 1, 16, 4, 64, 0)                                                                \
    X(cols, split, 256, 1, 1, 32, 512)                                                             \
    X(cols, split, 1, 16, 4, 64, 1024)

/* Of means that the caller gives, for any centre. */
#define GCS_OPENCL_GIVEN_VARIANTS(X)                                                               \
    X(rows, given, 256, 1, 4, 1024, 0)                                                             \
    X(rows, given, 1, 16, 2, 16384, 0)                                                             \
    X(cols, given, 256, 1, 4, 1024, 0)                                                             \
    X(cols, given, 1, 16, 2, 16384, 0)

/* That measure: of any centre; that find changes: of UPDATE. */
#define GCS_OPENCL_MEASURE_VARIANTS(X)                                                             \
    X(rows, measure, 256, 1, 4, 64, 0)                                                             \
    X(rows, measure, 1, 16, 2, 64, 0)                                                              \
    X(cols, measure, 256, 1, 1, 32, 0)                                                             \
    X(cols, measure, 1, 16, 2, 32, 0)                                                              \
    X(part, measure, 256, 1, 4, 64, 0)                                                             \
    X(part, measure, 1, 16, 2, 64, 0)
#define GCS_OPENCL_CHANGE_VARIANTS(X)                                                              \
    X(rows, change, 256, 1, 1, 64, 0)                                                              \
    X(rows, change, 1, 16, 2, 64, 0)                                                               \
    X(cols, change, 256, 1, 1, 32, 0)                                                              \
    X(cols, change, 1, 16, 2, 32, 0)

#endif
