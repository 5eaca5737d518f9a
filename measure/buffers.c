/* Sets of step buffers that a step finds cold, with values of a trainer's size. */
#include "dispatch/plan.h"
#include "measure/measure.h"
#include <stdlib.h>
#include <string.h>

/* Values repeat with this period, so that restoring a set reads from the first-level cache only.
 * A prime: no row length of a network divides it, so the rows of a tensor differ. */
#define PATTERN_LENGTH 1021
#define ALIGNMENT      64 /* bytes; what tensor allocators give */

struct gcs_buffer_sets {
    size_t set_count;
    size_t tensor_count;
    size_t next;          /* index of the set that is given next */
    size_t last;          /* index of the set that was given last */
    uint64_t set_bytes;   /* of one set, without padding */
    uint64_t *elements;   /* [tensor_count] */
    gcs_buffers *buffers; /* [set_count][tensor_count] */
    void **blocks;        /* [set_count], the memory of each set */
    float w[PATTERN_LENGTH], g[PATTERN_LENGTH], m[PATTERN_LENGTH], v[PATTERN_LENGTH];
};

/* Uniform in [-1, 1), from the top 24 bits. */
static float uniform(gcs_random *random) {
    return (float)(gcs_random_next(random) >> 40) * 0x1p-23f - 1.0f;
}

static void make_patterns(gcs_buffer_sets *sets) {
    gcs_random random = {20040146};
    for (size_t i = 0; i < PATTERN_LENGTH; i++) {
        sets->w[i] = 0.05f * uniform(&random);
        sets->g[i] = 0.01f * uniform(&random);
        sets->m[i] = 0.01f * uniform(&random);
        /* Second moments are positive; of the size of g squared. */
        sets->v[i] = 1e-4f * (0.5f + 0.25f * uniform(&random));
    }
}

static void fill(float *to, const float *pattern, uint64_t count) {
    while (count > 0) {
        size_t part = count < PATTERN_LENGTH ? (size_t)count : (size_t)PATTERN_LENGTH;
        memcpy(to, pattern, part * sizeof *to);
        to += part;
        count -= part;
    }
}

static bool tensor_elements(const gcs_tensor *tensor, uint64_t *elements) {
    return !__builtin_mul_overflow(tensor->rows, tensor->cols, elements);
}

static uint64_t padded(uint64_t bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Buffers per element that the rule uses: w, g and the state it has. */
static unsigned streams(gcs_rule rule) {
    return 2u + (gcs_rule_has_m(rule) ? 1u : 0u) + (gcs_rule_has_v(rule) ? 1u : 0u);
}

/* Sizes of one set, without and with padding; false when they overflow. */
static bool measure_set(gcs_buffer_sets *sets, const gcs_spec *spec, const gcs_tensor *tensors,
                        uint64_t *block_bytes) {
    /* Far above any machine's memory, and small enough that no sum below can overflow. */
    const uint64_t limit = UINT64_MAX / 64;
    unsigned count = streams(spec->rule);
    sets->set_bytes = 0;
    *block_bytes = 0;
    for (size_t i = 0; i < sets->tensor_count; i++) {
        uint64_t elements;
        if (!tensor_elements(&tensors[i], &elements) || elements > limit / sizeof(float))
            return false;
        sets->elements[i] = elements;
        sets->set_bytes += count * elements * sizeof(float);
        *block_bytes += count * padded(elements * sizeof(float));
        if (sets->set_bytes > limit || *block_bytes > limit)
            return false;
    }
    return true;
}

static void place_set(gcs_buffer_sets *sets, size_t set, const gcs_spec *spec) {
    char *at = sets->blocks[set];
    for (size_t i = 0; i < sets->tensor_count; i++) {
        gcs_buffers *b = &sets->buffers[set * sets->tensor_count + i];
        size_t step = (size_t)padded(sets->elements[i] * sizeof(float));
        float *g = (float *)(void *)(at + step);
        b->w = (float *)(void *)at;
        b->g = g;
        at += 2 * step;
        if (gcs_rule_has_m(spec->rule)) {
            b->m = (float *)(void *)at;
            at += step;
        }
        if (gcs_rule_has_v(spec->rule)) {
            b->v = (float *)(void *)at;
            at += step;
        }
        fill(g, sets->g, sets->elements[i]);
    }
}

static void restore_set(gcs_buffer_sets *sets, size_t set) {
    for (size_t i = 0; i < sets->tensor_count; i++) {
        const gcs_buffers *b = &sets->buffers[set * sets->tensor_count + i];
        fill(b->w, sets->w, sets->elements[i]);
        if (b->m)
            fill(b->m, sets->m, sets->elements[i]);
        if (b->v)
            fill(b->v, sets->v, sets->elements[i]);
    }
}

static bool allocate_sets(gcs_buffer_sets *sets, const gcs_spec *spec, uint64_t block_bytes) {
    size_t total;
    if (__builtin_mul_overflow(sets->set_count, sets->tensor_count, &total))
        return false;
    sets->buffers = calloc(total, sizeof *sets->buffers);
    sets->blocks = calloc(sets->set_count, sizeof *sets->blocks);
    if (!sets->buffers || !sets->blocks)
        return false;
    for (size_t set = 0; set < sets->set_count; set++) {
        if (posix_memalign(&sets->blocks[set], ALIGNMENT, (size_t)block_bytes) != 0) {
            sets->blocks[set] = NULL;
            return false;
        }
        place_set(sets, set, spec);
        restore_set(sets, set);
    }
    return true;
}

gcs_buffer_sets *gcs_buffer_sets_create(const gcs_spec *spec, const gcs_tensor *tensors,
                                        size_t count, uint64_t min_bytes) {
    if (count == 0)
        return NULL;
    gcs_buffer_sets *sets = calloc(1, sizeof *sets);
    if (!sets)
        return NULL;
    uint64_t block_bytes;
    sets->tensor_count = count;
    sets->elements = calloc(count, sizeof *sets->elements);
    if (!sets->elements || !measure_set(sets, spec, tensors, &block_bytes) || block_bytes == 0) {
        gcs_buffer_sets_destroy(sets);
        return NULL;
    }
    uint64_t set_count = min_bytes / sets->set_bytes + (min_bytes % sets->set_bytes != 0);
    sets->set_count = set_count > 0 ? (size_t)set_count : 1;
    make_patterns(sets);
    if (!allocate_sets(sets, spec, block_bytes)) {
        gcs_buffer_sets_destroy(sets);
        return NULL;
    }
    return sets;
}

void gcs_buffer_sets_destroy(gcs_buffer_sets *sets) {
    if (!sets)
        return;
    for (size_t set = 0; sets->blocks && set < sets->set_count; set++)
        free(sets->blocks[set]);
    free(sets->blocks);
    free(sets->buffers);
    free(sets->elements);
    free(sets);
}

size_t gcs_buffer_sets_count(const gcs_buffer_sets *sets) {
    return sets->set_count;
}

uint64_t gcs_buffer_sets_bytes(const gcs_buffer_sets *sets) {
    return sets->set_bytes;
}

const gcs_buffers *gcs_buffer_sets_next(gcs_buffer_sets *sets) {
    sets->last = sets->next;
    sets->next = (sets->next + 1) % sets->set_count;
    return &sets->buffers[sets->last * sets->tensor_count];
}

void gcs_buffer_sets_restore(gcs_buffer_sets *sets) {
    restore_set(sets, sets->last);
}
