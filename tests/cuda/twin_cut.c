/* Cutting in many ways: see twin_cut.h. */
#include "cuda/twin_cut.h"

#include <stdlib.h>

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}
static uint64_t divide_up(uint64_t a, uint64_t b) {
    return a / b + (a % b != 0);
}

static bool add(twin_work *work, gcs_cuda_work item) {
    if (work->count == work->room) {
        work->room = 2 * work->room + 64;
        gcs_cuda_work *items = realloc(work->items, work->room * sizeof *items);
        if (!items)
            return false;
        work->items = items;
    }
    item.matrix = work->matrix_index;
    work->items[work->count++] = item;
    return true;
}

/* ---- Units of an item -------------------------------------------------------------------------
 */

/* Elements: all that fit, or some less. */
static uint64_t units_of_linear(const twin_work *work) {
    const uint64_t capacity = work->kernel->capacity;
    return work->way % 4 == 0 ? capacity - work->way % 7 : capacity;
}

/* Rows: all that fit, all that fit wherever the block begins, or one. */
static uint64_t units_of_block(const twin_work *work) {
    const uint64_t cols = work->matrix->cols, capacity = work->kernel->capacity;
    if (work->way % 3 == 0)
        return 1;
    const uint64_t room = work->way % 3 == 1 || capacity < cols + 31 ? capacity : capacity - 31;
    return room / cols;
}

/* Columns of a strip: a power of two. */
static uint64_t width_of_strip(const twin_work *work) {
    uint64_t width = GCS_CUDA_STRIP;
    for (uint64_t i = work->way % 2; i == 0 && 2 * width <= work->kernel->capacity;)
        width *= 2;
    return width;
}

static uint64_t units_of_item(twin_work *work) {
    switch (work->kernel->keeping) {
    case GCS_CUDA_LINEAR:
        return units_of_linear(work);
    case GCS_CUDA_BLOCK:
        return units_of_block(work);
    default:
        if (work->kernel->row.view == GCS_VIEW_ROWS)
            return 1;
    }
    if (work->columns == 0)
        work->columns =
            work->kernel->keeping == GCS_CUDA_SPLIT ? work->kernel->capacity : width_of_strip(work);
    return work->columns;
}

/* ---- Groups that launches share ---------------------------------------------------------------
 */

/* Items of a group or strip in the launch of a phase. */
static uint64_t parts_of(const twin_work *work, uint32_t phase) {
    const gcs_cuda_kernel *kernel = work->kernel;
    const bool columns = kernel->row.view == GCS_VIEW_COLS;
    const uint64_t pieces = columns ? divide_up(work->matrix->rows, GCS_RUN)
                                    : divide_up(work->matrix->cols, GCS_SEGMENT);
    if (phase == 0)
        return divide_up(pieces, kernel->threads / 32);
    return columns ? pieces : divide_up(work->matrix->cols, kernel->capacity);
}

static bool add_parts(twin_work *work, gcs_cuda_work item) {
    const uint64_t parts = parts_of(work, item.phase);
    for (uint64_t part = 0; part < parts; part++) {
        /* Blocks begin in any order. */
        item.part = (uint32_t)(work->way % 2 == 0 ? part : parts - 1 - part);
        if (!add(work, item))
            return false;
    }
    return true;
}

/* ---- All ------------------------------------------------------------------------------------- */

/* The items of a phase, or all. Records are a few words apart, as they come. */
static bool add_phase(twin_work *work, uint32_t phase, uint32_t slices, uint64_t first,
                      uint64_t last) {
    const bool split = work->kernel->keeping == GCS_CUDA_SPLIT;
    const uint64_t units = units_of_item(work);
    const uint64_t length =
        work->kernel->row.view == GCS_VIEW_COLS ? work->matrix->rows : work->matrix->cols;
    const uint64_t words = split ? gcs_cuda_record_words(work->kernel, length) : 0;
    gcs_cuda_work item = {.phase = phase};
    work->scratch_words = 0;
    for (; item.slice < slices; item.slice++) {
        for (uint64_t at = first; at < last; at += item.count) {
            item.first = at;
            item.count = (uint32_t)least(units, last - at);
            item.place = (uint32_t)work->scratch_words;
            work->scratch_words += words;
            if (split ? !add_parts(work, item) : !add(work, item))
                return false;
        }
    }
    return true;
}

bool twin_cut(twin_work *work, uint32_t slices, uint64_t first, uint64_t last) {
    if (work->kernel->keeping != GCS_CUDA_SPLIT)
        return add_phase(work, 0, slices, first, last);
    if (!add_phase(work, 0, slices, first, last))
        return false;
    work->sums = work->count;
    return add_phase(work, 1, slices, first, last);
}
