/* Opening libOpenCL.so.1, and what its results are called. */
#include "dispatch/opencl/driver.h"

#include "dispatch/error.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A function of any type, as it comes out of the library. ISO C has no conversion from a pointer to
 * data; POSIX promises that the bits are the same. */
typedef void any_function(void);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static gcs_opencl_driver opened; /* written once */
static bool is_open;             /* and these */
static char missing[256];        /* why it is not */

static any_function *find(void *library, const char *symbol) {
    any_function *function;
    void *address = dlsym(library, symbol);
    memcpy(&function, &address, sizeof function);
    return function;
}

/* False: a function is missing that must be there. */
static bool take_functions(void *library) {
    bool complete = true;
#define TAKE(returned, field, symbol, needed, parameters)                                          \
    opened.field = (returned(*) parameters)find(library, #symbol);                                 \
    if ((needed) && opened.field == NULL) {                                                        \
        snprintf(missing, sizeof missing,                                                          \
                 "the OpenCL loader has no function %s: OpenCL 1.2 is the oldest that is used",    \
                 #symbol);                                                                         \
        complete = false;                                                                          \
    }
    GCS_CL_FUNCTIONS(TAKE)
#undef TAKE
    return complete;
}

static void open_library(void) {
    void *library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library != NULL) {
        is_open = take_functions(library);
        return;
    }
    const char *why = dlerror();
    snprintf(missing, sizeof missing, "there is no OpenCL loader: %s",
             why != NULL ? why : "libOpenCL.so.1 cannot be opened");
}

gcs_status gcs_opencl_open(const gcs_opencl_driver **driver) {
    pthread_once(&once, open_library);
    *driver = NULL;
    if (!is_open)
        return gcs_fail(GCS_UNSUPPORTED, "%s", missing);
    /* Loaders tell of no platform either way. */
    gcs_cl_uint count = 0;
    const gcs_cl_int result = opened.platforms(0, NULL, &count);
    if (result == GCS_CL_PLATFORM_NOT_FOUND_KHR || (result == GCS_CL_SUCCESS && count == 0))
        return gcs_fail(GCS_UNSUPPORTED,
                        "the OpenCL loader finds no platform (%s): no driver for "
                        "OpenCL is installed",
                        gcs_opencl_result_name(GCS_CL_PLATFORM_NOT_FOUND_KHR));
    if (result != GCS_CL_SUCCESS)
        return gcs_opencl_fail(result, "OpenCL's platforms cannot be counted");
    *driver = &opened;
    return GCS_OK;
}

const char *gcs_opencl_result_name(gcs_cl_int result) {
    switch (result) {
    case GCS_CL_SUCCESS:
        return "CL_SUCCESS";
#define NAME(name, number)                                                                         \
    case number:                                                                                   \
        return "CL_" #name;
        GCS_CL_ERRORS(NAME)
#undef NAME
    default:
        return NULL;
    }
}

/* CL_OUT_OF_RESOURCES is not among those of memory: drivers say it of a kernel that was launched
 * with too large a work-group, and of one that read where it must not. */
static gcs_status status_of(gcs_cl_int result) {
    switch (result) {
    case GCS_CL_MEM_OBJECT_ALLOCATION_FAILURE:
    case GCS_CL_OUT_OF_HOST_MEMORY:
        return GCS_OUT_OF_MEMORY;
    case GCS_CL_DEVICE_NOT_FOUND:
    case GCS_CL_COMPILER_NOT_AVAILABLE:
    case GCS_CL_BUILD_PROGRAM_FAILURE:
    case GCS_CL_PLATFORM_NOT_FOUND_KHR:
        return GCS_UNSUPPORTED;
    default:
        return GCS_DEVICE_ERROR;
    }
}

gcs_status gcs_opencl_fail(gcs_cl_int result, const char *format, ...) {
    char sentence[384];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    const char *name = gcs_opencl_result_name(result);
    if (name == NULL)
        return gcs_fail(status_of(result), "%s: an unknown OpenCL error, %d", sentence, result);
    return gcs_fail(status_of(result), "%s: %s", sentence, name);
}
