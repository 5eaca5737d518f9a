/* Types and constants of OpenCL 1.2 and of the shared memory of 2.0, as its registry states them:
 * no OpenCL header is needed to build. */
#ifndef GCSTEP_DISPATCH_OPENCL_CL_H
#define GCSTEP_DISPATCH_OPENCL_CL_H

#include "dispatch/opencl/errors.h"
#include <stddef.h>
#include <stdint.h>

typedef int32_t gcs_cl_int; /* cl_int: as a result 0 or one of errors.h */
typedef uint32_t gcs_cl_uint;
typedef uint64_t gcs_cl_ulong;
typedef gcs_cl_uint gcs_cl_bool;
typedef gcs_cl_ulong gcs_cl_flags; /* cl_bitfield */
typedef intptr_t gcs_cl_property;  /* cl_context_properties */
typedef void *gcs_cl_platform;     /* cl_platform_id */
typedef void *gcs_cl_device;       /* cl_device_id */
typedef void *gcs_cl_context;      /* cl_context */
typedef void *gcs_cl_queue;        /* cl_command_queue */
typedef void *gcs_cl_mem;          /* cl_mem */
typedef void *gcs_cl_program;      /* cl_program */
typedef void *gcs_cl_kernel;       /* cl_kernel */
typedef void *gcs_cl_event;        /* cl_event */

/* GCS_CL_<OpenCL's name of the result> */
enum {
    GCS_CL_SUCCESS = 0,
#define GCS_CL_ENUMERATOR(name, number) GCS_CL_##name = (number),
    GCS_CL_ERRORS(GCS_CL_ENUMERATOR)
#undef GCS_CL_ENUMERATOR
};

enum { GCS_CL_FALSE = 0, GCS_CL_TRUE = 1 };

/* cl_platform_info */
enum {
    GCS_CL_PLATFORM_VERSION = 0x0901,
    GCS_CL_PLATFORM_NAME = 0x0902,
    GCS_CL_PLATFORM_VENDOR = 0x0903
};

/* cl_device_type */
#define GCS_CL_DEVICE_TYPE_CPU         ((gcs_cl_flags)1 << 1)
#define GCS_CL_DEVICE_TYPE_GPU         ((gcs_cl_flags)1 << 2)
#define GCS_CL_DEVICE_TYPE_ACCELERATOR ((gcs_cl_flags)1 << 3)
#define GCS_CL_DEVICE_TYPE_ALL         ((gcs_cl_flags)0xFFFFFFFF)

/* cl_device_info */
enum {
    GCS_CL_DEVICE_TYPE = 0x1000,
    GCS_CL_DEVICE_VENDOR_ID = 0x1001,
    GCS_CL_DEVICE_MAX_COMPUTE_UNITS = 0x1002,
    GCS_CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS = 0x1003,
    GCS_CL_DEVICE_MAX_WORK_GROUP_SIZE = 0x1004,
    GCS_CL_DEVICE_MAX_WORK_ITEM_SIZES = 0x1005,
    GCS_CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT = 0x100A,
    GCS_CL_DEVICE_MAX_CLOCK_FREQUENCY = 0x100C, /* MHz */
    GCS_CL_DEVICE_ADDRESS_BITS = 0x100D,
    GCS_CL_DEVICE_MAX_MEM_ALLOC_SIZE = 0x1010,
    GCS_CL_DEVICE_MAX_PARAMETER_SIZE = 0x1017,
    GCS_CL_DEVICE_MEM_BASE_ADDR_ALIGN = 0x1019, /* bits */
    GCS_CL_DEVICE_SINGLE_FP_CONFIG = 0x101B,
    GCS_CL_DEVICE_GLOBAL_MEM_CACHELINE_SIZE = 0x101D,
    GCS_CL_DEVICE_GLOBAL_MEM_CACHE_SIZE = 0x101E,
    GCS_CL_DEVICE_GLOBAL_MEM_SIZE = 0x101F,
    GCS_CL_DEVICE_LOCAL_MEM_TYPE = 0x1022,
    GCS_CL_DEVICE_LOCAL_MEM_SIZE = 0x1023,
    GCS_CL_DEVICE_PROFILING_TIMER_RESOLUTION = 0x1025, /* ns */
    GCS_CL_DEVICE_ENDIAN_LITTLE = 0x1026,
    GCS_CL_DEVICE_AVAILABLE = 0x1027,
    GCS_CL_DEVICE_COMPILER_AVAILABLE = 0x1028,
    GCS_CL_DEVICE_QUEUE_PROPERTIES = 0x102A,
    GCS_CL_DEVICE_NAME = 0x102B,
    GCS_CL_DEVICE_VENDOR = 0x102C,
    GCS_CL_DRIVER_VERSION = 0x102D,
    GCS_CL_DEVICE_VERSION = 0x102F,
    GCS_CL_DEVICE_EXTENSIONS = 0x1030,
    GCS_CL_DEVICE_PLATFORM = 0x1031,
    GCS_CL_DEVICE_HOST_UNIFIED_MEMORY = 0x1035,
    GCS_CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT = 0x103A,
    GCS_CL_DEVICE_OPENCL_C_VERSION = 0x103D,
    GCS_CL_DEVICE_SVM_CAPABILITIES = 0x1053 /* OpenCL 2.0 on */
};

/* cl_device_fp_config */
enum {
    GCS_CL_FP_DENORM = 1 << 0,
    GCS_CL_FP_INF_NAN = 1 << 1,
    GCS_CL_FP_ROUND_TO_NEAREST = 1 << 2,
    GCS_CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT = 1 << 7
};

/* cl_device_local_mem_type */
enum { GCS_CL_LOCAL = 1, GCS_CL_GLOBAL = 2 };

/* cl_device_svm_capabilities */
enum {
    GCS_CL_SVM_COARSE_GRAIN_BUFFER = 1 << 0,
    GCS_CL_SVM_FINE_GRAIN_BUFFER = 1 << 1,
    GCS_CL_SVM_FINE_GRAIN_SYSTEM = 1 << 2,
    GCS_CL_SVM_ATOMICS = 1 << 3
};

/* cl_command_queue_properties */
enum {
    GCS_CL_QUEUE_OUT_OF_ORDER = 1 << 0,
    GCS_CL_QUEUE_PROFILING = 1 << 1,
    GCS_CL_QUEUE_ON_DEVICE = 1 << 2
};

/* cl_mem_flags, and of SVM */
enum {
    GCS_CL_MEM_READ_WRITE = 1 << 0,
    GCS_CL_MEM_WRITE_ONLY = 1 << 1,
    GCS_CL_MEM_READ_ONLY = 1 << 2,
    GCS_CL_MEM_ALLOC_HOST_PTR = 1 << 4,
    GCS_CL_MEM_COPY_HOST_PTR = 1 << 5,
    GCS_CL_MEM_SVM_FINE_GRAIN_BUFFER = 1 << 10
};

/* cl_map_flags */
enum { GCS_CL_MAP_READ = 1 << 0, GCS_CL_MAP_WRITE = 1 << 1, GCS_CL_MAP_WRITE_INVALIDATE = 1 << 2 };

/* cl_context_info, cl_context_properties, cl_command_queue_info, cl_mem_info, cl_mem_object_type */
enum {
    GCS_CL_CONTEXT_DEVICES = 0x1081,
    GCS_CL_CONTEXT_NUM_DEVICES = 0x1083,
    GCS_CL_CONTEXT_PLATFORM = 0x1084,
    GCS_CL_QUEUE_CONTEXT = 0x1090,
    GCS_CL_QUEUE_DEVICE = 0x1091,
    GCS_CL_QUEUE_PROPERTIES = 0x1093,
    GCS_CL_MEM_OBJECT_BUFFER = 0x10F0,
    GCS_CL_MEM_TYPE = 0x1100,
    GCS_CL_MEM_FLAGS = 0x1101,
    GCS_CL_MEM_SIZE = 0x1102,
    GCS_CL_MEM_CONTEXT = 0x1106,
    GCS_CL_MEM_ASSOCIATED_MEMOBJECT = 0x1107,
    GCS_CL_MEM_OFFSET = 0x1108
};

/* cl_program_info, cl_program_build_info, cl_build_status, cl_kernel_work_group_info,
 * cl_kernel_exec_info */
enum {
    GCS_CL_PROGRAM_NUM_DEVICES = 0x1162,
    GCS_CL_PROGRAM_DEVICES = 0x1163,
    GCS_CL_PROGRAM_BINARY_SIZES = 0x1165,
    GCS_CL_PROGRAM_BINARIES = 0x1166,
    GCS_CL_PROGRAM_BUILD_STATUS = 0x1181,
    GCS_CL_PROGRAM_BUILD_LOG = 0x1183,
    GCS_CL_KERNEL_WORK_GROUP_SIZE = 0x11B0,
    GCS_CL_KERNEL_LOCAL_MEM_SIZE = 0x11B2,
    GCS_CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE = 0x11B3,
    GCS_CL_KERNEL_PRIVATE_MEM_SIZE = 0x11B4,
    GCS_CL_KERNEL_EXEC_INFO_SVM_PTRS = 0x11B6
};

/* cl_event_info, cl_int of an event's status (an error where it is less than 0), cl_profiling_info
 */
enum {
    GCS_CL_EVENT_COMMAND_QUEUE = 0x11D0,
    GCS_CL_EVENT_COMMAND_EXECUTION_STATUS = 0x11D3,
    GCS_CL_EVENT_CONTEXT = 0x11D4,
    GCS_CL_COMPLETE = 0,
    GCS_CL_RUNNING = 1,
    GCS_CL_SUBMITTED = 2,
    GCS_CL_QUEUED = 3,
    GCS_CL_PROFILING_COMMAND_QUEUED = 0x1280,
    GCS_CL_PROFILING_COMMAND_SUBMIT = 0x1281,
    GCS_CL_PROFILING_COMMAND_START = 0x1282,
    GCS_CL_PROFILING_COMMAND_END = 0x1283
};

typedef void gcs_cl_context_notify(const char *text, const void *info, size_t bytes, void *user);
typedef void gcs_cl_program_notify(gcs_cl_program program, void *user);

#endif
