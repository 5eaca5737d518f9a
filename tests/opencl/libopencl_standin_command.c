/* The stand-in's queues, events and kernels. A command runs when something waits for it, or at once
 * unless the test holds it back; kernels do what the test's hook does. */
#include "opencl/libopencl_standin_internal.h"

#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS = 48, SVM_POINTERS = 256 };

typedef struct standin_kernel {
    standin_object object;
    char name[128];
    standin_argument arguments[ARGUMENTS];
    const void *pointers[SVM_POINTERS];
    size_t pointer_count;
} standin_kernel;

typedef struct standin_event {
    standin_object object;
    gcs_cl_int status;
} standin_event;

/* What a queue has to do. */
typedef struct command {
    struct command *next;
    standin_event *event; /* with a reference of its own */
    int (*run)(struct command *c);
    unsigned char *to;
    const unsigned char *from;
    size_t bytes;
    standin_launch launch;
    standin_argument arguments[ARGUMENTS];
    char name[128];
} command;

static command *first, **end = &first;
static bool held;
static standin_hook *hook;
static void *hook_context;
API unsigned standin_unordered, standin_waited;
API size_t standin_group_limit;

API void standin_hold(bool hold) {
    held = hold;
}
API void standin_on_launch(standin_hook *on_launch, void *context) {
    hook = on_launch;
    hook_context = context;
}

/* ---- Running ------------------------------------------------------------------------------- */

static int copy(command *c) {
    memmove(c->to, c->from, c->bytes);
    return 0;
}
static int nothing(command *c) {
    (void)c;
    return 0;
}
static int run_kernel(command *c) {
    c->launch.arguments = c->arguments;
    c->launch.kernel = c->name;
    return hook != NULL ? hook(hook_context, &c->launch) : 0;
}

static void run_all(void) {
    while (first != NULL) {
        command *c = first;
        first = c->next;
        end = first == NULL ? &first : end;
        const int result = c->run(c);
        c->event->status = result != 0 ? result : GCS_CL_COMPLETE;
        standin_release(STANDIN_EVENT, c->event, 0, NULL);
        free(c);
    }
}

API unsigned standin_pending(void) {
    unsigned count = 0;
    for (const command *c = first; c != NULL; c = c->next)
        count++;
    return count;
}

/* Whether the wait list is one, and in a queue without order names the command before. */
static gcs_cl_int check(gcs_cl_queue queue, gcs_cl_uint waits, const gcs_cl_event *wait) {
    standin_queue *q = queue;
    if (!standin_is(STANDIN_QUEUE, queue))
        return GCS_CL_INVALID_COMMAND_QUEUE;
    if ((waits == 0) != (wait == NULL))
        return GCS_CL_INVALID_EVENT_WAIT_LIST;
    bool follows = q->last == NULL || (q->properties & GCS_CL_QUEUE_OUT_OF_ORDER) == 0;
    for (gcs_cl_uint i = 0; i < waits; i++) {
        if (!standin_is(STANDIN_EVENT, wait[i]))
            return GCS_CL_INVALID_EVENT_WAIT_LIST;
        follows = follows || wait[i] == q->last;
    }
    standin_unordered += !follows;
    standin_waited += waits;
    return 0;
}

static gcs_cl_int add(gcs_cl_queue queue, bool blocking, command what, gcs_cl_uint waits,
                      const gcs_cl_event *wait, gcs_cl_event *event) {
    const gcs_cl_int wrong = check(queue, waits, wait);
    if (wrong != 0)
        return wrong;
    command *c = malloc(sizeof *c);
    if (c == NULL)
        abort();
    *c = what;
    c->next = NULL;
    c->event = standin_new(STANDIN_EVENT, sizeof *c->event);
    c->event->status = GCS_CL_QUEUED;
    ((standin_queue *)queue)->last = c->event; /* to be compared alone */
    if (event != NULL) {
        standin_retain(STANDIN_EVENT, c->event, 0);
        *event = c->event;
    }
    *end = c;
    end = &c->next;
    if (blocking || !held)
        run_all();
    return 0;
}

/* ---- Queues and events --------------------------------------------------------------------- */

API gcs_cl_queue clCreateCommandQueue(gcs_cl_context context, gcs_cl_device device,
                                      gcs_cl_flags properties, gcs_cl_int *result) {
    ENTER_TO_CREATE(result);
    standin_queue *q = standin_new(STANDIN_QUEUE, sizeof *q);
    q->context = context;
    q->device = device;
    q->properties = properties;
    standin_tell_result(result, 0);
    return q;
}
API gcs_cl_int clRetainCommandQueue(gcs_cl_queue queue) {
    ENTER;
    return standin_retain(STANDIN_QUEUE, queue, GCS_CL_INVALID_COMMAND_QUEUE);
}
API gcs_cl_int clReleaseCommandQueue(gcs_cl_queue queue) {
    ENTER;
    return standin_release(STANDIN_QUEUE, queue, GCS_CL_INVALID_COMMAND_QUEUE, NULL);
}
API gcs_cl_int clGetCommandQueueInfo(gcs_cl_queue queue, gcs_cl_uint name, size_t size, void *value,
                                     size_t *needs) {
    ENTER;
    const standin_queue *q = queue;
    if (!standin_is(STANDIN_QUEUE, queue))
        return GCS_CL_INVALID_COMMAND_QUEUE;
    if (standin_query(name) != 0)
        return standin_query(name);
    switch (name) {
    case GCS_CL_QUEUE_CONTEXT:
        return standin_answer(&q->context, sizeof q->context, size, value, needs);
    case GCS_CL_QUEUE_DEVICE:
        return standin_answer(&q->device, sizeof q->device, size, value, needs);
    case GCS_CL_QUEUE_PROPERTIES:
        return standin_answer(&q->properties, sizeof q->properties, size, value, needs);
    default:
        return GCS_CL_INVALID_VALUE;
    }
}

API gcs_cl_int clFlush(gcs_cl_queue queue) {
    ENTER;
    return standin_is(STANDIN_QUEUE, queue) ? 0 : GCS_CL_INVALID_COMMAND_QUEUE;
}
API gcs_cl_int clFinish(gcs_cl_queue queue) {
    ENTER;
    run_all();
    return standin_is(STANDIN_QUEUE, queue) ? 0 : GCS_CL_INVALID_COMMAND_QUEUE;
}
API gcs_cl_int clWaitForEvents(gcs_cl_uint count, const gcs_cl_event *events) {
    ENTER;
    run_all();
    for (gcs_cl_uint i = 0; i < count; i++) {
        if (!standin_is(STANDIN_EVENT, events[i]))
            return GCS_CL_INVALID_EVENT;
        if (((standin_event *)events[i])->status < 0)
            return GCS_CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST;
    }
    return 0;
}
API gcs_cl_int clGetEventInfo(gcs_cl_event event, gcs_cl_uint name, size_t size, void *value,
                              size_t *needs) {
    ENTER;
    const standin_event *e = event;
    if (!standin_is(STANDIN_EVENT, event))
        return GCS_CL_INVALID_EVENT;
    if (standin_query(name) != 0)
        return standin_query(name);
    return standin_answer(&e->status, sizeof e->status, size, value, needs);
}
API gcs_cl_int clRetainEvent(gcs_cl_event event) {
    ENTER;
    return standin_retain(STANDIN_EVENT, event, GCS_CL_INVALID_EVENT);
}
API gcs_cl_int clReleaseEvent(gcs_cl_event event) {
    ENTER;
    return standin_release(STANDIN_EVENT, event, GCS_CL_INVALID_EVENT, NULL);
}
API gcs_cl_int clEnqueueMarkerWithWaitList(gcs_cl_queue queue, GCS_CL_WAIT) {
    ENTER;
    return add(queue, false, (command){.run = nothing}, waits, wait, event);
}

/* ---- Copies -------------------------------------------------------------------------------- */

/* NULL: the range is not within the memory. */
static unsigned char *range(gcs_cl_mem memory, size_t offset, size_t bytes) {
    const standin_memory *m = memory;
    if (!standin_is(STANDIN_MEMORY, memory) || bytes == 0 || offset > m->bytes ||
        bytes > m->bytes - offset)
        return NULL;
    return m->data + offset;
}

API gcs_cl_int clEnqueueWriteBuffer(gcs_cl_queue queue, gcs_cl_mem to, gcs_cl_bool blocking,
                                    size_t offset, size_t bytes, const void *from, GCS_CL_WAIT) {
    ENTER;
    const command c = {.run = copy, .to = range(to, offset, bytes), .from = from, .bytes = bytes};
    return c.to != NULL ? add(queue, blocking, c, waits, wait, event) : GCS_CL_INVALID_VALUE;
}
API gcs_cl_int clEnqueueReadBuffer(gcs_cl_queue queue, gcs_cl_mem from, gcs_cl_bool blocking,
                                   size_t offset, size_t bytes, void *to, GCS_CL_WAIT) {
    ENTER;
    const command c = {.run = copy, .to = to, .from = range(from, offset, bytes), .bytes = bytes};
    return c.from != NULL ? add(queue, blocking, c, waits, wait, event) : GCS_CL_INVALID_VALUE;
}
API gcs_cl_int clEnqueueCopyBuffer(gcs_cl_queue queue, gcs_cl_mem from, gcs_cl_mem to,
                                   size_t from_offset, size_t to_offset, size_t bytes,
                                   GCS_CL_WAIT) {
    ENTER;
    const command c = {.run = copy,
                       .to = range(to, to_offset, bytes),
                       .from = range(from, from_offset, bytes),
                       .bytes = bytes};
    return c.to != NULL && c.from != NULL ? add(queue, false, c, waits, wait, event)
                                          : GCS_CL_INVALID_VALUE;
}
API gcs_cl_int clEnqueueSVMMemcpy(gcs_cl_queue queue, gcs_cl_bool blocking, void *to,
                                  const void *from, size_t bytes, GCS_CL_WAIT) {
    ENTER;
    return add(queue, blocking, (command){.run = copy, .to = to, .from = from, .bytes = bytes},
               waits, wait, event);
}

/* ---- Kernels ------------------------------------------------------------------------------- */

API gcs_cl_kernel clCreateKernel(gcs_cl_program program, const char *name, gcs_cl_int *result) {
    ENTER_TO_CREATE(result);
    if (!standin_is(STANDIN_PROGRAM, program)) {
        standin_tell_result(result, GCS_CL_INVALID_PROGRAM);
        return NULL;
    }
    standin_kernel *k = standin_new(STANDIN_KERNEL, sizeof *k);
    strncpy(k->name, name, sizeof k->name - 1);
    standin_tell_result(result, 0);
    return k;
}
API gcs_cl_int clReleaseKernel(gcs_cl_kernel kernel) {
    ENTER;
    return standin_release(STANDIN_KERNEL, kernel, GCS_CL_INVALID_KERNEL, NULL);
}
API gcs_cl_int clSetKernelArg(gcs_cl_kernel kernel, gcs_cl_uint index, size_t size,
                              const void *value) {
    ENTER;
    standin_kernel *k = kernel;
    if (!standin_is(STANDIN_KERNEL, kernel))
        return GCS_CL_INVALID_KERNEL;
    if (index >= ARGUMENTS || size == 0 || (value != NULL && size > sizeof k->arguments[0].value))
        return GCS_CL_INVALID_ARG_SIZE;
    standin_argument *a = &k->arguments[index];
    *a = (standin_argument){.is_set = true, .size = size};
    if (value != NULL)
        memcpy(a->value, value, size);
    return 0;
}
API gcs_cl_int clSetKernelArgSVMPointer(gcs_cl_kernel kernel, gcs_cl_uint index,
                                        const void *pointer) {
    ENTER;
    standin_kernel *k = kernel;
    k->arguments[index] =
        (standin_argument){.is_set = true, .is_svm = true, .size = sizeof pointer};
    memcpy(k->arguments[index].value, &pointer, sizeof pointer);
    return 0;
}
API gcs_cl_int clSetKernelExecInfo(gcs_cl_kernel kernel, gcs_cl_uint name, size_t size,
                                   const void *value) {
    ENTER;
    standin_kernel *k = kernel;
    k->pointer_count = size / sizeof(void *);
    if (name != GCS_CL_KERNEL_EXEC_INFO_SVM_PTRS || size == 0 || k->pointer_count > SVM_POINTERS)
        return GCS_CL_INVALID_VALUE;
    memcpy(k->pointers, value, size);
    return 0;
}
API gcs_cl_int clGetKernelWorkGroupInfo(gcs_cl_kernel kernel, gcs_cl_device device,
                                        gcs_cl_uint name, size_t size, void *value, size_t *needs) {
    ENTER;
    const standin_device *d = device;
    const standin_kernel *k = kernel;
    if (!standin_is(STANDIN_KERNEL, kernel))
        return GCS_CL_INVALID_KERNEL;
    if (standin_query(name) != 0)
        return standin_query(name);
    /* Its own, and that of its argument from when this is set. */
    const uint64_t local = 16 + k->arguments[GCS_OPENCL_ARG_LOCAL].size;
    const size_t group = standin_group_limit != 0 ? standin_group_limit : d->max_group;
    return name == GCS_CL_KERNEL_WORK_GROUP_SIZE
               ? standin_answer(&group, sizeof group, size, value, needs)
               : standin_answer(&local, sizeof local, size, value, needs);
}

/* All arguments up to the last binding must have been set, and memory must be alive. */
API gcs_cl_int clEnqueueNDRangeKernel(gcs_cl_queue queue, gcs_cl_kernel kernel,
                                      gcs_cl_uint dimensions, const size_t *offset,
                                      const size_t *global, const size_t *local, GCS_CL_WAIT) {
    ENTER;
    const standin_kernel *k = kernel;
    if (!standin_is(STANDIN_KERNEL, kernel) || dimensions != 1 || offset != NULL)
        return GCS_CL_INVALID_KERNEL;
    if (global[0] == 0 || global[0] % local[0] != 0)
        return GCS_CL_INVALID_WORK_GROUP_SIZE;
    for (unsigned i = 0; i < STANDIN_KERNEL_ARGUMENTS; i++) {
        void *memory;
        memcpy(&memory, k->arguments[i].value, sizeof memory);
        const bool is_memory = (STANDIN_KERNEL_MEMORIES >> i & 1) != 0 && !k->arguments[i].is_svm;
        if (!k->arguments[i].is_set)
            return GCS_CL_INVALID_KERNEL_ARGS;
        if (is_memory && !standin_is(STANDIN_MEMORY, memory))
            return GCS_CL_INVALID_MEM_OBJECT;
    }
    command c = {.run = run_kernel};
    memcpy(c.arguments, k->arguments, sizeof c.arguments);
    memcpy(c.name, k->name, sizeof c.name);
    c.launch = (standin_launch){.groups = global[0] / local[0],
                                .items = local[0],
                                .pointers = k->pointers,
                                .pointer_count = k->pointer_count};
    return add(queue, false, c, waits, wait, event);
}
