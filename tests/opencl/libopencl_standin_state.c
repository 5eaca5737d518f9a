/* The stand-in's objects, and what a test says to it. */
#include "opencl/libopencl_standin_internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNTED = 64 };

API standin_platform standin_platforms[STANDIN_PLATFORMS];
API unsigned standin_platform_count;
API const char *standin_build_log;
API char standin_options[512];
API bool standin_without_binaries;
API int standin_binary_status;

static struct {
    const char *function;
    int result;
    unsigned call;
} planned;
static struct {
    unsigned name;
    int result;
} planned_query;
static struct {
    const char *function;
    unsigned calls;
} counted[COUNTED];
static standin_object *objects;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void fail_test(const char *why) {
    fprintf(stderr, "libOpenCL stand-in: %s\n", why);
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

/* Threads may open the loader at the same time. */
int standin_enter(const char *function) {
    int result = 0;
    pthread_mutex_lock(&lock);
    ++*counter_of(function);
    if (planned.function != NULL && strcmp(planned.function, function) == 0 &&
        planned.call-- == 0) {
        planned.function = NULL;
        result = planned.result;
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int standin_query(unsigned name) {
    return name == planned_query.name ? planned_query.result : 0;
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

API void standin_fail_query(unsigned name, int result) {
    planned_query.name = name;
    planned_query.result = result;
}

void standin_tell_result(gcs_cl_int *to, gcs_cl_int result) {
    if (to != NULL)
        *to = result;
}

int standin_answer(const void *from, size_t bytes, size_t size, void *value, size_t *needs) {
    if (needs != NULL)
        *needs = bytes;
    if (value == NULL)
        return 0;
    if (size < bytes)
        return GCS_CL_INVALID_VALUE;
    memcpy(value, from, bytes);
    return 0;
}

/* ---- Objects ------------------------------------------------------------------------------- */

void *standin_new(int kind, size_t bytes) {
    standin_object *object = calloc(1, bytes);
    if (object == NULL)
        fail_test("out of memory");
    *object = (standin_object){.kind = kind, .references = 1, .next = objects};
    objects = object;
    return object;
}

bool standin_is(int kind, const void *object) {
    for (const standin_object *o = objects; o != NULL; o = o->next) {
        if (o == object)
            return o->kind == kind;
    }
    return false;
}

int standin_retain(int kind, void *object, int result) {
    if (!standin_is(kind, object))
        return result;
    ((standin_object *)object)->references++;
    return 0;
}

int standin_release(int kind, void *object, int result, void (*last)(void *)) {
    if (!standin_is(kind, object))
        return result;
    standin_object *o = object, **at = &objects;
    if (--o->references > 0)
        return 0;
    while (*at != o)
        at = &(*at)->next;
    *at = o->next;
    if (last != NULL)
        last(object);
    free(object);
    return 0;
}

API unsigned standin_alive(int kind) {
    unsigned count = 0;
    for (const standin_object *o = objects; o != NULL; o = o->next)
        count += kind == STANDIN_ALL || o->kind == kind;
    return count;
}

/* ---- The beginning ------------------------------------------------------------------------- */

static const standin_device gpu = {
    .name = "Stand-in GPU",
    .vendor = "Nobody",
    .version = "OpenCL 3.0 stand-in",
    .driver_version = "1.2.3",
    .c_version = "OpenCL C 1.2 stand-in",
    .extensions = "cl_khr_fp64 cl_khr_subgroups cl_khr_icd",
    .type = GCS_CL_DEVICE_TYPE_GPU,
    .local_bytes = 48 << 10,
    .global_bytes = (uint64_t)8 << 30,
    .max_allocation = (uint64_t)2 << 30,
    .cache_bytes = 4 << 20,
    .float_config = GCS_CL_FP_DENORM | GCS_CL_FP_INF_NAN | GCS_CL_FP_ROUND_TO_NEAREST |
                    GCS_CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT,
    .queue = GCS_CL_QUEUE_OUT_OF_ORDER | GCS_CL_QUEUE_PROFILING,
    .svm = GCS_CL_SVM_COARSE_GRAIN_BUFFER,
    .compute_units = 8,
    .clock_mhz = 1000,
    .local_type = GCS_CL_LOCAL,
    .cache_line = 128,
    .base_alignment = 1024,
    .address_bits = 64,
    .float_width_native = 1,
    .float_width_preferred = 2,
    .available = 1,
    .compiler = 1,
    .little_endian = 1,
    .unified = 0,
    .max_group = 1024,
    .max_items = {512, 256, 64},
    .parameter_bytes = 4352,
    .timer_ns = 1000,
};

API void standin_reset(void) {
    standin_platform_count = STANDIN_PLATFORMS;
    standin_platforms[0] = (standin_platform){
        .name = "First", .version = "OpenCL 3.0 first", .device_count = 2, .devices = {gpu, gpu}};
    standin_platforms[1] = (standin_platform){
        .name = "Second", .version = "OpenCL 1.2 second", .device_count = 1, .devices = {gpu}};
    standin_device *cpu = &standin_platforms[0].devices[1];
    cpu->name = "Stand-in CPU";
    cpu->type = GCS_CL_DEVICE_TYPE_CPU;
    cpu->local_type = GCS_CL_GLOBAL;
    cpu->unified = 1;
    standin_device *old = &standin_platforms[1].devices[0];
    old->name = "Stand-in old";
    old->version = "OpenCL 1.2 stand-in";
    old->type = GCS_CL_DEVICE_TYPE_ACCELERATOR;
    old->float_config = GCS_CL_FP_INF_NAN | GCS_CL_FP_ROUND_TO_NEAREST;
    old->platform = 1;
    standin_build_log = "";
    standin_options[0] = '\0';
    standin_without_binaries = false;
    standin_binary_status = 0;
    standin_hold(false);
    standin_on_launch(NULL, NULL);
    standin_unordered = 0;
    standin_group_limit = 0;
    planned.function = NULL;
    planned_query.result = 0;
    memset(counted, 0, sizeof counted);
}

/* A program that knows nothing of it, as `gcstep info` does not, finds it in this state. */
__attribute__((constructor)) static void begin(void) {
    standin_reset();
}
