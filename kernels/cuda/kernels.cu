/* The CUDA kernels: instances of the loop bodies with literal arguments, as variants.h lists them.
 */
#include "kernels/cuda/bodies.cuh"
#include "kernels/cuda/variants.h"

#define CENTER_none   0
#define CENTER_grad   CENTER_FIRST
#define CENTER_update CENTER_LAST
#define CENTER_given  0 /* launch.form has it */

#define INSTANCE(name, center, rule, view, loop, threads, blocks, u)                               \
    GCS_KERNEL(name, threads, blocks) {                                                            \
        if (launch.lets_next_begin != 0)                                                           \
            let_next_begin();                                                                      \
        view##_##loop(&launch, rule, CENTER_##center, threads, u);                                 \
        end_after_previous();                                                                      \
    }

/* Names are made of what the arguments stand for. */
#define NAME(name, center, view, shape, u) GCS_CUDA_NAME(name, center, view, shape, u)
#define EXPAND(center, name, rule, view, shape, loop, threads, blocks, u)                          \
    INSTANCE(NAME(name, center, view, shape, u), center, rule, view, loop, threads, blocks, u)

#define SPECIALISED(name, rule, view, shape, loop, threads, blocks, u, cluster, capacity)          \
    SPECIALISED_AT(GCS_CUDA_CENTER_OF_##view, name, rule, view, shape, loop, threads, blocks, u)
#define SPECIALISED_AT(...) EXPAND(__VA_ARGS__)

#define EACH_RULE(...) GCS_CUDA_RULES(SPECIALISED, __VA_ARGS__)

#define GENERAL(center, view, shape, loop, threads, blocks, u, cluster, capacity)                  \
    INSTANCE(GCS_CUDA_GENERAL_NAME(center, view, shape, u), center, (gcs_rule)0, view, loop,       \
             threads, blocks, u)

GCS_CUDA_VARIANTS(EACH_RULE)
GCS_CUDA_GENERAL_VARIANTS(GENERAL)
