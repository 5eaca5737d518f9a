/* Sets of step buffers that a step finds cold, with values of a trainer's size. */
#include "dispatch/plan.h"
#include "measure/measure.h"
#include <stdlib.h>
#include <string.h>

/* Values repeat with this period, so that restoring a set reads from the first-level cache only.
 * A prime: no row length of a network divides it, so the rows of a tensor differ. */
#define PATTERN_LENGTH 1021
#define ALIGNMENT      64 /* bytes; what tensor allocators give */

/* The buffers of a step. */
enum { W, G, M, V, V_MAX, COPY, STREAMS };

struct gcs_buffer_sets {
    size_t set_count;
    size_t tensor_count;
    size_t next;             /* index of the set that is given next */
    size_t last;             /* index of the set that was given last */
    uint64_t set_bytes;      /* of one set, without padding */
    unsigned bytes[STREAMS]; /* of one element; 0: the spec has no such buffer */
    uint64_t *elements;      /* [tensor_count] */
    gcs_buffers *buffers;    /* [set_count][tensor_count] */
    void **blocks;           /* [set_count], the memory of each set */
    float w[PATTERN_LENGTH], m[PATTERN_LENGTH], v[PATTERN_LENGTH], v_max[PATTERN_LENGTH];
    union {
        float wide[PATTERN_LENGTH];
        uint16_t narrow[PATTERN_LENGTH];
    } g; /* in the gradient's type */
};

static void set_streams(gcs_buffer_sets *sets, const gcs_spec *spec) {
    const unsigned f32 = sizeof(float);
    sets->bytes[W] = f32;
    sets->bytes[G] = gcs_type_bytes(spec->gradient);
    sets->bytes[M] = gcs_rule_has_m(spec->rule) ? f32 : 0;
    sets->bytes[V] = gcs_rule_has_v(spec->rule) ? f32 : 0;
    sets->bytes[V_MAX] = gcs_rule_has_v_max(spec->rule) ? f32 : 0;
    sets->bytes[COPY] = gcs_copy_bytes(spec->copy);
}

/* ---- Values -------------------------------------------------------------------------------- */

/* Uniform in [-1, 1), from the top 24 bits. */
static float uniform(gcs_random *random) {
    return (float)(gcs_random_next(random) >> 40) * 0x1p-23f - 1.0f;
}

/* |value| < 1, cut to 16 bits; what would be subnormal in f16 becomes its smallest normal. */
static uint16_t cut_short(float value, gcs_type type) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (type == GCS_TYPE_BF16)
        return (uint16_t)(bits >> 16);
    const uint32_t sign = bits >> 31 << 15, magnitude = bits & 0x7fffffff;
    const uint32_t least = 113U << 23; /* 2^-14, whose exponent field is 1 in f16 */
    return (uint16_t)(sign | ((magnitude < least ? least : magnitude) - (112U << 23)) >> 13);
}

static void make_patterns(gcs_buffer_sets *sets, gcs_type gradient) {
    gcs_random random = {20040146};
    for (size_t i = 0; i < PATTERN_LENGTH; i++) {
        sets->w[i] = 0.05f * uniform(&random);
        const float g = 0.01f * uniform(&random);
        if (gradient == GCS_TYPE_F32)
            sets->g.wide[i] = g;
        else
            sets->g.narrow[i] = cut_short(g, gradient);
        sets->m[i] = 0.01f * uniform(&random);
        /* Second moments are positive; of the size of g squared. */
        sets->v[i] = 1e-4f * (0.5f + 0.25f * uniform(&random));
        sets->v_max[i] = 1e-4f * (0.5f + 0.25f * uniform(&random)); /* now above v, now below */
    }
}

static void fill(void *to, const void *pattern, uint64_t count, unsigned bytes) {
    const uint64_t whole = (uint64_t)PATTERN_LENGTH * bytes;
    char *at = to;
    for (uint64_t left = count * bytes; left > 0;) {
        const size_t part = (size_t)(left < whole ? left : whole);
        memcpy(at, pattern, part);
        at += part;
        left -= part;
    }
}

/* ---- Memory -------------------------------------------------------------------------------- */

static bool tensor_elements(const gcs_tensor *tensor, uint64_t *elements) {
    const uint64_t outer = tensor->outer != 0 ? tensor->outer : 1;
    const bool fits = !__builtin_mul_overflow(tensor->rows, tensor->cols, elements) &&
                      !__builtin_mul_overflow(*elements, outer, elements);
    if (tensor->count != 0)
        *elements = tensor->count;
    return fits;
}

static uint64_t padded(uint64_t bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Sizes of one set, without and with padding; false when they overflow. */
static bool measure_set(gcs_buffer_sets *sets, const gcs_tensor *tensors, uint64_t *block_bytes) {
    /* Far above any machine's memory, and small enough that no sum below can overflow. */
    const uint64_t limit = UINT64_MAX / 64;
    sets->set_bytes = 0;
    *block_bytes = 0;
    for (size_t i = 0; i < sets->tensor_count; i++) {
        uint64_t elements;
        if (!tensor_elements(&tensors[i], &elements) || elements > limit / sizeof(float))
            return false;
        sets->elements[i] = elements;
        for (int s = 0; s < STREAMS; s++) {
            sets->set_bytes += elements * sets->bytes[s];
            *block_bytes += padded(elements * sets->bytes[s]);
            if (sets->set_bytes > limit || *block_bytes > limit)
                return false;
        }
    }
    return true;
}

/* The next buffer of so many elements, or NULL where there is none. */
static void *take(char **at, uint64_t elements, unsigned bytes) {
    void *taken = bytes != 0 ? *at : NULL;
    *at += padded(elements * bytes);
    return taken;
}

static void place_set(gcs_buffer_sets *sets, size_t set) {
    char *at = sets->blocks[set];
    for (size_t i = 0; i < sets->tensor_count; i++) {
        gcs_buffers *b = &sets->buffers[set * sets->tensor_count + i];
        const uint64_t n = sets->elements[i];
        b->w = take(&at, n, sets->bytes[W]);
        void *g = take(&at, n, sets->bytes[G]);
        b->g = g;
        b->m = take(&at, n, sets->bytes[M]);
        b->v = take(&at, n, sets->bytes[V]);
        b->v_max = take(&at, n, sets->bytes[V_MAX]);
        b->copy = take(&at, n, sets->bytes[COPY]);
        fill(g, &sets->g, n, sets->bytes[G]);
        if (b->copy)
            memset(b->copy, 0, (size_t)(n * sets->bytes[COPY])); /* so that its pages exist */
    }
}

static void restore_set(gcs_buffer_sets *sets, size_t set) {
    for (size_t i = 0; i < sets->tensor_count; i++) {
        const gcs_buffers *b = &sets->buffers[set * sets->tensor_count + i];
        const uint64_t n = sets->elements[i];
        fill(b->w, sets->w, n, sets->bytes[W]);
        fill(b->m, sets->m, n, sets->bytes[M]);
        fill(b->v, sets->v, n, sets->bytes[V]);
        fill(b->v_max, sets->v_max, n, sets->bytes[V_MAX]);
    }
}

static bool allocate_sets(gcs_buffer_sets *sets, uint64_t block_bytes) {
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
        place_set(sets, set);
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
    set_streams(sets, spec);
    if (!sets->elements || !measure_set(sets, tensors, &block_bytes) || block_bytes == 0) {
        gcs_buffer_sets_destroy(sets);
        return NULL;
    }
    uint64_t set_count = min_bytes / sets->set_bytes + (min_bytes % sets->set_bytes != 0);
    sets->set_count = set_count > 0 ? (size_t)set_count : 1;
    make_patterns(sets, spec->gradient);
    if (!allocate_sets(sets, block_bytes)) {
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
