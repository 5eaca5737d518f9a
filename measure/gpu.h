/* Measuring on an NVIDIA GPU: its context, memory, events, captured graphs and copies, by the
 * driver that is opened at run time. For the benches and the tuner; the library itself makes no
 * context.
 *
 * Where a function fails, gcs_last_error() has a sentence with CUDA's name of the error. All work
 * goes into one stream. */
#ifndef GCSTEP_MEASURE_GPU_H
#define GCSTEP_MEASURE_GPU_H

#include "dispatch/cuda/device.h"

typedef void *gcs_gpu_event; /* CUevent */
typedef void *gcs_gpu_graph; /* CUgraphExec */
typedef void *gcs_cu_graph;  /* CUgraph */

/* X(field, symbol, parameters): what measuring needs of the driver beyond gcs_cuda_driver. */
#define GCS_GPU_FUNCTIONS(X)                                                                       \
    X(memory_info, "cuMemGetInfo_v2", (size_t * free, size_t * total))                             \
    X(copy, "cuMemcpyDtoDAsync_v2",                                                                \
      (gcs_cu_pointer to, gcs_cu_pointer from, size_t bytes, gcs_cu_stream stream))                \
    X(event_create, "cuEventCreate", (gcs_gpu_event * event, unsigned flags))                      \
    X(event_destroy, "cuEventDestroy_v2", (gcs_gpu_event event))                                   \
    X(event_record, "cuEventRecord", (gcs_gpu_event event, gcs_cu_stream stream))                  \
    X(event_elapsed, "cuEventElapsedTime",                                                         \
      (float *milliseconds, gcs_gpu_event begin, gcs_gpu_event end))                               \
    X(capture_begin, "cuStreamBeginCapture_v2", (gcs_cu_stream stream, int mode))                  \
    X(capture_end, "cuStreamEndCapture", (gcs_cu_stream stream, gcs_cu_graph * graph))             \
    X(graph_instantiate, "cuGraphInstantiateWithFlags",                                            \
      (gcs_gpu_graph * executable, gcs_cu_graph graph, unsigned long long flags))                  \
    X(graph_destroy, "cuGraphDestroy", (gcs_cu_graph graph))                                       \
    X(graph_launch, "cuGraphLaunch", (gcs_gpu_graph executable, gcs_cu_stream stream))             \
    X(graph_free, "cuGraphExecDestroy", (gcs_gpu_graph executable))

typedef struct gcs_gpu {
    const gcs_cuda_driver *driver;
#define GCS_GPU_FIELD(field, symbol, parameters) gcs_cu_result(*field) parameters;
    GCS_GPU_FUNCTIONS(GCS_GPU_FIELD)
#undef GCS_GPU_FIELD
    gcs_cu_device which;
    gcs_cuda_device device;
    gcs_cu_context context;
    gcs_cu_stream stream;
} gcs_gpu;

/* Makes the primary context of GPU number `ordinal` the calling thread's, and a stream in it.
 * GCS_UNSUPPORTED (no driver or GPU, a driver without one of the functions), GCS_INVALID_ARGUMENT
 * (no GPU of that number), GCS_DEVICE_ERROR, GCS_OUT_OF_MEMORY. After a failure nothing is left. */
gcs_status gcs_gpu_open(gcs_gpu *gpu, int ordinal);

/* Loads the library's kernels for a moment to find out what they were written for,
 * device.code_major, by which a kernel of clusters fits. GCS_UNSUPPORTED (the build has no kernels,
 * or none for this GPU or driver), GCS_DEVICE_ERROR, GCS_OUT_OF_MEMORY. */
gcs_status gcs_gpu_read_code(gcs_gpu *gpu);

/* The thread has its context of before again. Allows what gcs_gpu_open failed to open. */
void gcs_gpu_close(gcs_gpu *gpu);

/* "NVIDIA H100 80GB HBM3, sm_90, ..., driver of CUDA 13.0". As snprintf. */
size_t gcs_gpu_format(const gcs_gpu *gpu, char *text, size_t size);

/* Bytes of buffers beyond which every access is cold: gcs_cold_bytes for the GPU's L2. */
uint64_t gcs_gpu_cold_bytes(const gcs_gpu *gpu);

gcs_status gcs_gpu_free_bytes(const gcs_gpu *gpu, uint64_t *bytes);
gcs_status gcs_gpu_alloc(const gcs_gpu *gpu, uint64_t bytes, void **memory);
void gcs_gpu_free(const gcs_gpu *gpu, void *memory); /* NULL is allowed */

/* Waits for all work; says what went wrong in it. */
gcs_status gcs_gpu_wait(const gcs_gpu *gpu);

/* Fills memory with a pattern, again and again. Waits. `pattern` is on the host. */
gcs_status gcs_gpu_fill(const gcs_gpu *gpu, void *memory, uint64_t bytes, const void *pattern,
                        uint64_t pattern_bytes);

/* Enqueues a copy from device memory to device memory. */
gcs_status gcs_gpu_copy(const gcs_gpu *gpu, void *to, const void *from, uint64_t bytes);

gcs_status gcs_gpu_event_create(const gcs_gpu *gpu, gcs_gpu_event *event);
void gcs_gpu_event_destroy(const gcs_gpu *gpu, gcs_gpu_event event); /* NULL is allowed */
gcs_status gcs_gpu_event_record(const gcs_gpu *gpu, gcs_gpu_event event);

/* Between two recorded events that the stream has passed. */
gcs_status gcs_gpu_elapsed_ns(const gcs_gpu *gpu, gcs_gpu_event begin, gcs_gpu_event end,
                              double *ns);

/* Captures what `enqueue` enqueues; it is not run. */
typedef gcs_status gcs_gpu_enqueue(void *arg);
gcs_status gcs_gpu_capture(const gcs_gpu *gpu, gcs_gpu_enqueue *enqueue, void *arg,
                           gcs_gpu_graph *graph);
gcs_status gcs_gpu_replay(const gcs_gpu *gpu, gcs_gpu_graph graph);
void gcs_gpu_graph_free(const gcs_gpu *gpu, gcs_gpu_graph graph); /* NULL is allowed */

#endif
