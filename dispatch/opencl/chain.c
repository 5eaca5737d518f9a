/* Commands one behind the other. */
#include "dispatch/opencl/plan_internal.h"

#include "dispatch/error.h"

#include <stdlib.h>
#include <string.h>

gcs_status gcs_opencl_chain_begin(gcs_opencl_chain *chain, const struct gcs_opencl_plan *opencl,
                                  const gcs_cl_call *call) {
    const size_t given = call != NULL ? call->wait_count : 0;
    const bool follows = opencl->last != NULL && (opencl->out_of_order || opencl->moved);
    *chain = (gcs_opencl_chain){
        .driver = opencl->driver, .queue = opencl->queue, .out_of_order = opencl->out_of_order};
    if (given + follows == 0)
        return GCS_OK;
    chain->own = calloc(given + follows, sizeof(gcs_cl_event));
    if (chain->own == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for a list of events");
    if (given > 0)
        memcpy(chain->own, call->wait_list, given * sizeof(gcs_cl_event));
    if (follows)
        chain->own[given] = opencl->last;
    chain->wait = chain->own;
    chain->waits = (gcs_cl_uint)(given + follows);
    return GCS_OK;
}

gcs_cl_event *gcs_opencl_chain_event(const gcs_opencl_chain *chain, bool wanted,
                                     gcs_cl_event *event) {
    *event = NULL;
    return wanted || chain->out_of_order ? event : NULL;
}

void gcs_opencl_chain_add(gcs_opencl_chain *chain, gcs_cl_event event) {
    free(chain->own);
    chain->own = NULL;
    chain->wait = NULL;
    chain->waits = 0;
    chain->begun = true;
    if (event == NULL)
        return;
    if (chain->last != NULL)
        chain->driver->event_release(chain->last);
    chain->last = event;
    if (chain->out_of_order) {
        chain->wait = &chain->last;
        chain->waits = 1;
    }
}

void gcs_opencl_chain_end(gcs_opencl_chain *chain, struct gcs_opencl_plan *opencl, bool complete) {
    gcs_cl_event end = NULL;
    free(chain->own);
    chain->own = NULL;
    if (!complete && !chain->out_of_order && chain->begun &&
        chain->driver->marker(chain->queue, 0, NULL, &end) == GCS_CL_SUCCESS)
        gcs_opencl_chain_add(chain, end);
    chain->driver->flush(chain->queue);
    if (chain->last == NULL)
        return;
    if (opencl->last != NULL)
        chain->driver->event_release(opencl->last);
    opencl->last = chain->last;
    opencl->moved = false;
}
