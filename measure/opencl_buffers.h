/* Buffers of steps on an OpenCL device, in several sets so that a step finds its own cold. */
#ifndef GCSTEP_MEASURE_OPENCL_BUFFERS_H
#define GCSTEP_MEASURE_OPENCL_BUFFERS_H

#include "measure/opencl.h"
#include "measure/streams.h"

typedef struct gcs_lab_sets {
    size_t count;                /* of sets */
    size_t tensors;              /* of a set */
    uint64_t elements;           /* of a set, with what is between two tensors */
    unsigned bytes[GCS_STREAMS]; /* of an element of each stream */
    gcs_cl_buffers *buffers;     /* [count][tensors] */
    gcs_cl_mem *memory;          /* [count][GCS_STREAMS]; NULL: the spec has no such buffer */
} gcs_lab_sets;

/* So many sets of the tensors' buffers, each with a cl_mem for all w, one for all g and so on, with
 * the values of gcs_buffer_sets. Errors: as gcs_lab_alloc and gcs_lab_fill. To be closed also after
 * a failure. */
gcs_status gcs_lab_sets_open(gcs_lab_sets *sets, const gcs_lab *lab, const gcs_spec *spec,
                             const gcs_tensor *tensors, size_t tensor_count, size_t count);
void gcs_lab_sets_close(gcs_lab_sets *sets, const gcs_lab *lab);

/* The buffers of a set, [tensors]. */
const gcs_cl_buffers *gcs_lab_set(const gcs_lab_sets *sets, size_t number);

/* The same set for the host, in buffers[tensors], until it is given back: the device may have none
 * of it meanwhile. `places` are what gcs_lab_set_unmap wants to be told, also after a failure.
 * Errors: as gcs_lab_map. */
gcs_status gcs_lab_set_map(const gcs_lab_sets *sets, const gcs_lab *lab, size_t number,
                           void *places[GCS_STREAMS], gcs_buffers *buffers);
gcs_status gcs_lab_set_unmap(const gcs_lab_sets *sets, const gcs_lab *lab, size_t number,
                             void *const places[GCS_STREAMS]);

#endif
