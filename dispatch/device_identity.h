/* A device that steps run on beside the CPU, as tables know it: what it is, in text, and where its
 * backend's kernels are found. One backend is one line in device_identity.c. */
#ifndef GCSTEP_DISPATCH_DEVICE_IDENTITY_H
#define GCSTEP_DISPATCH_DEVICE_IDENTITY_H

#include "kernels/kernel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for any text of gcs_device_identity_format; a line of a table has no more. */
#define GCS_DEVICE_IDENTITY_SIZE 768

#define GCS_DEVICE_FIELDS 8

/* Never a host name, an address, a path or a user. */
typedef struct gcs_device_identity {
    char backend[16]; /* "cuda", "opencl" */
    size_t count;
    struct {
        char name[16];  /* "units" */
        char value[64]; /* visible ASCII */
    } fields[GCS_DEVICE_FIELDS];
} gcs_device_identity;

/* A field that each device of a backend has. */
typedef struct gcs_device_field {
    const char *name;
    bool is_number; /* digits alone */
} gcs_device_field;

typedef struct gcs_device_backend {
    const char *name;
    const gcs_device_field *fields; /* [count], in the order in which they are written */
    size_t count;
    const char *cache; /* the field with the bytes of the cache before the device's memory */
    const gcs_kernel *(*find)(const char *name); /* of the kernels; NULL: none of that name */
    const char *(*impl_rev)(void);
} gcs_device_backend;

/* NULL: this build knows no such backend. */
const gcs_device_backend *gcs_device_backend_find(const char *name);

/* The kernel of that name of the device's backend, or of the CPU's where `device` is NULL; NULL:
 * there is none in this build. And the revision of such a kernel. */
const gcs_kernel *gcs_device_kernel(const gcs_device_identity *device, const char *name);
const char *gcs_device_impl_rev(const gcs_device_identity *device, const gcs_kernel *kernel);

/* Without fields. */
void gcs_device_identity_begin(gcs_device_identity *identity, const char *backend);

/* Adds a field. Of the text what is no visible ASCII becomes '_', blanks among them, and what is
 * too long is cut; an empty one is "-". */
void gcs_device_identity_add(gcs_device_identity *identity, const char *name, const char *value);
void gcs_device_identity_add_number(gcs_device_identity *identity, const char *name,
                                    uint64_t value);

/* "cuda name=NVIDIA_H200 arch=sm_90 units=132 l2=62914560 bus=6144". As snprintf. */
size_t gcs_device_identity_format(const gcs_device_identity *identity, char *text, size_t size);

/* Reads that: words parted by one space each, no field twice. Of a backend that this build knows
 * exactly its fields, in whatever order. */
bool gcs_device_identity_parse(const char *text, gcs_device_identity *identity);

/* Whether a table of the one is valid on the other: all fields are equal, in whatever order. */
bool gcs_device_identity_equal(const gcs_device_identity *a, const gcs_device_identity *b);

/* Of the cache before its memory; 0: not known. */
uint64_t gcs_device_cache_bytes(const gcs_device_identity *identity);

#endif
