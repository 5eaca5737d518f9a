/* Input values that are drawn once and used again: a trial takes a stretch of them. */
#ifndef GCSTEP_CHECK_POOL_H
#define GCSTEP_CHECK_POOL_H

#include "check/input.h"
#include <stdbool.h>

/* Elements of a pool. Prime, so that a stretch that goes round repeats at no piece of an order of
 * summation and at no row. */
#define GCS_POOL 65521

/* A class's elements, or NULL before they are drawn: g in f32 and in both types of 16 bits. */
typedef struct gcs_pool {
    uint64_t asked; /* elements, before there is a pool */
    float *w, *g, *m, *v, *v_max;
    uint16_t *g_bf16, *g_f16;
} gcs_pool;

/* What gcs_input_fill and gcs_input_narrow do, from a stretch that the seed chooses of the class's
 * pool; pools[GCS_CLASSES] begin as {0}. The first elements, as many as a pool has, are drawn one
 * by one, since few trials need no pool; and always those of classes in which they depend on each
 * other. Of a `type` of 16 bits the gradient is in `narrow` (else NULL), and to->g is
 * room for it in f32. False: out of memory. */
bool gcs_pool_fill(gcs_pool *pools, gcs_class class, uint64_t seed, uint64_t count, uint64_t stride,
                   gcs_type type, const gcs_input *to, uint16_t *narrow);

void gcs_pool_close(gcs_pool *pools);

#endif
