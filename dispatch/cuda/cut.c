/* The items of a launch, in the order in which blocks take them. */
#include "dispatch/cuda/cut.h"

#include <stdlib.h>

#define WARP             32
#define LINE             32   /* elements of a line of memory */
#define RECORD_ALIGNMENT 8    /* words; a sector of the L2, so that records do not share one */
#define BLOCK_RESERVED   1024 /* bytes of shared memory that the system takes from each block */
#define BUSY_THREADS     1024 /* of a multiprocessor: enough to keep its memory busy */

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}
static uint64_t divide_up(uint64_t a, uint64_t b) {
    return a / b + (a % b != 0);
}

/* ---- What a block takes -------------------------------------------------------------------- */

uint64_t gcs_cuda_rows_of_block(const gcs_cuda_kernel *kernel, uint64_t length) {
    /* Where rows are no multiple of a line long, a stretch of them may begin up to 31 elements
     * behind one. */
    const uint64_t lost = length % LINE != 0 ? LINE - 1 : 0;
    const uint64_t room = kernel->capacity > lost ? kernel->capacity - lost : 0;
    return room > length ? room / length : 1;
}

uint64_t gcs_cuda_threads_at_a_time(const gcs_cuda_kernel *kernel, uint64_t length,
                                    uint64_t columns, uint64_t shared_bytes) {
    const uint64_t bytes = gcs_cuda_shared_bytes(kernel, length, columns);
    if (bytes > shared_bytes)
        return 0;
    return (shared_bytes + BLOCK_RESERVED) / (bytes + BLOCK_RESERVED) * kernel->threads;
}

uint64_t gcs_cuda_columns(const gcs_cuda_kernel *kernel, uint64_t length, uint64_t shared_bytes) {
    const bool strips = kernel->row.view == GCS_VIEW_COLS && kernel->keeping != GCS_CUDA_LINEAR;
    uint64_t columns = !strips                             ? 1
                       : kernel->keeping == GCS_CUDA_SPLIT ? kernel->capacity
                                                           : GCS_CUDA_STRIP;
    if (gcs_cuda_shared_bytes(kernel, length, columns) > shared_bytes)
        return 0;
    while (strips && 2 * columns <= kernel->capacity &&
           gcs_cuda_threads_at_a_time(kernel, length, 2 * columns, shared_bytes) >= BUSY_THREADS)
        columns *= 2;
    return columns;
}

/* ---- Items --------------------------------------------------------------------------------- */

static bool add(gcs_cuda_work_list *list, gcs_cuda_work item) {
    if (list->count >= GCS_CUDA_MOST_ITEMS)
        return false;
    if (list->count == list->room) {
        const size_t room = list->room != 0 ? 2 * list->room : 64;
        gcs_cuda_work *items =
            room <= SIZE_MAX / sizeof *items ? realloc(list->items, room * sizeof *items) : NULL;
        if (items == NULL)
            return false;
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = item;
    return true;
}

/* Units of an item that has its groups to itself. */
static uint64_t units_of_item(const gcs_cuda_kernel *kernel, uint64_t cols, uint64_t columns) {
    switch (kernel->keeping) {
    case GCS_CUDA_LINEAR:
        return kernel->capacity;
    case GCS_CUDA_BLOCK:
        return gcs_cuda_rows_of_block(kernel, cols);
    case GCS_CUDA_KEEP:
    case GCS_CUDA_CLUSTER:
    case GCS_CUDA_SPLIT:
        break;
    }
    return columns; /* of rows 1 */
}

/* The parts of a strip in one of the launches. */
static bool add_parts(gcs_cuda_work_list *list, gcs_cuda_work item, uint32_t phase,
                      uint64_t parts) {
    item.phase = phase;
    for (uint64_t part = 0; part < parts; part++) {
        item.part = (uint32_t)part;
        if (!add(list, item))
            return false;
    }
    return parts <= UINT32_MAX;
}

/* A row, or columns, that several blocks share: sums by warps, then pieces. */
static bool add_shared(gcs_cuda_cut *cut, const gcs_cuda_kernel *kernel,
                       const gcs_cuda_matrix *matrix, gcs_cuda_work item) {
    const bool columns = kernel->row.view == GCS_VIEW_COLS;
    const uint64_t length = columns ? matrix->rows : matrix->cols;
    const uint64_t sums = divide_up(length, columns ? GCS_RUN : GCS_SEGMENT);
    const uint64_t words = gcs_cuda_record_words(kernel, length);
    if (sums > GCS_CUDA_MOST_ITEMS)
        return false;
    item.place = (uint32_t)cut->scratch_words;
    cut->scratch_words += divide_up(words, RECORD_ALIGNMENT) * RECORD_ALIGNMENT;
    return cut->scratch_words <= UINT32_MAX &&
           add_parts(&cut->sums, item, 0, divide_up(sums, kernel->threads / WARP)) &&
           add_parts(&cut->steps, item, 1, columns ? sums : divide_up(length, kernel->capacity));
}

bool gcs_cuda_cut_matrix(gcs_cuda_cut *cut, const gcs_cuda_kernel *kernel, uint32_t matrix_index,
                         const gcs_cuda_matrix *matrix, uint64_t slices, uint64_t columns,
                         uint64_t first, uint64_t last) {
    const uint64_t units = units_of_item(kernel, matrix->cols, columns);
    gcs_cuda_work item = {.matrix = matrix_index};
    bool added = slices <= GCS_CUDA_MOST_ITEMS &&
                 divide_up(last - first, units) <= GCS_CUDA_MOST_ITEMS / slices;
    for (uint64_t slice = 0; slice < slices && added; slice++) {
        item.slice = (uint32_t)slice;
        for (uint64_t at = first; at < last && added; at += item.count) {
            item.first = at;
            item.count = (uint32_t)least(units, last - at);
            added = kernel->keeping == GCS_CUDA_SPLIT ? add_shared(cut, kernel, matrix, item)
                                                      : add(&cut->steps, item);
        }
    }
    return added;
}

void gcs_cuda_cut_turn(gcs_cuda_work_list *list) {
    for (size_t i = 0; i < list->count / 2; i++) {
        const gcs_cuda_work item = list->items[i];
        list->items[i] = list->items[list->count - 1 - i];
        list->items[list->count - 1 - i] = item;
    }
}
