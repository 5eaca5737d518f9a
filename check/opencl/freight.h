/* What a launch finds in device memory: parts, which lie in holds. A hold is a buffer or a stretch
 * of shared virtual memory; what lies in it around the parts are canaries, so that a write beside a
 * part is found. All are sent together, and fetched together. */
#ifndef GCSTEP_CHECK_OPENCL_FREIGHT_H
#define GCSTEP_CHECK_OPENCL_FREIGHT_H

#include "dispatch/opencl/driver.h"
#include <stdbool.h>

#define GCS_CL_PARTS 32
#define GCS_CL_HOLDS 32
#define GCS_CL_NONE  GCS_CL_PARTS /* no part: it had no bytes */

typedef enum gcs_cl_hold_kind {
    GCS_CL_HOLD_ROOMY, /* a buffer with more room than it needs, kept for the next launches */
    GCS_CL_HOLD_EXACT, /* one that ends where its last part ends, made anew for each launch */
    GCS_CL_HOLD_SVM    /* shared virtual memory, also kept */
} gcs_cl_hold_kind;

typedef struct gcs_cl_hold {
    gcs_cl_hold_kind kind;
    gcs_cl_mem buffer; /* NULL: none, or SVM */
    unsigned char *svm;
    unsigned char *image; /* on the host */
    size_t bytes;         /* that this launch uses */
    size_t room, image_room;
} gcs_cl_hold;

typedef struct gcs_cl_part {
    const char *name;
    void *data;   /* on the host; aligned to two bytes, as `bytes` is a multiple of two */
    size_t bytes; /* more than 0 */
    bool returns; /* to `data`; else nothing may change in it */
    size_t hold;
    size_t at; /* in the hold */
} gcs_cl_part;

typedef struct gcs_cl_freight {
    const gcs_opencl_driver *driver;
    gcs_cl_context context;
    gcs_cl_queue queue;
    gcs_cl_part parts[GCS_CL_PARTS];
    size_t count;
    gcs_cl_hold holds[GCS_CL_HOLDS];
    char trouble[64];
} gcs_cl_freight;

void gcs_cl_freight_open(gcs_cl_freight *freight, const gcs_opencl_driver *driver,
                         gcs_cl_context context, gcs_cl_queue queue);

/* Nothing may be under way. Also after the device has failed. */
void gcs_cl_freight_close(gcs_cl_freight *freight);

/* Forgets all parts; then, part by part, in ascending order of a hold's addresses. A hold is of the
 * kind that its first part of a launch asks for. `data` is read when the freight is sent. 0 bytes:
 * there is no such part. */
void gcs_cl_freight_clear(gcs_cl_freight *freight);

/* At the beginning of a hold, which has no other part: an argument of the kernel. */
size_t gcs_cl_freight_add_alone(gcs_cl_freight *freight, size_t hold, gcs_cl_hold_kind kind,
                                const char *name, void *data, size_t bytes, bool returns);

/* As far behind a multiple of 256 bytes as `data` is, with canaries in front. */
size_t gcs_cl_freight_add(gcs_cl_freight *freight, size_t hold, gcs_cl_hold_kind kind,
                          const char *name, void *data, size_t bytes, bool returns);

/* Makes the holds. */
gcs_cl_int gcs_cl_freight_place(gcs_cl_freight *freight);

/* Of a part: the buffer that it lies in (NULL: SVM, or no part), and where: bytes into the buffer,
 * or the address. */
gcs_cl_mem gcs_cl_freight_buffer(const gcs_cl_freight *freight, size_t part);
uint64_t gcs_cl_freight_at(const gcs_cl_freight *freight, size_t part);

/* The SVM allocations that parts lie in; returns their number. */
gcs_cl_uint gcs_cl_freight_svm(const gcs_cl_freight *freight, void *pointers[GCS_CL_HOLDS]);

/* Sends all, in the queue, which is in order. */
gcs_cl_int gcs_cl_freight_send(gcs_cl_freight *freight);

/* Fetches all and waits. Then freight->trouble is "", or says that a part was changed and must not
 * be, or that something was written beside one. */
gcs_cl_int gcs_cl_freight_fetch(gcs_cl_freight *freight);

#endif
