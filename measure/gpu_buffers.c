/* Buffers of steps on a GPU, and copies there. */
#include "measure/gpu_buffers.h"

#include "dispatch/error.h"
#include "dispatch/tensor.h"

#include <stdlib.h>

/* ---- Sets ---------------------------------------------------------------------------------- */

static gcs_status fill(const gcs_gpu_sets *sets, const gcs_gpu *gpu, const gcs_spec *spec,
                       const unsigned bytes[GCS_STREAMS], uint64_t elements) {
    gcs_pattern pattern;
    gcs_status status = gcs_pattern_open(&pattern, spec);
    for (int s = 0; s < GCS_STREAMS && status == GCS_OK; s++) {
        if (bytes[s] != 0)
            status = gcs_gpu_fill(gpu, sets->memory[s], elements * bytes[s], pattern.from[s],
                                  pattern.elements * bytes[s]);
    }
    gcs_pattern_close(&pattern);
    return status;
}

static void *at(void *memory, uint64_t bytes) {
    return memory != NULL ? (char *)memory + bytes : NULL;
}

static void place(const gcs_gpu_sets *sets, const gcs_tensor *tensors, size_t tensor_count,
                  const unsigned bytes[GCS_STREAMS]) {
    uint64_t first = 0;
    for (size_t i = 0; i < sets->count * tensor_count; i++) {
        sets->buffers[i] = (gcs_buffers){.w = at(sets->memory[0], first * bytes[0]),
                                         .g = at(sets->memory[1], first * bytes[1]),
                                         .m = at(sets->memory[2], first * bytes[2]),
                                         .v = at(sets->memory[3], first * bytes[3]),
                                         .v_max = at(sets->memory[4], first * bytes[4]),
                                         .copy = at(sets->memory[5], first * bytes[5])};
        first += gcs_streams_padded(gcs_tensor_elements(&tensors[i % tensor_count]));
    }
}

gcs_status gcs_gpu_sets_open(gcs_gpu_sets *sets, const gcs_gpu *gpu, const gcs_spec *spec,
                             const gcs_tensor *tensors, size_t tensor_count, size_t count) {
    unsigned bytes[GCS_STREAMS];
    uint64_t elements = 0;
    gcs_streams_of(spec, bytes);
    for (size_t i = 0; i < tensor_count; i++)
        elements += gcs_streams_padded(gcs_tensor_elements(&tensors[i]));
    elements *= count;
    *sets = (gcs_gpu_sets){.count = count,
                           .buffers = calloc(count * tensor_count, sizeof *sets->buffers)};
    if (sets->buffers == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the list of buffers");
    gcs_status status = GCS_OK;
    for (int s = 0; s < GCS_STREAMS && status == GCS_OK; s++) {
        if (bytes[s] != 0)
            status = gcs_gpu_alloc(gpu, elements * bytes[s], &sets->memory[s]);
    }
    if (status == GCS_OK)
        status = fill(sets, gpu, spec, bytes, elements);
    if (status == GCS_OK)
        place(sets, tensors, tensor_count, bytes);
    return status;
}

void gcs_gpu_sets_close(gcs_gpu_sets *sets, const gcs_gpu *gpu) {
    for (int s = 0; s < GCS_STREAMS; s++)
        gcs_gpu_free(gpu, sets->memory[s]);
    free(sets->buffers);
    *sets = (gcs_gpu_sets){.count = 0};
}

/* ---- Copies -------------------------------------------------------------------------------- */

gcs_status gcs_gpu_copies_open(gcs_gpu_copies *copies, const gcs_gpu *gpu, uint64_t bytes) {
    float pattern[1021]; /* other than zeros: those may be quicker */
    for (int i = 0; i < 1021; i++)
        pattern[i] = (float)(i * 619 % 1021) / 1021 - 0.5F;
    const uint64_t unit = gcs_streams_padded(1) * sizeof(float), half = (bytes + 1) / 2;
    *copies = (gcs_gpu_copies){.each = (half + unit - 1) / unit * unit};
    const uint64_t both = 2 * copies->each;
    copies->places = (gcs_gpu_cold_bytes(gpu) + both - 1) / both;
    const uint64_t all = copies->each * copies->places;
    gcs_status status = gcs_gpu_alloc(gpu, all, &copies->from);
    if (status == GCS_OK)
        status = gcs_gpu_alloc(gpu, all, &copies->to);
    if (status == GCS_OK)
        status = gcs_gpu_fill(gpu, copies->from, all, pattern, sizeof pattern);
    return status;
}

void gcs_gpu_copies_close(gcs_gpu_copies *copies, const gcs_gpu *gpu) {
    gcs_gpu_free(gpu, copies->from);
    gcs_gpu_free(gpu, copies->to);
    *copies = (gcs_gpu_copies){.from = NULL};
}

gcs_status gcs_gpu_copies_enqueue(const gcs_gpu_copies *copies, const gcs_gpu *gpu, uint64_t turn) {
    const uint64_t offset = turn % copies->places * copies->each;
    return gcs_gpu_copy(gpu, at(copies->to, offset), at(copies->from, offset), copies->each);
}
