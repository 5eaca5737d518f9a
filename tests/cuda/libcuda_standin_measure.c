/* The stand-in's functions for measuring: copies on the device, events, and graphs. Time is the
 * host's, or the test's. */
#include "cuda/libcuda_standin_internal.h"

#include <stdlib.h>
#include <time.h>

#define API __attribute__((visibility("default")))
#define ENTER(forbidden)                                                                           \
    do {                                                                                           \
        const int planned_ = standin_enter(__func__, forbidden);                                   \
        if (planned_ != 0)                                                                         \
            return planned_;                                                                       \
    } while (0)

/* A program that knows nothing of the stand-in finds it as a test does behind its reset. */
__attribute__((constructor)) static void begin(void) {
    standin_reset();
}

API int cuMemGetInfo_v2(size_t *unused, size_t *total) {
    ENTER(true);
    *unused = *total = (size_t)1 << 34;
    return 0;
}

API int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void *stream) {
    ENTER(false);
    const standin_operation o = {.to = (void *)(uintptr_t)to,
                                 .from = (const void *)(uintptr_t)from,
                                 .bytes = bytes,
                                 .takes_time_alone = standin_virtual_time};
    return standin_enqueue(stream, &o);
}

/* ---- Events -------------------------------------------------------------------------------- */

typedef struct event {
    double ns;
} event;

static double now_ns(void) {
    struct timespec now;
    if (standin_virtual_time)
        return standin_ns;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

API int cuEventCreate(void **created, unsigned flags) {
    ENTER(true);
    *created = calloc(1, sizeof(event));
    return *created == NULL ? 2 : flags != 0 ? STANDIN_INVALID_VALUE : 0;
}

API int cuEventDestroy_v2(void *destroyed) {
    ENTER(true);
    free(destroyed);
    return 0;
}

API int cuEventRecord(void *recorded, void *stream) {
    ENTER(false);
    (void)stream;
    ((event *)recorded)->ns = now_ns();
    return 0;
}

API int cuEventElapsedTime(float *milliseconds, void *begin_of, void *end_of) {
    ENTER(true);
    const event *b = begin_of, *e = end_of;
    *milliseconds = (float)((e->ns - b->ns) * 1e-6);
    return 0;
}

/* ---- Graphs -------------------------------------------------------------------------------- */

API int cuStreamBeginCapture_v2(void *stream, int mode) {
    ENTER(true);
    if (stream == NULL || mode < 0 || mode > 2)
        return STANDIN_INVALID_VALUE;
    standin_begin_capture(stream);
    return 0;
}

API int cuStreamEndCapture(void *stream, void **captured) {
    ENTER(false);
    (void)stream;
    standin_end_capture();
    *captured = NULL;
    if (standin_captured() < 0)
        return 901; /* CUDA_ERROR_STREAM_CAPTURE_INVALIDATED */
    *captured = standin_new_graph();
    return *captured != NULL ? 0 : 2;
}

API int cuGraphInstantiateWithFlags(void **executable, void *captured, unsigned long long flags) {
    ENTER(true);
    if (flags != 0)
        return STANDIN_INVALID_VALUE;
    ((standin_graph *)captured)->users++;
    *executable = captured;
    return 0;
}

API int cuGraphDestroy(void *captured) {
    ENTER(true);
    standin_free_graph(captured);
    return 0;
}

API int cuGraphLaunch(void *executable, void *stream) {
    ENTER(false);
    (void)stream;
    return standin_replay_graph(executable);
}

API int cuGraphExecDestroy(void *executable) {
    ENTER(true);
    standin_free_graph(executable);
    return 0;
}
