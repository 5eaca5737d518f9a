/* What the stand-in consists of: its objects and its queue (libcuda_standin_state.c), behind CUDA's
 * functions (libcuda_standin.c). */
#ifndef GCSTEP_TESTS_CUDA_LIBCUDA_STANDIN_INTERNAL_H
#define GCSTEP_TESTS_CUDA_LIBCUDA_STANDIN_INTERNAL_H

#include "cuda/libcuda_standin.h"

enum { STANDIN_INVALID_VALUE = 1, STANDIN_INVALID_DEVICE = 101, STANDIN_INVALID_CONTEXT = 201 };

typedef void standin_any_function(void);

typedef struct standin_context {
    int device;
    bool destroyed;
    struct standin_context *below;
} standin_context;

typedef struct standin_stream_object {
    standin_context *context;
    bool of_test;
} standin_stream_object;

typedef struct standin_function {
    char name[96];
    unsigned most_shared, most_cluster;
    bool loaded;
} standin_function;

typedef struct standin_memory {
    const void *start;
    size_t bytes;
    int kind, device;
} standin_memory;

/* One that runs in its stream's order: a launch (function), a copy (from) or a set. `from` of a
 * launch is the parameter, of which enqueuing makes a copy. */
typedef struct standin_operation {
    const standin_function *function;
    standin_launch launch; /* without its parameter */
    void *to;
    const void *from;
    size_t bytes;
    unsigned value;
    void *parameter;
    bool takes_time_alone; /* a copy that is not made */
} standin_operation;

extern standin_context *standin_current;

/* The context of a GPU; NULL: there is none of that number. */
standin_context *standin_primary(int device);

extern const char *standin_missing_kernel;

/* Counts a call; the result that was planned for it, or that of a forbidden one in a capture. */
int standin_enter(const char *function, bool forbidden);
bool standin_is_missing(const char *function);

int standin_new_module(void **module);
int standin_free_module(void *module);
int standin_new_function(void **function, void *module, const char *name);

void *standin_new_memory(size_t bytes, int kind);
int standin_free_memory(void *memory, int kind);
const standin_memory *standin_find(const void *pointer);
void standin_tell(const standin_memory *memory, uint64_t pointer, int attribute, void *value);

void *standin_new_stream(standin_context *context);
void standin_free_stream(void *stream);

int standin_enqueue(void *stream, const standin_operation *operation);
unsigned standin_queued(void);
int standin_finish(void);
int standin_is_capturing(void *stream);

/* What was captured last, with one user; it is freed with its last one. NULL: no memory. */
typedef struct standin_graph {
    unsigned users, count;
    standin_operation *operations;
} standin_graph;
standin_graph *standin_new_graph(void);
void standin_free_graph(standin_graph *graph);
int standin_replay_graph(const standin_graph *graph);

#endif
