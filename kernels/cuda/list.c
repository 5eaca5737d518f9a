/* The rows of the CUDA kernels, and what a launch of one needs. Plain C: nothing here is for the
 * GPU. */
#include "kernels/cuda/launch.h"
#include "kernels/cuda/variants.h"

/* ---- Properties by view, centre and loop --------------------------------------------------------
 */

#define CENTER_none   GCS_CENTER_NONE
#define CENTER_grad   GCS_CENTER_GRADIENT
#define CENTER_update GCS_CENTER_UPDATE
#define CENTER_given  GCS_CENTER_GRADIENT
#define VIEW_flat     GCS_VIEW_FLAT
#define VIEW_rows     GCS_VIEW_ROWS
#define VIEW_cols     GCS_VIEW_COLS
#define VIEW_part     GCS_VIEW_PART

/* LOOP_<loop>: of the row; KEEPING_<loop>. */
#define LOOP_linear     .op = GCS_OP_STEP
#define LOOP_traffic    .op = GCS_OP_TRAFFIC
#define LOOP_block      .op = GCS_OP_STEP
#define LOOP_keep       .op = GCS_OP_STEP
#define LOOP_cluster    .op = GCS_OP_STEP
#define LOOP_split      .op = GCS_OP_STEP
#define LOOP_given      .op = GCS_OP_STEP, .means_given = true
#define LOOP_measure    .op = GCS_OP_MEASURE
#define LOOP_change     .op = GCS_OP_CHANGE
#define KEEPING_linear  GCS_CUDA_LINEAR
#define KEEPING_traffic GCS_CUDA_LINEAR
#define KEEPING_block   GCS_CUDA_BLOCK
#define KEEPING_keep    GCS_CUDA_KEEP
#define KEEPING_cluster GCS_CUDA_CLUSTER
#define KEEPING_split   GCS_CUDA_SPLIT
#define KEEPING_given   GCS_CUDA_LINEAR
#define KEEPING_measure GCS_CUDA_LINEAR
#define KEEPING_change  GCS_CUDA_LINEAR

/* The longest group, where shared memory does not set the bound: a block's elements; segments that
 * the room behind a row, and runs that one sum of runs, can take (keep.cuh, cluster.cuh). 0: any.
 */
#define KEPT_SEGMENTS                            126
#define CLUSTER_SEGMENTS                         GCS_CUDA_CLUSTER_SEGMENTS
#define MEASURED                                 ((uint64_t)1 << 30) /* three levels of 1,024 lanes, or five of 64 */
#define LONGEST_linear(view, capacity, cluster)  0
#define LONGEST_traffic(view, capacity, cluster) 0
#define LONGEST_given(view, capacity, cluster)   0
#define LONGEST_split(view, capacity, cluster)   0
#define LONGEST_measure(view, capacity, cluster) MEASURED
#define LONGEST_change(view, capacity, cluster)  MEASURED
#define LONGEST_block(view, capacity, cluster)   (capacity)
#define LONGEST_keep(view, capacity, cluster)                                                      \
    (VIEW_##view == GCS_VIEW_ROWS ? KEPT_SEGMENTS * GCS_SEGMENT : GCS_RUN * GCS_RUN)
#define LONGEST_cluster(view, capacity, cluster)                                                   \
    (VIEW_##view == GCS_VIEW_ROWS ? CLUSTER_SEGMENTS * (cluster)*GCS_SEGMENT : GCS_RUN * GCS_RUN)

/* ---- Rows ---------------------------------------------------------------------------------------
 */

#define TEXT(token)    TEXT_OF(token)
#define TEXT_OF(token) #token

#define ROW(name_, rule_, center_, view_, shape_, loop, threads_, u, cluster_, capacity_)          \
    {.row = {.name = TEXT(name_),                                                                  \
             .rule = rule_,                                                                        \
             .center = CENTER_##center_,                                                           \
             .view = VIEW_##view_,                                                                 \
             .isa = GCS_ISA_COUNT,                                                                 \
             .shape = #shape_,                                                                     \
             .unroll = u,                                                                          \
             .general = rule_ == (gcs_rule)0,                                                      \
             .max_length = LONGEST_##loop(view_, capacity_, cluster_),                             \
             LOOP_##loop},                                                                         \
     .keeping = KEEPING_##loop,                                                                    \
     .threads = threads_,                                                                          \
     .capacity = capacity_,                                                                        \
     .cluster = cluster_},

#define SPECIALISED(name, rule, view, shape, loop, threads, blocks, u, cluster, capacity)          \
    SPECIALISED_AT(GCS_CUDA_CENTER_OF_##view, name, rule, view, shape, loop, threads, u, cluster,  \
                   capacity)
#define SPECIALISED_AT(...) SPECIALISED_ROW(__VA_ARGS__)
#define SPECIALISED_ROW(center, name, rule, view, shape, loop, threads, u, cluster, capacity)      \
    ROW(GCS_CUDA_NAME(name, center, view, shape, u), rule, center, view, shape, loop, threads, u,  \
        cluster, capacity)
#define EACH_RULE(...) GCS_CUDA_RULES(SPECIALISED, __VA_ARGS__)

#define GENERAL(center, view, shape, loop, threads, blocks, u, cluster, capacity)                  \
    ROW(GCS_CUDA_GENERAL_NAME(center, view, shape, u), (gcs_rule)0, center, view, shape, loop,     \
        threads, u, cluster, capacity)

const gcs_cuda_kernel gcs_cuda_kernels[] = {GCS_CUDA_VARIANTS(EACH_RULE)
                                                GCS_CUDA_GENERAL_VARIANTS(GENERAL)};
const size_t gcs_cuda_kernel_count = sizeof gcs_cuda_kernels / sizeof gcs_cuda_kernels[0];

/* ---- What a launch needs ------------------------------------------------------------------------
 */

static uint64_t divide_up(uint64_t a, uint64_t b) {
    return a / b + (a % b != 0);
}

/* In floats. */
static uint64_t shared_of_row(const gcs_cuda_kernel *kernel, uint64_t length) {
    const uint64_t line = 32, segments = divide_up(length, GCS_SEGMENT);
    switch (kernel->keeping) {
    case GCS_CUDA_BLOCK: /* rows of two are kept three apart (rows.cuh) */
        return kernel->capacity +
               (length <= GCS_LANES && length % 2 == 0 ? kernel->capacity / length : 0);
    case GCS_CUDA_KEEP: /* the row from a line on, its segments' sums, the mean */
        return length + line + 4 + segments + 1;
    case GCS_CUDA_CLUSTER: {
        const uint64_t each = divide_up(segments, kernel->cluster) * GCS_SEGMENT;
        return GCS_CUDA_CLUSTER_FLOATS + (each < length ? each : length) + line + 4;
    }
    case GCS_CUDA_LINEAR:
    case GCS_CUDA_SPLIT:
        break;
    }
    return 1;
}

static uint64_t shared_of_strip(const gcs_cuda_kernel *kernel, uint64_t length, uint64_t columns) {
    const uint64_t runs = divide_up(length, GCS_RUN);
    if (kernel->keeping == GCS_CUDA_KEEP)
        return (length + runs) * columns;
    if (kernel->keeping == GCS_CUDA_CLUSTER) {
        const uint64_t each = divide_up(runs, kernel->cluster), rows = each * GCS_RUN;
        return (each + runs + (rows < length ? rows : length)) * columns;
    }
    return 1;
}

/* Lanes of two levels for each warp, of sums and squares; columns: runs of 32 columns
 * (measure.cuh). */
static uint64_t shared_of_measuring(const gcs_cuda_kernel *kernel) {
    const uint64_t warps = kernel->threads / 32;
    return kernel->row.view == GCS_VIEW_COLS ? 2 * GCS_RUN * 32 : warps * 4 * GCS_LANES;
}

uint64_t gcs_cuda_shared_bytes(const gcs_cuda_kernel *kernel, uint64_t length, uint64_t columns) {
    if (kernel->row.max_length != 0 && length > kernel->row.max_length)
        return UINT64_MAX;
    if (kernel->row.op == GCS_OP_MEASURE || kernel->row.op == GCS_OP_CHANGE)
        return sizeof(float) * shared_of_measuring(kernel);
    if (kernel->keeping == GCS_CUDA_LINEAR)
        return 0;
    return sizeof(float) * (kernel->row.view == GCS_VIEW_COLS
                                ? shared_of_strip(kernel, length, columns)
                                : shared_of_row(kernel, length));
}

/* A level of sums has at most 1/1,024 or 1/64 of the elements of the one before, and one more. */
uint64_t gcs_cuda_record_words(const gcs_cuda_kernel *kernel, uint64_t length) {
    const uint64_t counter = GCS_CUDA_RECORD;
    if (kernel->row.view == GCS_VIEW_COLS) {
        const uint64_t runs = divide_up(length, GCS_RUN);
        return counter + kernel->capacity * (1 + runs + runs / (GCS_RUN - 1) + 12);
    }
    const uint64_t segments = divide_up(length, GCS_SEGMENT);
    return counter + 1 + segments + segments / (GCS_SEGMENT - 1) + 8;
}
