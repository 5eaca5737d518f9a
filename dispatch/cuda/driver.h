/* NVIDIA's driver library, opened at run time: its types and functions as its documentation states
 * them, so that no CUDA header is needed to build, and no CUDA library to load this one. */
#ifndef GCSTEP_DISPATCH_CUDA_DRIVER_H
#define GCSTEP_DISPATCH_CUDA_DRIVER_H

#include <assert.h>
#include <gcstep/gcstep.h>
#include <stdalign.h>
#include <stddef.h>

typedef int gcs_cu_result;       /* CUresult, 0: success */
typedef int gcs_cu_device;       /* CUdevice */
typedef uint64_t gcs_cu_pointer; /* CUdeviceptr */
typedef void *gcs_cu_context;    /* CUcontext */
typedef void *gcs_cu_module;     /* CUmodule */
typedef void *gcs_cu_function;   /* CUfunction */
typedef void *gcs_cu_stream;     /* CUstream */

/* The results that are told apart here. */
enum {
    GCS_CU_SUCCESS = 0,
    GCS_CU_INVALID_VALUE = 1,
    GCS_CU_OUT_OF_MEMORY = 2,
    GCS_CU_STUB_LIBRARY = 34,
    GCS_CU_NO_DEVICE = 100,
    GCS_CU_INVALID_DEVICE = 101,
    GCS_CU_INVALID_IMAGE = 200,
    GCS_CU_INVALID_CONTEXT = 201,
    GCS_CU_NO_BINARY_FOR_GPU = 209,
    GCS_CU_INVALID_PTX = 218,
    GCS_CU_JIT_COMPILER_NOT_FOUND = 221,
    GCS_CU_UNSUPPORTED_PTX_VERSION = 222,
    GCS_CU_NOT_READY = 600,
    GCS_CU_SYSTEM_DRIVER_MISMATCH = 803,
    GCS_CU_COMPAT_NOT_SUPPORTED_ON_DEVICE = 804
};

/* CUdevice_attribute */
enum {
    GCS_CU_MULTIPROCESSORS = 16,
    GCS_CU_MEMORY_CLOCK_KHZ = 36,
    GCS_CU_MEMORY_BUS_BITS = 37,
    GCS_CU_L2_BYTES = 38,
    GCS_CU_CAPABILITY_MAJOR = 75,
    GCS_CU_CAPABILITY_MINOR = 76,
    GCS_CU_SHARED_BYTES_OPT_IN = 97
};

/* CUpointer_attribute, CUmemorytype */
enum {
    GCS_CU_POINTER_MEMORY_TYPE = 2,
    GCS_CU_POINTER_DEVICE_POINTER = 3,
    GCS_CU_POINTER_IS_MANAGED = 8,
    GCS_CU_POINTER_DEVICE_ORDINAL = 9,
    GCS_CU_POINTER_RANGE_START = 11,
    GCS_CU_POINTER_RANGE_SIZE = 12
};
enum { GCS_CU_MEMORY_HOST = 1, GCS_CU_MEMORY_DEVICE = 2 };

enum {
    GCS_CU_FUNCTION_PTX_VERSION = 5,
    GCS_CU_FUNCTION_MAX_DYNAMIC_SHARED = 8, /* CUfunction_attribute */
    GCS_CU_FUNCTION_ANY_CLUSTER = 14,       /* also more than 8 blocks */
    GCS_CU_STREAM_NON_BLOCKING = 1,         /* CUstream_flags */
    GCS_CU_CAPTURE_NONE = 0                 /* CUstreamCaptureStatus */
};

/* CUlaunchAttribute */
typedef struct gcs_cu_launch_attribute {
    alignas(8) int id;
    alignas(8) unsigned value[16]; /* a union of 64 bytes */
} gcs_cu_launch_attribute;

/* CUlaunchAttributeID */
enum {
    GCS_CU_LAUNCH_CLUSTER = 4, /* value: x, y, z */
    GCS_CU_LAUNCH_OVERLAP = 6, /* ..._PROGRAMMATIC_STREAM_SERIALIZATION; value: 1 */
};

/* CUlaunchConfig */
typedef struct gcs_cu_launch {
    unsigned grid[3], block[3];
    unsigned shared_bytes;
    gcs_cu_stream stream;
    gcs_cu_launch_attribute *attributes;
    unsigned attribute_count;
} gcs_cu_launch;

static_assert(sizeof(gcs_cu_launch_attribute) == 72 && offsetof(gcs_cu_launch, stream) == 32 &&
                  sizeof(gcs_cu_launch) == 56,
              "as in the driver's interface");

/* X(field, name, symbol, needed, parameters): `name` is what cuGetProcAddress finds it by, `symbol`
 * the library's own name of that version of it. */
#define GCS_CU_FUNCTIONS(X)                                                                        \
    X(init, "cuInit", "cuInit", true, (unsigned flags))                                            \
    X(driver_version, "cuDriverGetVersion", "cuDriverGetVersion", true, (int *version))            \
    X(error_name, "cuGetErrorName", "cuGetErrorName", true,                                        \
      (gcs_cu_result result, const char **name))                                                   \
    X(error_text, "cuGetErrorString", "cuGetErrorString", true,                                    \
      (gcs_cu_result result, const char **text))                                                   \
    X(device_count, "cuDeviceGetCount", "cuDeviceGetCount", true, (int *count))                    \
    X(device_get, "cuDeviceGet", "cuDeviceGet", true, (gcs_cu_device * device, int ordinal))       \
    X(device_name, "cuDeviceGetName", "cuDeviceGetName", true,                                     \
      (char *name, int size, gcs_cu_device device))                                                \
    X(device_attribute, "cuDeviceGetAttribute", "cuDeviceGetAttribute", true,                      \
      (int *value, int attribute, gcs_cu_device device))                                           \
    X(context_retain, "cuDevicePrimaryCtxRetain", "cuDevicePrimaryCtxRetain", false,               \
      (gcs_cu_context * context, gcs_cu_device device))                                            \
    X(context_release, "cuDevicePrimaryCtxRelease", "cuDevicePrimaryCtxRelease_v2", false,         \
      (gcs_cu_device device))                                                                      \
    X(context_current, "cuCtxGetCurrent", "cuCtxGetCurrent", true, (gcs_cu_context * context))     \
    X(context_device, "cuCtxGetDevice", "cuCtxGetDevice", true, (gcs_cu_device * device))          \
    X(context_push, "cuCtxPushCurrent", "cuCtxPushCurrent_v2", true, (gcs_cu_context context))     \
    X(context_pop, "cuCtxPopCurrent", "cuCtxPopCurrent_v2", true, (gcs_cu_context * context))      \
    X(context_synchronize, "cuCtxSynchronize", "cuCtxSynchronize", true, (void))                   \
    X(module_load, "cuModuleLoadData", "cuModuleLoadData", true,                                   \
      (gcs_cu_module * module, const void *image))                                                 \
    X(module_unload, "cuModuleUnload", "cuModuleUnload", true, (gcs_cu_module module))             \
    X(module_function, "cuModuleGetFunction", "cuModuleGetFunction", true,                         \
      (gcs_cu_function * function, gcs_cu_module module, const char *name))                        \
    X(function_get, "cuFuncGetAttribute", "cuFuncGetAttribute", true,                              \
      (int *value, int attribute, gcs_cu_function function))                                       \
    X(function_set, "cuFuncSetAttribute", "cuFuncSetAttribute", true,                              \
      (gcs_cu_function function, int attribute, int value))                                        \
    X(function_load, "cuFuncLoad", "cuFuncLoad", false, (gcs_cu_function function))                \
    X(launch, "cuLaunchKernelEx", "cuLaunchKernelEx", true,                                        \
      (const gcs_cu_launch *launch, gcs_cu_function function, void **parameters, void **extra))    \
    X(memory_alloc, "cuMemAlloc", "cuMemAlloc_v2", true, (gcs_cu_pointer * pointer, size_t bytes)) \
    X(memory_free, "cuMemFree", "cuMemFree_v2", true, (gcs_cu_pointer pointer))                    \
    X(host_alloc, "cuMemHostAlloc", "cuMemHostAlloc", true,                                        \
      (void **pointer, size_t bytes, unsigned flags))                                              \
    X(host_free, "cuMemFreeHost", "cuMemFreeHost", true, (void *pointer))                          \
    X(set_words, "cuMemsetD32Async", "cuMemsetD32Async", true,                                     \
      (gcs_cu_pointer to, unsigned value, size_t words, gcs_cu_stream stream))                     \
    X(to_device, "cuMemcpyHtoDAsync", "cuMemcpyHtoDAsync_v2", true,                                \
      (gcs_cu_pointer to, const void *from, size_t bytes, gcs_cu_stream stream))                   \
    X(to_host, "cuMemcpyDtoHAsync", "cuMemcpyDtoHAsync_v2", true,                                  \
      (void *to, gcs_cu_pointer from, size_t bytes, gcs_cu_stream stream))                         \
    X(pointer_attributes, "cuPointerGetAttributes", "cuPointerGetAttributes", true,                \
      (unsigned count, const int *attributes, void **values, gcs_cu_pointer pointer))              \
    X(stream_create, "cuStreamCreate", "cuStreamCreate", true,                                     \
      (gcs_cu_stream * stream, unsigned flags))                                                    \
    X(stream_destroy, "cuStreamDestroy", "cuStreamDestroy_v2", true, (gcs_cu_stream stream))       \
    X(stream_synchronize, "cuStreamSynchronize", "cuStreamSynchronize", true,                      \
      (gcs_cu_stream stream))                                                                      \
    X(stream_query, "cuStreamQuery", "cuStreamQuery", true, (gcs_cu_stream stream))                \
    X(stream_context, "cuStreamGetCtx", "cuStreamGetCtx", true,                                    \
      (gcs_cu_stream stream, gcs_cu_context * context))                                            \
    X(stream_is_capturing, "cuStreamIsCapturing", "cuStreamIsCapturing", true,                     \
      (gcs_cu_stream stream, int *status))

/* Field `f` is NULL only where it is not needed. */
typedef struct gcs_cuda_driver {
#define GCS_CU_FIELD(field, name, symbol, needed, parameters) gcs_cu_result(*field) parameters;
    GCS_CU_FUNCTIONS(GCS_CU_FIELD)
#undef GCS_CU_FIELD
    int version; /* 1000 x major + 10 x minor of the newest CUDA that it serves */
} gcs_cuda_driver;

/* The oldest driver that is used: of CUDA 12.0, which has all of these functions. */
#define GCS_CUDA_OLDEST_DRIVER 12000

/* Opens the library at the first call in the process, whichever thread makes it, and initialises
 * it. GCS_UNSUPPORTED: no driver, too old a one, no GPU. GCS_DEVICE_ERROR: another failure. */
gcs_status gcs_cuda_open(const gcs_cuda_driver **driver);

/* Keeps "<sentence>: <CUDA's name of the result> (<its text>)" as gcs_fail does. Returns
 * GCS_OUT_OF_MEMORY or GCS_UNSUPPORTED where the result says so, else GCS_DEVICE_ERROR. */
__attribute__((format(printf, 3, 4))) gcs_status
gcs_cuda_fail(const gcs_cuda_driver *driver, gcs_cu_result result, const char *format, ...);

/* CUDA's name of a result, e.g. "CUDA_ERROR_INVALID_VALUE". */
const char *gcs_cuda_result_name(const gcs_cuda_driver *driver, gcs_cu_result result);

#endif
