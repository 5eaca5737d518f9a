/* Values drawn once: see pool.h. Drawing an element takes longer than a kernel takes to step it,
 * and several times so where products of subnormals are made. */
#include "check/pool.h"
#include <stdlib.h>
#include <string.h>

/* Classes with pairs of elements, whose places in their group count. */
static bool has_pairs(gcs_class class) {
    return class == GCS_CLASS_BOUNDARY || class == GCS_CLASS_MIXED;
}

static bool draw(gcs_pool *pool, gcs_class class) {
    float *floats = malloc(GCS_POOL * 5 * sizeof *floats);
    if (!floats)
        return false;
    pool->w = floats;
    pool->g = floats + GCS_POOL;
    pool->m = floats + 2 * GCS_POOL;
    pool->v = floats + 3 * GCS_POOL;
    pool->v_max = floats + 4 * GCS_POOL;
    const gcs_input to = {pool->w, pool->g, pool->m, pool->v, pool->v_max};
    gcs_input_fill(class, (uint64_t) class, GCS_POOL, 1, &to);
    return true;
}

/* The pool's gradients in 16 bits; NULL: out of memory. */
static const uint16_t *narrowed(gcs_pool *pool, gcs_class class, gcs_type type) {
    uint16_t **halves = type == GCS_TYPE_BF16 ? &pool->g_bf16 : &pool->g_f16;
    if (!*halves) {
        *halves = malloc(GCS_POOL * sizeof **halves);
        if (*halves)
            gcs_input_narrow(class, type, GCS_POOL, pool->g, *halves);
    }
    return *halves;
}

void gcs_pool_close(gcs_pool *pools) {
    for (int class = 0; class < GCS_CLASSES; class ++) {
        free(pools[class].w);
        free(pools[class].g_bf16);
        free(pools[class].g_f16);
        pools[class] = (gcs_pool){0};
    }
}

/* From element `at` on, and round. */
static void take(void *to, const void *from, size_t size, uint64_t at, uint64_t count) {
    char *end = to;
    while (count > 0) {
        uint64_t n = GCS_POOL - at < count ? GCS_POOL - at : count;
        memcpy(end, (const char *)from + at * size, (size_t)n * size);
        end += n * size;
        count -= n;
        at = 0;
    }
}

/* Element by element. */
static void fill_anew(gcs_class class, uint64_t seed, uint64_t count, uint64_t stride,
                      gcs_type type, const gcs_input *to, uint16_t *narrow) {
    gcs_input_fill(class, seed, count, stride, to);
    if (narrow)
        gcs_input_narrow(class, type, count, to->g, narrow);
}

bool gcs_pool_fill(gcs_pool *pools, gcs_class class, uint64_t seed, uint64_t count, uint64_t stride,
                   gcs_type type, const gcs_input *to, uint16_t *narrow) {
    gcs_pool *pool = &pools[class];
    if (has_pairs(class) || (!pool->w && (pool->asked += count) <= GCS_POOL)) {
        fill_anew(class, seed, count, stride, type, to, narrow);
        return true;
    }
    if (!pool->w && !draw(pool, class))
        return false;
    const uint16_t *halves = narrow ? narrowed(pool, class, type) : NULL;
    if (narrow && !halves)
        return false;
    const uint64_t at = seed % GCS_POOL;
    take(to->w, pool->w, sizeof(float), at, count);
    take(to->m, pool->m, sizeof(float), at, count);
    take(to->v, pool->v, sizeof(float), at, count);
    take(to->v_max, pool->v_max, sizeof(float), at, count);
    if (narrow)
        take(narrow, halves, sizeof *halves, at, count);
    else
        take(to->g, pool->g, sizeof(float), at, count);
    return true;
}
