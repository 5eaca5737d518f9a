/* Asking a device about itself. */
#include "dispatch/opencl/device.h"

#include "dispatch/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Texts --------------------------------------------------------------------------------- */

typedef gcs_cl_int ask(void *object, gcs_cl_uint name, size_t size, void *value, size_t *needs);

/* A text of any length, to be freed. */
static gcs_cl_int ask_text(ask *info, void *object, gcs_cl_uint name, char **text) {
    size_t size = 0;
    *text = NULL;
    gcs_cl_int result = info(object, name, 0, NULL, &size);
    if (result != GCS_CL_SUCCESS)
        return result;
    *text = malloc(size + 1);
    if (*text == NULL)
        return GCS_CL_OUT_OF_HOST_MEMORY;
    result = size > 0 ? info(object, name, size, *text, NULL) : GCS_CL_SUCCESS;
    (*text)[size] = '\0';
    if (result != GCS_CL_SUCCESS) {
        free(*text);
        *text = NULL;
    }
    return result;
}

/* Some names are padded, and all become part of lines. */
static void take_text(char *target, const char *text) {
    while (*text == ' ')
        text++;
    snprintf(target, GCS_OPENCL_TEXT, "%s", text);
    for (char *at = target; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 127)
            *at = ' ';
    }
    size_t length = strlen(target);
    while (length > 0 && target[length - 1] == ' ')
        target[--length] = '\0';
}

static gcs_cl_int read_text(ask *info, void *object, gcs_cl_uint name, char *target) {
    char *text;
    const gcs_cl_int result = ask_text(info, object, name, &text);
    if (result == GCS_CL_SUCCESS)
        take_text(target, text);
    free(text);
    return result;
}

/* Whether `text` has the word, between spaces. */
static bool has_word(const char *text, const char *word) {
    const size_t length = strlen(word);
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + length, word)) {
        if ((at == text || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    }
    return false;
}

/* ---- What is told -------------------------------------------------------------------------- */

static gcs_status silent(gcs_cl_int result, const gcs_opencl_device *device, const char *name) {
    return gcs_opencl_fail(result, "OpenCL device '%.100s' does not tell its %s",
                           device->name[0] != '\0' ? device->name : "?", name);
}

static gcs_status read_texts(const gcs_opencl_driver *driver, gcs_opencl_device *device) {
    const struct {
        ask *info;
        void *object;
        gcs_cl_uint name;
        char *target;
        const char *what;
    } wanted[] = {
        {driver->device_info, device->id, GCS_CL_DEVICE_NAME, device->name, "name"},
        {driver->device_info, device->id, GCS_CL_DEVICE_VENDOR, device->vendor, "vendor"},
        {driver->device_info, device->id, GCS_CL_DEVICE_VERSION, device->version, "version"},
        {driver->device_info, device->id, GCS_CL_DRIVER_VERSION, device->driver_version,
         "driver's version"},
        {driver->device_info, device->id, GCS_CL_DEVICE_OPENCL_C_VERSION, device->c_version,
         "version of OpenCL C"},
        {driver->platform_info, device->platform, GCS_CL_PLATFORM_NAME, device->platform_name,
         "platform's name"},
        {driver->platform_info, device->platform, GCS_CL_PLATFORM_VERSION, device->platform_version,
         "platform's version"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        const gcs_cl_int result =
            read_text(wanted[i].info, wanted[i].object, wanted[i].name, wanted[i].target);
        if (result != GCS_CL_SUCCESS)
            return silent(result, device, wanted[i].what);
    }
    return GCS_OK;
}

/* Before anything that only a usable device has to tell. */
static gcs_status check_version(gcs_opencl_device *device) {
    char end;
    if (sscanf(device->version, "OpenCL %3u.%3u%c", &device->major, &device->minor, &end) < 2)
        return gcs_fail(GCS_UNSUPPORTED,
                        "OpenCL device '%.100s' is of an unknown version: '%.100s'", device->name,
                        device->version);
    if (device->major < 1 || (device->major == 1 && device->minor < 2))
        return gcs_fail(GCS_UNSUPPORTED,
                        "OpenCL device '%.100s' is of OpenCL %u.%u: 1.2 is the oldest that is used",
                        device->name, device->major, device->minor);
    return GCS_OK;
}

static gcs_status check_kind(const gcs_opencl_driver *driver, const gcs_opencl_device *device) {
    const struct {
        gcs_cl_uint name;
        const char *what, *reason;
    } needed[] = {
        {GCS_CL_DEVICE_AVAILABLE, "availability", "is not available"},
        {GCS_CL_DEVICE_COMPILER_AVAILABLE, "compiler", "has no compiler"},
        {GCS_CL_DEVICE_ENDIAN_LITTLE, "endianness", "is big-endian, and the kernels are not"},
    };
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        gcs_cl_bool holds = GCS_CL_FALSE;
        const gcs_cl_int result =
            driver->device_info(device->id, needed[i].name, sizeof holds, &holds, NULL);
        if (result != GCS_CL_SUCCESS)
            return silent(result, device, needed[i].what);
        if (!holds)
            return gcs_fail(GCS_UNSUPPORTED, "OpenCL device '%.100s' %s", device->name,
                            needed[i].reason);
    }
    return GCS_OK;
}

/* The size of the first dimension, of however many there are. */
static gcs_cl_int read_max_items(const gcs_opencl_driver *driver, gcs_opencl_device *device) {
    size_t size = 0;
    gcs_cl_int result =
        driver->device_info(device->id, GCS_CL_DEVICE_MAX_WORK_ITEM_SIZES, 0, NULL, &size);
    if (result != GCS_CL_SUCCESS)
        return result;
    size_t *sizes = calloc(size / sizeof *sizes + 1, sizeof *sizes);
    if (sizes == NULL)
        return GCS_CL_OUT_OF_HOST_MEMORY;
    result = driver->device_info(device->id, GCS_CL_DEVICE_MAX_WORK_ITEM_SIZES, size, sizes, NULL);
    device->max_items = sizes[0];
    free(sizes);
    return result;
}

static gcs_status read_numbers(const gcs_opencl_driver *driver, gcs_opencl_device *device) {
    size_t max_group = 0, parameter_bytes = 0, timer_ns = 0;
    gcs_cl_uint local_type = 0;
    gcs_cl_bool has_host_memory = GCS_CL_FALSE;
    const struct {
        gcs_cl_uint name;
        const char *what;
        void *value;
        size_t size;
        bool needed;
    } wanted[] = {
#define WANTED(name, what, value, needed)                                                          \
    {GCS_CL_DEVICE_##name, what, &(value), sizeof(value), needed}
        WANTED(TYPE, "type", device->type, true),
        WANTED(MAX_COMPUTE_UNITS, "compute units", device->compute_units, true),
        WANTED(MAX_CLOCK_FREQUENCY, "clock", device->clock_mhz, false),
        WANTED(MAX_WORK_GROUP_SIZE, "largest work-group", max_group, true),
        WANTED(LOCAL_MEM_SIZE, "local memory", device->local_bytes, true),
        WANTED(LOCAL_MEM_TYPE, "kind of local memory", local_type, true),
        WANTED(HOST_UNIFIED_MEMORY, "kind of memory", has_host_memory, false),
        WANTED(GLOBAL_MEM_SIZE, "global memory", device->global_bytes, true),
        WANTED(MAX_MEM_ALLOC_SIZE, "largest buffer", device->max_allocation, true),
        WANTED(GLOBAL_MEM_CACHE_SIZE, "cache", device->cache_bytes, true),
        WANTED(GLOBAL_MEM_CACHELINE_SIZE, "cache line", device->cache_line, true),
        WANTED(MEM_BASE_ADDR_ALIGN, "alignment", device->base_alignment, true),
        WANTED(MAX_PARAMETER_SIZE, "largest arguments", parameter_bytes, true),
        WANTED(ADDRESS_BITS, "address bits", device->address_bits, true),
        WANTED(NATIVE_VECTOR_WIDTH_FLOAT, "vectors", device->float_width_native, true),
        WANTED(PREFERRED_VECTOR_WIDTH_FLOAT, "vectors", device->float_width_preferred, true),
        WANTED(SINGLE_FP_CONFIG, "floating point", device->float_config, true),
        WANTED(QUEUE_PROPERTIES, "queues", device->queue, true),
        WANTED(PROFILING_TIMER_RESOLUTION, "timer", timer_ns, false),
#undef WANTED
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        const gcs_cl_int result =
            driver->device_info(device->id, wanted[i].name, wanted[i].size, wanted[i].value, NULL);
        if (result != GCS_CL_SUCCESS && wanted[i].needed)
            return silent(result, device, wanted[i].what);
    }
    const gcs_cl_int result = read_max_items(driver, device);
    if (result != GCS_CL_SUCCESS)
        return silent(result, device, "largest work-group");
    device->max_group = max_group;
    device->parameter_bytes = parameter_bytes;
    device->timer_ns = timer_ns;
    device->local_is_dedicated = local_type == GCS_CL_LOCAL;
    device->has_host_memory = has_host_memory != GCS_CL_FALSE;
    return GCS_OK;
}

static void judge_float(gcs_opencl_device *device) {
    const gcs_cl_flags needed = GCS_CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT | GCS_CL_FP_DENORM |
                                GCS_CL_FP_ROUND_TO_NEAREST | GCS_CL_FP_INF_NAN;
    device->rounds_divide_sqrt =
        (device->float_config & GCS_CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT) != 0;
    device->exact = (device->float_config & needed) == needed;
}

/* What a device may have beyond OpenCL 1.2. */
static gcs_status read_more(const gcs_opencl_driver *driver, gcs_opencl_device *device) {
    char *extensions;
    if (device->major >= 2 &&
        driver->device_info(device->id, GCS_CL_DEVICE_SVM_CAPABILITIES, sizeof device->svm,
                            &device->svm, NULL) != GCS_CL_SUCCESS)
        device->svm = 0;
    const gcs_cl_int result =
        ask_text(driver->device_info, device->id, GCS_CL_DEVICE_EXTENSIONS, &extensions);
    if (result != GCS_CL_SUCCESS)
        return silent(result, device, "extensions");
    device->has_subgroups = has_word(extensions, "cl_khr_subgroups");
    free(extensions);
    return GCS_OK;
}

gcs_status gcs_opencl_device_read(const gcs_opencl_driver *driver, gcs_cl_device which,
                                  gcs_opencl_device *device) {
    *device = (gcs_opencl_device){.id = which};
    const gcs_cl_int result = driver->device_info(which, GCS_CL_DEVICE_PLATFORM,
                                                  sizeof device->platform, &device->platform, NULL);
    if (result != GCS_CL_SUCCESS)
        return silent(result, device, "platform");
    gcs_status status = read_texts(driver, device);
    if (status == GCS_OK)
        status = check_version(device);
    if (status == GCS_OK)
        status = check_kind(driver, device);
    if (status == GCS_OK)
        status = read_numbers(driver, device);
    if (status == GCS_OK)
        status = read_more(driver, device);
    judge_float(device);
    return status;
}

/* ---- In words ------------------------------------------------------------------------------ */

const char *gcs_opencl_device_kind(const gcs_opencl_device *device) {
    if (device->type & GCS_CL_DEVICE_TYPE_GPU)
        return "GPU";
    if (device->type & GCS_CL_DEVICE_TYPE_CPU)
        return "CPU";
    return device->type & GCS_CL_DEVICE_TYPE_ACCELERATOR ? "accelerator" : "device";
}

size_t gcs_opencl_device_format(const gcs_opencl_device *device, char *text, size_t size) {
    const int n = snprintf(
        text, size,
        "%s, %s, OpenCL %u.%u, driver %s, %u compute units, local memory %.0f KiB, cache %.1f MiB, "
        "global memory %.1f GiB, keeps the bits: %s",
        device->name, gcs_opencl_device_kind(device), device->major, device->minor,
        device->driver_version, device->compute_units, (double)device->local_bytes / 1024,
        (double)device->cache_bytes / 1048576, (double)device->global_bytes / 1073741824,
        device->exact ? "yes" : "no");
    return n > 0 ? (size_t)n : 0;
}
