/* Which CUDA kernel steps a tensor: a forced one where it fits, else the table's, else by a fixed
 * rule. */
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
           (kernel->keeping != GCS_CUDA_CLUSTER || device->code_major >= 9) &&
           gcs_cuda_columns(kernel, need->length, device->shared_bytes) != 0;
}

bool gcs_cuda_has_work(const gcs_cuda_kernel *kernel, uint64_t length) {
    if (kernel->row.view != GCS_VIEW_ROWS || kernel->keeping < GCS_CUDA_KEEP)
        return true;
    const uint64_t share = kernel->keeping == GCS_CUDA_SPLIT
                               ? kernel->capacity
                               : (uint64_t)kernel->threads * kernel->cluster;
    return 8 * length >= share;
}

/* ---- The fixed rule ------------------------------------------------------------------------ */

/* The part of a block's registers that whole rows fill, in 1/1,024. */
static uint64_t fill_of(const gcs_cuda_kernel *kernel, uint64_t length) {
    return gcs_cuda_rows_of_block(kernel, length) * length * 1024 / kernel->capacity;
}

/* More threads are idle below. Of short rows small blocks wait less. */
static uint64_t full(uint64_t length) {
    return length < 256 ? 896 : 973;
}

/* Of two BLOCK kernels: the smaller one, if its rows fill it; else the fuller one. */
static bool fills_better(const gcs_cuda_kernel *a, const gcs_cuda_kernel *b, uint64_t length) {
    const uint64_t of_a = fill_of(a, length), of_b = fill_of(b, length);
    if ((of_a >= full(length) && of_b >= full(length)) || of_a == of_b)
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

/* Blocks of a cluster share a group by whole segments or runs: the part of their work that is not
 * waiting for the block with the most, in 1/1,024. */
static uint64_t balance_of(const gcs_cuda_kernel *kernel, uint64_t length) {
    const uint64_t piece = kernel->row.view == GCS_VIEW_COLS ? GCS_RUN : GCS_SEGMENT;
    const uint64_t pieces = (length + piece - 1) / piece, blocks = kernel->cluster;
    const uint64_t most = (pieces + blocks - 1) / blocks;
    return pieces * 1024 / (most * blocks);
}

/* Threads of a block that goes best with so many elements of a row, where there are several blocks.
 */
static uint64_t best_threads(const gcs_cuda_kernel *kernel, const gcs_need *need) {
    const uint64_t elements = need->length / kernel->cluster;
    if (need->view != GCS_VIEW_ROWS)
        return 0; /* the smaller the better */
    if (kernel->keeping == GCS_CUDA_CLUSTER)
        return elements <= 7680 ? 256 : 512;
    return elements <= 12288 ? 512 : 1024;
}

static uint64_t distance(uint64_t a, uint64_t b) {
    return a > b ? a - b : b - a;
}

/* Of two kernels that keep their groups in shared memory: the threads that a multiprocessor has at
 * work, no more than the kernels' registers allow. */
static bool keeps_better(const gcs_cuda_kernel *a, const gcs_cuda_kernel *b, const gcs_need *need,
                         const gcs_cuda_device *device) {
    const uint64_t length = need->length;
    const uint64_t strip_a = gcs_cuda_columns(a, length, device->shared_bytes);
    const uint64_t strip_b = gcs_cuda_columns(b, length, device->shared_bytes);
    if (strip_a != strip_b)
        return strip_a > strip_b; /* wide ones are made where they leave enough threads */
    const uint64_t of_a = threads_of(a, length, device), of_b = threads_of(b, length, device);
    const uint64_t merit_a = (of_a < ENOUGH ? of_a : ENOUGH) * balance_of(a, length);
    const uint64_t merit_b = (of_b < ENOUGH ? of_b : ENOUGH) * balance_of(b, length);
    if (merit_a != merit_b)
        return merit_a > merit_b;
    const uint64_t best = best_threads(a, need);
    return distance(a->threads, best) < distance(b->threads, best);
}

/* Longer rows, and columns in strips of one line of memory, go better by a cluster than by one
 * block. */
#define CLUSTER_ROW 36864

static bool is_for_clusters(const gcs_cuda_kernel *kernel, const gcs_need *need,
                            const gcs_cuda_device *device) {
    return need->view == GCS_VIEW_COLS
               ? gcs_cuda_columns(kernel, need->length, device->shared_bytes) <= GCS_CUDA_STRIP
               : need->length > CLUSTER_ROW;
}

/* In registers, in shared memory, in that of a cluster, read again. */
static bool is_kept_better(const gcs_cuda_kernel *a, const gcs_cuda_kernel *b, const gcs_need *need,
                           const gcs_cuda_device *device) {
    if (a->keeping == GCS_CUDA_CLUSTER && b->keeping == GCS_CUDA_KEEP)
        return is_for_clusters(b, need, device);
    if (a->keeping == GCS_CUDA_KEEP && b->keeping == GCS_CUDA_CLUSTER)
        return !is_for_clusters(a, need, device);
    return a->keeping < b->keeping;
}

/* Whether a is to be preferred to b, which stands before it in the list. */
static bool is_better(const gcs_cuda_kernel *a, const gcs_cuda_kernel *b, const gcs_need *need,
                      const gcs_cuda_device *device) {
    if (a->row.general != b->row.general)
        return b->row.general;
    if (a->keeping != b->keeping)
        return is_kept_better(a, b, need, device);
    if (a->keeping == GCS_CUDA_BLOCK)
        return fills_better(a, b, need->length);
    return (a->keeping == GCS_CUDA_KEEP || a->keeping == GCS_CUDA_CLUSTER) &&
           keeps_better(a, b, need, device);
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

/* ---- The choice ---------------------------------------------------------------------------- */

typedef struct wish {
    const gcs_need *need;
    const gcs_cuda_device *device;
} wish;

static bool fits(const void *context, const gcs_kernel *row) {
    const wish *w = context;
    return gcs_cuda_fits(gcs_cuda_kernel_of(row), w->need, w->device);
}

bool gcs_cuda_choose(const gcs_need *need, const gcs_cuda_device *device,
                     const gcs_cuda_kernel *forced, const gcs_table_question *question,
                     gcs_choice *choice) {
    const wish w = {need, device};
    if (forced != NULL && gcs_cuda_fits(forced, need, device)) {
        *choice = (gcs_choice){.kernel = &forced->row, .why = GCS_WHY_FORCED};
        return true;
    }
    if (gcs_tables_answer(question, fits, &w, choice))
        return true;
    const gcs_cuda_kernel *kernel = gcs_cuda_kernel_for(need, device);
    if (kernel == NULL)
        return false;
    *choice = (gcs_choice){.kernel = &kernel->row, .why = GCS_WHY_FIXED_RULE};
    return true;
}
