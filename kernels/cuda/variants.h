/* The CUDA kernels, one line each. kernels.cu makes their instances of it, list.c their rows. */
#ifndef GCSTEP_KERNELS_CUDA_VARIANTS_H
#define GCSTEP_KERNELS_CUDA_VARIANTS_H

/* Specialised: f32, no copy, GRADIENT (flat: NONE). X(view, shape, loop, threads, blocks, u,
 * cluster, capacity): `loop` is the body <view>_<loop>, `blocks` how many are to run on a
 * multiprocessor at a time, u the fours of a thread, capacity as in gcs_cuda_kernel.
 * docs/decisions.md has the figures. */
#define GCS_CUDA_VARIANTS(X)                                                                       \
    X(flat, linear256, linear, 256, 4, 1, 1, 1024)                                                 \
    X(flat, linear128, linear, 128, 8, 2, 1, 1024)                                                 \
    X(flat, traffic256, traffic, 256, 4, 1, 1, 1024)                                               \
    X(rows, block128, block, 128, 8, 2, 1, 1024)                                                   \
    X(rows, block256, block, 256, 4, 2, 1, 2048)                                                   \
    X(rows, block256, block, 256, 3, 3, 1, 3072)                                                   \
    X(rows, block384, block, 384, 2, 3, 1, 4608)                                                   \
    X(rows, keep512, keep, 512, 2, 2, 1, 1)                                                        \
    X(rows, keep1024, keep, 1024, 1, 2, 1, 1)                                                      \
    X(rows, cluster256, cluster, 256, 4, 2, 8, 1)                                                  \
    X(rows, cluster512, cluster, 512, 2, 2, 8, 1)                                                  \
    X(rows, cluster1024, cluster, 1024, 1, 2, 8, 1)                                                \
    X(rows, split256, split, 256, 4, 2, 1, 2048)                                                   \
    X(cols, keep256, keep, 256, 4, 2, 1, 64)                                                       \
    X(cols, keep1024, keep, 1024, 1, 2, 1, 64)                                                     \
    X(cols, cluster512, cluster, 512, 2, 2, 4, 64)                                                 \
    X(cols, clusters512, cluster, 512, 2, 2, 8, 64)                                                \
    X(cols, split512, split, 512, 2, 2, 1, 64)

/* Any rule and types: X(centre, view, shape, loop, threads, blocks, u, cluster, capacity). */
#define GCS_CUDA_GENERAL_VARIANTS(X)                                                               \
    X(none, flat, linear256, linear, 256, 3, 1, 1, 1024)                                           \
    X(none, flat, traffic256, traffic, 256, 3, 1, 1, 1024)                                         \
    X(grad, rows, block256, block, 256, 2, 2, 1, 2048)                                             \
    X(grad, rows, keep512, keep, 512, 1, 2, 1, 1)                                                  \
    X(grad, rows, split256, split, 256, 2, 2, 1, 2048)                                             \
    X(grad, cols, keep512, keep, 512, 1, 2, 1, 64)                                                 \
    X(grad, cols, split512, split, 512, 1, 2, 1, 64)                                               \
    X(update, rows, block256, block, 256, 2, 2, 1, 2048)                                           \
    X(update, rows, keep512, keep, 512, 1, 2, 1, 1)                                                \
    X(update, rows, split256, split, 256, 2, 2, 1, 2048)                                           \
    X(update, cols, keep512, keep, 512, 1, 2, 1, 64)                                               \
    X(update, cols, split512, split, 512, 1, 2, 1, 64)                                             \
    X(given, rows, given256, given, 256, 3, 1, 1, 1024)                                            \
    X(given, cols, given256, given, 256, 3, 1, 1, 1024)                                            \
    X(none, rows, measure256, measure, 256, 4, 1, 1, 64)                                           \
    X(none, cols, measure256, measure, 256, 4, 1, 1, 32)                                           \
    X(none, part, measure256, measure, 256, 4, 1, 1, 64)                                           \
    X(update, rows, change256, change, 256, 2, 1, 1, 64)                                           \
    X(update, cols, change256, change, 256, 2, 1, 1, 32)

/* The common rules: X(name, rule, ...). */
#define GCS_CUDA_RULES(X, ...)                                                                     \
    X(sgdm, GCS_RULE_SGDM, __VA_ARGS__)                                                            \
    X(adam, GCS_RULE_ADAM, __VA_ARGS__)                                                            \
    X(adamw, GCS_RULE_ADAMW, __VA_ARGS__)

/* The name of a kernel, as a token and so as the symbol in the module. */
#define GCS_CUDA_NAME(name, center, view, shape, u)                                                \
    name##_##center##_##view##_f32_cuda_##shape##_u##u
#define GCS_CUDA_GENERAL_NAME(center, view, shape, u)                                              \
    any_##center##_##view##_any_cuda_##shape##_u##u

/* Where specialised kernels take a mean off, by view. */
#define GCS_CUDA_CENTER_OF_flat none
#define GCS_CUDA_CENTER_OF_rows grad
#define GCS_CUDA_CENTER_OF_cols grad

#endif
