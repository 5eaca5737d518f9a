/* What a CUDA kernel is given: see call.h. */
#include "check/cuda/call.h"

#include <string.h>

/* ---- The draws -------------------------------------------------------------------------------
 */

/* Of the tensor. */
#define ID 0x80000005U

/* The z of which `x` is z ^ z >> n. */
static uint64_t unshift(uint64_t x, int n) {
    uint64_t z = x;
    for (int known = n; known < 64; known += n)
        z = x ^ z >> n;
    return z;
}

/* The group's `draw` with which a device gets the key for ID: splitmix64's finish, backwards
 * (docs/arithmetic.md). The factors are the inverses of its own, modulo 2^64. */
static uint64_t draw_for(const uint32_t key[2]) {
    uint64_t z = unshift(key[0] | (uint64_t)key[1] << 32, 31);
    z = unshift(z * 0x319642b2d24d8ec3, 27);
    z = unshift(z * 0x96de1b173f119089, 30);
    return (z - 0x9e3779b97f4a7c15) ^ ID;
}

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
    call->groups[GCS_CUDA_CALL_GROUP] = (gcs_cuda_group){.coef = *a->coef,
                                                         .first_step = first_step || a->first_step,
                                                         .found_inf = found_inf,
                                                         .draw = draw_for(a->draw.key)};
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

/* ---- What the launch steps -------------------------------------------------------------------
 */

/* What a range of check/ counts. */
static uint64_t *units_of(gcs_cuda_matrix *matrix, gcs_view view) {
    return view == GCS_VIEW_ROWS ? &matrix->rows : &matrix->cols;
}

bool gcs_cuda_call_can_halve(const gcs_cuda_kernel *kernel, const gcs_args *a) {
    const gcs_kernel *row = &kernel->row;
    const uint64_t units = row->view == GCS_VIEW_ROWS ? a->rows : a->cols;
    const bool steps = row->op == GCS_OP_STEP || row->op == GCS_OP_TRAFFIC;
    return steps && !row->means_given && row->view != GCS_VIEW_COLS && a->first == 0 &&
           a->last == units && units % 2 == 0;
}

gcs_cuda_units gcs_cuda_call_halve(gcs_cuda_call *call, const gcs_cuda_kernel *kernel) {
    uint64_t *units = units_of(&call->matrices[GCS_CUDA_CALL_MATRIX], kernel->row.view);
    *units /= 2;
    return (gcs_cuda_units){2, 0, *units};
}

static bool is_all_columns(const gcs_args *a) {
    return a->first == 0 && a->last == a->cols;
}

uint64_t gcs_cuda_call_stretches(const gcs_cuda_kernel *kernel, const gcs_args *a) {
    const bool columns = kernel->row.view == GCS_VIEW_COLS;
    return kernel->row.means_given && columns && !is_all_columns(a) ? a->rows : 1;
}

gcs_cuda_units gcs_cuda_call_stretch(const gcs_cuda_kernel *kernel, const gcs_args *a,
                                     uint64_t index) {
    if (kernel->row.view == GCS_VIEW_PART)
        return (gcs_cuda_units){1, a->first / GCS_SEGMENT, (a->last - 1) / GCS_SEGMENT + 1};
    if (!kernel->row.means_given)
        return (gcs_cuda_units){1, a->first, a->last};
    if (kernel->row.view == GCS_VIEW_ROWS)
        return (gcs_cuda_units){1, a->first * a->cols, a->last * a->cols};
    if (is_all_columns(a))
        return (gcs_cuda_units){1, 0, a->rows * a->cols};
    return (gcs_cuda_units){1, index * a->cols + a->first, index * a->cols + a->last};
}
