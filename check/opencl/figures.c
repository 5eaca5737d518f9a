/* Figures in scratch memory: see figures.h. */
#include "check/opencl/figures.h"

#include <string.h>

enum { KINDS = 5 };

/* A NaN that no kernel writes. */
static const uint32_t canary = 0x7fc57fc5;

bool gcs_cl_has_figures(const gcs_kernel *row) {
    return row->op == GCS_OP_MEASURE || row->op == GCS_OP_CHANGE;
}

static int buffer_of(const gcs_run *run, int kind) {
    if (run->kernel->op == GCS_OP_CHANGE)
        return kind == 0 ? GCS_BUF_OUT : GCS_BUFS;
    return GCS_BUF_SUM + kind;
}

static const gcs_run_buffer *used(const gcs_run *run, int b) {
    return b < GCS_BUFS && run->buffer[b].used ? &run->buffer[b] : NULL;
}

gcs_cl_figures gcs_cl_figures_of(const gcs_run *run, uint64_t number) {
    const gcs_run_buffer *first = &run->buffer[buffer_of(run, 0)];
    gcs_cl_figures figures = {.base = number % 7, .stride = first->count + 1 + number % 5};
    figures.floats = figures.base + KINDS * figures.stride;
    figures.place = figures.base - first->begin;
    return figures;
}

void gcs_cl_figures_pack(const gcs_cl_figures *f, const gcs_run *run, void *const place[GCS_BUFS],
                         float *memory) {
    for (uint64_t i = 0; i < f->floats; i++)
        memcpy(memory + i, &canary, sizeof canary);
    for (int kind = 0; kind < KINDS; kind++) {
        const int b = buffer_of(run, kind);
        const gcs_run_buffer *buffer = used(run, b);
        if (buffer != NULL)
            memcpy(memory + f->base + (uint64_t)kind * f->stride, place[b],
                   (size_t)buffer->count * sizeof *memory);
    }
}

static bool stands(const float *memory, uint64_t first, uint64_t end) {
    for (uint64_t i = first; i < end; i++) {
        if (memcmp(memory + i, &canary, sizeof canary) != 0)
            return false;
    }
    return true;
}

bool gcs_cl_figures_unpack(const gcs_cl_figures *f, const gcs_run *run, void *const place[GCS_BUFS],
                           const float *memory) {
    bool right = stands(memory, 0, f->base);
    for (int kind = 0; kind < KINDS; kind++) {
        const int b = buffer_of(run, kind);
        const gcs_run_buffer *buffer = used(run, b);
        const uint64_t first = f->base + (uint64_t)kind * f->stride;
        const uint64_t count = buffer != NULL ? buffer->count : 0;
        if (buffer != NULL)
            memcpy(place[b], memory + first, (size_t)count * sizeof *memory);
        right = stands(memory, first + count, first + f->stride) && right;
    }
    return right;
}
