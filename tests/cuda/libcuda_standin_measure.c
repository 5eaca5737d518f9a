/* The stand-in's functions for measuring: copies on the device, events, and graphs. Time is the
 * host's. Of graphs it replays the one that was captured last. */
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
    const standin_operation o = {
        .to = (void *)(uintptr_t)to, .from = (const void *)(uintptr_t)from, .bytes = bytes};
    return standin_enqueue(stream, &o);
}

/* ---- Events -------------------------------------------------------------------------------- */

typedef struct event {
    struct timespec at;
} event;

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
    clock_gettime(CLOCK_MONOTONIC, &((event *)recorded)->at);
    return 0;
}

API int cuEventElapsedTime(float *milliseconds, void *begin_of, void *end_of) {
    ENTER(true);
    const event *b = begin_of, *e = end_of;
    *milliseconds = (float)((double)(e->at.tv_sec - b->at.tv_sec) * 1e3 +
                            (double)(e->at.tv_nsec - b->at.tv_nsec) * 1e-6);
    return 0;
}

/* ---- Graphs -------------------------------------------------------------------------------- */

typedef struct graph {
    unsigned number;
} graph;
static unsigned last;

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
    graph *made = calloc(1, sizeof *made);
    if (made == NULL)
        return 2;
    made->number = ++last;
    *captured = made;
    return 0;
}

API int cuGraphInstantiateWithFlags(void **executable, const void *captured,
                                    unsigned long long flags) {
    ENTER(true);
    graph *made = calloc(1, sizeof *made);
    if (made == NULL || flags != 0) {
        free(made);
        return STANDIN_INVALID_VALUE;
    }
    *made = *(const graph *)captured;
    *executable = made;
    return 0;
}

API int cuGraphDestroy(void *captured) {
    ENTER(true);
    free(captured);
    return 0;
}

API int cuGraphLaunch(void *executable, void *stream) {
    ENTER(false);
    (void)stream;
    return ((const graph *)executable)->number == last ? standin_replay() : 0;
}

API int cuGraphExecDestroy(void *executable) {
    ENTER(true);
    free(executable);
    return 0;
}
