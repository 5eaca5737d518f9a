/* Tensors, values and hashes of the same-bits program. */
#include "sample.h"

#include "dispatch/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS(rows, cols, group)                                                                    \
    { GCS_LAYOUT_ROWS, rows, cols, group }
#define COLS(rows, cols, group)                                                                    \
    { GCS_LAYOUT_COLS, rows, cols, group }
#define FLAT(count, group)                                                                         \
    { GCS_LAYOUT_FLAT, 1, count, group }

/* The last two get Inf and NaN. */
static const gcs_tensor small[] = {
    ROWS(1, 1, 0),    ROWS(5, 1, 1),    ROWS(7, 9, 0),    ROWS(33, 27, 1),  ROWS(6, 31, 0),
    ROWS(6, 32, 0),   ROWS(6, 33, 0),   ROWS(9, 64, 1),   ROWS(3, 147, 0),  ROWS(2, 1023, 0),
    ROWS(3, 1024, 1), ROWS(3, 1025, 0), ROWS(2, 2311, 1), ROWS(2, 4608, 0), ROWS(3, 1056, 0),
    COLS(1, 1, 0),    COLS(1, 5, 0),    COLS(9, 7, 1),    COLS(63, 8, 0),   COLS(64, 33, 0),
    COLS(65, 17, 1),  COLS(128, 1, 0),  COLS(300, 65, 0), COLS(4096, 3, 0), COLS(4161, 5, 1),
    FLAT(1, 0),       FLAT(7, 1),       FLAT(64, 0),      FLAT(1000, 0),    FLAT(5003, 1),
    ROWS(6, 40, 0),   COLS(40, 9, 0),
};
enum { SMALL = sizeof small / sizeof small[0], NOT_FINITE = 2 };

/* The first is longer than 1,024 segments, the third than 64 runs of runs. */
static const gcs_tensor large[] = {
    ROWS(1, 1024 * 1024 + 4096 + 5, 0),
    ROWS(3, 70001, 1),
    COLS(262144 + 67, 2, 0),
    FLAT(130003, 1),
};

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A 24-bit integer times a power of two. One value in 64 is tiny: its square underflows; one in 512
 * is subnormal. */
static float next_value(uint64_t *state, float scale) {
    uint64_t bits = next_random(state);
    float integer = (float)((int32_t)(bits >> 40) - (1 << 23));
    if ((bits & 511) == 0)
        return (float)(int32_t)(bits >> 54) * 0x1p-149F;
    if ((bits & 63) == 0)
        return integer * 0x1p-110F;
    return integer * scale;
}

static uint64_t elements(const gcs_tensor *tensor) {
    return tensor->rows * tensor->cols;
}

static void make_values(gcs_sample *sample) {
    uint64_t state = 1;
    for (uint64_t i = 0; i < sample->elements; i++)
        sample->first[i] = next_value(&state, 0x1p-26F);
    for (uint64_t i = 0; i < sample->elements * (uint64_t)sample->steps; i++)
        sample->gradients[i] = next_value(&state, 0x1p-30F);
}

/* In the last tensors of the small network, at step 2. */
static void make_not_finite(gcs_sample *sample) {
    for (size_t i = SMALL - NOT_FINITE; i < SMALL; i++) {
        uint64_t n = elements(&small[i]);
        float *g = sample->gradients + sample->elements + (sample->buffers[i].w - sample->state);
        g[n / 3] = INFINITY;
        g[n - 1] = NAN;
    }
}

static void place_buffers(gcs_sample *sample) {
    float *next = sample->state;
    for (size_t i = 0; i < sample->count; i++) {
        sample->buffers[i] = (gcs_buffers){
            .w = next, .m = next + sample->elements, .v = next + 2 * sample->elements};
        next += elements(&sample->tensors[i]);
    }
}

static bool make(gcs_sample *sample) {
    for (size_t i = 0; i < sample->count; i++)
        sample->elements += elements(&sample->tensors[i]);
    size_t bytes = (size_t)sample->elements * sizeof(float);
    sample->first = malloc(bytes);
    sample->gradients = malloc(bytes * (size_t)sample->steps);
    sample->state = malloc(bytes * 3);
    sample->buffers = malloc(sample->count * sizeof *sample->buffers);
    if (!sample->first || !sample->gradients || !sample->state || !sample->buffers) {
        gcs_sample_free(sample);
        return false;
    }
    place_buffers(sample);
    make_values(sample);
    return true;
}

bool gcs_sample_small(gcs_sample *sample) {
    *sample = (gcs_sample){.name = "small", .tensors = small, .count = SMALL, .steps = 3};
    if (!make(sample))
        return false;
    make_not_finite(sample);
    return true;
}

bool gcs_sample_large(gcs_sample *sample) {
    *sample = (gcs_sample){
        .name = "large", .tensors = large, .count = sizeof large / sizeof large[0], .steps = 1};
    return make(sample);
}

void gcs_sample_free(gcs_sample *sample) {
    free(sample->first);
    free(sample->gradients);
    free(sample->state);
    free(sample->buffers);
    *sample = (gcs_sample){0};
}

void gcs_sample_begin(gcs_sample *sample) {
    size_t bytes = (size_t)sample->elements * sizeof(float);
    memcpy(sample->state, sample->first, bytes);
    memset(sample->state + sample->elements, 0xff, 2 * bytes); /* all bits set: a NaN */
}

void gcs_sample_gradients(gcs_sample *sample, int t) {
    const float *gradients = sample->gradients + (uint64_t)(t - 1) * sample->elements;
    for (size_t i = 0; i < sample->count; i++)
        sample->buffers[i].g = gradients + (sample->buffers[i].w - sample->state);
}

void gcs_sample_hyper(int t, gcs_hyper hyper[2]) {
    for (int i = 0; i < 2; i++) {
        hyper[i] = gcs_hyper_default();
        hyper[i].lr = 0.013 / (1 + i);
        hyper[i].dampening = 0.1 * i;
        hyper[i].weight_decay = i == 0 ? 0.02 : 0;
        hyper[i].t = (uint64_t)t;
    }
}

uint64_t gcs_hash_add(uint64_t hash, uint64_t value) {
    return (hash ^ value) * UINT64_C(1099511628211) ^ (hash >> 29);
}

static uint64_t hash_floats(uint64_t hash, const float *values, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        hash = gcs_hash_add(hash, (bits & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : bits);
    }
    return hash;
}

uint64_t gcs_sample_hash(const gcs_sample *sample, gcs_rule rule, size_t tensor) {
    const gcs_buffers *b = &sample->buffers[tensor];
    uint64_t n = elements(&sample->tensors[tensor]);
    uint64_t hash = hash_floats(GCS_HASH_START, b->w, n);
    if (gcs_rule_has_m(rule))
        hash = hash_floats(hash, b->m, n);
    if (gcs_rule_has_v(rule))
        hash = hash_floats(hash, b->v, n);
    return hash;
}
