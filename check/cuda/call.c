/* What a CUDA kernel is given: see call.h. */
#include "check/cuda/call.h"

#include <string.h>

/* Of the tensor in the draws. */
#define ID 0x80000005U

/* ---- What lies in memory ---------------------------------------------------------------------
 */

void gcs_cuda_call_fill(gcs_cuda_call *call, const gcs_args *a, const float *found_inf,
                        bool first_step) {
    memset(call, 0xa5, sizeof *call);
    gcs_cuda_matrix *matrix = &call->matrices[GCS_CUDA_CALL_MATRIX];
    *matrix = (gcs_cuda_matrix){.w = a->w,
                                .g = a->g,
                                .m = a->m,
                                .v = a->v,
                                .v_max = a->v_max,
                                .copy = a->copy,
                                .means = a->means,
                                .w_means = a->w_means,
                                .out = a->out,
                                .rows = a->rows,
                                .cols = a->cols,
                                .index = a->draw.index,
                                .id = ID,
                                .group = GCS_CUDA_CALL_GROUP};
    if (a->measured)
        matrix->measured = *a->measured;
    call->groups[GCS_CUDA_CALL_GROUP] =
        (gcs_cuda_group){.coef = *a->coef,
                         .first_step = first_step || a->first_step,
                         .found_inf = found_inf,
                         .draw = gcs_launch_draw_for(a->draw.key, ID)};
}

static gcs_form form_of(const gcs_cuda_kernel *kernel, const gcs_args *a) {
    if (a->form)
        return *a->form;
    return (gcs_form){kernel->row.rule, kernel->row.center, GCS_TYPE_F32, GCS_COPY_NONE};
}

void gcs_cuda_call_launch(const gcs_cuda_call *call, const gcs_cuda_kernel *kernel,
                          const gcs_args *a, const gcs_cuda_group *groups,
                          gcs_cuda_launch *launch) {
    memset(launch, 0xa5, sizeof *launch);
    launch->groups = groups;
    launch->form = form_of(kernel, a);
    if (groups == NULL)
        memcpy(launch->inline_groups, call->groups, sizeof call->groups);
}

unsigned gcs_cuda_call_shared(const gcs_cuda_kernel *kernel, const gcs_args *a, uint64_t columns) {
    const uint64_t length = kernel->row.view == GCS_VIEW_COLS   ? a->rows
                            : kernel->row.view == GCS_VIEW_PART ? GCS_SEGMENT
                                                                : a->cols;
    return (unsigned)gcs_cuda_shared_bytes(kernel, length, columns);
}

gcs_launch_units gcs_cuda_call_halve(gcs_cuda_call *call, const gcs_cuda_kernel *kernel) {
    gcs_cuda_matrix *matrix = &call->matrices[GCS_CUDA_CALL_MATRIX];
    return gcs_launch_halve(&kernel->row, &matrix->rows, &matrix->cols);
}
