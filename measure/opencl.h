/* Measuring on an OpenCL device: a context and a queue of our own, memory, and the time of what is
 * enqueued. For the benches and the tuner; the library itself makes neither context nor queue.
 *
 * Where a function fails, gcs_last_error() has a sentence with OpenCL's name of the error. */
#ifndef GCSTEP_MEASURE_OPENCL_H
#define GCSTEP_MEASURE_OPENCL_H

#include "dispatch/opencl/device.h"

/* X(returned, field, symbol, parameters): what timing needs beyond gcs_opencl_driver. */
#define GCS_LAB_FUNCTIONS(X)                                                                       \
    X(gcs_cl_event, gate_create, clCreateUserEvent, (gcs_cl_context context, gcs_cl_int * result)) \
    X(gcs_cl_int, gate_set, clSetUserEventStatus, (gcs_cl_event gate, gcs_cl_int status))

typedef struct gcs_lab {
    const gcs_opencl_driver *driver;
#define GCS_LAB_FIELD(returned, field, symbol, parameters) returned(*field) parameters;
    GCS_LAB_FUNCTIONS(GCS_LAB_FIELD)
#undef GCS_LAB_FIELD
    gcs_opencl_device device;
    gcs_cl_context context;
    gcs_cl_queue queue; /* keeps the order of its commands, and their times */
} gcs_lab;

/* Device number `ordinal`, as gcs_opencl_device_at counts. GCS_UNSUPPORTED (no loader, platform or
 * such device, a device without profiling), GCS_DEVICE_ERROR, GCS_OUT_OF_MEMORY. After a failure
 * nothing is left. */
gcs_status gcs_lab_open(gcs_lab *lab, int ordinal);

/* Allows what gcs_lab_open failed to open. */
void gcs_lab_close(gcs_lab *lab);

gcs_target gcs_lab_target(const gcs_lab *lab);

/* What gcs_opencl_device_format says, and the platform with its version. As snprintf. */
size_t gcs_lab_format(const gcs_lab *lab, char *text, size_t size);

/* The device's processors are those that gcs_cpu() steps on. */
bool gcs_lab_is_cpu(const gcs_lab *lab);

/* Bytes of buffers beyond which every access is cold: a multiple of the device's cache and, of a
 * CPU, of the last-level cache, of which not every driver tells. */
uint64_t gcs_lab_cold_bytes(const gcs_lab *lab);

/* ---- Memory -------------------------------------------------------------------------------- */

/* A CPU's is such that gcs_lab_map need not copy it. GCS_UNSUPPORTED: it is more than the device's
 * largest buffer (CL_DEVICE_MAX_MEM_ALLOC_SIZE). */
gcs_status gcs_lab_alloc(const gcs_lab *lab, uint64_t bytes, gcs_cl_mem *memory);
void gcs_lab_free(const gcs_lab *lab, gcs_cl_mem memory); /* NULL is allowed */

/* Fills memory with a pattern, again and again. Waits. `pattern` is on the host. */
gcs_status gcs_lab_fill(const gcs_lab *lab, gcs_cl_mem memory, uint64_t bytes, const void *pattern,
                        uint64_t pattern_bytes);

/* Memory for the host to read and write, until it is given back. Both wait. */
gcs_status gcs_lab_map(const gcs_lab *lab, gcs_cl_mem memory, uint64_t bytes, void **at);
gcs_status gcs_lab_unmap(const gcs_lab *lab, gcs_cl_mem memory, void *at);

/* ---- Time (opencl_time.c) ------------------------------------------------------------------ */

/* Enqueues in the lab's queue what is to be timed, and clFlush behind it. Its first command waits
 * for the events of the call, and call->event gets that of its last. */
typedef gcs_status gcs_lab_work(void *arg, const gcs_cl_call *call);

/* A copy from device memory to device memory, as a gcs_lab_work enqueues it. */
gcs_status gcs_lab_copy(const gcs_lab *lab, gcs_cl_mem from, gcs_cl_mem to, uint64_t at,
                        uint64_t bytes, const gcs_cl_call *call);

/* device_ns: by the device's clock, from when the first command might begin to the end of the last
 * one. All have been enqueued by then, behind a gate (a user event) that is opened at the
 * beginning: what the host takes to enqueue them is not in it, the time between them is.
 * host_ns: by the host's clock, from the call to the completion, without the making of the gate.
 * Nothing runs while the work is being enqueued: it is the longest that a trainer waits. */
typedef struct gcs_lab_times {
    double device_ns, host_ns;
} gcs_lab_times;

/* Does the work once, with the queue empty before and behind it. */
gcs_status gcs_lab_time(const gcs_lab *lab, gcs_lab_work *work, void *arg, gcs_lab_times *times);

#endif
