/* Steps one tensor by calling a kernel from the registry, without a plan: what the executor does,
 * in its simplest form. */
#include "direct.h"

#include "dispatch/coefficients.h"
#include "dispatch/plan.h"
#include "dispatch/registry.h"

#include <stdlib.h>
#include <string.h>

bool gcs_direct_accepts(const gcs_kernel *kernel, const gcs_spec *spec, const gcs_tensor *tensor) {
    bool centred = spec->center == GCS_CENTER_GRADIENT && tensor->layout != GCS_LAYOUT_FLAT;
    gcs_view view = centred ? (gcs_view)tensor->layout : GCS_VIEW_FLAT;
    uint64_t length = view == GCS_VIEW_COLS ? tensor->rows : tensor->cols;
    if (kernel->view == GCS_VIEW_PART && view == GCS_VIEW_ROWS)
        view = GCS_VIEW_PART;
    gcs_center center = centred ? GCS_CENTER_GRADIENT : GCS_CENTER_NONE;
    return gcs_kernel_accepts(kernel, GCS_OP_STEP, spec->rule, center, view, length);
}

/* Runs the kernel over [0, count) in pieces whose bounds are multiples of `grain`. */
static void run_pieces(const gcs_kernel *kernel, gcs_args args, uint64_t count, uint64_t grain,
                       uint64_t pieces) {
    uint64_t size = (count / pieces / grain + 1) * grain;
    for (args.first = 0; args.first < count; args.first = args.last) {
        args.last = count - args.first < size ? count : args.first + size;
        kernel->run(&args);
    }
}

static const gcs_kernel *sum_kernel(gcs_isa isa) {
    const gcs_kernel_list *list = gcs_registry_isa(isa);
    for (size_t i = 0; list != NULL && i < list->count; i++)
        if (list->kernels[i].op == GCS_OP_SUM)
            return &list->kernels[i];
    return NULL;
}

/* The mean of a row. `sums` has room for the sums of its segments and for theirs. */
static float row_mean(const gcs_kernel *sum, gcs_args row, float *sums, uint64_t pieces) {
    float length = (float)row.cols;
    const gcs_coef plain = {0};
    for (;;) {
        uint64_t segments = (row.cols + GCS_SEGMENT - 1) / GCS_SEGMENT;
        row.out = sums;
        run_pieces(sum, row, row.cols, GCS_SEGMENT, pieces);
        if (segments == 1)
            return sums[0] / length;
        row = (gcs_args){.g = sums, .rows = 1, .cols = segments, .coef = &plain};
        sums += segments;
    }
}

static bool step_parts(const gcs_kernel *kernel, const gcs_args *tensor, uint64_t pieces) {
    const gcs_kernel *sum = sum_kernel(kernel->isa);
    float *sums = malloc((size_t)(tensor->cols / 512 + 16) * sizeof *sums);
    if (sum == NULL || sums == NULL) {
        free(sums);
        return false;
    }
    gcs_coef sum_coef = *tensor->coef;
    if (kernel->rule == GCS_RULE_ADAMW)
        sum_coef.decay = 0; /* its decay is no term of the gradient */
    for (uint64_t r = 0; r < tensor->rows; r++) {
        gcs_args row = *tensor;
        uint64_t offset = r * tensor->cols;
        row.rows = 1;
        row.w = tensor->w + offset;
        row.g = tensor->g + offset;
        row.m = tensor->m + offset;
        row.v = tensor->v + offset;
        gcs_args summed = row;
        summed.coef = &sum_coef;
        row.mean = row_mean(sum, summed, sums, pieces);
        run_pieces(kernel, row, row.cols, GCS_SEGMENT, pieces);
    }
    free(sums);
    return true;
}

bool gcs_direct_step(const gcs_kernel *kernel, const gcs_spec *spec, const gcs_tensor *tensor,
                     const gcs_hyper *hyper, const gcs_buffers *buffers, uint64_t pieces) {
    uint64_t elements = tensor->rows * tensor->cols;
    gcs_coef coef;
    gcs_coefficients(spec, hyper, &coef);
    if (hyper->t == 1) {
        memset(buffers->m, 0, elements * sizeof(float));
        memset(buffers->v, 0, elements * sizeof(float));
    }
    gcs_args args = {.w = buffers->w,
                     .g = buffers->g,
                     .m = buffers->m,
                     .v = buffers->v,
                     .rows = tensor->rows,
                     .cols = tensor->cols,
                     .coef = &coef};
    switch (kernel->view) {
    case GCS_VIEW_FLAT:
        args.rows = 1;
        args.cols = elements;
        run_pieces(kernel, args, elements, 1, pieces);
        return true;
    case GCS_VIEW_ROWS:
        run_pieces(kernel, args, tensor->rows, 1, pieces);
        return true;
    case GCS_VIEW_COLS:
        run_pieces(kernel, args, tensor->cols, 1, pieces);
        return true;
    case GCS_VIEW_PART:
        return step_parts(kernel, &args, pieces);
    }
    return false;
}
