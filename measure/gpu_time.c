/* A GPU's clock, its events, and graphs of captured work. */
#include "measure/gpu.h"

enum { DEFAULT_EVENT = 0, CAPTURE_OF_THIS_THREAD = 1 };

static gcs_status check(const gcs_gpu *gpu, gcs_cu_result result, const char *what) {
    return result == GCS_CU_SUCCESS ? GCS_OK : gcs_cuda_fail(gpu->driver, result, "%s", what);
}

gcs_status gcs_gpu_event_create(const gcs_gpu *gpu, gcs_gpu_event *event) {
    *event = NULL;
    return check(gpu, gpu->event_create(event, DEFAULT_EVENT), "no event");
}

void gcs_gpu_event_destroy(const gcs_gpu *gpu, gcs_gpu_event event) {
    if (event != NULL)
        gpu->event_destroy(event);
}

gcs_status gcs_gpu_event_record(const gcs_gpu *gpu, gcs_gpu_event event) {
    return check(gpu, gpu->event_record(event, gpu->stream), "no event in the stream");
}

gcs_status gcs_gpu_elapsed_ns(const gcs_gpu *gpu, gcs_gpu_event begin, gcs_gpu_event end,
                              double *ns) {
    float milliseconds = 0;
    const gcs_cu_result result = gpu->event_elapsed(&milliseconds, begin, end);
    *ns = (double)milliseconds * 1e6;
    return check(gpu, result, "no time between two events");
}

gcs_status gcs_gpu_capture(const gcs_gpu *gpu, gcs_gpu_enqueue *enqueue, void *arg,
                           gcs_gpu_graph *executable) {
    *executable = NULL;
    gcs_status status = check(gpu, gpu->capture_begin(gpu->stream, CAPTURE_OF_THIS_THREAD),
                              "the stream cannot be captured");
    if (status != GCS_OK)
        return status;
    status = enqueue(arg);
    gcs_cu_graph graph = NULL;
    const gcs_cu_result ended = gpu->capture_end(gpu->stream, &graph); /* also a spoilt capture */
    if (status == GCS_OK)
        status = check(gpu, ended, "the capture failed");
    if (status == GCS_OK)
        status =
            check(gpu, gpu->graph_instantiate(executable, graph, 0), "no graph of the capture");
    if (graph != NULL)
        gpu->graph_destroy(graph);
    return status;
}

gcs_status gcs_gpu_replay(const gcs_gpu *gpu, gcs_gpu_graph graph) {
    return check(gpu, gpu->graph_launch(graph, gpu->stream), "the graph was not launched");
}

void gcs_gpu_graph_free(const gcs_gpu *gpu, gcs_gpu_graph graph) {
    if (graph != NULL)
        gpu->graph_free(graph);
}
