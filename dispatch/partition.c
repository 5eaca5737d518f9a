/* How a step's work is cut into pieces for the threads. A cut never changes a bit of the result
 * (docs/arithmetic.md), so it may depend on the number of threads. */
#include "dispatch/error.h"
#include "dispatch/plan_internal.h"
#include "dispatch/registry.h"

#include <stdlib.h>

/* Bytes moved by one piece: small enough that the last piece does not keep the others waiting,
 * large enough that taking one (an atomic add, a new place for the prefetchers) costs nothing. */
#define PIECE_MIN_BYTES   ((uint64_t)64 << 10)
#define PIECE_MAX_BYTES   ((uint64_t)1 << 20)
#define PIECES_PER_THREAD 16
/* At most about so many pieces: what cuts a step of 16 GiB into pieces of 1 MiB. */
#define MAX_PIECES ((uint64_t)1 << 14)

/* Fewer groups than this many per thread, each longer than this, are cut inside the group. */
#define SPLIT_GROUPS_PER_THREAD 2
#define SPLIT_MIN_LENGTH        ((uint64_t)64 << 10)

/* Columns of a cache line, and of the widest strip of a kernel. */
#define COLUMNS_OF_LINE  16
#define COLUMNS_OF_STRIP 64

static uint64_t up_to_multiple(uint64_t value, uint64_t of) {
    return (value + of - 1) / of * of;
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high) {
    return value < low ? low : value > high ? high : value;
}

static uint64_t segments_of(uint64_t length) {
    return up_to_multiple(length, GCS_SEGMENT) / GCS_SEGMENT;
}

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

/* How many units (rows, columns, or elements of a flat tensor) one piece takes. */
static uint64_t piece_of(const gcs_planned_tensor *planned, int threads, uint64_t piece_bytes,
                         unsigned bytes_per_element) {
    const gcs_tensor *tensor = &planned->tensor;
    const bool cols = tensor->layout == GCS_LAYOUT_COLS;
    const uint64_t units = tensor->layout == GCS_LAYOUT_ROWS ? tensor->rows : tensor->cols;
    if (threads == 1)
        return units;
    const uint64_t unit_bytes = planned->elements / units * bytes_per_element;
    const uint64_t piece = clamp(piece_bytes / unit_bytes, 1, units);
    if (tensor->layout == GCS_LAYOUT_FLAT)
        return up_to_multiple(piece, GCS_SEGMENT);
    if (!cols)
        return piece;
    /* A row's piece should be long, for the prefetchers: one piece per thread. */
    const uint64_t share = (units + (uint64_t)threads - 1) / (uint64_t)threads;
    return up_to_multiple(share, share >= COLUMNS_OF_STRIP ? COLUMNS_OF_STRIP : COLUMNS_OF_LINE);
}

bool gcs_tensor_is_split(const gcs_spec *spec, const gcs_tensor *tensor, int threads) {
    return threads > 1 && spec->center != GCS_CENTER_NONE && tensor->layout == GCS_LAYOUT_ROWS &&
           tensor->cols >= SPLIT_MIN_LENGTH &&
           tensor->rows < (uint64_t)threads * SPLIT_GROUPS_PER_THREAD;
}

static bool add_split_tensor(gcs_plan *plan, size_t index, uint64_t piece_bytes) {
    const gcs_planned_tensor *planned = &plan->tensors[index];
    const uint64_t bytes = gcs_rule_bytes(plan->spec.rule);
    const uint64_t piece = up_to_multiple(piece_bytes / bytes, GCS_SEGMENT);
    for (uint64_t row = 0; row < planned->tensor.rows; row++) {
        const gcs_work sum = {.tensor = index, .kernel = planned->sum, .row = row};
        const gcs_work step = {.tensor = index, .kernel = planned->part, .row = row};
        if (!add_pieces(&plan->first, sum, planned->tensor.cols, piece) ||
            !add_pieces(&plan->second, step, planned->tensor.cols, piece))
            return false;
    }
    return true;
}

static bool add_whole_tensor(gcs_plan *plan, size_t index, uint64_t piece_bytes) {
    const gcs_planned_tensor *planned = &plan->tensors[index];
    const gcs_tensor *tensor = &planned->tensor;
    const uint64_t units = tensor->layout == GCS_LAYOUT_ROWS ? tensor->rows : tensor->cols;
    const uint64_t piece =
        piece_of(planned, plan->threads, piece_bytes, gcs_rule_bytes(plan->spec.rule));
    const gcs_work work = {.tensor = index, .kernel = planned->choice.kernel};
    return add_pieces(&plan->first, work, units, piece);
}

/* Chooses the two kernels of each split tensor and gives it its scratch memory. */
static gcs_status prepare_split(gcs_plan *plan, const gcs_environment *env) {
    size_t floats = 0;
    for (size_t i = 0; i < plan->count; i++) {
        gcs_planned_tensor *planned = &plan->tensors[i];
        if (!gcs_tensor_is_split(&plan->spec, &planned->tensor, plan->threads))
            continue;
        planned->sum = gcs_first_kernel(GCS_OP_SUM, GCS_RULE_SGD, GCS_VIEW_PART, env->isa_cap);
        planned->part = gcs_first_kernel(GCS_OP_STEP, plan->spec.rule, GCS_VIEW_PART, env->isa_cap);
        floats += planned->tensor.rows * (segments_of(planned->tensor.cols) + 1);
    }
    if (floats == 0)
        return GCS_OK;
    plan->scratch = malloc(floats * sizeof *plan->scratch);
    if (plan->scratch == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    float *next = plan->scratch;
    for (size_t i = 0; i < plan->count; i++) {
        gcs_planned_tensor *planned = &plan->tensors[i];
        if (planned->sum == NULL)
            continue;
        planned->means = next;
        planned->segment_sums = next + planned->tensor.rows;
        next = planned->segment_sums + planned->tensor.rows * segments_of(planned->tensor.cols);
    }
    return GCS_OK;
}

/* A thread without a piece would only be woken. */
static int team_of(const gcs_plan *plan) {
    const size_t pieces =
        plan->first.count > plan->second.count ? plan->first.count : plan->second.count;
    return pieces < (size_t)plan->threads ? (int)pieces : plan->threads;
}

gcs_status gcs_partition(gcs_plan *plan, const gcs_environment *env) {
    uint64_t elements = 0;
    for (size_t i = 0; i < plan->count; i++)
        elements += plan->tensors[i].elements;
    const uint64_t bytes = elements * gcs_rule_bytes(plan->spec.rule);
    uint64_t piece_bytes = clamp(bytes / ((uint64_t)plan->threads * PIECES_PER_THREAD),
                                 PIECE_MIN_BYTES, PIECE_MAX_BYTES);
    if (piece_bytes < bytes / MAX_PIECES)
        piece_bytes = bytes / MAX_PIECES;
    const gcs_status status = prepare_split(plan, env);
    if (status != GCS_OK)
        return status;
    /* Sums first: the second phase waits for the whole first one. */
    bool added = true;
    for (size_t i = 0; i < plan->count && added; i++) {
        if (plan->tensors[i].sum != NULL)
            added = add_split_tensor(plan, i, piece_bytes);
    }
    for (size_t i = 0; i < plan->count && added; i++) {
        if (plan->tensors[i].sum == NULL)
            added = add_whole_tensor(plan, i, piece_bytes);
    }
    if (!added)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    plan->team = team_of(plan);
    return GCS_OK;
}
