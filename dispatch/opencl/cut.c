/* The items of a launch, in the order in which work-groups are likely to take them. */
#include "dispatch/opencl/cut.h"

#include <stdlib.h>

#define RECORD_ALIGNMENT 16 /* floats; 64 bytes, a line of most caches: records share none */

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}
static uint64_t divide_up(uint64_t a, uint64_t b) {
    return a / b + (a % b != 0);
}

/* ---- What a work-group takes --------------------------------------------------------------- */

static uint64_t rows_of_item(const gcs_opencl_kernel *kernel, uint64_t cols) {
    const uint64_t fit = kernel->capacity > cols ? kernel->capacity / cols : 1;
    switch (kernel->keeping) {
    case GCS_OPENCL_BLOCK:
    case GCS_OPENCL_KEEP:
        return cols <= GCS_SEGMENT ? fit : 1;
    case GCS_OPENCL_AGAIN:
    case GCS_OPENCL_PIPE:
        return fit;
    case GCS_OPENCL_LINEAR:
    case GCS_OPENCL_SPLIT:
        break;
    }
    return 1;
}

uint64_t gcs_opencl_units_of_item(const gcs_opencl_kernel *kernel, uint64_t cols) {
    if (kernel->row.view == GCS_VIEW_ROWS && kernel->keeping != GCS_OPENCL_LINEAR)
        return rows_of_item(kernel, cols);
    return kernel->capacity;
}

uint64_t gcs_opencl_units_of(const gcs_opencl_kernel *kernel, const gcs_opencl_matrix *matrix) {
    if (kernel->row.means_given)
        return matrix->rows * matrix->cols;
    switch (kernel->row.view) {
    case GCS_VIEW_ROWS:
        return matrix->rows;
    case GCS_VIEW_COLS:
        return matrix->cols;
    case GCS_VIEW_PART:
        return divide_up(matrix->cols, GCS_SEGMENT);
    case GCS_VIEW_FLAT:
        break;
    }
    return matrix->rows * matrix->cols;
}

/* ---- Items --------------------------------------------------------------------------------- */

static bool add(gcs_opencl_work_list *list, gcs_opencl_work item) {
    if (list->count >= GCS_OPENCL_MOST_ITEMS)
        return false;
    if (list->count == list->room) {
        const size_t room = list->room != 0 ? 2 * list->room : 64;
        gcs_opencl_work *items =
            room <= SIZE_MAX / sizeof *items ? realloc(list->items, room * sizeof *items) : NULL;
        if (items == NULL)
            return false;
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = item;
    return true;
}

/* The parts of a row or strip in one of the launches. */
static bool add_parts(gcs_opencl_cut *cut, gcs_opencl_work item, uint32_t phase, uint64_t parts) {
    item.phase = phase;
    for (uint64_t part = 0; part < parts; part++) {
        item.part = (uint32_t)part;
        if (!add(&cut->lists[phase], item))
            return false;
    }
    return true;
}

/* A row, or columns, that several work-groups share. */
static bool add_shared(gcs_opencl_cut *cut, const gcs_opencl_kernel *kernel,
                       const gcs_opencl_matrix *matrix, gcs_opencl_work item) {
    const uint64_t length = kernel->row.view == GCS_VIEW_COLS ? matrix->rows : matrix->cols;
    const uint64_t parts = divide_up(length, kernel->depth);
    const uint64_t floats = gcs_opencl_record_floats(kernel, length);
    if (parts > GCS_OPENCL_MOST_ITEMS || floats > UINT32_MAX)
        return false;
    item.place = (uint32_t)cut->scratch_floats;
    cut->scratch_floats += divide_up(floats, RECORD_ALIGNMENT) * RECORD_ALIGNMENT;
    return cut->scratch_floats <= UINT32_MAX && add_parts(cut, item, GCS_OPENCL_SUMS, parts) &&
           add_parts(cut, item, GCS_OPENCL_FOLDS, 1) &&
           add_parts(cut, item, GCS_OPENCL_STEPS, parts);
}

bool gcs_opencl_cut_matrix(gcs_opencl_cut *cut, const gcs_opencl_kernel *kernel,
                           uint32_t matrix_index, const gcs_opencl_matrix *matrix, uint64_t slices,
                           uint64_t first, uint64_t last) {
    const uint64_t units = gcs_opencl_units_of_item(kernel, matrix->cols);
    gcs_opencl_work item = {.matrix = matrix_index};
    bool added = slices <= GCS_OPENCL_MOST_ITEMS &&
                 divide_up(last - first, units) <= GCS_OPENCL_MOST_ITEMS / slices;
    for (uint64_t slice = 0; slice < slices && added; slice++) {
        item.slice = (uint32_t)slice;
        for (uint64_t at = first; at < last && added; at += item.count) {
            item.first = at;
            item.count = (uint32_t)least(units, last - at);
            added = kernel->keeping == GCS_OPENCL_SPLIT ? add_shared(cut, kernel, matrix, item)
                                                        : add(&cut->lists[GCS_OPENCL_STEPS], item);
        }
    }
    return added;
}

void gcs_opencl_cut_free(gcs_opencl_cut *cut) {
    for (size_t i = 0; i < GCS_OPENCL_PHASES; i++) {
        free(cut->lists[i].items);
        cut->lists[i] = (gcs_opencl_work_list){.items = NULL};
    }
}
