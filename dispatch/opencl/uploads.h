/* What a step tells the device through memory goes there by copies that block nothing: from a ring
 * of copies on the host, each of which is free again when the device has it. */
#ifndef GCSTEP_DISPATCH_OPENCL_UPLOADS_H
#define GCSTEP_DISPATCH_OPENCL_UPLOADS_H

#include "dispatch/opencl/chain.h"

/* Copies that may be under way before a step waits for the oldest. */
#define GCS_OPENCL_SLOTS 8

typedef struct gcs_opencl_uploads {
    const gcs_opencl_driver *driver;
    unsigned char *memory;
    size_t bytes;                           /* of a slot */
    gcs_cl_event arrived[GCS_OPENCL_SLOTS]; /* NULL: the slot is free */
    unsigned next;
} gcs_opencl_uploads;

gcs_status gcs_opencl_uploads_open(gcs_opencl_uploads *u, const gcs_opencl_driver *driver,
                                   size_t bytes);

/* Waits for what is under way. */
void gcs_opencl_uploads_close(gcs_opencl_uploads *u);

/* Waits until the next slot is free. GCS_DEVICE_ERROR: what was sent from it did not arrive; it is
 * free then. */
gcs_status gcs_opencl_uploads_wait(gcs_opencl_uploads *u);

/* Enqueues a copy of `bytes` from the next slot, which is free, to the beginning of `to`; the slot
 * behind it becomes the next. */
gcs_status gcs_opencl_upload(gcs_opencl_uploads *u, gcs_opencl_chain *chain, const void *data,
                             size_t bytes, gcs_cl_mem to);

#endif
