/* Which CUDA kernel steps a tensor. Nothing here needs a GPU. */
#ifndef GCSTEP_DISPATCH_CUDA_CHOICE_H
#define GCSTEP_DISPATCH_CUDA_CHOICE_H

#include "dispatch/cuda/device.h"
#include "dispatch/registry.h"
#include "dispatch/table.h"
#include "kernels/cuda/launch.h"

/* The kernel of that name, or NULL. */
const gcs_cuda_kernel *gcs_cuda_find(const char *name);

/* The hash of the kernels' sources and flags. */
const char *gcs_cuda_impl_rev(void);

/* The kernel whose row it is. */
static inline const gcs_cuda_kernel *gcs_cuda_kernel_of(const gcs_kernel *row) {
    return (const gcs_cuda_kernel *)(const void *)row;
}

/* Whether the kernel does what is needed, on this GPU. */
bool gcs_cuda_fits(const gcs_cuda_kernel *kernel, const gcs_need *need,
                   const gcs_cuda_device *device);

/* Whether an eighth of the threads that share a row have an element of it. With fewer a step takes
 * tens of times as long, and a plan of millions of blocks seconds: not worth timing. */
bool gcs_cuda_has_work(const gcs_cuda_kernel *kernel, uint64_t length);

/* By the fixed rule; NULL: none fits. */
const gcs_cuda_kernel *gcs_cuda_kernel_for(const gcs_need *need, const gcs_cuda_device *device);

/* `forced` where it is not NULL and fits, else what a table says of this GPU, else by the fixed
 * rule. False: none fits. */
bool gcs_cuda_choose(const gcs_need *need, const gcs_cuda_device *device,
                     const gcs_cuda_kernel *forced, const gcs_table_question *question,
                     gcs_choice *choice);

#endif
