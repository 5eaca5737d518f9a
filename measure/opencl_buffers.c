/* Buffers of steps on an OpenCL device. */
#include "measure/opencl_buffers.h"

#include "dispatch/error.h"
#include "dispatch/tensor.h"

#include <stdlib.h>

typedef struct layout {
    unsigned bytes[GCS_STREAMS];
    uint64_t elements; /* of a set */
} layout;

static gcs_status make_set(gcs_cl_mem *memory, const gcs_lab *lab, const layout *l,
                           const gcs_pattern *pattern) {
    gcs_status status = GCS_OK;
    for (int s = 0; s < GCS_STREAMS && status == GCS_OK; s++) {
        const uint64_t bytes = l->elements * l->bytes[s];
        if (bytes == 0)
            continue;
        status = gcs_lab_alloc(lab, bytes, &memory[s]);
        if (status == GCS_OK)
            status = gcs_lab_fill(lab, memory[s], bytes, pattern->from[s],
                                  pattern->elements * l->bytes[s]);
    }
    return status;
}

static gcs_cl_buffer at(gcs_cl_mem memory, uint64_t bytes) {
    return (gcs_cl_buffer){.mem = memory, .offset = memory != NULL ? bytes : 0};
}

static void place(const gcs_lab_sets *sets, const gcs_tensor *tensors, const layout *l) {
    for (size_t k = 0; k < sets->count; k++) {
        const gcs_cl_mem *memory = sets->memory + k * GCS_STREAMS;
        uint64_t first = 0;
        for (size_t i = 0; i < sets->tensors; i++) {
            sets->buffers[k * sets->tensors + i] =
                (gcs_cl_buffers){.w = at(memory[0], first * l->bytes[0]),
                                 .g = at(memory[1], first * l->bytes[1]),
                                 .m = at(memory[2], first * l->bytes[2]),
                                 .v = at(memory[3], first * l->bytes[3]),
                                 .v_max = at(memory[4], first * l->bytes[4]),
                                 .copy = at(memory[5], first * l->bytes[5])};
            first += gcs_streams_padded(gcs_tensor_elements(&tensors[i]));
        }
    }
}

gcs_status gcs_lab_sets_open(gcs_lab_sets *sets, const gcs_lab *lab, const gcs_spec *spec,
                             const gcs_tensor *tensors, size_t tensor_count, size_t count) {
    layout l = {.elements = 0};
    gcs_pattern pattern;
    gcs_streams_of(spec, l.bytes);
    for (size_t i = 0; i < tensor_count; i++)
        l.elements += gcs_streams_padded(gcs_tensor_elements(&tensors[i]));
    *sets = (gcs_lab_sets){.count = count,
                           .tensors = tensor_count,
                           .buffers = calloc(count * tensor_count, sizeof *sets->buffers),
                           .memory = calloc(count * GCS_STREAMS, sizeof(gcs_cl_mem))};
    if (sets->buffers == NULL || sets->memory == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the list of buffers");
    gcs_status status = gcs_pattern_open(&pattern, spec);
    for (size_t k = 0; k < count && status == GCS_OK; k++)
        status = make_set(sets->memory + k * GCS_STREAMS, lab, &l, &pattern);
    gcs_pattern_close(&pattern);
    if (status == GCS_OK)
        place(sets, tensors, &l);
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
