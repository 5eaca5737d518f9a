/* The time of what is enqueued on an OpenCL device, by its profiling events and by the host. */
#include "measure/measure.h"
#include "measure/opencl.h"

/* What the work waits for, and what tells of its beginning and of its end. */
typedef struct timing {
    gcs_cl_event gate, begin, end;
    uint64_t called, ended; /* host's clock, ns */
} timing;

static gcs_status check(gcs_cl_int result, const char *what) {
    return result == GCS_CL_SUCCESS ? GCS_OK : gcs_opencl_fail(result, "%s", what);
}

gcs_status gcs_lab_copy(const gcs_lab *lab, gcs_cl_mem from, gcs_cl_mem to, uint64_t at,
                        uint64_t bytes, const gcs_cl_call *call) {
    gcs_cl_int result =
        lab->driver->copy(lab->queue, from, to, (size_t)at, (size_t)at, (size_t)bytes,
                          call->wait_count, call->wait_list, call->event);
    if (result == GCS_CL_SUCCESS)
        result = lab->driver->flush(lab->queue);
    return check(result, "no copy on the device");
}

/* Behind the closed gate: a marker, which ends when the gate has opened, and the work. */
static gcs_status enqueue(const gcs_lab *lab, gcs_lab_work *work, void *arg, timing *t) {
    gcs_cl_int result = GCS_CL_SUCCESS;
    t->gate = lab->gate_create(lab->context, &result);
    if (result == GCS_CL_SUCCESS)
        result = lab->driver->marker(lab->queue, 1, &t->gate, &t->begin);
    else
        t->gate = NULL;
    if (result != GCS_CL_SUCCESS)
        return gcs_opencl_fail(result, "no event to time with");
    void *const waits[] = {t->gate};
    void *end = NULL;
    const gcs_cl_call call = {.wait_count = 1, .wait_list = waits, .event = &end};
    t->called = gcs_now_ns();
    const gcs_status status = work(arg, &call);
    t->end = end;
    return status;
}

/* Also behind work that failed: what there is of it must end before its gate goes. */
static gcs_status open_gate(const gcs_lab *lab, timing *t) {
    if (t->gate == NULL)
        return GCS_OK;
    const gcs_cl_int result = lab->gate_set(t->gate, GCS_CL_COMPLETE);
    const gcs_cl_int end = lab->driver->finish(lab->queue);
    t->ended = gcs_now_ns();
    return check(result != GCS_CL_SUCCESS ? result : end, "the device's work failed");
}

static gcs_status take_times(const gcs_lab *lab, const timing *t, gcs_lab_times *times) {
    uint64_t begin = 0, end = 0;
    gcs_cl_int result = lab->driver->event_profile(t->begin, GCS_CL_PROFILING_COMMAND_END,
                                                   sizeof begin, &begin, NULL);
    if (result == GCS_CL_SUCCESS)
        result = lab->driver->event_profile(t->end, GCS_CL_PROFILING_COMMAND_END, sizeof end, &end,
                                            NULL);
    *times = (gcs_lab_times){.device_ns = (double)(int64_t)(end - begin),
                             .host_ns = (double)(t->ended - t->called)};
    return check(result, "no time between two events");
}

gcs_status gcs_lab_time(const gcs_lab *lab, gcs_lab_work *work, void *arg, gcs_lab_times *times) {
    timing t = {.gate = NULL};
    gcs_status status = enqueue(lab, work, arg, &t);
    const gcs_status end = open_gate(lab, &t);
    status = status != GCS_OK ? status : end;
    if (status == GCS_OK)
        status = take_times(lab, &t, times);
    const gcs_cl_event events[] = {t.gate, t.begin, t.end};
    for (unsigned i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (events[i] != NULL)
            lab->driver->event_release(events[i]);
    }
    return status;
}
