/* What the stand-in consists of: its objects and its plans of failure (libopencl_standin_state.c),
 * behind OpenCL's functions: platforms and devices (libopencl_standin.c), contexts and programs
 * (libopencl_standin_program.c), buffers (libopencl_standin_memory.c), queues and kernels
 * (libopencl_standin_command.c); what is not there refuses (libopencl_standin_queue.c). */
#ifndef GCSTEP_TESTS_OPENCL_LIBOPENCL_STANDIN_INTERNAL_H
#define GCSTEP_TESTS_OPENCL_LIBOPENCL_STANDIN_INTERNAL_H

#include "dispatch/opencl/cl.h"
#include "dispatch/opencl/driver.h"
#include "kernels/opencl/launch.h"
#include "opencl/libopencl_standin.h"

#define API __attribute__((visibility("default")))

/* OpenCL's functions, of the types that the library calls them by. */
#define DECLARE(returned, field, symbol, needed, parameters) returned symbol parameters;
GCS_CL_FUNCTIONS(DECLARE)
#undef DECLARE

/* Counts the call, and leaves where a failure was planned. */
#define ENTER                                                                                      \
    do {                                                                                           \
        const int planned_ = standin_enter(__func__);                                              \
        if (planned_ != 0)                                                                         \
            return planned_;                                                                       \
    } while (0)

/* The same where the result is told beside a handle. */
#define ENTER_TO_CREATE(result)                                                                    \
    do {                                                                                           \
        const int planned_ = standin_enter(__func__);                                              \
        if (planned_ != 0) {                                                                       \
            standin_tell_result(result, planned_);                                                 \
            return NULL;                                                                           \
        }                                                                                          \
    } while (0)

/* Counts a call; the result that was planned for it, or 0. */
int standin_enter(const char *function);

/* The result that was planned for a query, or 0. */
int standin_query(unsigned name);

void standin_tell_result(gcs_cl_int *to, gcs_cl_int result);

/* Answers a query as clGet...Info does: `bytes` of `from`. */
int standin_answer(const void *from, size_t bytes, size_t size, void *value, size_t *needs);

/* ---- Objects ------------------------------------------------------------------------------- */

/* Every object begins with this. */
typedef struct standin_object {
    int kind;
    unsigned references;
    struct standin_object *next;
} standin_object;

/* A zeroed object of so many bytes, with one reference. */
void *standin_new(int kind, size_t bytes);

/* Whether it is alive and of that kind. */
bool standin_is(int kind, const void *object);

/* `result`: what an object of another kind gives. `last`, or NULL: called when the last reference
 * goes. */
int standin_retain(int kind, void *object, int result);
int standin_release(int kind, void *object, int result, void (*last)(void *));

typedef struct standin_context {
    standin_object object;
    unsigned count;
    const standin_device *devices[STANDIN_DEVICES * STANDIN_PLATFORMS];
} standin_context;

typedef struct standin_program {
    standin_object object;
    standin_context *context;
    const standin_device *only; /* made from a binary, which is for this one; NULL: from source */
    const standin_device *built;
    char *binary; /* text */
} standin_program;

typedef struct standin_memory {
    standin_object object;
    standin_context *context;
    size_t bytes, origin;
    gcs_cl_flags flags;
    gcs_cl_uint type;
    struct standin_memory *whole; /* NULL: it is no part */
    unsigned char *data;
} standin_memory;

typedef struct standin_queue {
    standin_object object;
    void *context, *device;
    gcs_cl_flags properties;
    const void *last; /* the event of its last command, alive or not */
} standin_queue;

/* Arguments that each kernel has, and a bit for each that is memory (kernels/opencl/launch.h). */
#define STANDIN_KERNEL_ARGUMENTS (GCS_OPENCL_ARG_BINDING + GCS_OPENCL_BINDINGS)
#define STANDIN_KERNEL_MEMORIES                                                                    \
    (1ULL << GCS_OPENCL_ARG_MATRICES | 1ULL << GCS_OPENCL_ARG_WORK |                               \
     1ULL << GCS_OPENCL_ARG_GROUPS | 1ULL << GCS_OPENCL_ARG_FLAGS |                                \
     1ULL << GCS_OPENCL_ARG_SCRATCH |                                                              \
     ((1ULL << GCS_OPENCL_BINDINGS) - 1) << GCS_OPENCL_ARG_BINDING)

/* Whether it is a device of the stand-in. */
bool standin_is_device(const void *device);

#endif
