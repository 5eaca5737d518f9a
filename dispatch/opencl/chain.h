/* Commands one behind the other, in a queue that keeps their order or in one that does not. */
#ifndef GCSTEP_DISPATCH_OPENCL_CHAIN_H
#define GCSTEP_DISPATCH_OPENCL_CHAIN_H

#include "dispatch/opencl/driver.h"
#include <stdbool.h>

struct gcs_opencl_plan;

typedef struct gcs_opencl_chain {
    const gcs_opencl_driver *driver;
    gcs_cl_queue queue;
    bool out_of_order;
    gcs_cl_uint waits; /* what the next command waits for */
    const gcs_cl_event *wait;
    gcs_cl_event *own; /* the list that `wait` points at; NULL: `last` */
    gcs_cl_event last; /* of the last command that gave one */
    bool begun;        /* a command has been enqueued */
} gcs_opencl_chain;

/* The first command waits for the caller's events, and for the plan's last command where the queue
 * does not see to that. */
gcs_status gcs_opencl_chain_begin(gcs_opencl_chain *chain, const struct gcs_opencl_plan *opencl,
                                  const gcs_cl_call *call);

/* Where the next command is to put its event; NULL: it is not `wanted`, and the queue keeps the
 * order without. */
gcs_cl_event *gcs_opencl_chain_event(const gcs_opencl_chain *chain, bool wanted,
                                     gcs_cl_event *event);

/* The command has been enqueued; its event, or NULL, is the chain's. */
void gcs_opencl_chain_add(gcs_opencl_chain *chain, gcs_cl_event event);

/* Nothing more comes: what was enqueued begins, and its last event becomes the plan's. `complete`
 * false: something failed, and the last command may have been one without an event. */
void gcs_opencl_chain_end(gcs_opencl_chain *chain, struct gcs_opencl_plan *opencl, bool complete);

#endif
