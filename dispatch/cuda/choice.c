/* Which CUDA kernel steps a tensor: a forced one where it fits, else a fixed rule. */
#include "dispatch/cuda/choice.h"

#include "dispatch/cuda/cut.h"

#include <string.h>

const gcs_cuda_kernel *gcs_cuda_find(const char *name) {
    for (size_t i = 0; i < gcs_cuda_kernel_count; i++) {
        if (strcmp(gcs_cuda_kernels[i].row.name, name) == 0)
            return &gcs_cuda_kernels[i];
    }
    return NULL;
}

const char *gcs_cuda_impl_rev(void) {
    return GCSTEP_CUDA_IMPL_REV;
}

bool gcs_cuda_fits(const gcs_cuda_kernel *kernel, const gcs_need *need,
                   const gcs_cuda_device *device) {
    return gcs_kernel_accepts(&kernel->row, need) &&
           (kernel->keeping != GCS_CUDA_CLUSTER || device->major >= 9) &&
           gcs_cuda_columns(kernel, need->length, device->shared_bytes) != 0;
}

/* ---- The fixed rule ------------------------------------------------------------------------ */

/* The part of a block's registers that whole rows fill, in 1/1,024. */
static uint64_t fill_of(const gcs_cuda_kernel *kernel, uint64_t length) {
    return gcs_cuda_rows_of_block(kernel, length) * length * 1024 / kernel->capacity;
}

/* More threads are idle below. */
#define FULL 896

/* Of two BLOCK kernels: the smaller one, if its rows fill it; else the fuller one. */
static bool fills_better(const gcs_cuda_kernel *a, const gcs_cuda_kernel *b, uint64_t length) {
    const uint64_t of_a = fill_of(a, length), of_b = fill_of(b, length);
    if ((of_a >= FULL && of_b >= FULL) || of_a == of_b)
        return a->capacity < b->capacity;
    return of_a > of_b;
}

/* As many as keep a multiprocessor's memory busy are enough: then smaller blocks wait less for each
 * other. */
#define ENOUGH 1024

static uint64_t threads_of(const gcs_cuda_kernel *kernel, uint64_t length,
                           const gcs_cuda_device *device) {
    const uint64_t columns = gcs_cuda_columns(kernel, length, device->shared_bytes);
    return gcs_cuda_threads_at_a_time(kernel, length, columns, device->shared_bytes);
}

/* Of two kernels that keep their groups in shared memory. */
static bool keeps_better(const gcs_cuda_kernel *a, const gcs_cuda_kernel *b, uint64_t length,
                         const gcs_cuda_device *device) {
    const uint64_t of_a = threads_of(a, length, device), of_b = threads_of(b, length, device);
    if (of_a >= ENOUGH && of_b >= ENOUGH)
        return a->threads < b->threads;
    return of_a > of_b;
}

/* Whether a is to be preferred to b, which stands before it in the list. */
static bool is_better(const gcs_cuda_kernel *a, const gcs_cuda_kernel *b, const gcs_need *need,
                      const gcs_cuda_device *device) {
    if (a->row.general != b->row.general)
        return b->row.general;
    if (a->keeping != b->keeping)
        return a->keeping < b->keeping;
    if (a->keeping == GCS_CUDA_BLOCK)
        return fills_better(a, b, need->length);
    return (a->keeping == GCS_CUDA_KEEP || a->keeping == GCS_CUDA_CLUSTER) &&
           keeps_better(a, b, need->length, device);
}

const gcs_cuda_kernel *gcs_cuda_kernel_for(const gcs_need *need, const gcs_cuda_device *device) {
    const gcs_cuda_kernel *found = NULL;
    for (size_t i = 0; i < gcs_cuda_kernel_count; i++) {
        const gcs_cuda_kernel *kernel = &gcs_cuda_kernels[i];
        if (gcs_cuda_fits(kernel, need, device) &&
            (found == NULL || is_better(kernel, found, need, device)))
            found = kernel;
    }
    return found;
}

bool gcs_cuda_choose(const gcs_need *need, const gcs_cuda_device *device,
                     const gcs_cuda_kernel *forced, gcs_choice *choice) {
    if (forced != NULL && gcs_cuda_fits(forced, need, device)) {
        *choice = (gcs_choice){.kernel = &forced->row, .why = GCS_WHY_FORCED};
        return true;
    }
    /* What a table says of this GPU comes here. */
    const gcs_cuda_kernel *kernel = gcs_cuda_kernel_for(need, device);
    if (kernel == NULL)
        return false;
    *choice = (gcs_choice){.kernel = &kernel->row, .why = GCS_WHY_FIXED_RULE};
    return true;
}
