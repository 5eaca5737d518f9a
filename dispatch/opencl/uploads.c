/* Copies to the device that neither block nor overwrite what is under way. */
#include "dispatch/opencl/uploads.h"

#include "dispatch/error.h"

#include <stdlib.h>
#include <string.h>

gcs_status gcs_opencl_uploads_open(gcs_opencl_uploads *u, const gcs_opencl_driver *driver,
                                   size_t bytes) {
    *u = (gcs_opencl_uploads){.driver = driver, .bytes = bytes};
    u->memory = calloc(GCS_OPENCL_SLOTS, bytes);
    return u->memory != NULL ? GCS_OK : gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
}

void gcs_opencl_uploads_close(gcs_opencl_uploads *u) {
    for (unsigned i = 0; i < GCS_OPENCL_SLOTS; i++) {
        if (u->arrived[i] == NULL)
            continue;
        u->driver->events_wait(1, &u->arrived[i]);
        u->driver->event_release(u->arrived[i]);
    }
    free(u->memory);
    *u = (gcs_opencl_uploads){.memory = NULL};
}

gcs_status gcs_opencl_uploads_wait(gcs_opencl_uploads *u) {
    gcs_cl_event *arrived = &u->arrived[u->next];
    if (*arrived == NULL)
        return GCS_OK;
    gcs_cl_int state = GCS_CL_QUEUED;
    gcs_cl_int result = u->driver->event_info(*arrived, GCS_CL_EVENT_COMMAND_EXECUTION_STATUS,
                                              sizeof state, &state, NULL);
    if (result == GCS_CL_SUCCESS && state > GCS_CL_COMPLETE)
        result = u->driver->events_wait(1, arrived);
    else if (result == GCS_CL_SUCCESS)
        result = state; /* complete, or what went wrong */
    u->driver->event_release(*arrived);
    *arrived = NULL;
    return result == GCS_CL_SUCCESS ? GCS_OK : gcs_opencl_fail(result, "an earlier step failed");
}

gcs_status gcs_opencl_upload(gcs_opencl_uploads *u, gcs_opencl_chain *chain, const void *data,
                             size_t bytes, gcs_cl_mem to) {
    unsigned char *slot = u->memory + u->next * u->bytes;
    gcs_cl_event event = NULL;
    memcpy(slot, data, bytes);
    const gcs_cl_int result = u->driver->write(chain->queue, to, GCS_CL_FALSE, 0, bytes, slot,
                                               chain->waits, chain->wait, &event);
    if (result != GCS_CL_SUCCESS)
        return gcs_opencl_fail(result, "the tensors' places cannot be sent to the device");
    u->driver->event_retain(event);
    u->arrived[u->next] = event;
    u->next = (u->next + 1) % GCS_OPENCL_SLOTS;
    gcs_opencl_chain_add(chain, event);
    return GCS_OK;
}
