/* Values drawn once: see pool.h. Drawing an element takes longer than a kernel takes to step it,
 * and several times so where products of subnormals are made. */
#include "check/pool.h"
#include <stdlib.h>
#include <string.h>

/* Classes with pairs of elements, whose places in their group count. */
static bool has_pairs(gcs_class class) {
    return class == GCS_CLASS_BOUNDARY || class == GCS_CLASS_MIXED;
}

static bool open_pool(gcs_pool *pool) {
    float *floats = malloc(GCS_POOL * 5 * sizeof *floats);
    uint16_t *halves = malloc(GCS_POOL * 2 * sizeof *halves);
    if (!floats || !halves) {
        free(floats);
        free(halves);
        return false;
    }
    *pool = (gcs_pool){.w = floats,
                       .g = floats + GCS_POOL,
                       .m = floats + 2 * GCS_POOL,
                       .v = floats + 3 * GCS_POOL,
                       .v_max = floats + 4 * GCS_POOL,
                       .g_bf16 = halves,
                       .g_f16 = halves + GCS_POOL};
    return true;
}

static bool draw(gcs_pool *pool, gcs_class class) {
    if (!open_pool(pool))
        return false;
    const gcs_input to = {pool->w, pool->g, pool->m, pool->v, pool->v_max};
    gcs_input_fill(class, (uint64_t) class, GCS_POOL, 1, &to);
    gcs_input_narrow(class, GCS_TYPE_BF16, GCS_POOL, pool->g, pool->g_bf16);
    gcs_input_narrow(class, GCS_TYPE_F16, GCS_POOL, pool->g, pool->g_f16);
    return true;
}

void gcs_pool_close(gcs_pool *pools) {
    for (int class = 0; class < GCS_CLASSES; class ++) {
        free(pools[class].w);
        free(pools[class].g_bf16);
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

bool gcs_pool_fill(gcs_pool *pools, gcs_class class, uint64_t seed, uint64_t count, uint64_t stride,
                   gcs_type type, const gcs_input *to, uint16_t *narrow) {
    gcs_pool *pool = &pools[class];
    if (has_pairs(class)) {
        gcs_input_fill(class, seed, count, stride, to);
        if (narrow)
            gcs_input_narrow(class, type, count, to->g, narrow);
        return true;
    }
    if (!pool->w && !draw(pool, class))
        return false;
    uint64_t at = seed % GCS_POOL;
    take(to->w, pool->w, sizeof(float), at, count);
    take(to->m, pool->m, sizeof(float), at, count);
    take(to->v, pool->v, sizeof(float), at, count);
    take(to->v_max, pool->v_max, sizeof(float), at, count);
    if (narrow)
        take(narrow, type == GCS_TYPE_BF16 ? pool->g_bf16 : pool->g_f16, sizeof *narrow, at, count);
    else
        take(to->g, pool->g, sizeof(float), at, count);
    return true;
}
