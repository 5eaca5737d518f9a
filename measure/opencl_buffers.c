/* Buffers of steps on an OpenCL device. */
#include "measure/opencl_buffers.h"

#include "dispatch/error.h"
#include "dispatch/tensor.h"

#include <stdlib.h>

/* Bytes of one of a set's streams. */
static uint64_t stream_bytes(const gcs_lab_sets *sets, int s) {
    return sets->elements * sets->bytes[s];
}

static gcs_cl_mem *memory_of(const gcs_lab_sets *sets, size_t number) {
    return sets->memory + number * GCS_STREAMS;
}

static gcs_status make_set(const gcs_lab_sets *sets, const gcs_lab *lab, size_t number,
                           const gcs_pattern *pattern) {
    gcs_cl_mem *memory = memory_of(sets, number);
    gcs_status status = GCS_OK;
    for (int s = 0; s < GCS_STREAMS && status == GCS_OK; s++) {
        if (sets->bytes[s] == 0)
            continue;
        status = gcs_lab_alloc(lab, stream_bytes(sets, s), &memory[s]);
        if (status == GCS_OK)
            status = gcs_lab_fill(lab, memory[s], stream_bytes(sets, s), pattern->from[s],
                                  pattern->elements * sets->bytes[s]);
    }
    return status;
}

static gcs_cl_buffer at(gcs_cl_mem memory, uint64_t bytes) {
    return (gcs_cl_buffer){.mem = memory, .offset = memory != NULL ? bytes : 0};
}

static void place(const gcs_lab_sets *sets, const gcs_tensor *tensors) {
    const unsigned *bytes = sets->bytes;
    for (size_t k = 0; k < sets->count; k++) {
        const gcs_cl_mem *memory = memory_of(sets, k);
        uint64_t first = 0;
        for (size_t i = 0; i < sets->tensors; i++) {
            sets->buffers[k * sets->tensors + i] =
                (gcs_cl_buffers){.w = at(memory[0], first * bytes[0]),
                                 .g = at(memory[1], first * bytes[1]),
                                 .m = at(memory[2], first * bytes[2]),
                                 .v = at(memory[3], first * bytes[3]),
                                 .v_max = at(memory[4], first * bytes[4]),
                                 .copy = at(memory[5], first * bytes[5])};
            first += gcs_streams_padded(gcs_tensor_elements(&tensors[i]));
        }
    }
}

gcs_status gcs_lab_sets_open(gcs_lab_sets *sets, const gcs_lab *lab, const gcs_spec *spec,
                             const gcs_tensor *tensors, size_t tensor_count, size_t count) {
    gcs_pattern pattern;
    *sets = (gcs_lab_sets){.count = count,
                           .tensors = tensor_count,
                           .buffers = calloc(count * tensor_count, sizeof *sets->buffers),
                           .memory = calloc(count * GCS_STREAMS, sizeof(gcs_cl_mem))};
    if (sets->buffers == NULL || sets->memory == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the list of buffers");
    gcs_streams_of(spec, sets->bytes);
    for (size_t i = 0; i < tensor_count; i++)
        sets->elements += gcs_streams_padded(gcs_tensor_elements(&tensors[i]));
    gcs_status status = gcs_pattern_open(&pattern, spec);
    for (size_t k = 0; k < count && status == GCS_OK; k++)
        status = make_set(sets, lab, k, &pattern);
    gcs_pattern_close(&pattern);
    if (status == GCS_OK)
        place(sets, tensors);
    return status;
}

void gcs_lab_sets_close(gcs_lab_sets *sets, const gcs_lab *lab) {
    for (size_t i = 0; sets->memory != NULL && i < sets->count * GCS_STREAMS; i++)
        gcs_lab_free(lab, sets->memory[i]);
    free(sets->memory);
    free(sets->buffers);
    *sets = (gcs_lab_sets){.count = 0};
}

const gcs_cl_buffers *gcs_lab_set(const gcs_lab_sets *sets, size_t number) {
    return sets->buffers + number * sets->tensors;
}

/* ---- For the host -------------------------------------------------------------------------- */

static void *host_at(void *const places[GCS_STREAMS], int s, const gcs_cl_buffer *buffer) {
    return places[s] != NULL ? (char *)places[s] + buffer->offset : NULL;
}

gcs_status gcs_lab_set_map(const gcs_lab_sets *sets, const gcs_lab *lab, size_t number,
                           void *places[GCS_STREAMS], gcs_buffers *buffers) {
    const gcs_cl_mem *memory = memory_of(sets, number);
    gcs_status status = GCS_OK;
    for (int s = 0; s < GCS_STREAMS; s++) {
        places[s] = NULL;
        if (sets->bytes[s] != 0 && status == GCS_OK)
            status = gcs_lab_map(lab, memory[s], stream_bytes(sets, s), &places[s]);
    }
    const gcs_cl_buffers *of = gcs_lab_set(sets, number);
    for (size_t i = 0; i < sets->tensors && status == GCS_OK; i++)
        buffers[i] = (gcs_buffers){.w = host_at(places, 0, &of[i].w),
                                   .g = host_at(places, 1, &of[i].g),
                                   .m = host_at(places, 2, &of[i].m),
                                   .v = host_at(places, 3, &of[i].v),
                                   .v_max = host_at(places, 4, &of[i].v_max),
                                   .copy = host_at(places, 5, &of[i].copy)};
    return status;
}

gcs_status gcs_lab_set_unmap(const gcs_lab_sets *sets, const gcs_lab *lab, size_t number,
                             void *const places[GCS_STREAMS]) {
    const gcs_cl_mem *memory = memory_of(sets, number);
    gcs_status status = GCS_OK;
    for (int s = 0; s < GCS_STREAMS; s++) {
        const gcs_status given =
            places[s] != NULL ? gcs_lab_unmap(lab, memory[s], places[s]) : GCS_OK;
        status = status != GCS_OK ? status : given;
    }
    return status;
}
