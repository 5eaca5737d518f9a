/* What a step tells the device through memory: the matrices with their pointers, and where there
 * are many parameter groups, these. It goes there by asynchronous copies from pinned memory. */
#ifndef GCSTEP_DISPATCH_CUDA_UPLOADS_H
#define GCSTEP_DISPATCH_CUDA_UPLOADS_H

#include "dispatch/cuda/driver.h"

/* Copies of plain steps that may be under way before a step waits for the oldest. */
#define GCS_CUDA_SLOTS 8

/* Different sets of data that captured steps may use; each stays with its graphs. */
#define GCS_CUDA_CAPTURES 8

/* A set of data, on the device or on its way there: a number of 16 bytes, then the caller's. */
#define GCS_CUDA_HEADER 16

typedef struct gcs_cuda_uploads {
    const gcs_cuda_driver *driver;
    gcs_cu_stream apart;        /* a stream of which no capture knows */
    size_t payload;             /* bytes of a set without its header */
    size_t bytes;               /* from set to set */
    gcs_cu_pointer device;      /* 1 + GCS_CUDA_CAPTURES sets; the first is that of plain steps */
    unsigned char *pinned;      /* GCS_CUDA_SLOTS sets, then the numbers that have arrived */
    volatile uint32_t *arrived; /* [slots]: the device writes the number of the copy that ended */
    uint32_t expected[GCS_CUDA_SLOTS]; /* by the host: of the copy that was begun */
    uint32_t number;
    unsigned next;         /* slot */
    unsigned char *frozen; /* the sets of captured steps, as the host knows them */
    unsigned captures;     /* that are used */
} gcs_cuda_uploads;

/* Bytes of device memory that sets of so many bytes (without header) need. */
size_t gcs_cuda_uploads_device_bytes(size_t bytes);

/* For sets of so many bytes, in device memory that stays the caller's. GCS_OUT_OF_MEMORY,
 * GCS_DEVICE_ERROR. To be closed also then, when nothing is under way. */
gcs_status gcs_cuda_uploads_open(gcs_cuda_uploads *u, const gcs_cuda_driver *driver, size_t bytes,
                                 gcs_cu_pointer device);
void gcs_cuda_uploads_close(gcs_cuda_uploads *u);

/* Sends the first `bytes` of a set to that of plain steps, in the stream. It waits only where all
 * slots are under way. */
gcs_status gcs_cuda_upload(gcs_cuda_uploads *u, const void *set, size_t bytes,
                           gcs_cu_stream stream);

/* While a stream is captured: finds or makes a set with these contents that nothing will change,
 * and is there when this returns. The capture sees nothing of it. *to is its address on the device,
 * the header not included. GCS_UNSUPPORTED: there have been too many. */
gcs_status gcs_cuda_upload_frozen(gcs_cuda_uploads *u, const void *set, gcs_cu_pointer *to);

/* Where the set of plain steps is on the device, the header not included. */
gcs_cu_pointer gcs_cuda_uploads_plain(const gcs_cuda_uploads *u);

#endif
