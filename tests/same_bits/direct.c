/* Steps one tensor by calling a kernel from the registry, without a plan: what the executor does,
 * in its simplest form. */
#include "direct.h"

#include "dispatch/coefficients.h"
#include "dispatch/plan.h"
#include "dispatch/registry.h"
#include "sample.h"

#include <stdlib.h>
#include <string.h>

/* A tensor's step by one kernel. */
typedef struct job {
    const gcs_kernel *kernel;
    gcs_form form;
    uint64_t pieces;
} job;

static gcs_form form_of(const gcs_spec *spec, const gcs_tensor *tensor) {
    return gcs_spec_form(spec, tensor->layout != GCS_LAYOUT_FLAT);
}

/* The view in which a tensor is stepped. */
static gcs_view view_of(const gcs_form *form, const gcs_tensor *tensor) {
    return form->center == GCS_CENTER_NONE ? GCS_VIEW_FLAT : (gcs_view)tensor->layout;
}

bool gcs_direct_accepts(const gcs_kernel *kernel, const gcs_spec *spec, const gcs_tensor *tensor,
                        bool given) {
    const gcs_form form = form_of(spec, tensor);
    gcs_view view = view_of(&form, tensor);
    const uint64_t length = view == GCS_VIEW_COLS ? tensor->rows : tensor->cols;
    const bool means = given && view != GCS_VIEW_FLAT;
    if (kernel->view == GCS_VIEW_PART && view == GCS_VIEW_ROWS && !means)
        view = GCS_VIEW_PART;
    const gcs_need need = {
        .op = GCS_OP_STEP, .form = form, .means_given = means, .view = view, .length = length};
    return gcs_kernel_accepts(kernel, &need);
}

/* Runs the kernel over [0, count) in pieces whose bounds are multiples of `grain`. */
static void run_pieces(const gcs_kernel *kernel, gcs_args args, uint64_t count, uint64_t grain,
                       uint64_t pieces) {
    const uint64_t size = (count / pieces / grain + 1) * grain;
    for (args.first = 0; args.first < count; args.first = args.last) {
        args.last = count - args.first < size ? count : args.first + size;
        kernel->run(&args);
    }
}

/* Moves everything on by so many elements. */
static void advance(gcs_args *args, gcs_type type, uint64_t elements) {
    args->w += elements;
    args->g = (const char *)args->g + elements * gcs_type_bytes(type);
    args->m += elements;
    args->v += elements;
    args->v_max += elements;
    args->copy += elements;
    args->draw.index += elements;
}

/* ---- Parts of long rows ---------------------------------------------------------------------- */

/* The ISA's kernel for the sums of a form. */
static const gcs_kernel *sum_kernel(gcs_isa isa, const gcs_form *form) {
    const gcs_need need = {.op = GCS_OP_SUM, .form = *form, .view = GCS_VIEW_PART};
    const gcs_kernel_list *list = gcs_registry_isa(isa);
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        if (gcs_kernel_accepts(&list->kernels[i], &need))
            return &list->kernels[i];
    }
    return NULL;
}

static const gcs_form plain_sum = {.rule = GCS_RULE_SGD, .center = GCS_CENTER_GRADIENT};

/* The mean of a row. `sums` has room for the sums of its segments and for theirs. */
static float row_mean(const gcs_kernel *sum, const gcs_kernel *fold, gcs_args row, float *sums,
                      uint64_t pieces) {
    static const gcs_coef as_they_are = {.scale = 1};
    const float length = (float)row.cols;
    for (;;) {
        const uint64_t segments = (row.cols + GCS_SEGMENT - 1) / GCS_SEGMENT;
        row.out = sums;
        run_pieces(sum, row, row.cols, GCS_SEGMENT, pieces);
        if (segments == 1)
            return sums[0] / length;
        row = (gcs_args){
            .g = sums, .rows = 1, .cols = segments, .coef = &as_they_are, .form = &plain_sum};
        sum = fold;
        sums += segments;
    }
}

static bool step_parts(const job *j, const gcs_tensor *tensor, gcs_args row) {
    const gcs_kernel *sum = sum_kernel(j->kernel->isa, &j->form);
    const gcs_kernel *fold = sum_kernel(j->kernel->isa, &plain_sum);
    float *sums = malloc((size_t)(tensor->cols / 512 + 16) * sizeof *sums);
    const bool able = sum != NULL && fold != NULL && sums != NULL;
    row.rows = 1;
    for (uint64_t r = 0; able && r < tensor->rows; r++) {
        row.mean = row_mean(sum, fold, row, sums, j->pieces);
        run_pieces(j->kernel, row, row.cols, GCS_SEGMENT, j->pieces);
        advance(&row, j->form.gradient, tensor->cols);
    }
    free(sums);
    return able;
}

/* ---- Whole tensors --------------------------------------------------------------------------- */

/* The matrices of a COLS tensor. */
static void step_matrices(const job *j, const gcs_tensor *tensor, gcs_args args) {
    const uint64_t matrix = tensor->rows * tensor->cols;
    for (uint64_t i = 0; i < gcs_sample_elements(tensor); i += matrix) {
        run_pieces(j->kernel, args, tensor->cols, 1, j->pieces);
        advance(&args, j->form.gradient, matrix);
        args.means = args.means != NULL ? args.means + tensor->cols : NULL;
        args.w_means = args.w_means != NULL ? args.w_means + tensor->cols : NULL;
    }
}

bool gcs_direct_step(const gcs_kernel *kernel, const gcs_spec *spec, const gcs_tensor *tensor,
                     size_t index, const gcs_hyper *hyper, const gcs_buffers *buffers,
                     uint64_t pieces) {
    const uint64_t elements = gcs_sample_elements(tensor);
    const job j = {kernel, form_of(spec, tensor), pieces};
    gcs_coef coef;
    gcs_coefficients(spec, hyper, &coef);
    if (hyper->t == 1) {
        memset(buffers->m, 0, elements * sizeof(float));
        memset(buffers->v, 0, elements * sizeof(float));
        memset(buffers->v_max, 0, elements * sizeof(float));
    }
    gcs_args args = {.w = buffers->w,
                     .g = buffers->g,
                     .m = buffers->m,
                     .v = buffers->v,
                     .v_max = buffers->v_max,
                     .copy = buffers->copy,
                     .rows = tensor->rows,
                     .cols = tensor->cols,
                     .coef = &coef,
                     .form = &j.form,
                     .means = buffers->means,
                     .w_means = buffers->w_means};
    gcs_draw_keys(hyper->seed, hyper->t, index + 1, args.draw.key);
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
        step_matrices(&j, tensor, args);
        return true;
    case GCS_VIEW_PART:
        return step_parts(&j, tensor, args);
    }
    return false;
}
