/* The buffers of a step as lists of bytes. */
#include "measure/streams.h"

#include "dispatch/error.h"
#include "dispatch/plan.h"
#include "dispatch/tensor.h"

/* Elements; 512 bytes of f32, as tensor allocators give. */
#define ALIGNMENT 128
/* Whole periods of gcs_buffer_sets. */
#define PATTERN ((uint64_t)1021 * 1024)

void gcs_streams_of(const gcs_spec *spec, unsigned bytes[GCS_STREAMS]) {
    const unsigned f32 = sizeof(float);
    bytes[0] = f32;
    bytes[1] = gcs_type_bytes(spec->gradient);
    bytes[2] = gcs_rule_has_m(spec->rule) ? f32 : 0;
    bytes[3] = gcs_rule_has_v(spec->rule) ? f32 : 0;
    bytes[4] = gcs_rule_has_v_max(spec->rule) ? f32 : 0;
    bytes[5] = gcs_copy_bytes(spec->copy);
}

uint64_t gcs_streams_padded(uint64_t elements) {
    return (elements + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

uint64_t gcs_streams_tensor_bytes(const gcs_spec *spec, const gcs_tensor *tensor) {
    unsigned bytes[GCS_STREAMS];
    uint64_t sum = 0;
    gcs_streams_of(spec, bytes);
    for (int s = 0; s < GCS_STREAMS; s++)
        sum += bytes[s];
    return sum * gcs_streams_padded(gcs_tensor_elements(tensor));
}

gcs_status gcs_pattern_open(gcs_pattern *pattern, const gcs_spec *spec) {
    const gcs_tensor flat = gcs_flat(PATTERN);
    *pattern = (gcs_pattern){.elements = PATTERN};
    pattern->sets = gcs_buffer_sets_create(spec, &flat, 1, 0);
    if (pattern->sets == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the values of buffers");
    const gcs_buffers *b = gcs_buffer_sets_next(pattern->sets);
    const void *const from[GCS_STREAMS] = {b->w, b->g, b->m, b->v, b->v_max, b->copy};
    for (int s = 0; s < GCS_STREAMS; s++)
        pattern->from[s] = from[s];
    return GCS_OK;
}

void gcs_pattern_close(gcs_pattern *pattern) {
    gcs_buffer_sets_destroy(pattern->sets);
    pattern->sets = NULL;
}
