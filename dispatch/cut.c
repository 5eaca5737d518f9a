/* Cutting work into pieces for the threads. A cut never changes a bit of the result
 * (docs/arithmetic.md), so it may depend on the number of threads. */
#include "dispatch/plan_internal.h"

#include <stdlib.h>

/* Bytes moved by one piece: small enough that the last piece does not keep the others waiting,
 * large enough that taking one (an atomic add, a new place for the prefetchers) costs nothing. */
#define PIECE_MIN_BYTES   ((uint64_t)64 << 10)
#define PIECE_MAX_BYTES   ((uint64_t)1 << 20)
#define PIECES_PER_THREAD 16
/* At most about so many pieces: what cuts a step of 16 GiB into pieces of 1 MiB. The waves of split
 * rows have more of them: a wave ends when its last piece does. */
#define MAX_PIECES ((uint64_t)1 << 14)

/* Fewer groups than this many per thread, each at least this long, are cut inside the group; as
 * many matrices or more are not cut inside the matrix. */
#define SPLIT_PER_THREAD 2
#define SPLIT_MIN_LENGTH ((uint64_t)64 << 10)

/* Columns of a cache line, and of the widest strip of a kernel. */
#define COLUMNS_OF_LINE  16
#define COLUMNS_OF_STRIP 64

static uint64_t up_to_multiple(uint64_t value, uint64_t of) {
    return (value + of - 1) / of * of;
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high) {
    return value < low ? low : value > high ? high : value;
}

uint64_t gcs_segments_of(uint64_t length) {
    return up_to_multiple(length, GCS_SEGMENT) / GCS_SEGMENT;
}

/* Bytes of a piece, where the threads share so many. */
static uint64_t share_of(uint64_t bytes, int threads) {
    return clamp(bytes / ((uint64_t)threads * PIECES_PER_THREAD), PIECE_MIN_BYTES, PIECE_MAX_BYTES);
}

gcs_cut gcs_cut_for(const gcs_plan *plan, unsigned bytes_per_element) {
    uint64_t elements = 0;
    for (size_t i = 0; i < plan->count; i++)
        elements += plan->tensors[i].elements;
    const uint64_t bytes = elements * bytes_per_element;
    gcs_cut cut = {.threads = plan->threads, .bytes_per_element = bytes_per_element};
    cut.piece_bytes = share_of(bytes, plan->threads);
    if (cut.piece_bytes < bytes / MAX_PIECES)
        cut.piece_bytes = bytes / MAX_PIECES;
    return cut;
}

gcs_cut gcs_cut_for_part(const gcs_cut *cut, uint64_t elements) {
    gcs_cut part = *cut;
    const uint64_t share = share_of(elements * cut->bytes_per_element, cut->threads);
    if (share < cut->piece_bytes)
        part.piece_bytes = share;
    return part;
}

/* ---- Cutting a block ----------------------------------------------------------------------- */

static bool add_work(gcs_work_list *list, const gcs_work *work) {
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
        gcs_work *items = realloc(list->items, capacity * sizeof *items);
        if (items == NULL)
            return false;
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = *work;
    return true;
}

/* [0, end) in pieces of `step`; the other fields as in `work`. */
static bool add_pieces(gcs_work_list *list, gcs_work work, uint64_t end, uint64_t step) {
    for (uint64_t first = 0; first < end; first = work.last) {
        work.first = first;
        work.last = end - first < step ? end : first + step;
        if (!add_work(list, &work))
            return false;
    }
    return true;
}

/* How many units of so many elements one piece takes. */
static uint64_t piece_of(const gcs_cut *cut, uint64_t unit, uint64_t units) {
    return cut->threads == 1 ? units
                             : clamp(cut->piece_bytes / (unit * cut->bytes_per_element), 1, units);
}

static bool cut_elements(gcs_work_list *list, const gcs_work *work, const gcs_cut *cut) {
    const uint64_t n = work->block.cols;
    return add_pieces(list, *work, n, up_to_multiple(piece_of(cut, 1, n), GCS_SEGMENT));
}

/* Each row in pieces of whole segments. */
static bool cut_parts(gcs_work_list *list, const gcs_work *work, const gcs_cut *cut) {
    gcs_work row = *work;
    row.block.rows = 1;
    for (uint64_t i = 0; i < work->block.rows; i++) {
        if (!cut_elements(list, &row, cut))
            return false;
        row.block.at += row.block.cols;
        row.block.group++;
        row.place += gcs_segments_of(row.block.cols);
    }
    return true;
}

/* Several matrices to a piece. */
static bool cut_slices(gcs_work_list *list, gcs_work work, const gcs_cut *cut) {
    const uint64_t cols = work.block.cols, elements = work.block.rows * cols;
    uint64_t left = work.block.slices;
    const uint64_t piece = piece_of(cut, elements, left);
    work.last = cols;
    while (left != 0) {
        work.block.slices = piece < left ? piece : left;
        if (!add_work(list, &work))
            return false;
        left -= work.block.slices;
        work.block.at += work.block.slices * elements;
        work.block.group += work.block.slices * cols;
        work.place += work.block.slices * cols;
    }
    return true;
}

/* Several pieces to a matrix: at most one per thread, since a row's piece should be long, for the
 * prefetchers. */
static bool cut_columns(gcs_work_list *list, gcs_work work, const gcs_cut *cut) {
    const uint64_t cols = work.block.cols, threads = (uint64_t)cut->threads;
    const uint64_t bytes = work.block.rows * cols * cut->bytes_per_element;
    const uint64_t pieces = clamp(bytes / cut->piece_bytes, 1, threads);
    const uint64_t share = (cols + pieces - 1) / pieces;
    const uint64_t piece =
        up_to_multiple(share, share >= COLUMNS_OF_STRIP ? COLUMNS_OF_STRIP : COLUMNS_OF_LINE);
    const uint64_t slices = work.block.slices;
    work.block.slices = 1;
    for (uint64_t slice = 0; slice < slices; slice++) {
        if (!add_pieces(list, work, cols, piece))
            return false;
        work.block.at += work.block.rows * cols;
        work.block.group += cols;
        work.place += cols;
    }
    return true;
}

bool gcs_cut_block(gcs_work_list *list, gcs_work work, const gcs_cut *cut) {
    const gcs_block *block = &work.block;
    switch (work.kernel->view) {
    case GCS_VIEW_FLAT:
        return cut_elements(list, &work, cut);
    case GCS_VIEW_PART:
        return cut_parts(list, &work, cut);
    case GCS_VIEW_ROWS:
        return add_pieces(list, work, block->rows, piece_of(cut, block->cols, block->rows));
    case GCS_VIEW_COLS:
        break;
    }
    const bool many = block->slices >= (uint64_t)cut->threads * SPLIT_PER_THREAD;
    return cut->threads == 1 || many ? cut_slices(list, work, cut) : cut_columns(list, work, cut);
}

bool gcs_rows_are_few_and_long(uint64_t rows, uint64_t cols, int threads) {
    return threads > 1 && cols >= SPLIT_MIN_LENGTH && rows < (uint64_t)threads * SPLIT_PER_THREAD;
}

bool gcs_cut_into_rows(gcs_work_list *list, const gcs_work *work, const gcs_cut *cut) {
    const gcs_block *rows = &work->block;
    const uint64_t piece = piece_of(cut, 1, rows->cols);
    for (uint64_t at = 0; at < rows->rows * rows->cols;) {
        const uint64_t left = rows->cols - at % rows->cols;
        gcs_work part = *work;
        part.block = (gcs_block){.at = rows->at + at,
                                 .rows = 1,
                                 .cols = left < piece ? left : piece,
                                 .group = rows->group + at / rows->cols,
                                 .slices = 1};
        part.last = 1;
        if (!add_work(list, &part))
            return false;
        at += part.block.cols;
    }
    return true;
}
