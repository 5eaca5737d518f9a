/* Buffers of steps on a GPU, in several sets so that a step finds its own cold, and the copies from
 * device memory to device memory that steps are compared with. */
#ifndef GCSTEP_MEASURE_GPU_BUFFERS_H
#define GCSTEP_MEASURE_GPU_BUFFERS_H

#include "measure/gpu.h"
#include "measure/streams.h"

typedef struct gcs_gpu_sets {
    size_t count;              /* of sets */
    gcs_buffers *buffers;      /* [count][tensors] */
    void *memory[GCS_STREAMS]; /* NULL: the spec has no such buffer */
} gcs_gpu_sets;

/* So many sets of the tensors' buffers, with the values of gcs_buffer_sets. Errors: as
 * gcs_gpu_alloc and gcs_gpu_fill. To be closed also after a failure. */
gcs_status gcs_gpu_sets_open(gcs_gpu_sets *sets, const gcs_gpu *gpu, const gcs_spec *spec,
                             const gcs_tensor *tensors, size_t tensor_count, size_t count);
void gcs_gpu_sets_close(gcs_gpu_sets *sets, const gcs_gpu *gpu);

typedef struct gcs_gpu_copies {
    void *from, *to;
    uint64_t each, places; /* bytes of a copy, and of how many */
} gcs_gpu_copies;

/* Copies that read and write `bytes` together, going round places that no cache holds all of. */
gcs_status gcs_gpu_copies_open(gcs_gpu_copies *copies, const gcs_gpu *gpu, uint64_t bytes);
void gcs_gpu_copies_close(gcs_gpu_copies *copies, const gcs_gpu *gpu);

/* Enqueues the copy number `turn`. */
gcs_status gcs_gpu_copies_enqueue(const gcs_gpu_copies *copies, const gcs_gpu *gpu, uint64_t turn);

#endif
