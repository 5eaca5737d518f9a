/* The stand-in's functions of CUDA. */
#include "cuda/libcuda_standin_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is found by name in the library; all else by cuGetProcAddress alone. */
#define API __attribute__((visibility("default")))

/* Counts the call, and leaves where a failure was planned or the function is forbidden in a
 * capture. */
#define ENTER(forbidden)                                                                           \
    do {                                                                                           \
        const int planned_ = standin_enter(__func__, forbidden);                                   \
        if (planned_ != 0)                                                                         \
            return planned_;                                                                       \
    } while (0)

/* ---- The driver and its devices ------------------------------------------------------------ */

API int cuInit(unsigned flags) {
    ENTER(false);
    return flags == 0 ? 0 : STANDIN_INVALID_VALUE;
}

API int cuDriverGetVersion(int *version) {
    ENTER(false);
    *version = standin_version;
    return 0;
}

static const struct {
    int result;
    const char *name, *text;
} results[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {34, "CUDA_ERROR_STUB_LIBRARY", "CUDA driver is a stub library"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
     "the PTX was compiled with an unsupported toolchain"},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
    {709, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "operation not permitted when stream is capturing"},
};

static int cuGetErrorName(int result, const char **name) {
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        *name = results[i].name;
        if (results[i].result == result)
            return 0;
    }
    *name = NULL;
    return STANDIN_INVALID_VALUE;
}

static int cuGetErrorString(int result, const char **text) {
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        *text = results[i].text;
        if (results[i].result == result)
            return 0;
    }
    *text = NULL;
    return STANDIN_INVALID_VALUE;
}

static int cuDeviceGetCount(int *count) {
    ENTER(false);
    *count = standin_devices;
    return 0;
}

static int cuDeviceGet(int *device, int ordinal) {
    ENTER(false);
    *device = ordinal;
    return ordinal < standin_devices ? 0 : STANDIN_INVALID_DEVICE;
}

static int cuDeviceGetName(char *name, int size, int device) {
    ENTER(false);
    snprintf(name, (size_t)size, "Stand-in %d", device);
    return 0;
}

static int cuDeviceGetAttribute(int *value, int attribute, int device) {
    (void)device;
    ENTER(false);
    switch (attribute) {
    case 16: /* multiprocessors */
        *value = 8;
        return 0;
    case 36: /* memory clock, kHz */
        *value = 1000000;
        return 0;
    case 37: /* bus, bits */
        *value = 384;
        return 0;
    case 38: /* L2, bytes */
        *value = standin_l2_bytes;
        return 0;
    case 75: /* capability */
        *value = 9;
        return 0;
    case 76:
        *value = 0;
        return 0;
    case 97: /* shared memory of a block, opted in */
        *value = standin_shared_bytes;
        return 0;
    default:
        return STANDIN_INVALID_VALUE;
    }
}

/* ---- Contexts ------------------------------------------------------------------------------ */

static int cuDevicePrimaryCtxRetain(void **context, int device) {
    ENTER(true);
    *context = standin_primary(device);
    return *context != NULL ? 0 : STANDIN_INVALID_DEVICE;
}

static int cuDevicePrimaryCtxRelease_v2(int device) {
    ENTER(true);
    return standin_primary(device) != NULL ? 0 : STANDIN_INVALID_DEVICE;
}

static int cuCtxGetCurrent(void **context) {
    ENTER(false);
    *context = standin_current;
    return 0;
}

static int cuCtxGetDevice(int *device) {
    ENTER(false);
    if (standin_current == NULL)
        return STANDIN_INVALID_CONTEXT;
    *device = standin_current->device;
    return 0;
}

static int cuCtxPushCurrent_v2(void *context) {
    ENTER(false);
    standin_context *pushed = context;
    if (pushed->destroyed)
        return 709;
    pushed->below = standin_current;
    standin_current = pushed;
    return 0;
}

static int cuCtxPopCurrent_v2(void **context) {
    ENTER(false);
    *context = standin_current;
    standin_current = standin_current->below;
    return 0;
}

static int cuCtxSynchronize(void) {
    ENTER(true);
    return standin_finish();
}

/* ---- Modules ------------------------------------------------------------------------------- */

static int cuModuleLoadData(void **module, const void *image) {
    ENTER(true);
    const char *text = image;
    if (text == NULL || standin_current == NULL)
        return STANDIN_INVALID_VALUE;
    if (standin_version < 13000 && strcmp(text, "stand-in PTX") != 0)
        return 209;
    if (standin_version >= 13000 && strcmp(text, "stand-in") != 0)
        return 209;
    return standin_new_module(module);
}

static int cuModuleUnload(void *module) {
    ENTER(true);
    return standin_free_module(module);
}

static int cuModuleGetFunction(void **function, void *module, const char *name) {
    ENTER(false);
    if (standin_missing_kernel != NULL && strcmp(name, standin_missing_kernel) == 0)
        return 500;
    return standin_new_function(function, module, name);
}

static int cuFuncSetAttribute(void *function, int attribute, int value) {
    ENTER(false);
    standin_function *f = function;
    if (attribute == 8 && value <= standin_shared_bytes)
        f->most_shared = (unsigned)value;
    else if (attribute == 14)
        f->most_cluster = 16;
    else
        return STANDIN_INVALID_VALUE;
    return 0;
}

static int cuFuncGetAttribute(int *value, int attribute, const void *function) {
    ENTER(false);
    if (attribute != 5 || function == NULL)
        return STANDIN_INVALID_VALUE;
    *value = standin_code;
    return 0;
}

static int cuFuncLoad(void *function) {
    ENTER(false);
    ((standin_function *)function)->loaded = true;
    return 0;
}

/* CUlaunchConfig, CUlaunchAttribute */
typedef struct attribute {
    int id;
    char unused[4];
    union {
        char bytes[64];
        unsigned dimensions[3];
        void *alignment;
    } value;
} attribute;
typedef struct config {
    unsigned grid_x, grid_y, grid_z, block_x, block_y, block_z, shared_bytes;
    void *stream;
    attribute *attributes;
    unsigned attribute_count;
} config;

static bool is_launchable(const config *c, const standin_function *f, unsigned cluster) {
    return c->grid_x > 0 && c->grid_x <= INT32_MAX && c->grid_y == 1 && c->grid_z == 1 &&
           c->block_x > 0 && c->block_x <= 1024 && c->block_y == 1 && c->block_z == 1 &&
           c->shared_bytes <= f->most_shared && cluster <= f->most_cluster &&
           c->grid_x % cluster == 0;
}

static int cuLaunchKernelEx(const config *c, void *function, void **parameters, void **extra) {
    ENTER(false);
    const standin_function *f = function;
    unsigned cluster = 1, overlaps = 0;
    for (unsigned i = 0; i < c->attribute_count; i++) {
        if (c->attributes[i].id == 4)
            cluster = c->attributes[i].value.dimensions[0];
        else if (c->attributes[i].id == 6)
            overlaps = c->attributes[i].value.dimensions[0];
        else
            return STANDIN_INVALID_VALUE;
    }
    if (extra != NULL || cluster == 0 || !is_launchable(c, f, cluster))
        return STANDIN_INVALID_VALUE;
    standin_operation o = {.function = f,
                           .launch = {.symbol = f->name,
                                      .grid = c->grid_x,
                                      .block = c->block_x,
                                      .shared_bytes = c->shared_bytes,
                                      .cluster = cluster,
                                      .overlaps = overlaps},
                           .from = parameters[0],
                           .bytes = standin_parameter_bytes};
    return standin_enqueue(c->stream, &o);
}

/* ---- Memory -------------------------------------------------------------------------------- */

static int cuMemAlloc_v2(uint64_t *pointer, size_t bytes) {
    ENTER(true);
    void *memory = standin_new_memory(bytes, STANDIN_DEVICE);
    *pointer = (uint64_t)(uintptr_t)memory;
    return memory != NULL ? 0 : 2;
}

static int cuMemFree_v2(uint64_t pointer) {
    ENTER(true);
    return standin_free_memory((void *)(uintptr_t)pointer, STANDIN_DEVICE);
}

static int cuMemHostAlloc(void **pointer, size_t bytes, unsigned flags) {
    ENTER(true);
    (void)flags;
    *pointer = standin_new_memory(bytes, STANDIN_PINNED);
    return *pointer != NULL ? 0 : 2;
}

static int cuMemFreeHost(void *pointer) {
    ENTER(true);
    return standin_free_memory(pointer, STANDIN_PINNED);
}

static int cuMemsetD32Async(uint64_t to, unsigned value, size_t words, void *stream) {
    ENTER(false);
    standin_operation o = {
        .to = (void *)(uintptr_t)to, .bytes = words * sizeof value, .value = value};
    return standin_enqueue(stream, &o);
}

static int cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, void *stream) {
    ENTER(false);
    standin_operation o = {.to = (void *)(uintptr_t)to, .from = from, .bytes = bytes};
    return standin_enqueue(stream, &o);
}

static int cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, void *stream) {
    ENTER(false);
    standin_operation o = {.to = to, .from = (const void *)(uintptr_t)from, .bytes = bytes};
    return standin_enqueue(stream, &o);
}

static int cuPointerGetAttributes(unsigned count, const int *attributes, void **values,
                                  uint64_t pointer) {
    ENTER(false);
    const standin_memory *memory = standin_find((const void *)(uintptr_t)pointer);
    for (unsigned i = 0; i < count; i++)
        standin_tell(memory, pointer, attributes[i], values[i]);
    return 0;
}

/* ---- Streams ------------------------------------------------------------------------------- */

static int cuStreamCreate(void **stream, unsigned flags) {
    ENTER(true);
    (void)flags;
    *stream = standin_new_stream(standin_current);
    return 0;
}

static int cuStreamDestroy_v2(void *stream) {
    ENTER(false);
    standin_free_stream(stream);
    return 0;
}

static int cuStreamSynchronize(void *stream) {
    ENTER(true);
    (void)stream;
    return standin_finish();
}

static int cuStreamQuery(void *stream) {
    ENTER(true);
    (void)stream;
    standin_go_on(standin_passing);
    return standin_queued() != 0 ? 600 : 0;
}

static int cuStreamGetCtx(void *stream, void **context) {
    ENTER(false);
    *context = stream != NULL ? (void *)((standin_stream_object *)stream)->context
                              : (void *)standin_current;
    return 0;
}

static int cuStreamIsCapturing(void *stream, int *status) {
    ENTER(false);
    *status = standin_is_capturing(stream);
    return 0;
}

/* ---- By name ------------------------------------------------------------------------------- */

#define SYMBOL(name, function)                                                                     \
    { name, (standin_any_function *)function }
static const struct {
    const char *name;
    standin_any_function *function;
} symbols[] = {
    SYMBOL("cuInit", cuInit),
    SYMBOL("cuDriverGetVersion", cuDriverGetVersion),
    SYMBOL("cuGetErrorName", cuGetErrorName),
    SYMBOL("cuGetErrorString", cuGetErrorString),
    SYMBOL("cuDeviceGetCount", cuDeviceGetCount),
    SYMBOL("cuDeviceGet", cuDeviceGet),
    SYMBOL("cuDeviceGetName", cuDeviceGetName),
    SYMBOL("cuDeviceGetAttribute", cuDeviceGetAttribute),
    SYMBOL("cuDevicePrimaryCtxRetain", cuDevicePrimaryCtxRetain),
    SYMBOL("cuDevicePrimaryCtxRelease", cuDevicePrimaryCtxRelease_v2),
    SYMBOL("cuCtxGetCurrent", cuCtxGetCurrent),
    SYMBOL("cuCtxGetDevice", cuCtxGetDevice),
    SYMBOL("cuCtxPushCurrent", cuCtxPushCurrent_v2),
    SYMBOL("cuCtxPopCurrent", cuCtxPopCurrent_v2),
    SYMBOL("cuCtxSynchronize", cuCtxSynchronize),
    SYMBOL("cuModuleLoadData", cuModuleLoadData),
    SYMBOL("cuModuleUnload", cuModuleUnload),
    SYMBOL("cuModuleGetFunction", cuModuleGetFunction),
    SYMBOL("cuFuncSetAttribute", cuFuncSetAttribute),
    SYMBOL("cuFuncGetAttribute", cuFuncGetAttribute),
    SYMBOL("cuFuncLoad", cuFuncLoad),
    SYMBOL("cuLaunchKernelEx", cuLaunchKernelEx),
    SYMBOL("cuMemAlloc", cuMemAlloc_v2),
    SYMBOL("cuMemFree", cuMemFree_v2),
    SYMBOL("cuMemHostAlloc", cuMemHostAlloc),
    SYMBOL("cuMemFreeHost", cuMemFreeHost),
    SYMBOL("cuMemsetD32Async", cuMemsetD32Async),
    SYMBOL("cuMemcpyHtoDAsync", cuMemcpyHtoDAsync_v2),
    SYMBOL("cuMemcpyDtoHAsync", cuMemcpyDtoHAsync_v2),
    SYMBOL("cuPointerGetAttributes", cuPointerGetAttributes),
    SYMBOL("cuStreamCreate", cuStreamCreate),
    SYMBOL("cuStreamDestroy", cuStreamDestroy_v2),
    SYMBOL("cuStreamSynchronize", cuStreamSynchronize),
    SYMBOL("cuStreamQuery", cuStreamQuery),
    SYMBOL("cuStreamGetCtx", cuStreamGetCtx),
    SYMBOL("cuStreamIsCapturing", cuStreamIsCapturing),
};

API int cuGetProcAddress_v2(const char *name, void **function, int version, uint64_t flags,
                            int *found) {
    (void)version;
    (void)flags;
    *function = NULL;
    *found = 1;
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        if (strcmp(symbols[i].name, name) != 0 || standin_is_missing(name))
            continue;
        memcpy(function, &symbols[i].function, sizeof *function);
        *found = 0;
        return 0;
    }
    return 500;
}
