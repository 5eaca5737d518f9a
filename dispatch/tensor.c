/* Tensors: their making, their groups, and the matrices that a piece of one consists of. */
#include "dispatch/tensor.h"

#include "dispatch/error.h"

gcs_tensor gcs_rows(uint64_t channels, uint64_t length) {
    return (gcs_tensor){.layout = GCS_LAYOUT_ROWS, .rows = channels, .cols = length, .outer = 1};
}

gcs_tensor gcs_cols(uint64_t length, uint64_t channels) {
    return (gcs_tensor){.layout = GCS_LAYOUT_COLS, .rows = length, .cols = channels, .outer = 1};
}

gcs_tensor gcs_general(uint64_t outer, uint64_t reduce, uint64_t inner) {
    if (inner == 1)
        return gcs_rows(outer, reduce);
    gcs_tensor tensor = gcs_cols(reduce, inner);
    tensor.outer = outer;
    if (outer == 0)
        tensor.rows = 0; /* an outer of 0 is taken as 1: without elements a plan must refuse it */
    return tensor;
}

gcs_tensor gcs_flat(uint64_t count) {
    return (gcs_tensor){.layout = GCS_LAYOUT_FLAT, .rows = 1, .cols = count, .outer = 1};
}

gcs_tensor gcs_shard(gcs_tensor tensor, uint64_t offset, uint64_t count) {
    /* A count of 0 is a whole tensor: an empty piece must be refused by a plan. */
    tensor.offset = count != 0 ? offset : UINT64_MAX;
    tensor.count = count;
    return tensor;
}

/* ---- Checking ------------------------------------------------------------------------------ */

/* Without a name nobody is told. */
#define REFUSE(...)                                                                                \
    (name != NULL ? gcs_fail(GCS_INVALID_ARGUMENT, __VA_ARGS__) : GCS_INVALID_ARGUMENT)

static gcs_status check_sizes(const gcs_tensor *t, const char *name) {
    const uint64_t most = (uint64_t)PTRDIFF_MAX / sizeof(float);
    if (t->rows == 0)
        return REFUSE("%s.rows is 0", name);
    if (t->cols == 0)
        return REFUSE("%s.cols is 0", name);
    if (t->layout == GCS_LAYOUT_FLAT && t->rows != 1)
        return REFUSE("%s.rows is not 1, as layout FLAT has it", name);
    if (t->layout != GCS_LAYOUT_COLS && t->outer > 1)
        return REFUSE("%s.outer is %llu: only layout COLS has several matrices", name,
                      (unsigned long long)t->outer);
    if (t->rows > most / t->cols)
        return REFUSE("%s: rows x cols is more than an address can reach", name);
    if (t->outer > most / (t->rows * t->cols))
        return REFUSE("%s: outer x rows x cols is more than an address can reach", name);
    return GCS_OK;
}

static gcs_status check_piece(const gcs_tensor *t, const char *name) {
    const uint64_t whole = t->rows * t->cols * (t->outer != 0 ? t->outer : 1);
    if (t->count == 0 && t->offset != 0)
        return REFUSE("%s.count is 0: a piece has at least one element", name);
    if (t->count != 0 && t->offset >= whole)
        return REFUSE("%s.offset is %llu: the piece begins beyond its tensor of %llu elements",
                      name, (unsigned long long)t->offset, (unsigned long long)whole);
    if (t->count > whole - t->offset)
        return REFUSE("%s.count is %llu: from offset %llu on its tensor has %llu elements", name,
                      (unsigned long long)t->count, (unsigned long long)t->offset,
                      (unsigned long long)(whole - t->offset));
    return GCS_OK;
}

gcs_status gcs_tensor_check(const gcs_tensor *tensor, const char *name) {
    if (tensor->layout != GCS_LAYOUT_FLAT && tensor->layout != GCS_LAYOUT_ROWS &&
        tensor->layout != GCS_LAYOUT_COLS)
        return REFUSE("%s.layout %d is not a gcs_layout", name, (int)tensor->layout);
    const gcs_status status = check_sizes(tensor, name);
    return status != GCS_OK ? status : check_piece(tensor, name);
}

/* ---- Groups -------------------------------------------------------------------------------- */

gcs_tensor gcs_tensor_spelled_out(const gcs_tensor *tensor) {
    gcs_tensor t = *tensor;
    t.outer = t.outer != 0 ? t.outer : 1;
    if (t.count == 0)
        t.count = t.rows * t.cols * t.outer;
    return t;
}

uint64_t gcs_tensor_elements(const gcs_tensor *tensor) {
    return gcs_tensor_spelled_out(tensor).count;
}

/* Elements between the beginnings of two units of groups: of two rows, of two matrices. */
static uint64_t unit_of(const gcs_tensor *t) {
    return t->layout == GCS_LAYOUT_COLS ? t->rows * t->cols : t->cols;
}

/* Whether it has groups at all; the public functions take any tensor. */
static bool has_groups(const gcs_tensor *t) {
    return t != NULL && gcs_tensor_check(t, NULL) == GCS_OK && t->layout != GCS_LAYOUT_FLAT;
}

uint64_t gcs_tensor_groups(const gcs_tensor *tensor) {
    if (!has_groups(tensor))
        return 0;
    const gcs_tensor t = gcs_tensor_spelled_out(tensor);
    const uint64_t unit = unit_of(&t);
    const uint64_t units = (t.offset + t.count - 1) / unit - t.offset / unit + 1;
    return t.layout == GCS_LAYOUT_COLS ? units * t.cols : units;
}

uint64_t gcs_tensor_first_group(const gcs_tensor *tensor) {
    if (!has_groups(tensor))
        return 0;
    const uint64_t units = tensor->offset / unit_of(tensor);
    return tensor->layout == GCS_LAYOUT_COLS ? units * tensor->cols : units;
}

uint64_t gcs_tensor_group_length(const gcs_tensor *tensor) {
    if (!has_groups(tensor))
        return 0;
    return tensor->layout == GCS_LAYOUT_COLS ? tensor->rows : tensor->cols;
}

static gcs_status check_floats(const float *sums, const float *means, uint64_t count) {
    const uintptr_t from = (uintptr_t)sums, to = (uintptr_t)means;
    if (from % sizeof *sums != 0)
        return gcs_fail(GCS_INVALID_ARGUMENT, "sums is not aligned for a float");
    if (to % sizeof *means != 0)
        return gcs_fail(GCS_INVALID_ARGUMENT, "means is not aligned for a float");
    if (from != to && (from < to ? to - from : from - to) < count * sizeof *sums)
        return gcs_fail(GCS_INVALID_ARGUMENT, "means overlaps sums and is not the same");
    return GCS_OK;
}

gcs_status gcs_group_means(const gcs_tensor *tensor, const float *sums, float *means) {
    if (tensor == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "tensor is NULL");
    if (sums == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "sums is NULL");
    if (means == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "means is NULL");
    gcs_status status = gcs_tensor_check(tensor, "tensor");
    const uint64_t groups = gcs_tensor_groups(tensor);
    if (status == GCS_OK)
        status = check_floats(sums, means, groups);
    if (status != GCS_OK)
        return status;
    const float length = (float)gcs_tensor_group_length(tensor);
    for (uint64_t i = 0; i < groups; i++)
        means[i] = sums[i] / length;
    return GCS_OK;
}

/* ---- Matrices ------------------------------------------------------------------------------ */

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* The elements [first, last) of the tensor, all of one row-major matrix: what there is of a row,
 * whole rows, what there is of a row. Returns how many blocks that gave. */
static size_t cut_stretch(const gcs_tensor *t, uint64_t first, uint64_t last, gcs_block *blocks) {
    const bool by_column = t->layout == GCS_LAYOUT_COLS;
    const uint64_t first_unit = t->offset / unit_of(t);
    size_t n = 0;
    while (first < last) {
        const uint64_t row = first / t->cols, column = first % t->cols;
        const uint64_t to_row_end = t->cols - column;
        const uint64_t whole = column == 0 ? (last - first) / t->cols : 0;
        gcs_block *block = &blocks[n++];
        *block = (gcs_block){.at = first - t->offset, .slices = 1};
        block->rows = whole != 0 ? whole : 1;
        block->cols = whole != 0 ? t->cols : least(to_row_end, last - first);
        block->group =
            by_column ? (row / t->rows - first_unit) * t->cols + column : row - first_unit;
        first += block->rows * block->cols;
    }
    return n;
}

size_t gcs_tensor_blocks(const gcs_tensor *tensor, gcs_block blocks[GCS_MAX_BLOCKS]) {
    const gcs_tensor t = gcs_tensor_spelled_out(tensor);
    if (t.layout == GCS_LAYOUT_FLAT) {
        blocks[0] = (gcs_block){.rows = 1, .cols = t.count, .slices = 1};
        return 1;
    }
    if (t.layout == GCS_LAYOUT_ROWS)
        return cut_stretch(&t, t.offset, t.offset + t.count, blocks);
    const uint64_t unit = unit_of(&t), end = t.offset + t.count;
    uint64_t first = t.offset;
    size_t n = 0;
    if (first % unit != 0) {
        const uint64_t matrix_end = least(end, (first / unit + 1) * unit);
        n = cut_stretch(&t, first, matrix_end, blocks);
        first = matrix_end;
    }
    const uint64_t slices = (end - first) / unit;
    if (slices != 0) {
        blocks[n++] = (gcs_block){.at = first - t.offset,
                                  .rows = t.rows,
                                  .cols = t.cols,
                                  .group = (first / unit - t.offset / unit) * t.cols,
                                  .slices = slices};
        first += slices * unit;
    }
    return n + cut_stretch(&t, first, end, blocks + n);
}

bool gcs_block_is_whole(const gcs_tensor *tensor, const gcs_block *block) {
    return tensor->layout == GCS_LAYOUT_COLS ? block->rows == tensor->rows
                                             : block->cols == tensor->cols;
}
