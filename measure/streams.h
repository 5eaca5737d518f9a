/* The buffers of a step as lists of bytes: how large they are, and what a device's are filled with.
 */
#ifndef GCSTEP_MEASURE_STREAMS_H
#define GCSTEP_MEASURE_STREAMS_H

#include <gcstep/gcstep.h>

#include "measure/measure.h"

#define GCS_STREAMS 6 /* w, g, m, v, v_max, copy */

/* Bytes of an element of each; 0: the spec has no such buffer. */
void gcs_streams_of(const gcs_spec *spec, unsigned bytes[GCS_STREAMS]);

/* Elements from one tensor of a set to the next, which begins where a tensor allocator would put
 * it. */
uint64_t gcs_streams_padded(uint64_t elements);

/* Bytes of the buffers of one such tensor, with what is between two tensors. */
uint64_t gcs_streams_tensor_bytes(const gcs_spec *spec, const gcs_tensor *tensor);

/* Values of gcs_buffer_sets, to be repeated. */
typedef struct gcs_pattern {
    gcs_buffer_sets *sets;
    const void *from[GCS_STREAMS];
    uint64_t elements;
} gcs_pattern;

/* GCS_OUT_OF_MEMORY. To be closed also after a failure. */
gcs_status gcs_pattern_open(gcs_pattern *pattern, const gcs_spec *spec);
void gcs_pattern_close(gcs_pattern *pattern);

#endif
