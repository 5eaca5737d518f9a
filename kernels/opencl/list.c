/* The rows of the OpenCL kernels, and what the host has to know to build and to launch one. */
#include "kernels/opencl/launch.h"
#include "kernels/opencl/variants.h"

#include <assert.h>
#include <stdio.h>

/* ---- The structures and numbers are the source's --------------------------------------------- */

#define SAME_NUMBER(name, number)                                                                  \
    static_assert((int)(name) == (number), "kernels/opencl/numbers.h: " #name);
GCS_OPENCL_NUMBERS(SAME_NUMBER)

static_assert(sizeof(gcs_opencl_matrix) == 112 && offsetof(gcs_opencl_matrix, binding) == 64 &&
                  offsetof(gcs_opencl_matrix, id) == 104,
              "as in OpenCL C");
static_assert(sizeof(gcs_opencl_work) == 32 && offsetof(gcs_opencl_work, place) == 28,
              "as in OpenCL C");
static_assert(sizeof(gcs_coef) == 48 && offsetof(gcs_coef, rsqrt_c2) == 44 &&
                  offsetof(gcs_coef, beta1) == 24,
              "as numbers.h has it");
static_assert(sizeof(gcs_opencl_group) == 64 && offsetof(gcs_opencl_group, draw) == 56,
              "as in OpenCL C");

/* ---- Properties by centre, view and loop ----------------------------------------------------- */

#define CENTER_none   GCS_CENTER_NONE
#define CENTER_grad   GCS_CENTER_GRADIENT
#define CENTER_update GCS_CENTER_UPDATE
#define CENTER_given  GCS_CENTER_GRADIENT
#define VIEW_flat     GCS_VIEW_FLAT
#define VIEW_rows     GCS_VIEW_ROWS
#define VIEW_cols     GCS_VIEW_COLS
#define VIEW_part     GCS_VIEW_PART

#define LOOP_linear     .op = GCS_OP_STEP
#define LOOP_traffic    .op = GCS_OP_TRAFFIC
#define LOOP_block      .op = GCS_OP_STEP
#define LOOP_keep       .op = GCS_OP_STEP
#define LOOP_again      .op = GCS_OP_STEP
#define LOOP_pipe       .op = GCS_OP_STEP
#define LOOP_split      .op = GCS_OP_STEP
#define LOOP_given      .op = GCS_OP_STEP, .means_given = true
#define LOOP_measure    .op = GCS_OP_MEASURE
#define LOOP_change     .op = GCS_OP_CHANGE
#define KEEPING_linear  GCS_OPENCL_LINEAR
#define KEEPING_traffic GCS_OPENCL_LINEAR
#define KEEPING_block   GCS_OPENCL_BLOCK
#define KEEPING_keep    GCS_OPENCL_KEEP
#define KEEPING_again   GCS_OPENCL_AGAIN
#define KEEPING_pipe    GCS_OPENCL_PIPE
#define KEEPING_split   GCS_OPENCL_SPLIT
#define KEEPING_given   GCS_OPENCL_LINEAR
#define KEEPING_measure GCS_OPENCL_LINEAR
#define KEEPING_change  GCS_OPENCL_LINEAR

/* The longest group, where local memory does not set the bound: two levels of segments, or three of
 * runs, of sums that are on the device; the sums of one level of either. 0: any. */
#define WALKED                ((uint64_t)1 << 30)
#define KEPT_ROW              ((uint64_t)GCS_SEGMENT * GCS_SEGMENT)
#define KEPT_COLUMN           ((uint64_t)GCS_RUN * GCS_RUN)
#define LONGEST_linear(v, c)  0
#define LONGEST_traffic(v, c) 0
#define LONGEST_given(v, c)   0
#define LONGEST_split(v, c)   0
#define LONGEST_measure(v, c) WALKED
#define LONGEST_change(v, c)  WALKED
#define LONGEST_again(v, c)   WALKED
#define LONGEST_pipe(v, c)    (VIEW_##v == GCS_VIEW_ROWS ? KEPT_ROW : WALKED)
#define LONGEST_block(v, c)   (c)
#define LONGEST_keep(v, c)    (VIEW_##v == GCS_VIEW_ROWS ? KEPT_ROW : KEPT_COLUMN)

#define ROW(center_, view_, loop, threads_, width_, vectors_, capacity_, depth_)                   \
    {.row = {.name = "any_" #center_ "_" #view_ "_any_opencl_" #loop #threads_ "x" #width_         \
                     "_u" #vectors_,                                                               \
             .center = CENTER_##center_,                                                           \
             .view = VIEW_##view_,                                                                 \
             .isa = GCS_ISA_COUNT,                                                                 \
             .shape = #loop #threads_ "x" #width_,                                                 \
             .unroll = vectors_,                                                                   \
             .general = true,                                                                      \
             .max_length = LONGEST_##loop(view_, capacity_),                                       \
             LOOP_##loop},                                                                         \
     .body = #view_ "_" #loop,                                                                     \
     .center = #center_,                                                                           \
     .keeping = KEEPING_##loop,                                                                    \
     .threads = threads_,                                                                          \
     .width = width_,                                                                              \
     .vectors = vectors_,                                                                          \
     .capacity = capacity_,                                                                        \
     .depth = depth_},

#define NONE(...)   ROW(none, __VA_ARGS__)
#define GRAD(...)   ROW(grad, __VA_ARGS__)
#define UPDATE(...) ROW(update, __VA_ARGS__)
#define GIVEN(...)  ROW(given, __VA_ARGS__)

const gcs_opencl_kernel gcs_opencl_kernels[] = {
    GCS_OPENCL_FLAT_VARIANTS(NONE) GCS_OPENCL_GROUP_VARIANTS(GRAD) GCS_OPENCL_GROUP_VARIANTS(UPDATE)
        GCS_OPENCL_GIVEN_VARIANTS(GIVEN) GCS_OPENCL_MEASURE_VARIANTS(NONE)
            GCS_OPENCL_CHANGE_VARIANTS(UPDATE)};
const size_t gcs_opencl_kernel_count = sizeof gcs_opencl_kernels / sizeof gcs_opencl_kernels[0];

/* ---- What a launch needs --------------------------------------------------------------------- */

static uint64_t divide_up(uint64_t a, uint64_t b) {
    return a / b + (a % b != 0);
}

/* In floats: see sums.clh. Two of everything where squares are summed too. */
static uint64_t local_of_sums(const gcs_opencl_kernel *kernel) {
    const uint64_t team = GCS_LANES / kernel->width, most = 4; /* segments of a team at a time */
    const uint64_t teams = kernel->threads > team ? kernel->threads / team : 1;
    const uint64_t lanes = kernel->threads > 1 ? teams * most * (GCS_LANES + 1) : 0;
    return GCS_SEGMENT + 2 * GCS_LANES + lanes + kernel->threads;
}

static uint64_t local_of_rows(const gcs_opencl_kernel *kernel, uint64_t length) {
    const uint64_t kept = length > kernel->capacity ? length : kernel->capacity;
    switch (kernel->keeping) {
    case GCS_OPENCL_LINEAR:
        if (kernel->row.op == GCS_OP_MEASURE || kernel->row.op == GCS_OP_CHANGE)
            return 2 * local_of_sums(kernel);
        return 1;
    case GCS_OPENCL_BLOCK:
    case GCS_OPENCL_KEEP: /* behind the last row a vector may be read */
        return local_of_sums(kernel) + kept + 2 * GCS_LANES +
               (kernel->threads == 1 ? kernel->capacity + 2 * GCS_LANES : 0);
    case GCS_OPENCL_AGAIN:
    case GCS_OPENCL_SPLIT:
    case GCS_OPENCL_PIPE:
        break;
    }
    return local_of_sums(kernel);
}

static uint64_t local_of_cols(const gcs_opencl_kernel *kernel, uint64_t length) {
    const uint64_t lines = GCS_RUN + 1; /* the sums of runs, the mean */
    const uint64_t side_by_side = (uint64_t)kernel->threads * kernel->width;
    const uint64_t tops = side_by_side > kernel->capacity ? side_by_side : kernel->capacity;
    switch (kernel->keeping) {
    case GCS_OPENCL_LINEAR:
        if (kernel->row.op == GCS_OP_MEASURE || kernel->row.op == GCS_OP_CHANGE)
            return 2 * lines * kernel->capacity + tops;
        return 1;
    case GCS_OPENCL_KEEP:
        return (lines + length) * kernel->capacity;
    case GCS_OPENCL_PIPE:
        return 1;
    case GCS_OPENCL_BLOCK:
    case GCS_OPENCL_AGAIN:
    case GCS_OPENCL_SPLIT:
        break;
    }
    return lines * kernel->capacity;
}

uint64_t gcs_opencl_local_bytes(const gcs_opencl_kernel *kernel, uint64_t length) {
    if (kernel->row.max_length != 0 && length > kernel->row.max_length)
        return UINT64_MAX;
    return sizeof(float) * (kernel->row.view == GCS_VIEW_COLS ? local_of_cols(kernel, length)
                                                              : local_of_rows(kernel, length));
}

/* A level of sums has at most 1/1,024 or 1/64 of the elements of the one before, and one more. */
uint64_t gcs_opencl_record_floats(const gcs_opencl_kernel *kernel, uint64_t length) {
    if (kernel->row.view == GCS_VIEW_COLS) {
        const uint64_t runs = divide_up(length, GCS_RUN);
        return kernel->capacity * (1 + runs + runs / (GCS_RUN - 1) + 12);
    }
    const uint64_t segments = divide_up(length, GCS_SEGMENT);
    return 1 + segments + segments / (GCS_SEGMENT - 1) + 8;
}

/* ---- The options ----------------------------------------------------------------------------- */

size_t gcs_opencl_options(const gcs_opencl_kernel *kernel, const gcs_form *form, char *text,
                          size_t size) {
    const gcs_form any = {.rule = (gcs_rule)0};
    if (form == NULL)
        form = &any;
    const int n =
        snprintf(text, size,
                 "-DKERNEL=%s -DBODY=%s -DTHREADS=%u -DVL=%u -DVECTORS=%u -DCAPACITY=%u -DDEPTH=%u "
                 "-DCENTER=%s -DFORM=%uu",
                 kernel->row.name, kernel->body, kernel->threads, kernel->width, kernel->vectors,
                 kernel->capacity, kernel->depth, kernel->center,
                 (unsigned)GCS_OPENCL_FORM(form->rule, form->center, form->gradient, form->copy));
    return n > 0 ? (size_t)n : 0;
}
