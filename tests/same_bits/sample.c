/* Tensors, values and hashes of the same-bits program. */
#include "sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS(r, c, g)                                                                              \
    { .layout = GCS_LAYOUT_ROWS, .rows = r, .cols = c, .group = g }
#define COLS(r, c, g)                                                                              \
    { .layout = GCS_LAYOUT_COLS, .rows = r, .cols = c, .group = g }
#define GENERAL(o, r, c, g)                                                                        \
    { .layout = GCS_LAYOUT_COLS, .rows = r, .cols = c, .group = g, .outer = o }
#define FLAT(c, g)                                                                                 \
    { .layout = GCS_LAYOUT_FLAT, .rows = 1, .cols = c, .group = g }

/* The last two get Inf and NaN. */
static const gcs_tensor small[] = {
    ROWS(1, 1, 0),         ROWS(5, 1, 1),    ROWS(7, 9, 0),       ROWS(33, 27, 1),
    ROWS(6, 31, 0),        ROWS(6, 32, 0),   ROWS(6, 33, 0),      ROWS(9, 64, 1),
    ROWS(3, 147, 0),       ROWS(2, 1023, 0), ROWS(3, 1024, 1),    ROWS(3, 1025, 0),
    ROWS(2, 2311, 1),      ROWS(2, 4608, 0), ROWS(3, 1056, 0),    COLS(1, 1, 0),
    COLS(1, 5, 0),         COLS(9, 7, 1),    COLS(63, 8, 0),      COLS(64, 33, 0),
    COLS(65, 17, 1),       COLS(128, 1, 0),  COLS(130, 65, 0),    COLS(4096, 1, 0),
    COLS(4161, 2, 1),      FLAT(1, 0),       FLAT(7, 1),          FLAT(64, 0),
    FLAT(1000, 0),         FLAT(5003, 1),    GENERAL(5, 3, 2, 0), GENERAL(17, 9, 13, 1),
    GENERAL(2, 65, 40, 0), ROWS(6, 40, 0),   COLS(40, 9, 0),
};
enum { SMALL = sizeof small / sizeof small[0], NOT_FINITE = 2 };

/* The first is longer than 1,024 segments, the third than 64 runs of runs. */
static const gcs_tensor large[] = {
    ROWS(1, 1024 * 1024 + 4096 + 5, 0), ROWS(3, 70001, 1), COLS(262144 + 67, 2, 0), FLAT(130003, 1),
    GENERAL(3, 1030, 130, 0),
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

/* A sign, 3 bits of exponent and a fraction: from 2^-2 to 2^6 as f16, of size 1 as bf16 where the
 * exponent has the same upper bits. One value in 64 is subnormal or 0. */
static uint16_t next_narrow(uint64_t *state) {
    const unsigned bits = (unsigned)(next_random(state) >> 48), exponent = 0x3000;
    const unsigned tiny = next_random(state) >> 58 == 0;
    return (uint16_t)(tiny ? bits & 0x807f : (bits & 0x8fff) | exponent);
}

uint64_t gcs_sample_elements(const gcs_tensor *tensor) {
    return tensor->rows * tensor->cols * (tensor->outer != 0 ? tensor->outer : 1);
}

static void make_values(gcs_sample *sample) {
    uint64_t state = 1;
    for (uint64_t i = 0; i < sample->elements; i++)
        sample->first[i] = next_value(&state, 0x1p-26F);
    for (uint64_t i = 0; i < sample->elements * (uint64_t)sample->steps; i++) {
        sample->gradients[i] = next_value(&state, 0x1p-30F);
        sample->narrow[i] = next_narrow(&state);
    }
    for (uint64_t i = 0; i < sample->groups; i++) {
        sample->means[i] = next_value(&state, 0x1p-28F);
        sample->w_means[i] = next_value(&state, 0x1p-27F);
    }
}

/* In the last tensors of the small network, at step 2. */
static void make_not_finite(gcs_sample *sample) {
    for (size_t i = SMALL - NOT_FINITE; i < SMALL; i++) {
        const uint64_t n = gcs_sample_elements(&small[i]);
        const uint64_t at = sample->elements + (uint64_t)(sample->buffers[i].w - sample->state);
        sample->gradients[at + n / 3] = INFINITY;
        sample->gradients[at + n - 1] = NAN;
        sample->narrow[at + n / 3] = 0x7f80; /* infinite as bf16, a NaN as f16 */
        sample->narrow[at + n - 1] = 0xfc00; /* finite as bf16, infinite as f16 */
    }
}

static void place_buffers(gcs_sample *sample) {
    const uint64_t n = sample->elements;
    float *w = sample->state;
    uint16_t *copy = sample->copy;
    for (size_t i = 0; i < sample->count; i++) {
        sample->buffers[i] =
            (gcs_buffers){.w = w, .m = w + n, .v = w + 2 * n, .v_max = w + 3 * n, .copy = copy};
        w += gcs_sample_elements(&sample->tensors[i]);
        copy += gcs_sample_elements(&sample->tensors[i]);
    }
}

static bool make(gcs_sample *sample) {
    for (size_t i = 0; i < sample->count; i++) {
        sample->elements += gcs_sample_elements(&sample->tensors[i]);
        sample->groups += gcs_tensor_groups(&sample->tensors[i]);
    }
    const size_t n = (size_t)sample->elements, groups = (size_t)sample->groups;
    const size_t steps = (size_t)sample->steps;
    sample->first = malloc(n * sizeof(float));
    sample->gradients = malloc(n * steps * sizeof(float));
    sample->narrow = malloc(n * steps * sizeof(uint16_t));
    sample->state = malloc(n * 4 * sizeof(float));
    sample->copy = malloc(n * sizeof(uint16_t));
    sample->means = malloc(groups * sizeof(float));
    sample->w_means = malloc(groups * sizeof(float));
    sample->sums = malloc(groups * 3 * sizeof(float));
    sample->buffers = malloc(sample->count * sizeof *sample->buffers);
    if (!sample->first || !sample->gradients || !sample->narrow || !sample->state ||
        !sample->copy || !sample->means || !sample->w_means || !sample->sums || !sample->buffers) {
        gcs_sample_free(sample);
        return false;
    }
    place_buffers(sample);
    make_values(sample);
    return true;
}

bool gcs_sample_small(gcs_sample *sample) {
    *sample = (gcs_sample){.name = "small", .tensors = small, .count = SMALL, .steps = 2};
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
    free(sample->narrow);
    free(sample->state);
    free(sample->copy);
    free(sample->means);
    free(sample->w_means);
    free(sample->sums);
    free(sample->buffers);
    *sample = (gcs_sample){0};
}

void gcs_sample_begin(gcs_sample *sample, bool given) {
    const size_t n = (size_t)sample->elements;
    uint64_t group = 0;
    memcpy(sample->state, sample->first, n * sizeof(float));
    memset(sample->state + n, 0xff, 3 * n * sizeof(float)); /* all bits set: a NaN */
    memset(sample->copy, 0xff, n * sizeof(uint16_t));
    for (size_t i = 0; i < sample->count; i++) {
        gcs_buffers *b = &sample->buffers[i];
        const uint64_t groups = gcs_tensor_groups(&sample->tensors[i]);
        const bool has_means = given && groups != 0;
        b->means = has_means ? sample->means + group : NULL;
        b->w_means = has_means ? sample->w_means + group : NULL;
        b->means_count = has_means ? groups : 0;
        group += groups;
    }
}

void gcs_sample_gradients(gcs_sample *sample, gcs_type type, int t) {
    for (size_t i = 0; i < sample->count; i++) {
        const uint64_t at =
            (uint64_t)(t - 1) * sample->elements + (uint64_t)(sample->buffers[i].w - sample->state);
        sample->buffers[i].g = type == GCS_TYPE_F32 ? (const void *)(sample->gradients + at)
                                                    : (const void *)(sample->narrow + at);
    }
}

void gcs_sample_hyper(int t, gcs_hyper hyper[2]) {
    for (int i = 0; i < 2; i++) {
        hyper[i] = gcs_hyper_default();
        hyper[i].lr = 0.013 / (1 + i);
        hyper[i].dampening = 0.1 * i;
        hyper[i].weight_decay = i == 0 ? 0.02 : 0;
        hyper[i].lr_decay = 0.3;
        hyper[i].grad_scale = i == 0 ? 0 : 0.7;
        hyper[i].clip = i == 0 ? 0.6 : 0;
        hyper[i].seed = 17;
        hyper[i].t = (uint64_t)t;
    }
}
