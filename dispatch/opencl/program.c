/* Building a program from its source, or from the binary that an earlier process left. */
#include "dispatch/opencl/program.h"

#include "dispatch/error.h"
#include "dispatch/opencl/cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct building {
    const gcs_opencl_driver *driver;
    gcs_cl_context context;
    const gcs_opencl_device *device;
    const gcs_environment *env;
    char *options; /* all of them */
} building;

/* ---- What the compiler says ---------------------------------------------------------------- */

/* To be freed; NULL: it says nothing. */
static char *new_build_log(const building *b, gcs_cl_program program) {
    size_t size = 0;
    if (b->driver->program_build_info(program, b->device->id, GCS_CL_PROGRAM_BUILD_LOG, 0, NULL,
                                      &size) != GCS_CL_SUCCESS ||
        size == 0)
        return NULL;
    char *text = malloc(size + 1);
    if (text == NULL)
        return NULL;
    text[0] = text[size] = '\0';
    if (b->driver->program_build_info(program, b->device->id, GCS_CL_PROGRAM_BUILD_LOG, size, text,
                                      NULL) != GCS_CL_SUCCESS)
        text[0] = '\0';
    return text;
}

/* A line of it for each line of the compiler. */
static void log_lines(const gcs_environment *env, gcs_log_level level, const char *text) {
    while (text != NULL && *text != '\0') {
        const size_t length = strcspn(text, "\r\n");
        if (length > 0)
            gcs_log(env, level, "OpenCL compiler: %.*s", (int)(length < 4000 ? length : 4000),
                    text);
        text += length + (text[length] != '\0');
    }
}

/* The lines from the first one on that speaks of an error, else all, as one. */
static void first_lines(const char *log, char *text, size_t size) {
    const char *from = strstr(log, "error");
    while (from != NULL && from > log && from[-1] != '\n')
        from--;
    if (from == NULL)
        from = log;
    snprintf(text, size, "%s", from);
    for (char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ')
            *at = ' ';
    }
}

static gcs_status refused(const building *b, gcs_cl_program program, gcs_cl_int result) {
    char *log = new_build_log(b, program);
    char text[512];
    log_lines(b->env, GCS_LOG_INFO, log);
    first_lines(log != NULL ? log : "", text, sizeof text);
    free(log);
    if (result != GCS_CL_BUILD_PROGRAM_FAILURE && result != GCS_CL_INVALID_BUILD_OPTIONS)
        return gcs_opencl_fail(result, "the OpenCL kernels cannot be built for '%.100s'",
                               b->device->name);
    return gcs_fail(GCS_UNSUPPORTED, "the OpenCL kernels cannot be built for '%.100s' (%s): %s",
                    b->device->name, gcs_opencl_result_name(result),
                    text[0] != '\0' ? text : "its compiler does not say why");
}

/* ---- Binaries ------------------------------------------------------------------------------ */

/* The program that the entry has, built; NULL: it has none that the device takes. */
static gcs_cl_program from_binary(const building *b, const gcs_opencl_cache *cache) {
    size_t size;
    unsigned char *binary = gcs_opencl_cache_load(cache, &size);
    if (binary == NULL)
        return NULL;
    const unsigned char *bytes = binary;
    gcs_cl_int status = GCS_CL_SUCCESS, result = GCS_CL_SUCCESS;
    gcs_cl_program program = b->driver->program_with_binary(b->context, 1, &b->device->id, &size,
                                                            &bytes, &status, &result);
    free(binary);
    if (result == GCS_CL_SUCCESS)
        result = status;
    if (result == GCS_CL_SUCCESS && program != NULL)
        result = b->driver->program_build(program, 1, &b->device->id, b->options, NULL, NULL);
    if (result == GCS_CL_SUCCESS && program != NULL) {
        gcs_log(b->env, GCS_LOG_DEBUG, "OpenCL cache: %s used", cache->path);
        return program;
    }
    if (program != NULL)
        b->driver->program_release(program);
    const char *name = gcs_opencl_result_name(result);
    gcs_log(b->env, GCS_LOG_INFO,
            "OpenCL cache: %s is refused by the device (%s): the program is built anew",
            cache->path, name != NULL ? name : "an unknown error");
    return NULL;
}

/* A program made from source is of all devices of its context, whichever it was built for. */
static bool find_device(const building *b, gcs_cl_program program, gcs_cl_uint *count,
                        gcs_cl_uint *place) {
    *count = *place = 0;
    if (b->driver->program_info(program, GCS_CL_PROGRAM_NUM_DEVICES, sizeof *count, count, NULL) !=
            GCS_CL_SUCCESS ||
        *count == 0)
        return false;
    gcs_cl_device *devices = calloc(*count, sizeof(gcs_cl_device));
    if (devices == NULL)
        return false;
    const bool told =
        b->driver->program_info(program, GCS_CL_PROGRAM_DEVICES, *count * sizeof(gcs_cl_device),
                                devices, NULL) == GCS_CL_SUCCESS;
    while (told && *place < *count && devices[*place] != b->device->id)
        ++*place;
    free(devices);
    return told && *place < *count;
}

/* To be freed; NULL: the device hands out none. */
static unsigned char *new_binary(const building *b, gcs_cl_program program, size_t *size) {
    gcs_cl_uint count, place;
    *size = 0;
    if (!find_device(b, program, &count, &place))
        return NULL;
    size_t *sizes = calloc(count, sizeof *sizes);
    unsigned char **binaries = calloc(count, sizeof(unsigned char *)); /* NULL: not wanted */
    if (sizes != NULL && binaries != NULL &&
        b->driver->program_info(program, GCS_CL_PROGRAM_BINARY_SIZES, count * sizeof *sizes, sizes,
                                NULL) == GCS_CL_SUCCESS &&
        sizes[place] > 0)
        binaries[place] = malloc(sizes[place]);
    unsigned char *binary = binaries != NULL ? binaries[place] : NULL;
    if (binary != NULL &&
        b->driver->program_info(program, GCS_CL_PROGRAM_BINARIES, count * sizeof(unsigned char *),
                                binaries, NULL) != GCS_CL_SUCCESS) {
        free(binary);
        binary = NULL;
    }
    if (binary != NULL)
        *size = sizes[place];
    free(sizes);
    free(binaries);
    return binary;
}

static void keep(const building *b, const gcs_opencl_cache *cache, gcs_cl_program program) {
    if (cache->key == NULL)
        return;
    size_t size;
    unsigned char *binary = new_binary(b, program, &size);
    if (binary == NULL)
        gcs_log(b->env, GCS_LOG_INFO, "OpenCL cache: '%.100s' hands out no binary",
                b->device->name);
    else
        gcs_opencl_cache_store(cache, binary, size);
    free(binary);
}

/* ---- Source -------------------------------------------------------------------------------- */

static gcs_status from_source(const building *b, const char *source, gcs_cl_program *program) {
    gcs_cl_int result = GCS_CL_SUCCESS;
    *program = b->driver->program_with_source(b->context, 1, &source, NULL, &result);
    if (result != GCS_CL_SUCCESS || *program == NULL)
        return gcs_opencl_fail(result, "the OpenCL kernels are not taken by '%.100s'",
                               b->device->name);
    result = b->driver->program_build(*program, 1, &b->device->id, b->options, NULL, NULL);
    if (result != GCS_CL_SUCCESS) {
        const gcs_status status = refused(b, *program, result);
        b->driver->program_release(*program);
        *program = NULL;
        return status;
    }
    if (b->env->log >= GCS_LOG_DEBUG) {
        char *log = new_build_log(b, *program);
        log_lines(b->env, GCS_LOG_DEBUG, log); /* warnings */
        free(log);
    }
    return GCS_OK;
}

/* Never one that lets the compiler change a result (docs/arithmetic.md). */
static char *new_options(const gcs_opencl_device *device, const char *options) {
    static const char standard[] = "-cl-std=CL1.2";
    const char *rounded =
        device->rounds_divide_sqrt ? " -cl-fp32-correctly-rounded-divide-sqrt" : "";
    const char *more = options != NULL ? options : "";
    const size_t size = sizeof standard + strlen(rounded) + 1 + strlen(more);
    char *text = malloc(size);
    if (text != NULL)
        snprintf(text, size, "%s%s%s%s", standard, rounded, more[0] != '\0' ? " " : "", more);
    return text;
}

gcs_status gcs_opencl_program(const gcs_opencl_driver *driver, gcs_cl_context context,
                              const gcs_opencl_device *device, const char *source,
                              const char *options, const gcs_environment *env,
                              gcs_cl_program *program) {
    const building b = {driver, context, device, env, new_options(device, options)};
    gcs_opencl_cache cache;
    gcs_status status = GCS_OK;
    *program = NULL;
    if (b.options == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "the options of the OpenCL kernels: out of memory");
    gcs_opencl_cache_open(&cache, env, device, source, b.options);
    *program = from_binary(&b, &cache);
    if (*program == NULL) {
        status = from_source(&b, source, program);
        if (status == GCS_OK)
            keep(&b, &cache, *program);
    }
    gcs_opencl_cache_close(&cache);
    free(b.options);
    return status;
}
