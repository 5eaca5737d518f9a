/* Programs on disk, so that a device's compiler does not work at each start. A file has its whole
 * key and a checksum before the binary; what does not match is as good as absent. Nothing here
 * fails: a cache that cannot be used is a line of the log at level info. */
#ifndef GCSTEP_DISPATCH_OPENCL_CACHE_H
#define GCSTEP_DISPATCH_OPENCL_CACHE_H

#include "dispatch/environment.h"
#include "dispatch/opencl/device.h"

typedef struct gcs_opencl_cache {
    const gcs_environment *env;
    char *key;  /* text, lines; NULL: there is no cache */
    char *path; /* of the entry's file */
} gcs_opencl_cache;

/* The entry of a program: of a device, of its driver and platform, of the source and the options.
 * No cache where it is switched off, where no folder is known, or where the folder exists and is
 * another user's or open to be written by any. Memory is the only thing that is taken. */
void gcs_opencl_cache_open(gcs_opencl_cache *cache, const gcs_environment *env,
                           const gcs_opencl_device *device, const char *source,
                           const char *options);

/* The binary, to be freed, or NULL. */
unsigned char *gcs_opencl_cache_load(const gcs_opencl_cache *cache, size_t *size);

/* Puts a binary in the entry's place, in one step: other processes see the old file or the new one.
 */
void gcs_opencl_cache_store(const gcs_opencl_cache *cache, const unsigned char *binary,
                            size_t size);

void gcs_opencl_cache_close(gcs_opencl_cache *cache);

#endif
