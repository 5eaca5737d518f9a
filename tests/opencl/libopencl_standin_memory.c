/* The stand-in's buffers, and its shared virtual memory, which is the host's. */
#include "opencl/libopencl_standin_internal.h"

#include <stdlib.h>
#include <string.h>

API gcs_cl_mem clCreateBuffer(gcs_cl_context context, gcs_cl_flags flags, size_t bytes, void *host,
                              gcs_cl_int *result) {
    ENTER_TO_CREATE(result);
    const bool valid = standin_is(STANDIN_CONTEXT, context);
    if (!valid || bytes == 0) {
        standin_tell_result(result, valid ? GCS_CL_INVALID_BUFFER_SIZE : GCS_CL_INVALID_CONTEXT);
        return NULL;
    }
    standin_memory *m = standin_new(STANDIN_MEMORY, sizeof *m);
    m->context = context;
    m->bytes = bytes;
    m->flags = flags;
    m->type = GCS_CL_MEM_OBJECT_BUFFER;
    m->data = calloc(1, bytes);
    if (m->data == NULL)
        abort();
    memset(m->data, 0x7f, bytes); /* memory that is not cleared */
    if (flags & GCS_CL_MEM_COPY_HOST_PTR)
        memcpy(m->data, host, bytes);
    standin_tell_result(result, 0);
    return m;
}

API void *standin_part(void *memory, size_t origin, size_t bytes) {
    standin_memory *whole = memory, *m = standin_new(STANDIN_MEMORY, sizeof *m);
    *m = (standin_memory){m->object,    whole->context, bytes, origin,
                          whole->flags, whole->type,    whole, whole->data + origin};
    standin_retain(STANDIN_MEMORY, whole, 0);
    return m;
}

API void standin_make_image(void *memory) {
    ((standin_memory *)memory)->type = 0x10F1; /* CL_MEM_OBJECT_IMAGE2D */
}

API void standin_shorten(void *memory, size_t bytes) {
    ((standin_memory *)memory)->bytes = bytes;
}

API void *standin_data(void *memory) {
    return ((standin_memory *)memory)->data;
}

static void free_memory(void *memory) {
    standin_memory *m = memory;
    if (m->whole != NULL)
        standin_release(STANDIN_MEMORY, m->whole, 0, free_memory);
    else
        free(m->data);
}

API gcs_cl_int clRetainMemObject(gcs_cl_mem memory) {
    ENTER;
    return standin_retain(STANDIN_MEMORY, memory, GCS_CL_INVALID_MEM_OBJECT);
}
API gcs_cl_int clReleaseMemObject(gcs_cl_mem memory) {
    ENTER;
    return standin_release(STANDIN_MEMORY, memory, GCS_CL_INVALID_MEM_OBJECT, free_memory);
}

API gcs_cl_int clGetMemObjectInfo(gcs_cl_mem memory, gcs_cl_uint name, size_t size, void *value,
                                  size_t *needs) {
    ENTER;
    const standin_memory *m = memory;
    if (!standin_is(STANDIN_MEMORY, memory))
        return GCS_CL_INVALID_MEM_OBJECT;
    if (standin_query(name) != 0)
        return standin_query(name);
    switch (name) {
    case GCS_CL_MEM_TYPE:
        return standin_answer(&m->type, sizeof m->type, size, value, needs);
    case GCS_CL_MEM_FLAGS:
        return standin_answer(&m->flags, sizeof m->flags, size, value, needs);
    case GCS_CL_MEM_SIZE:
        return standin_answer(&m->bytes, sizeof m->bytes, size, value, needs);
    case GCS_CL_MEM_CONTEXT:
        return standin_answer(&m->context, sizeof m->context, size, value, needs);
    case GCS_CL_MEM_ASSOCIATED_MEMOBJECT:
        return standin_answer(&m->whole, sizeof m->whole, size, value, needs);
    case GCS_CL_MEM_OFFSET:
        return standin_answer(&m->origin, sizeof m->origin, size, value, needs);
    default:
        return GCS_CL_INVALID_VALUE;
    }
}

API void *clSVMAlloc(gcs_cl_context context, gcs_cl_flags flags, size_t bytes,
                     gcs_cl_uint alignment) {
    (void)flags;
    (void)alignment;
    if (standin_enter(__func__) != 0 || !standin_is(STANDIN_CONTEXT, context))
        return NULL;
    return malloc(bytes);
}
API void clSVMFree(gcs_cl_context context, void *pointer) {
    (void)context;
    standin_enter(__func__);
    free(pointer);
}
