/* The GCSTEP_* switches and the log that one of them asks for (docs/environment.md). */
#include "dispatch/environment.h"

#include "dispatch/cuda/choice.h"
#include "dispatch/error.h"
#include "dispatch/opencl/choice.h"
#include "dispatch/registry.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An empty value counts as unset, so that a shell can switch a variable off for one command. */
static const char *value_of(const char *variable) {
    const char *value = getenv(variable);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Names of an error message are cut at this many characters. */
#define SHOWN "%.100s"

static gcs_status read_log(gcs_environment *env) {
    static const char *const names[] = {
        [GCS_LOG_OFF] = "off",
        [GCS_LOG_WARN] = "warn",
        [GCS_LOG_INFO] = "info",
        [GCS_LOG_DEBUG] = "debug",
    };
    const char *value = value_of("GCSTEP_LOG");
    if (value == NULL)
        return GCS_OK;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], value) == 0) {
            env->log = (gcs_log_level)i;
            return GCS_OK;
        }
    }
    return gcs_fail(GCS_BAD_ENVIRONMENT,
                    "GCSTEP_LOG is '" SHOWN "'; it may be off, warn, info or debug", value);
}

/* A cap of another architecture would say nothing here: it is as unknown as a misspelt one. */
static gcs_status read_isa(gcs_environment *env) {
    const char *value = value_of("GCSTEP_ISA");
    gcs_isa cap;
    if (value == NULL)
        return GCS_OK;
    if (gcs_isa_parse(value, &cap) && gcs_isa_is_of_this_architecture(cap)) {
        env->isa_cap = cap;
        return GCS_OK;
    }
    char known[128] = "";
    size_t used = 0;
    for (int isa = 0; isa < GCS_ISA_COUNT && used < sizeof known; isa++) {
        if (!gcs_isa_is_of_this_architecture((gcs_isa)isa))
            continue;
        const int length = snprintf(known + used, sizeof known - used, "%s%s",
                                    isa > 0 ? " or " : "", gcs_isa_name((gcs_isa)isa));
        used += length > 0 ? (size_t)length : 0;
    }
    return gcs_fail(GCS_BAD_ENVIRONMENT, "GCSTEP_ISA is '" SHOWN "'; it may be %s", value, known);
}

/* After read_isa: the cap holds for a forced kernel too. */
static gcs_status read_kernel(gcs_environment *env) {
    const char *value = value_of("GCSTEP_KERNEL");
    if (value == NULL)
        return GCS_OK;
    const gcs_kernel *kernel = gcs_registry_find(value);
    if (kernel == NULL)
        env->cuda_kernel = gcs_cuda_find(value);
    if (kernel == NULL && env->cuda_kernel == NULL)
        env->opencl_kernel = gcs_opencl_find(value);
    if (env->cuda_kernel != NULL || env->opencl_kernel != NULL)
        return GCS_OK;
    if (kernel == NULL)
        return gcs_fail(GCS_BAD_ENVIRONMENT,
                        "GCSTEP_KERNEL is '" SHOWN "'; it may be the name of a kernel of this "
                        "build, as 'gcstep verify' lists them",
                        value);
    if (!gcs_cpu_allows(kernel->isa))
        return gcs_fail(GCS_UNSUPPORTED,
                        "GCSTEP_KERNEL is '" SHOWN "', a kernel that this CPU cannot run", value);
    if (kernel->isa > env->isa_cap)
        return gcs_fail(GCS_UNSUPPORTED,
                        "GCSTEP_KERNEL is '" SHOWN "', a kernel that GCSTEP_ISA=%s rules out",
                        value, gcs_isa_name(env->isa_cap));
    env->kernel = kernel;
    return GCS_OK;
}

static gcs_status read_tuned(gcs_environment *env) {
    const char *value = value_of("GCSTEP_TUNED");
    env->tuned = value == NULL || strcmp(value, "1") == 0;
    if (env->tuned || strcmp(value, "0") == 0)
        return GCS_OK;
    return gcs_fail(GCS_BAD_ENVIRONMENT, "GCSTEP_TUNED is '" SHOWN "'; it may be 0 or 1", value);
}

/* Without a slash it would be a folder of the current one: more likely it was meant as a switch. */
static gcs_status read_opencl_cache(gcs_environment *env) {
    const char *value = value_of("GCSTEP_OPENCL_CACHE");
    if (value != NULL && strcmp(value, "0") != 0 && strchr(value, '/') == NULL)
        return gcs_fail(GCS_BAD_ENVIRONMENT,
                        "GCSTEP_OPENCL_CACHE is '" SHOWN "'; it may be 0 or the path of a folder, "
                        "with a slash in it",
                        value);
    env->opencl_cache = value;
    return GCS_OK;
}

gcs_status gcs_environment_read(gcs_environment *env) {
    *env = (gcs_environment){.isa_cap = (gcs_isa)(GCS_ISA_COUNT - 1), .tuned = true};
    gcs_status status = read_log(env);
    if (status == GCS_OK)
        status = read_isa(env);
    if (status == GCS_OK)
        status = read_kernel(env);
    if (status == GCS_OK)
        status = read_tuned(env);
    if (status == GCS_OK)
        status = read_opencl_cache(env);
    env->table = value_of("GCSTEP_TABLE");
    env->record = value_of("GCSTEP_RECORD");
    return status;
}

/* One write, so that lines of several threads or processes do not mix. What stderr does not take
 * is lost: a log must not stop a trainer. */
static void write_at_once(const char *text, size_t length) {
    ssize_t written;
    do {
        written = write(STDERR_FILENO, text, length);
    } while (written < 0 && errno == EINTR);
}

void gcs_log(const gcs_environment *env, gcs_log_level level, const char *format, ...) {
    static const char prefix[] = "gcstep: ";
    const size_t start = sizeof prefix - 1;
    char line[4096]; /* PIPE_BUF on Linux: longer writes to a pipe are not kept whole */
    if (env->log < level)
        return;
    memcpy(line, prefix, start);
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(line + start, sizeof line - start - 1, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    size_t end = start + (size_t)length;
    if (end > sizeof line - 2)
        end = sizeof line - 2; /* cut short */
    line[end] = '\n';
    const int error = errno;
    write_at_once(line, end + 1);
    errno = error;
}
