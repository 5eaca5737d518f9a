/* What a launch finds in device memory: some parts, which are placed and sent together, and
 * fetched together. What lies between them are canaries, so that a write beside a part is found;
 * or each part is an allocation of its own, so that compute-sanitizer finds every access beside it.
 */
#ifndef GCSTEP_CHECK_CUDA_FREIGHT_H
#define GCSTEP_CHECK_CUDA_FREIGHT_H

#include "dispatch/cuda/driver.h"

#define GCS_FREIGHT_PARTS 24

typedef struct gcs_freight_part {
    const char *name;
    void *data;   /* on the host; aligned to two bytes, as `bytes` is a multiple of two */
    size_t bytes; /* more than 0 */
    bool returns; /* to `data`; else nothing may change in it */
    size_t shift; /* of its address on the device beyond a multiple of 256; even */
    size_t at;    /* in the freight */
    gcs_cu_pointer device;
    gcs_cu_pointer own; /* its allocation, if it has one */
} gcs_freight_part;

typedef struct gcs_freight {
    const gcs_cuda_driver *driver;
    gcs_cu_stream stream;
    bool apart; /* each part is an allocation of its own */
    gcs_freight_part parts[GCS_FREIGHT_PARTS];
    size_t count;
    /* Room for parts that are not apart: in device memory, and a copy of it in pinned memory. It
     * grows, and stays for the next launches. */
    gcs_cu_pointer device;
    unsigned char *pinned;
    size_t bytes, room;
    char trouble[64];
} gcs_freight;

void gcs_freight_open(gcs_freight *freight, const gcs_cuda_driver *driver, gcs_cu_stream stream,
                      bool apart);

/* Nothing may be under way. Also after the device has failed. */
void gcs_freight_close(gcs_freight *freight);

/* Forgets all parts, then, part by part; returns the part's number. `data` is read when the
 * freight is sent; 0 bytes: there is no such part, and its address on the device is 0. */
void gcs_freight_clear(gcs_freight *freight);
size_t gcs_freight_add(gcs_freight *freight, const char *name, void *data, size_t bytes,
                       bool returns);

/* The addresses on the device. */
gcs_cu_result gcs_freight_place(gcs_freight *freight);
void *gcs_freight_device(const gcs_freight *freight, size_t part);

/* Sends all, in the stream. */
gcs_cu_result gcs_freight_send(gcs_freight *freight);

/* Fetches all and waits for the stream. Then freight->trouble is "", or says that a part was
 * changed and must not be, or that something was written beside one. */
gcs_cu_result gcs_freight_fetch(gcs_freight *freight);

#endif
