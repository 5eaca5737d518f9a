/* The stand-in's objects, its queue, and what a test says to it. */
#include "cuda/libcuda_standin_internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API __attribute__((visibility("default")))
enum {
    CONTEXTS = 4,
    MEMORIES = 4096,
    FUNCTIONS = 128,
    COUNTED = 64,
    OPERATIONS = 4096,
    MODULES = 64,
    STREAMS = 64
};

API int standin_version, standin_devices, standin_shared_bytes, standin_l2_bytes, standin_code;
API size_t standin_parameter_bytes;
API bool standin_virtual_time;
API double standin_ns, standin_ns_per_byte;
API unsigned standin_passing;
standin_context *standin_current;
const char *standin_missing_kernel;

static standin_context contexts[CONTEXTS];
static standin_memory memories[MEMORIES];
static standin_function *modules_made[MODULES];    /* that have not been unloaded */
static standin_stream_object all_streams[STREAMS]; /* context NULL: free */
static unsigned modules, streams, graphs, made;    /* alive; `made`: allocations of this library */
static standin_hook *hook;
static void *hook_context;
static const char *missing_function;
static struct {
    const char *function;
    int result;
    unsigned call;
} planned;
static struct {
    const char *function;
    unsigned calls;
} counted[COUNTED];

typedef struct queue {
    standin_operation operations[OPERATIONS];
    unsigned count;
} queue;
static queue waiting, captured;
static bool held;
static const void *capturing; /* a stream, or NULL */
static bool spoilt;

static void fail_test(const char *why) {
    fprintf(stderr, "libcuda stand-in: %s\n", why);
    abort();
}

/* ---- Functions ----------------------------------------------------------------------------- */

static unsigned *counter_of(const char *function) {
    unsigned i = 0;
    while (i < COUNTED && counted[i].function != NULL && strcmp(counted[i].function, function) != 0)
        i++;
    if (i == COUNTED)
        fail_test("too many functions");
    counted[i].function = counted[i].function != NULL ? counted[i].function : function;
    return &counted[i].calls;
}

static int enter(const char *function, bool forbidden) {
    ++*counter_of(function);
    if (planned.function != NULL && strcmp(planned.function, function) == 0) {
        if (planned.call-- == 0) {
            planned.function = NULL;
            return planned.result;
        }
    }
    if (forbidden && capturing != NULL) {
        spoilt = true;
        return 900;
    }
    return 0;
}

/* Threads may open the driver at the same time. */
int standin_enter(const char *function, bool forbidden) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    const int result = enter(function, forbidden);
    pthread_mutex_unlock(&lock);
    return result;
}

API unsigned standin_calls(const char *function) {
    for (unsigned i = 0; i < COUNTED && counted[i].function != NULL; i++) {
        if (strcmp(counted[i].function, function) == 0)
            return counted[i].calls;
    }
    return 0;
}

API void standin_fail(const char *function, int result, unsigned call) {
    planned.function = function;
    planned.result = result;
    planned.call = call;
}

API void standin_without(const char *function) {
    missing_function = function;
}
API void standin_without_kernel(const char *symbol) {
    standin_missing_kernel = symbol;
}
bool standin_is_missing(const char *function) {
    return missing_function != NULL && strcmp(missing_function, function) == 0;
}

API void standin_set_hook(standin_hook *function, void *context) {
    hook = function;
    hook_context = context;
}

/* ---- Contexts, modules, streams ------------------------------------------------------------ */

API void standin_make_current(int context) {
    standin_current = context >= 0 ? &contexts[context] : NULL;
}
standin_context *standin_primary(int device) {
    return device >= 0 && device < standin_devices && device < CONTEXTS ? &contexts[device] : NULL;
}
API void standin_destroy_context(int context) {
    contexts[context].destroyed = true;
}

int standin_new_module(void **module) {
    unsigned i = 0;
    while (i < MODULES && modules_made[i] != NULL)
        i++;
    if (i == MODULES)
        fail_test("too many modules");
    *module = modules_made[i] = calloc(FUNCTIONS, sizeof(standin_function));
    modules++;
    return *module != NULL ? 0 : 2;
}

int standin_free_module(void *module) {
    for (unsigned i = 0; i < MODULES; i++) {
        if (modules_made[i] == module)
            modules_made[i] = NULL;
    }
    free(module);
    modules--;
    return 0;
}

int standin_new_function(void **function, void *module, const char *name) {
    standin_function *f = module;
    unsigned i = 0;
    while (i < FUNCTIONS && f[i].name[0] != '\0' && strcmp(f[i].name, name) != 0)
        i++;
    if (i == FUNCTIONS)
        fail_test("too many kernels in a module");
    *function = &f[i];
    if (f[i].name[0] != '\0')
        return 0; /* it is there already */
    snprintf(f[i].name, sizeof f[i].name, "%s", name);
    f[i].most_shared = 48 * 1024;
    f[i].most_cluster = 8;
    return 0;
}

/* Streams of the test are those that nobody destroys. */
static standin_stream_object *take_stream(standin_context *context, bool of_test) {
    unsigned i = 0;
    while (i < STREAMS && all_streams[i].context != NULL)
        i++;
    if (i == STREAMS)
        fail_test("too many streams");
    all_streams[i] = (standin_stream_object){context, of_test};
    return &all_streams[i];
}

void *standin_new_stream(standin_context *context) {
    streams++;
    return take_stream(context, false);
}

void standin_free_stream(void *stream) {
    ((standin_stream_object *)stream)->context = NULL;
    streams--;
}

API void *standin_stream(int context) {
    return take_stream(&contexts[context], true);
}

/* ---- Memory -------------------------------------------------------------------------------- */

API void standin_register(const void *start, size_t bytes, int kind, int device) {
    unsigned i = 0;
    while (i < MEMORIES && memories[i].start != NULL)
        i++;
    if (i == MEMORIES)
        fail_test("too much memory");
    memories[i] = (standin_memory){start, bytes, kind, device};
}

API void standin_forget(const void *start) {
    for (unsigned i = 0; i < MEMORIES; i++) {
        if (memories[i].start == start)
            memories[i] = (standin_memory){0};
    }
}

const standin_memory *standin_find(const void *pointer) {
    const uintptr_t at = (uintptr_t)pointer;
    for (unsigned i = 0; i < MEMORIES; i++) {
        const uintptr_t start = (uintptr_t)memories[i].start;
        if (memories[i].start != NULL && at >= start && at - start < memories[i].bytes)
            return &memories[i];
    }
    return NULL;
}

void standin_tell(const standin_memory *memory, uint64_t pointer, int attribute, void *value) {
    static const standin_memory nothing = {.device = -2};
    const bool is_none = memory == NULL;
    const standin_memory *m = is_none ? &nothing : memory;
    const bool pinned = m->kind == STANDIN_PINNED || m->kind == STANDIN_PINNED_ELSEWHERE;
    const uint64_t elsewhere = m->kind == STANDIN_PINNED_ELSEWHERE ? 4096 : 0;
    if (attribute == 2)
        *(unsigned *)value = is_none ? 0 : pinned ? 1 : 2;
    else if (attribute == 3)
        *(uint64_t *)value = is_none ? 0 : pointer + elsewhere;
    else if (attribute == 8)
        *(unsigned *)value = m->kind == STANDIN_MANAGED;
    else if (attribute == 9)
        *(int *)value = m->device;
    else if (attribute == 11)
        *(uint64_t *)value = (uint64_t)(uintptr_t)m->start;
    else if (attribute == 12)
        *(size_t *)value = m->bytes;
    else
        fail_test("an unknown attribute of a pointer");
}

/* As fresh device memory: with nothing that could be taken for zeros. */
void *standin_new_memory(size_t bytes, int kind) {
    void *memory = malloc(bytes);
    if (memory == NULL)
        return NULL;
    memset(memory, 0xA5, bytes);
    standin_register(memory, bytes, kind, standin_current->device);
    made++;
    return memory;
}

int standin_free_memory(void *memory, int kind) {
    const standin_memory *m = standin_find(memory);
    if (m == NULL || m->start != memory || m->kind != kind)
        fail_test("freed what is not allocated");
    standin_forget(memory);
    free(memory);
    made--;
    return 0;
}

API unsigned standin_alive(void) {
    return made + modules + streams + graphs;
}

/* ---- The queue ----------------------------------------------------------------------------- */

static int run(const standin_operation *o) {
    if (o->function != NULL) {
        /* The kernel may change its parameter no more than a GPU's can: it is a copy. */
        void *parameter = malloc(o->bytes);
        if (parameter == NULL)
            fail_test("no memory");
        memcpy(parameter, o->parameter, o->bytes);
        standin_launch launch = o->launch;
        launch.parameter = parameter;
        const int result = hook != NULL ? hook(hook_context, &launch) : 0;
        free(parameter);
        return result;
    }
    if (o->takes_time_alone)
        standin_ns += (double)o->bytes * standin_ns_per_byte;
    else if (o->from != NULL)
        memcpy(o->to, o->from, o->bytes);
    else
        for (size_t i = 0; i < o->bytes / sizeof o->value; i++)
            memcpy((char *)o->to + i * sizeof o->value, &o->value, sizeof o->value);
    return 0;
}

static void put(queue *q, const standin_operation *operation) {
    if (q->count == OPERATIONS)
        fail_test("too many operations");
    q->operations[q->count++] = *operation;
}

static void clear(queue *q) {
    for (unsigned i = 0; i < q->count; i++)
        free(q->operations[i].parameter);
    q->count = 0;
}

int standin_enqueue(void *stream, const standin_operation *operation) {
    standin_operation o = *operation;
    if (o.function != NULL) {
        o.parameter = malloc(o.bytes);
        if (o.parameter == NULL)
            fail_test("no memory");
        memcpy(o.parameter, o.from, o.bytes);
        o.from = NULL;
    }
    if (capturing != NULL && capturing == stream) {
        put(&captured, &o);
        return 0;
    }
    if (held) {
        put(&waiting, &o);
        return 0;
    }
    const int result = run(&o);
    free(o.parameter);
    return result;
}

unsigned standin_queued(void) {
    return waiting.count;
}

API void standin_hold(void) {
    held = true;
}

API void standin_go_on(unsigned operations) {
    unsigned i = 0;
    for (; i < waiting.count && i < operations; i++) {
        run(&waiting.operations[i]);
        free(waiting.operations[i].parameter);
    }
    waiting.count -= i;
    memmove(waiting.operations, waiting.operations + i, waiting.count * sizeof *waiting.operations);
}

int standin_finish(void) {
    standin_go_on(waiting.count);
    return 0;
}

/* ---- Captures ------------------------------------------------------------------------------ */

int standin_is_capturing(void *stream) {
    return capturing != NULL && capturing == stream;
}

API void standin_begin_capture(void *stream) {
    clear(&captured);
    capturing = stream;
    spoilt = false;
}

API void standin_end_capture(void) {
    capturing = NULL;
}

API int standin_captured(void) {
    return spoilt ? -1 : (int)captured.count;
}

API int standin_replay(void) {
    int result = 0;
    for (unsigned i = 0; i < captured.count && result == 0; i++)
        result = run(&captured.operations[i]);
    return result;
}

standin_graph *standin_new_graph(void) {
    standin_graph *graph = calloc(1, sizeof *graph);
    if (graph == NULL)
        return NULL;
    graph->operations = calloc(captured.count + 1, sizeof *graph->operations);
    if (graph->operations == NULL)
        fail_test("no memory");
    memcpy(graph->operations, captured.operations, captured.count * sizeof *graph->operations);
    for (unsigned i = 0; i < captured.count; i++) {
        standin_operation *o = &graph->operations[i];
        if (o->parameter == NULL)
            continue;
        o->parameter = malloc(o->bytes);
        if (o->parameter == NULL)
            fail_test("no memory");
        memcpy(o->parameter, captured.operations[i].parameter, o->bytes);
    }
    graph->count = captured.count;
    graph->users = 1;
    graphs++;
    return graph;
}

void standin_free_graph(standin_graph *graph) {
    if (--graph->users > 0)
        return;
    for (unsigned i = 0; i < graph->count; i++)
        free(graph->operations[i].parameter);
    free(graph->operations);
    free(graph);
    graphs--;
}

int standin_replay_graph(const standin_graph *graph) {
    int result = 0;
    for (unsigned i = 0; i < graph->count && result == 0; i++)
        result = run(&graph->operations[i]);
    return result;
}

/* ---- The beginning ------------------------------------------------------------------------- */

API void standin_reset(void) {
    standin_version = 13000;
    standin_devices = 2;
    standin_shared_bytes = 227 * 1024;
    standin_l2_bytes = 1 << 20;
    standin_code = 90;
    standin_parameter_bytes = 0;
    standin_passing = 0;
    standin_virtual_time = false;
    standin_ns = standin_ns_per_byte = 0;
    for (int i = 0; i < CONTEXTS; i++)
        contexts[i] = (standin_context){.device = i};
    standin_current = &contexts[0];
    standin_missing_kernel = missing_function = NULL;
    planned.function = NULL;
    for (int i = 0; i < STREAMS; i++) {
        if (all_streams[i].of_test)
            all_streams[i] = (standin_stream_object){0};
    }
    memset(counted, 0, sizeof counted);
    hook = NULL;
    clear(&waiting);
    clear(&captured);
    held = spoilt = false;
    capturing = NULL;
}
