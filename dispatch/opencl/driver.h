/* OpenCL's loader (libOpenCL.so.1), opened at run time: its types and functions as OpenCL 1.2
 * states them, so that no OpenCL header is needed to build, and no OpenCL library to load this one.
 */
#ifndef GCSTEP_DISPATCH_OPENCL_DRIVER_H
#define GCSTEP_DISPATCH_OPENCL_DRIVER_H

#include "dispatch/opencl/cl.h"
#include <gcstep/gcstep.h>

/* What each function that enqueues ends with: what it waits for, and the event of the command. */
#define GCS_CL_WAIT gcs_cl_uint waits, const gcs_cl_event *wait, gcs_cl_event *event

/* X(returned, field, symbol, needed, parameters). Those that are not needed are of OpenCL 2.0: a
 * loader of it has them, but a device of an older one has nothing behind them, so that none may be
 * called before the device has told its SVM capabilities. */
#define GCS_CL_FUNCTIONS(X)                                                                        \
    X(gcs_cl_int, platforms, clGetPlatformIDs, true,                                               \
      (gcs_cl_uint entries, gcs_cl_platform * platforms, gcs_cl_uint * count))                     \
    X(gcs_cl_int, platform_info, clGetPlatformInfo, true,                                          \
      (gcs_cl_platform platform, gcs_cl_uint name, size_t size, void *value, size_t *needs))       \
    X(gcs_cl_int, devices, clGetDeviceIDs, true,                                                   \
      (gcs_cl_platform platform, gcs_cl_flags type, gcs_cl_uint entries, gcs_cl_device * devices,  \
       gcs_cl_uint * count))                                                                       \
    X(gcs_cl_int, device_info, clGetDeviceInfo, true,                                              \
      (gcs_cl_device device, gcs_cl_uint name, size_t size, void *value, size_t *needs))           \
    X(gcs_cl_context, context_create, clCreateContext, true,                                       \
      (const gcs_cl_property *properties, gcs_cl_uint count, const gcs_cl_device *devices,         \
       gcs_cl_context_notify *notify, void *user, gcs_cl_int *result))                             \
    X(gcs_cl_int, context_retain, clRetainContext, true, (gcs_cl_context context))                 \
    X(gcs_cl_int, context_release, clReleaseContext, true, (gcs_cl_context context))               \
    X(gcs_cl_int, context_info, clGetContextInfo, true,                                            \
      (gcs_cl_context context, gcs_cl_uint name, size_t size, void *value, size_t *needs))         \
    X(gcs_cl_queue, queue_create, clCreateCommandQueue, true,                                      \
      (gcs_cl_context context, gcs_cl_device device, gcs_cl_flags properties,                      \
       gcs_cl_int * result))                                                                       \
    X(gcs_cl_int, queue_retain, clRetainCommandQueue, true, (gcs_cl_queue queue))                  \
    X(gcs_cl_int, queue_release, clReleaseCommandQueue, true, (gcs_cl_queue queue))                \
    X(gcs_cl_int, queue_info, clGetCommandQueueInfo, true,                                         \
      (gcs_cl_queue queue, gcs_cl_uint name, size_t size, void *value, size_t *needs))             \
    X(gcs_cl_mem, buffer_create, clCreateBuffer, true,                                             \
      (gcs_cl_context context, gcs_cl_flags flags, size_t bytes, void *host, gcs_cl_int *result))  \
    X(gcs_cl_int, mem_retain, clRetainMemObject, true, (gcs_cl_mem memory))                        \
    X(gcs_cl_int, mem_release, clReleaseMemObject, true, (gcs_cl_mem memory))                      \
    X(gcs_cl_int, mem_info, clGetMemObjectInfo, true,                                              \
      (gcs_cl_mem memory, gcs_cl_uint name, size_t size, void *value, size_t *needs))              \
    X(gcs_cl_program, program_with_source, clCreateProgramWithSource, true,                        \
      (gcs_cl_context context, gcs_cl_uint count, const char **strings, const size_t *lengths,     \
       gcs_cl_int *result))                                                                        \
    X(gcs_cl_program, program_with_binary, clCreateProgramWithBinary, true,                        \
      (gcs_cl_context context, gcs_cl_uint count, const gcs_cl_device *devices,                    \
       const size_t *lengths, const unsigned char **binaries, gcs_cl_int *statuses,                \
       gcs_cl_int *result))                                                                        \
    X(gcs_cl_int, program_build, clBuildProgram, true,                                             \
      (gcs_cl_program program, gcs_cl_uint count, const gcs_cl_device *devices,                    \
       const char *options, gcs_cl_program_notify *notify, void *user))                            \
    X(gcs_cl_int, program_build_info, clGetProgramBuildInfo, true,                                 \
      (gcs_cl_program program, gcs_cl_device device, gcs_cl_uint name, size_t size, void *value,   \
       size_t *needs))                                                                             \
    X(gcs_cl_int, program_info, clGetProgramInfo, true,                                            \
      (gcs_cl_program program, gcs_cl_uint name, size_t size, void *value, size_t *needs))         \
    X(gcs_cl_int, program_release, clReleaseProgram, true, (gcs_cl_program program))               \
    X(gcs_cl_kernel, kernel_create, clCreateKernel, true,                                          \
      (gcs_cl_program program, const char *name, gcs_cl_int *result))                              \
    X(gcs_cl_int, kernel_argument, clSetKernelArg, true,                                           \
      (gcs_cl_kernel kernel, gcs_cl_uint index, size_t size, const void *value))                   \
    X(gcs_cl_int, kernel_info, clGetKernelWorkGroupInfo, true,                                     \
      (gcs_cl_kernel kernel, gcs_cl_device device, gcs_cl_uint name, size_t size, void *value,     \
       size_t *needs))                                                                             \
    X(gcs_cl_int, kernel_release, clReleaseKernel, true, (gcs_cl_kernel kernel))                   \
    X(gcs_cl_int, launch, clEnqueueNDRangeKernel, true,                                            \
      (gcs_cl_queue queue, gcs_cl_kernel kernel, gcs_cl_uint dimensions, const size_t *offset,     \
       const size_t *global, const size_t *local, GCS_CL_WAIT))                                    \
    X(gcs_cl_int, write, clEnqueueWriteBuffer, true,                                               \
      (gcs_cl_queue queue, gcs_cl_mem to, gcs_cl_bool blocking, size_t offset, size_t bytes,       \
       const void *from, GCS_CL_WAIT))                                                             \
    X(gcs_cl_int, read, clEnqueueReadBuffer, true,                                                 \
      (gcs_cl_queue queue, gcs_cl_mem from, gcs_cl_bool blocking, size_t offset, size_t bytes,     \
       void *to, GCS_CL_WAIT))                                                                     \
    X(gcs_cl_int, copy, clEnqueueCopyBuffer, true,                                                 \
      (gcs_cl_queue queue, gcs_cl_mem from, gcs_cl_mem to, size_t from_offset, size_t to_offset,   \
       size_t bytes, GCS_CL_WAIT))                                                                 \
    X(gcs_cl_int, fill, clEnqueueFillBuffer, true,                                                 \
      (gcs_cl_queue queue, gcs_cl_mem to, const void *pattern, size_t pattern_bytes,               \
       size_t offset, size_t bytes, GCS_CL_WAIT))                                                  \
    X(gcs_cl_int, marker, clEnqueueMarkerWithWaitList, true, (gcs_cl_queue queue, GCS_CL_WAIT))    \
    X(void *, map, clEnqueueMapBuffer, true,                                                       \
      (gcs_cl_queue queue, gcs_cl_mem memory, gcs_cl_bool blocking, gcs_cl_flags flags,            \
       size_t offset, size_t bytes, GCS_CL_WAIT, gcs_cl_int * result))                             \
    X(gcs_cl_int, unmap, clEnqueueUnmapMemObject, true,                                            \
      (gcs_cl_queue queue, gcs_cl_mem memory, void *mapped, GCS_CL_WAIT))                          \
    X(gcs_cl_int, events_wait, clWaitForEvents, true,                                              \
      (gcs_cl_uint count, const gcs_cl_event *events))                                             \
    X(gcs_cl_int, event_info, clGetEventInfo, true,                                                \
      (gcs_cl_event event, gcs_cl_uint name, size_t size, void *value, size_t *needs))             \
    X(gcs_cl_int, event_profile, clGetEventProfilingInfo, true,                                    \
      (gcs_cl_event event, gcs_cl_uint name, size_t size, void *value, size_t *needs))             \
    X(gcs_cl_int, event_retain, clRetainEvent, true, (gcs_cl_event event))                         \
    X(gcs_cl_int, event_release, clReleaseEvent, true, (gcs_cl_event event))                       \
    X(gcs_cl_int, flush, clFlush, true, (gcs_cl_queue queue))                                      \
    X(gcs_cl_int, finish, clFinish, true, (gcs_cl_queue queue))                                    \
    X(void *, svm_alloc, clSVMAlloc, false,                                                        \
      (gcs_cl_context context, gcs_cl_flags flags, size_t bytes, gcs_cl_uint alignment))           \
    X(void, svm_free, clSVMFree, false, (gcs_cl_context context, void *pointer))                   \
    X(gcs_cl_int, kernel_argument_svm, clSetKernelArgSVMPointer, false,                            \
      (gcs_cl_kernel kernel, gcs_cl_uint index, const void *pointer))                              \
    X(gcs_cl_int, kernel_exec_info, clSetKernelExecInfo, false,                                    \
      (gcs_cl_kernel kernel, gcs_cl_uint name, size_t size, const void *value))                    \
    X(gcs_cl_int, svm_copy, clEnqueueSVMMemcpy, false,                                             \
      (gcs_cl_queue queue, gcs_cl_bool blocking, void *to, const void *from, size_t bytes,         \
       GCS_CL_WAIT))                                                                               \
    X(gcs_cl_int, svm_map, clEnqueueSVMMap, false,                                                 \
      (gcs_cl_queue queue, gcs_cl_bool blocking, gcs_cl_flags flags, void *pointer, size_t bytes,  \
       GCS_CL_WAIT))                                                                               \
    X(gcs_cl_int, svm_unmap, clEnqueueSVMUnmap, false,                                             \
      (gcs_cl_queue queue, void *pointer, GCS_CL_WAIT))

/* A field is NULL only where it is not needed. */
typedef struct gcs_opencl_driver {
#define GCS_CL_FIELD(returned, field, symbol, needed, parameters) returned(*field) parameters;
    GCS_CL_FUNCTIONS(GCS_CL_FIELD)
#undef GCS_CL_FIELD
} gcs_opencl_driver;

/* Opens the loader at the first call in the process, whichever thread makes it, and asks it for
 * platforms at each. GCS_UNSUPPORTED: no loader, one older than OpenCL 1.2, no platform.
 * GCS_OUT_OF_MEMORY, GCS_DEVICE_ERROR: the loader failed. */
gcs_status gcs_opencl_open(const gcs_opencl_driver **driver);

/* Keeps "<sentence>: <OpenCL's name of the result>" as gcs_fail does. Returns GCS_OUT_OF_MEMORY or
 * GCS_UNSUPPORTED where the result says so, else GCS_DEVICE_ERROR. */
__attribute__((format(printf, 2, 3))) gcs_status gcs_opencl_fail(gcs_cl_int result,
                                                                 const char *format, ...);

/* OpenCL's name of a result, e.g. "CL_INVALID_VALUE"; NULL: OpenCL has none for that number. */
const char *gcs_opencl_result_name(gcs_cl_int result);

#endif
