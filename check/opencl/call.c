/* What an OpenCL kernel is given: see call.h. */
#include "check/opencl/call.h"

#include <string.h>

/* Of the tensor in the draws. */
#define ID 0x80000005U

int gcs_cl_call_buffer(gcs_opencl_stream stream) {
    static const int buffers[GCS_OPENCL_STREAMS] = {
        [GCS_OPENCL_W] = GCS_BUF_W,         [GCS_OPENCL_G] = GCS_BUF_G,
        [GCS_OPENCL_M] = GCS_BUF_M,         [GCS_OPENCL_V] = GCS_BUF_V,
        [GCS_OPENCL_V_MAX] = GCS_BUF_V_MAX, [GCS_OPENCL_COPY] = GCS_BUF_COPY,
        [GCS_OPENCL_MEANS] = GCS_BUF_MEANS, [GCS_OPENCL_W_MEANS] = GCS_BUF_W_MEANS};
    return buffers[stream];
}

/* Where the whole tensor's first entry would be, modulo 2^64: only a part of it may be in memory.
 */
static uint64_t origin(const gcs_run_buffer *buffer, const gcs_cl_call_place *place) {
    return place->at - buffer->begin * buffer->size;
}

void gcs_cl_call_fill(gcs_cl_call_arrays *call, const gcs_run *run,
                      const gcs_cl_call_place places[GCS_OPENCL_STREAMS],
                      const gcs_cl_call_place *mean, uint64_t figure) {
    memset(call->matrices, 0xa5, sizeof call->matrices);
    gcs_opencl_matrix *matrix = &call->matrices[GCS_CL_CALL_MATRIX];
    *matrix = (gcs_opencl_matrix){.rows = run->trial->rows,
                                  .cols = run->trial->cols,
                                  .index = run->draw.index,
                                  .figure = figure,
                                  .id = ID,
                                  .group = GCS_CL_CALL_GROUP};
    for (int s = 0; s < GCS_OPENCL_STREAMS; s++) {
        const gcs_run_buffer *buffer = &run->buffer[gcs_cl_call_buffer((gcs_opencl_stream)s)];
        matrix->at[s] = buffer->used ? origin(buffer, &places[s]) : 0;
        matrix->binding[s] = buffer->used ? places[s].binding : GCS_OPENCL_SVM;
    }
    if (mean != NULL) {
        matrix->at[GCS_OPENCL_MEANS] = mean->at;
        matrix->binding[GCS_OPENCL_MEANS] = mean->binding;
    }
}

void gcs_cl_call_group(gcs_cl_call_arrays *call, const gcs_run *run, bool has_flag,
                       bool first_step) {
    const bool looks = run->kernel->op == GCS_OP_CHANGE && run->hyper->t == 1;
    memset(call->groups, 0xa5, sizeof call->groups);
    call->groups[GCS_CL_CALL_GROUP] =
        (gcs_opencl_group){.coef = run->coef,
                           .first_step = first_step || looks,
                           .flag = has_flag ? 1 + GCS_CL_CALL_FLAG : 0,
                           .draw = gcs_launch_draw_for(run->draw.key, ID)};
    for (size_t i = 0; i < sizeof call->flags / sizeof call->flags[0]; i++)
        call->flags[i] = gcs_launch_found_inf(i); /* of other groups */
}

uint64_t gcs_cl_call_length(const gcs_kernel *row, const gcs_trial *trial) {
    switch (row->view) {
    case GCS_VIEW_COLS:
        return trial->rows;
    case GCS_VIEW_PART:
        return GCS_SEGMENT;
    case GCS_VIEW_ROWS:
        return trial->cols;
    case GCS_VIEW_FLAT:
        break;
    }
    return 1;
}
