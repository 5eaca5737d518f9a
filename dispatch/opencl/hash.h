/* A hash of 128 bits: it tells apart what was not made to collide. */
#ifndef GCSTEP_DISPATCH_OPENCL_HASH_H
#define GCSTEP_DISPATCH_OPENCL_HASH_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>

typedef struct gcs_hash {
    uint64_t a, b;
} gcs_hash;

/* To print one: 32 hexadecimal digits. */
#define GCS_HASH_FORMAT     "%016" PRIx64 "%016" PRIx64
#define GCS_HASH_PRINTED(h) (h).a, (h).b

/* FNV-1a, and beside it the same with another start and another odd multiplier (of Knuth's MMIX).
 */
static inline gcs_hash gcs_hash_start(void) {
    return (gcs_hash){UINT64_C(0xcbf29ce484222325), UINT64_C(0x9e3779b97f4a7c15)};
}

static inline void gcs_hash_add(gcs_hash *hash, const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    for (size_t i = 0; i < count; i++) {
        hash->a = (hash->a ^ at[i]) * UINT64_C(0x100000001b3);
        hash->b = (hash->b ^ at[i]) * UINT64_C(6364136223846793005);
        hash->b ^= hash->b >> 32;
    }
}

#endif
