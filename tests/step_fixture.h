/* Buffers for tests that go through the public interface: made of whole tensors, filled from a
 * seed, copied, and compared bit for bit. */
#ifndef GCSTEP_TESTS_STEP_FIXTURE_H
#define GCSTEP_TESTS_STEP_FIXTURE_H

/* cmocka wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gcstep/gcstep.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Initialisers of a gcs_tensor and of a gcs_spec, for constants. */
#define ROWS(CHANNELS, LENGTH)                                                                     \
    { .layout = GCS_LAYOUT_ROWS, .rows = (CHANNELS), .cols = (LENGTH) }
#define COLS(LENGTH, CHANNELS)                                                                     \
    { .layout = GCS_LAYOUT_COLS, .rows = (LENGTH), .cols = (CHANNELS) }
#define GENERAL(OUTER, REDUCE, INNER)                                                              \
    { .layout = GCS_LAYOUT_COLS, .rows = (REDUCE), .cols = (INNER), .outer = (OUTER) }
#define FLAT(COUNT)                                                                                \
    { .layout = GCS_LAYOUT_FLAT, .rows = 1, .cols = (COUNT) }
#define SPEC(RULE, CENTER)                                                                         \
    { .rule = GCS_RULE_##RULE, .center = GCS_CENTER_##CENTER }

static const gcs_rule all_rules[] = {
    GCS_RULE_SGD,     GCS_RULE_SGDM,      GCS_RULE_NESTEROV, GCS_RULE_SGDW,
    GCS_RULE_SGDMW,   GCS_RULE_NESTEROVW, GCS_RULE_ADAM,     GCS_RULE_ADAMW,
    GCS_RULE_AMSGRAD, GCS_RULE_AMSGRADW,  GCS_RULE_ADAGRAD,
};
enum { ALL_RULES = sizeof all_rules / sizeof all_rules[0] };

/* The buffers of a list of tensors. All exist, also where the rule has no use for them. */
typedef struct fixture {
    const gcs_tensor *tensors;
    size_t count;
    gcs_type gradient;
    gcs_buffers *buffers;
    float *memory; /* of each tensor, one after the other: w m v v_max g copy, each in the room of
                    * as many floats */
    size_t floats; /* in memory */
} fixture;
enum { FIXTURE_BUFFERS = 6 };

/* The larger of two, NaN where one is: fmax would let a NaN pass below any bound. */
static inline double larger(double a, double b) {
    return a >= b || a != a ? a : b;
}

/* Of the piece, where the tensor has one. */
static inline size_t fixture_elements(const gcs_tensor *tensor) {
    const uint64_t outer = tensor->outer != 0 ? tensor->outer : 1;
    return (size_t)(tensor->count != 0 ? tensor->count : tensor->rows * tensor->cols * outer);
}

/* In [-1, 1), from a counter and a seed: a linear congruential step with a xorshift. */
static inline float fixture_value(uint64_t seed, uint64_t index) {
    uint64_t x = (seed + 1) * 0x9E3779B97F4A7C15u + index * 0xD1B54A32D192ED03u;
    x ^= x >> 29;
    x *= 0xBF58476D1CE4E5B9u;
    x ^= x >> 32;
    return (float)(int32_t)(uint32_t)x * 0x1p-31f;
}

/* A bf16 or f16 of magnitude 2^-8 to 1, made of the bits of a value. */
static inline uint16_t fixture_half(float value, gcs_type type) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (type == GCS_TYPE_BF16)
        return (uint16_t)(bits >> 16);
    const uint32_t exponent = 7 + (bits >> 13) % 8, fraction = bits >> 3 & 0x3ff;
    return (uint16_t)(bits >> 31 << 15 | exponent << 10 | fraction);
}

/* Where g is f32. */
static inline float *fixture_gradient(const fixture *f, size_t k) {
    return f->buffers[k].v_max + fixture_elements(&f->tensors[k]);
}

static inline void fixture_set_gradient(const fixture *f, size_t k, size_t i, float value) {
    if (f->gradient == GCS_TYPE_F32)
        fixture_gradient(f, k)[i] = value;
    else
        ((uint16_t *)(void *)fixture_gradient(f, k))[i] = fixture_half(value, f->gradient);
}

static inline void fixture_fill(fixture *f, uint64_t seed) {
    for (size_t k = 0; k < f->count; k++) {
        const gcs_buffers *b = &f->buffers[k];
        const uint64_t s = seed + 8 * k;
        for (size_t i = 0; i < fixture_elements(&f->tensors[k]); i++) {
            const float root = fixture_value(s + 2, i), extra = fixture_value(s + 4, i);
            b->w[i] = fixture_value(s, i);
            b->m[i] = 0.1f * fixture_value(s + 1, i);
            b->v[i] = 0.01f * root * root;
            b->v_max[i] = b->v[i] + 0.005f * extra; /* now above v, now below */
            b->v_max[i] = b->v_max[i] < 0 ? 0 : b->v_max[i];
            fixture_set_gradient(f, k, i, fixture_value(s + 3, i));
        }
    }
}

/* Values in which each hyper-parameter tells, and in which nothing is ill-conditioned. */
static inline gcs_hyper fixture_hyper(uint64_t t) {
    return (gcs_hyper){.lr = 0.1,
                       .momentum = 0.9,
                       .dampening = 0.25,
                       .beta1 = 0.8,
                       .beta2 = 0.95,
                       .eps = 0.5,
                       .weight_decay = 0.3,
                       .t = t,
                       .lr_decay = 0.1};
}

/* Of zeros. */
static inline fixture fixture_blank(const gcs_tensor *tensors, size_t count, gcs_type gradient) {
    fixture f = {.tensors = tensors, .count = count, .gradient = gradient};
    for (size_t k = 0; k < count; k++)
        f.floats += FIXTURE_BUFFERS * fixture_elements(&tensors[k]);
    f.memory = calloc(f.floats, sizeof(float));
    f.buffers = calloc(count, sizeof *f.buffers);
    assert_non_null(f.memory);
    assert_non_null(f.buffers);
    float *next = f.memory;
    for (size_t k = 0; k < count; k++) {
        const size_t n = fixture_elements(&tensors[k]);
        f.buffers[k] = (gcs_buffers){.w = next,
                                     .m = next + n,
                                     .v = next + 2 * n,
                                     .v_max = next + 3 * n,
                                     .g = next + 4 * n,
                                     .copy = next + 5 * n};
        next += FIXTURE_BUFFERS * n;
    }
    return f;
}

static inline fixture fixture_make_typed(const gcs_tensor *tensors, size_t count, uint64_t seed,
                                         gcs_type gradient) {
    fixture f = fixture_blank(tensors, count, gradient);
    fixture_fill(&f, seed);
    return f;
}

static inline fixture fixture_make(const gcs_tensor *tensors, size_t count, uint64_t seed) {
    return fixture_make_typed(tensors, count, seed, GCS_TYPE_F32);
}

static inline void fixture_free(fixture *f) {
    free(f->memory);
    free(f->buffers);
}

/* The values, and the means that the caller gives. */
static inline void fixture_copy(fixture *to, const fixture *from) {
    assert_int_equal(to->floats, from->floats);
    memcpy(to->memory, from->memory, from->floats * sizeof(float));
    for (size_t k = 0; k < to->count; k++) {
        to->buffers[k].means = from->buffers[k].means;
        to->buffers[k].w_means = from->buffers[k].w_means;
        to->buffers[k].means_count = from->buffers[k].means_count;
    }
}

/* Another with the same values, which is quicker than to fill one more. */
static inline fixture fixture_duplicate(const fixture *of) {
    fixture f = fixture_blank(of->tensors, of->count, of->gradient);
    fixture_copy(&f, of);
    return f;
}

/* cmocka's own comparison goes byte by byte, which is only for saying where they differ. */
static inline void assert_same_memory(const void *a, const void *b, size_t bytes) {
    if (memcmp(a, b, bytes) != 0)
        assert_memory_equal(a, b, bytes);
}

static inline void assert_same_bits(const fixture *a, const fixture *b) {
    assert_int_equal(a->floats, b->floats);
    assert_same_memory(a->memory, b->memory, a->floats * sizeof(float));
}

/* Whether `text` holds `word` with no letter, digit or underscore on either side. */
static inline bool has_word(const char *text, const char *word) {
    static const char inside[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    size_t length = strlen(word);
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
        bool starts = at == text || !strchr(inside, at[-1]);
        bool ends = at[length] == '\0' || !strchr(inside, at[length]);
        if (starts && ends)
            return true;
    }
    return false;
}

/* The call gave `want`, and gcs_last_error names the argument. */
#define assert_fails(call, want, argument)                                                         \
    do {                                                                                           \
        assert_string_equal(gcs_status_name(call), gcs_status_name(want));                         \
        if (!has_word(gcs_last_error(), argument))                                                 \
            fail_msg("\"%s\" does not name \"%s\"", gcs_last_error(), argument);                   \
    } while (0)

#define assert_ok(call)                                                                            \
    do {                                                                                           \
        gcs_status got_ = (call);                                                                  \
        if (got_ != GCS_OK)                                                                        \
            fail_msg("%s: %s", gcs_status_name(got_), gcs_last_error());                           \
    } while (0)

#endif
