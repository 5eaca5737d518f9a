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

/* The buffers of a list of tensors. All four exist, also where the rule has no m or v. */
typedef struct fixture {
    const gcs_tensor *tensors;
    size_t count;
    gcs_buffers *buffers;
    float *memory;
    size_t floats; /* in memory */
} fixture;

static inline size_t fixture_elements(const gcs_tensor *tensor) {
    return (size_t)(tensor->rows * tensor->cols);
}

/* In [-1, 1), from a counter and a seed: a linear congruential step with a xorshift. */
static inline float fixture_value(uint64_t seed, uint64_t index) {
    uint64_t x = (seed + 1) * 0x9E3779B97F4A7C15u + index * 0xD1B54A32D192ED03u;
    x ^= x >> 29;
    x *= 0xBF58476D1CE4E5B9u;
    x ^= x >> 32;
    return (float)(int32_t)(uint32_t)x * 0x1p-31f;
}

static inline void fixture_fill(fixture *f, uint64_t seed) {
    for (size_t k = 0; k < f->count; k++) {
        size_t n = fixture_elements(&f->tensors[k]);
        float *g = f->buffers[k].v + n; /* laid out w m v g, see fixture_make */
        for (size_t i = 0; i < n; i++) {
            f->buffers[k].w[i] = fixture_value(seed + 4 * k, i);
            f->buffers[k].m[i] = 0.1f * fixture_value(seed + 4 * k + 1, i);
            float root = fixture_value(seed + 4 * k + 2, i);
            f->buffers[k].v[i] = 0.01f * root * root;
            g[i] = fixture_value(seed + 4 * k + 3, i);
        }
    }
}

static inline fixture fixture_make(const gcs_tensor *tensors, size_t count, uint64_t seed) {
    fixture f = {.tensors = tensors, .count = count};
    for (size_t k = 0; k < count; k++)
        f.floats += 4 * fixture_elements(&tensors[k]);
    f.memory = malloc(f.floats * sizeof(float));
    f.buffers = calloc(count, sizeof *f.buffers);
    assert_non_null(f.memory);
    assert_non_null(f.buffers);
    float *next = f.memory;
    for (size_t k = 0; k < count; k++) {
        size_t n = fixture_elements(&tensors[k]);
        f.buffers[k] =
            (gcs_buffers){.w = next, .m = next + n, .v = next + 2 * n, .g = next + 3 * n};
        next += 4 * n;
    }
    fixture_fill(&f, seed);
    return f;
}

static inline void fixture_free(fixture *f) {
    free(f->memory);
    free(f->buffers);
}

static inline void fixture_copy(fixture *to, const fixture *from) {
    assert_int_equal(to->floats, from->floats);
    memcpy(to->memory, from->memory, from->floats * sizeof(float));
}

static inline void assert_same_bits(const fixture *a, const fixture *b) {
    assert_int_equal(a->floats, b->floats);
    assert_memory_equal(a->memory, b->memory, a->floats * sizeof(float));
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
