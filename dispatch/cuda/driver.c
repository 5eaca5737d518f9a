/* Opening libcuda.so.1, and what its results are called. */
#include "dispatch/cuda/driver.h"

#include "dispatch/error.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A function of any type, as it comes out of the library. ISO C has no conversion from a pointer to
 * data; POSIX promises that the bits are the same. */
typedef void any_function(void);

/* cuGetProcAddress of CUDA 12.0 on. */
typedef gcs_cu_result get_address(const char *name, void **function, int version, uint64_t flags,
                                  int *found);

enum { LEGACY_STREAM = 1 }; /* NULL is the stream that waits for all others */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static gcs_cuda_driver opened; /* written once */
static bool is_open;           /* and these */
static char missing[256];      /* why it is not */

static any_function *as_function(void *address) {
    any_function *function;
    memcpy(&function, &address, sizeof function);
    return function;
}

static any_function *find(void *library, get_address *get, const char *name, const char *symbol) {
    void *address = NULL;
    int found;
    if (get != NULL && get(name, &address, GCS_CUDA_OLDEST_DRIVER, LEGACY_STREAM, &found) == 0 &&
        address != NULL)
        return as_function(address);
    return as_function(dlsym(library, symbol));
}

/* False: a function is missing that must be there. */
static bool take_functions(void *library) {
    get_address *get = (get_address *)as_function(dlsym(library, "cuGetProcAddress_v2"));
    bool complete = true;
#define TAKE(field, name, symbol, needed, parameters)                                              \
    opened.field = (gcs_cu_result(*) parameters)find(library, get, name, symbol);                  \
    if ((needed) && opened.field == NULL) {                                                        \
        snprintf(missing, sizeof missing, "the CUDA driver has no function %s", name);             \
        complete = false;                                                                          \
    }
    GCS_CU_FUNCTIONS(TAKE)
#undef TAKE
    return complete;
}

static void open_library(void) {
    void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *why = dlerror();
        snprintf(missing, sizeof missing, "there is no CUDA driver: %s",
                 why != NULL ? why : "libcuda.so.1 cannot be opened");
        return;
    }
    /* The version first: of an old driver it says more than the name of a missing function. */
    gcs_cu_result (*version)(int *) =
        (gcs_cu_result(*)(int *))as_function(dlsym(library, "cuDriverGetVersion"));
    if (version != NULL && version(&opened.version) == GCS_CU_SUCCESS &&
        opened.version < GCS_CUDA_OLDEST_DRIVER) {
        snprintf(missing, sizeof missing,
                 "the CUDA driver is of CUDA %d.%d: %d.%d is the oldest that is used",
                 opened.version / 1000, opened.version % 1000 / 10, GCS_CUDA_OLDEST_DRIVER / 1000,
                 GCS_CUDA_OLDEST_DRIVER % 1000 / 10);
        return;
    }
    is_open = take_functions(library);
}

gcs_status gcs_cuda_open(const gcs_cuda_driver **driver) {
    pthread_once(&once, open_library);
    *driver = NULL;
    if (!is_open)
        return gcs_fail(GCS_UNSUPPORTED, "%s", missing);
    /* Not kept: a child of fork() must be told so by the driver itself. */
    const gcs_cu_result result = opened.init(0);
    if (result != GCS_CU_SUCCESS)
        return gcs_cuda_fail(&opened, result, "CUDA cannot be used");
    *driver = &opened;
    return GCS_OK;
}

const char *gcs_cuda_result_name(const gcs_cuda_driver *driver, gcs_cu_result result) {
    const char *name = NULL;
    if (driver->error_name(result, &name) != GCS_CU_SUCCESS || name == NULL)
        return "an unknown CUDA error";
    return name;
}

static gcs_status status_of(gcs_cu_result result) {
    switch (result) {
    case GCS_CU_OUT_OF_MEMORY:
        return GCS_OUT_OF_MEMORY;
    case GCS_CU_STUB_LIBRARY:
    case GCS_CU_NO_DEVICE:
    case GCS_CU_INVALID_IMAGE:
    case GCS_CU_NO_BINARY_FOR_GPU:
    case GCS_CU_INVALID_PTX:
    case GCS_CU_JIT_COMPILER_NOT_FOUND:
    case GCS_CU_UNSUPPORTED_PTX_VERSION:
    case GCS_CU_SYSTEM_DRIVER_MISMATCH:
    case GCS_CU_COMPAT_NOT_SUPPORTED_ON_DEVICE:
        return GCS_UNSUPPORTED;
    default:
        return GCS_DEVICE_ERROR;
    }
}

gcs_status gcs_cuda_fail(const gcs_cuda_driver *driver, gcs_cu_result result, const char *format,
                         ...) {
    char sentence[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    const char *text = NULL;
    if (driver->error_text(result, &text) != GCS_CU_SUCCESS || text == NULL)
        text = "no description";
    return gcs_fail(status_of(result), "%s: %s (%s)", sentence,
                    gcs_cuda_result_name(driver, result), text);
}
