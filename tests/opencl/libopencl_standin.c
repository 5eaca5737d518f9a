/* The stand-in's platforms and devices. */
#include "opencl/libopencl_standin_internal.h"

#include <string.h>

API gcs_cl_int clGetPlatformIDs(gcs_cl_uint entries, gcs_cl_platform *platforms,
                                gcs_cl_uint *count) {
    ENTER;
    if (platforms != NULL && entries == 0)
        return GCS_CL_INVALID_VALUE;
    if (count != NULL)
        *count = standin_platform_count;
    for (gcs_cl_uint i = 0; platforms != NULL && i < entries && i < standin_platform_count; i++)
        platforms[i] = &standin_platforms[i];
    return 0;
}

static standin_platform *platform_of(const void *platform) {
    for (unsigned i = 0; i < standin_platform_count; i++) {
        if (platform == &standin_platforms[i])
            return &standin_platforms[i];
    }
    return NULL;
}

static int answer_text(const char *text, size_t size, void *value, size_t *needs) {
    return standin_answer(text, strlen(text) + 1, size, value, needs);
}

API gcs_cl_int clGetPlatformInfo(gcs_cl_platform platform, gcs_cl_uint name, size_t size,
                                 void *value, size_t *needs) {
    ENTER;
    const standin_platform *p = platform_of(platform);
    if (p == NULL)
        return GCS_CL_INVALID_PLATFORM;
    if (standin_query(name) != 0)
        return standin_query(name);
    switch (name) {
    case GCS_CL_PLATFORM_NAME:
        return answer_text(p->name, size, value, needs);
    case GCS_CL_PLATFORM_VERSION:
        return answer_text(p->version, size, value, needs);
    default:
        return GCS_CL_INVALID_VALUE;
    }
}

API gcs_cl_int clGetDeviceIDs(gcs_cl_platform platform, gcs_cl_flags type, gcs_cl_uint entries,
                              gcs_cl_device *devices, gcs_cl_uint *count) {
    ENTER;
    standin_platform *p = platform_of(platform);
    if (p == NULL)
        return GCS_CL_INVALID_PLATFORM;
    if (devices != NULL && entries == 0)
        return GCS_CL_INVALID_VALUE;
    gcs_cl_uint found = 0;
    for (unsigned i = 0; i < p->device_count; i++) {
        if ((p->devices[i].type & type) == 0)
            continue;
        if (devices != NULL && found < entries)
            devices[found] = &p->devices[i];
        found++;
    }
    if (count != NULL)
        *count = found;
    return found > 0 ? 0 : GCS_CL_DEVICE_NOT_FOUND;
}

bool standin_is_device(const void *device) {
    for (unsigned i = 0; i < standin_platform_count; i++) {
        for (unsigned j = 0; j < standin_platforms[i].device_count; j++) {
            if (device == &standin_platforms[i].devices[j])
                return true;
        }
    }
    return false;
}

API gcs_cl_int clGetDeviceInfo(gcs_cl_device device, gcs_cl_uint name, size_t size, void *value,
                               size_t *needs) {
    ENTER;
    const standin_device *d = device;
    if (!standin_is_device(device))
        return GCS_CL_INVALID_DEVICE;
    if (standin_query(name) != 0)
        return standin_query(name);
    const void *const platform = &standin_platforms[d->platform];
    switch (name) {
#define TEXT(name, field)                                                                          \
    case GCS_CL_##name:                                                                            \
        return answer_text(d->field, size, value, needs);
        TEXT(DEVICE_NAME, name)
        TEXT(DEVICE_VENDOR, vendor)
        TEXT(DEVICE_VERSION, version)
        TEXT(DRIVER_VERSION, driver_version)
        TEXT(DEVICE_OPENCL_C_VERSION, c_version)
        TEXT(DEVICE_EXTENSIONS, extensions)
#undef TEXT
#define NUMBER(name, field)                                                                        \
    case GCS_CL_DEVICE_##name:                                                                     \
        return standin_answer(&d->field, sizeof d->field, size, value, needs);
        NUMBER(TYPE, type)
        NUMBER(MAX_COMPUTE_UNITS, compute_units)
        NUMBER(MAX_CLOCK_FREQUENCY, clock_mhz)
        NUMBER(MAX_WORK_GROUP_SIZE, max_group)
        NUMBER(MAX_WORK_ITEM_SIZES, max_items)
        NUMBER(LOCAL_MEM_SIZE, local_bytes)
        NUMBER(LOCAL_MEM_TYPE, local_type)
        NUMBER(HOST_UNIFIED_MEMORY, unified)
        NUMBER(GLOBAL_MEM_SIZE, global_bytes)
        NUMBER(MAX_MEM_ALLOC_SIZE, max_allocation)
        NUMBER(GLOBAL_MEM_CACHE_SIZE, cache_bytes)
        NUMBER(GLOBAL_MEM_CACHELINE_SIZE, cache_line)
        NUMBER(MEM_BASE_ADDR_ALIGN, base_alignment)
        NUMBER(MAX_PARAMETER_SIZE, parameter_bytes)
        NUMBER(ADDRESS_BITS, address_bits)
        NUMBER(NATIVE_VECTOR_WIDTH_FLOAT, float_width_native)
        NUMBER(PREFERRED_VECTOR_WIDTH_FLOAT, float_width_preferred)
        NUMBER(SINGLE_FP_CONFIG, float_config)
        NUMBER(QUEUE_PROPERTIES, queue)
        NUMBER(PROFILING_TIMER_RESOLUTION, timer_ns)
        NUMBER(AVAILABLE, available)
        NUMBER(COMPILER_AVAILABLE, compiler)
        NUMBER(ENDIAN_LITTLE, little_endian)
        NUMBER(SVM_CAPABILITIES, svm)
#undef NUMBER
    case GCS_CL_DEVICE_PLATFORM:
        return standin_answer(&platform, sizeof platform, size, value, needs);
    default:
        return GCS_CL_INVALID_VALUE;
    }
}
