/* The stand-in's contexts and programs. Its compiler takes any source, and what it makes is a text
 * with the name of the device and the options in it. */
#include "opencl/libopencl_standin_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Contexts ------------------------------------------------------------------------------ */

API gcs_cl_context clCreateContext(const gcs_cl_property *properties, gcs_cl_uint count,
                                   const gcs_cl_device *devices, gcs_cl_context_notify *notify,
                                   void *user, gcs_cl_int *result) {
    ENTER_TO_CREATE(result);
    (void)properties;
    (void)notify;
    (void)user;
    if (count == 0 || count > STANDIN_DEVICES * STANDIN_PLATFORMS) {
        standin_tell_result(result, GCS_CL_INVALID_VALUE);
        return NULL;
    }
    for (gcs_cl_uint i = 0; i < count; i++) {
        if (!standin_is_device(devices[i])) {
            standin_tell_result(result, GCS_CL_INVALID_DEVICE);
            return NULL;
        }
    }
    standin_context *c = standin_new(STANDIN_CONTEXT, sizeof *c);
    c->count = count;
    memcpy(c->devices, devices, count * sizeof devices[0]);
    standin_tell_result(result, 0);
    return c;
}

API gcs_cl_int clRetainContext(gcs_cl_context context) {
    ENTER;
    return standin_retain(STANDIN_CONTEXT, context, GCS_CL_INVALID_CONTEXT);
}

API gcs_cl_int clReleaseContext(gcs_cl_context context) {
    ENTER;
    return standin_release(STANDIN_CONTEXT, context, GCS_CL_INVALID_CONTEXT, NULL);
}

API gcs_cl_int clGetContextInfo(gcs_cl_context context, gcs_cl_uint name, size_t size, void *value,
                                size_t *needs) {
    ENTER;
    const standin_context *c = context;
    if (!standin_is(STANDIN_CONTEXT, context))
        return GCS_CL_INVALID_CONTEXT;
    if (standin_query(name) != 0)
        return standin_query(name);
    switch (name) {
    case GCS_CL_CONTEXT_NUM_DEVICES:
        return standin_answer(&c->count, sizeof c->count, size, value, needs);
    case GCS_CL_CONTEXT_DEVICES:
        return standin_answer(c->devices, c->count * sizeof c->devices[0], size, value, needs);
    default:
        return GCS_CL_INVALID_VALUE;
    }
}

/* ---- Programs ------------------------------------------------------------------------------ */

static const char mark[] = "stand-in binary for ";

static standin_program *new_program(standin_context *context) {
    standin_program *p = standin_new(STANDIN_PROGRAM, sizeof *p);
    p->context = context;
    return p;
}

API gcs_cl_program clCreateProgramWithSource(gcs_cl_context context, gcs_cl_uint count,
                                             const char **strings, const size_t *lengths,
                                             gcs_cl_int *result) {
    ENTER_TO_CREATE(result);
    (void)lengths;
    const bool valid = standin_is(STANDIN_CONTEXT, context);
    if (!valid || count == 0 || strings[0] == NULL) {
        standin_tell_result(result, valid ? GCS_CL_INVALID_VALUE : GCS_CL_INVALID_CONTEXT);
        return NULL;
    }
    standin_tell_result(result, 0);
    return new_program(context);
}

API gcs_cl_program clCreateProgramWithBinary(gcs_cl_context context, gcs_cl_uint count,
                                             const gcs_cl_device *devices, const size_t *lengths,
                                             const unsigned char **binaries, gcs_cl_int *statuses,
                                             gcs_cl_int *result) {
    ENTER_TO_CREATE(result);
    const standin_device *device = count == 1 ? devices[0] : NULL;
    const bool valid = standin_is(STANDIN_CONTEXT, context) && standin_is_device(device);
    const bool known =
        valid && lengths[0] >= sizeof mark && memcmp(binaries[0], mark, sizeof mark - 1) == 0;
    const gcs_cl_int code = known ? 0 : (valid ? GCS_CL_INVALID_BINARY : GCS_CL_INVALID_CONTEXT);
    if (statuses != NULL)
        statuses[0] = known ? standin_binary_status : code;
    standin_tell_result(result, code);
    if (!known)
        return NULL;
    standin_program *p = new_program(context);
    p->only = device;
    return p;
}

API gcs_cl_int clBuildProgram(gcs_cl_program program, gcs_cl_uint count,
                              const gcs_cl_device *devices, const char *options,
                              gcs_cl_program_notify *notify, void *user) {
    ENTER;
    (void)notify;
    (void)user;
    standin_program *p = program;
    if (!standin_is(STANDIN_PROGRAM, program))
        return GCS_CL_INVALID_PROGRAM;
    if (count != 1 || (p->only != NULL && p->only != devices[0]))
        return GCS_CL_INVALID_DEVICE;
    p->built = devices[0];
    snprintf(standin_options, sizeof standin_options, "%s", options);
    const size_t length = sizeof mark + strlen(p->built->name) + 2 + strlen(options);
    free(p->binary);
    p->binary = malloc(length);
    snprintf(p->binary, length, "%s%s: %s", mark, p->built->name, options);
    return 0;
}

API gcs_cl_int clGetProgramBuildInfo(gcs_cl_program program, gcs_cl_device device, gcs_cl_uint name,
                                     size_t size, void *value, size_t *needs) {
    ENTER;
    (void)device;
    if (!standin_is(STANDIN_PROGRAM, program))
        return GCS_CL_INVALID_PROGRAM;
    if (standin_query(name) != 0)
        return standin_query(name);
    if (name != GCS_CL_PROGRAM_BUILD_LOG)
        return GCS_CL_INVALID_VALUE;
    return standin_answer(standin_build_log, strlen(standin_build_log) + 1, size, value, needs);
}

/* The size of what it hands out for the context's device of that number. */
static size_t binary_size(const standin_program *p, unsigned device) {
    const standin_device *which = p->only != NULL ? p->only : p->context->devices[device];
    return which == p->built && !standin_without_binaries ? strlen(p->binary) : 0;
}

API gcs_cl_int clGetProgramInfo(gcs_cl_program program, gcs_cl_uint name, size_t size, void *value,
                                size_t *needs) {
    ENTER;
    const standin_program *p = program;
    if (!standin_is(STANDIN_PROGRAM, program))
        return GCS_CL_INVALID_PROGRAM;
    if (standin_query(name) != 0)
        return standin_query(name);
    const gcs_cl_uint count = p->only != NULL ? 1 : p->context->count;
    size_t sizes[STANDIN_DEVICES * STANDIN_PLATFORMS];
    for (unsigned i = 0; i < count; i++)
        sizes[i] = binary_size(p, i);
    switch (name) {
    case GCS_CL_PROGRAM_NUM_DEVICES:
        return standin_answer(&count, sizeof count, size, value, needs);
    case GCS_CL_PROGRAM_DEVICES:
        return standin_answer(p->only != NULL ? &p->only : p->context->devices,
                              count * sizeof(void *), size, value, needs);
    case GCS_CL_PROGRAM_BINARY_SIZES:
        return standin_answer(sizes, count * sizeof sizes[0], size, value, needs);
    case GCS_CL_PROGRAM_BINARIES:
        for (unsigned i = 0; i < count; i++) {
            char *to = ((char **)value)[i];
            if (to != NULL)
                memcpy(to, p->binary, sizes[i]);
        }
        return 0;
    default:
        return GCS_CL_INVALID_VALUE;
    }
}

static void free_program(void *program) {
    free(((standin_program *)program)->binary);
}

API gcs_cl_int clReleaseProgram(gcs_cl_program program) {
    ENTER;
    return standin_release(STANDIN_PROGRAM, program, GCS_CL_INVALID_PROGRAM, free_program);
}
