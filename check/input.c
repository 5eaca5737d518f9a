/* Input values: see input.h. */
#include "check/input.h"
#include "check/half.h"
#include <math.h>
#include <string.h>

static const char *const names[GCS_CLASSES] = {"normal", "nan",      "inf",   "subnormal", "huge",
                                               "zero",   "boundary", "mixed", "bits"};

const char *gcs_class_name(gcs_class class) {
    return names[class];
}

/* splitmix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014. */
uint64_t gcs_stream_next(gcs_stream *stream) {
    uint64_t z = stream->state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

uint64_t gcs_stream_below(gcs_stream *stream, uint64_t bound) {
    return (gcs_stream_next(stream) >> 32) * bound >> 32;
}

/* In [-1, 1), from 32 random bits. */
static float signed_unit(uint32_t bits) {
    return (float)(int32_t)bits * 0x1p-31f;
}

typedef struct element {
    float w, g, m, v, v_max;
} element;

static element normal(gcs_stream *stream) {
    uint64_t a = gcs_stream_next(stream), b = gcs_stream_next(stream);
    float v = fabsf(signed_unit((uint32_t)(b >> 32))) + 0x1p-20f;
    /* From 0 to 4 times v: either of v_max and the new v is often the larger. */
    float factor = (float)((a ^ b) >> 16 & 1023) * 0x1p-8f;
    return (element){
        .w = signed_unit((uint32_t)a),
        .g = signed_unit((uint32_t)(a >> 32)) + 0.375f,
        .m = signed_unit((uint32_t)b),
        .v = v,
        .v_max = v * factor,
    };
}

/* `special` in one buffer of about one element in 100, of either sign except in v and v_max. */
static element with_special(gcs_stream *stream, float special) {
    element e = normal(stream);
    uint64_t dice = gcs_stream_below(stream, 1024);
    if (dice >= 10)
        return e;
    float value = dice >= 5 ? -special : special;
    switch (dice % 5) {
    case 0:
        e.w = value;
        break;
    case 1:
        e.g = value;
        break;
    case 2:
        e.m = value;
        break;
    case 3:
        e.v = special;
        break;
    default:
        e.v_max = special;
    }
    return e;
}

static element scaled(gcs_stream *stream, float scale) {
    element e = normal(stream);
    return (element){e.w * scale, e.g * scale, e.m * scale, e.v * scale, e.v_max * scale};
}

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* A weight around the largest bf16 or f16, often where a tie or a number of the format is. */
static float largest_half(gcs_stream *stream) {
    static const uint32_t largest[] = {0x7f7f0000, 0x477fe000};
    uint64_t type = gcs_stream_below(stream, 2), sign = gcs_stream_below(stream, 2);
    uint32_t beyond = (uint32_t)gcs_stream_below(stream, type == 0 ? 0x10000 : 0x3000);
    if (gcs_stream_below(stream, 2) == 0)
        beyond &= ~0xfffU;
    return float_of(largest[type] + beyond + (sign == 0 ? 0 : 0x80000000U));
}

/* Sizes at which different things overflow: sums and w, products with a coefficient, squares; and a
 * weight that overflows in 16 bits, with nothing that would change it. */
static element huge(gcs_stream *stream) {
    static const float scale[] = {0x1p127f, 0x1p126f, 0x1p100f, 0x1p64f, 0x1p63f};
    element e = scaled(stream, scale[gcs_stream_below(stream, 5)]);
    if (gcs_stream_below(stream, 8) == 0) {
        e.w = largest_half(stream);
        e.g = 0;
        e.m = 0;
    }
    return e;
}

static element subnormal(gcs_stream *stream) {
    static const float scale[] = {0x1p-126f, 0x1p-127f, 0x1p-140f, 0x1p-124f, 0x1p-63f};
    return scaled(stream, scale[gcs_stream_below(stream, 5)]);
}

static element zero(gcs_stream *stream) {
    uint64_t bits = gcs_stream_next(stream);
    return (element){bits & 1 ? -0.0f : 0.0f, bits & 2 ? -0.0f : 0.0f, bits & 4 ? -0.0f : 0.0f,
                     bits & 8 ? -0.0f : 0.0f, bits & 16 ? -0.0f : 0.0f};
}

/* Element i of a row of pairs: with beta1 = 1/2 and beta2 = 3/4, m and v become 2^-126 or the next
 * power of two, which flush() must keep and drop. */
static element boundary(uint64_t seed, uint64_t pair, int second) {
    static const float size[] = {0x1p-126f, 0x1p-125f, 0x1p-127f, 0x1p-62f, 0x1p-63f};
    gcs_stream stream = {seed ^ pair * 0x9e3779b97f4a7c15};
    float g = size[gcs_stream_below(&stream, 5)];
    return (element){.g = second ? -g : g};
}

static element random_bits(gcs_stream *stream) {
    element e = normal(stream);
    uint64_t a = gcs_stream_next(stream);
    e.w = float_of((uint32_t)a);
    e.g = float_of((uint32_t)(a >> 32));
    e.m = float_of((uint32_t)(a >> 16));
    return e;
}

static element draw(gcs_class class, gcs_stream *stream, uint64_t seed, uint64_t pair, int second) {
    switch (class) {
    case GCS_CLASS_NAN:
        return with_special(stream, NAN);
    case GCS_CLASS_INF:
        return with_special(stream, INFINITY);
    case GCS_CLASS_SUBNORMAL:
        return subnormal(stream);
    case GCS_CLASS_HUGE:
        return huge(stream);
    case GCS_CLASS_ZERO:
        return zero(stream);
    case GCS_CLASS_BOUNDARY:
        return boundary(seed, pair, second);
    case GCS_CLASS_BITS:
        return random_bits(stream);
    default:
        return normal(stream);
    }
}

/* Mostly the harmless classes, so that a group is not always spoilt as a whole. */
static gcs_class mix(gcs_stream *stream) {
    static const gcs_class often[] = {GCS_CLASS_NORMAL, GCS_CLASS_SUBNORMAL, GCS_CLASS_ZERO,
                                      GCS_CLASS_BOUNDARY};
    static const gcs_class seldom[] = {GCS_CLASS_NAN, GCS_CLASS_INF, GCS_CLASS_HUGE};
    uint64_t dice = gcs_stream_below(stream, 256);
    return dice < 3 ? seldom[dice] : often[dice & 3];
}

void gcs_input_fill(gcs_class class, uint64_t seed, uint64_t count, uint64_t stride,
                    const gcs_input *to) {
    gcs_stream stream = {seed};
    uint64_t step = 0, column = 0;
    for (uint64_t i = 0; i < count; i++) {
        gcs_class one = class == GCS_CLASS_MIXED ? mix(&stream) : class;
        element e = draw(one, &stream, seed, step / 2 * stride + column, step & 1);
        to->w[i] = e.w;
        to->g[i] = e.g;
        to->m[i] = e.m;
        to->v[i] = e.v;
        to->v_max[i] = e.v_max;
        if (++column == stride) {
            column = 0;
            step++;
        }
    }
}

/* The factor that takes a number of an extreme class to where f16 has the like of it. */
static float f16_factor(gcs_class class, float g) {
    if (class == GCS_CLASS_SUBNORMAL)
        return fabsf(g) < 0x1p-100f ? 0x1p112f : 0x1p50f; /* 2^-126 to 2^-14, 2^-63 to 2^-13 */
    return class == GCS_CLASS_HUGE ? 0x1p-112f : 1;       /* 2^127 to 2^15 */
}

void gcs_input_narrow(gcs_class class, gcs_type type, uint64_t count, const float *g,
                      uint16_t *to) {
    for (uint64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &g[i], sizeof bits);
        float factor = type == GCS_TYPE_F16 ? f16_factor(class, g[i]) : 1;
        to[i] = class == GCS_CLASS_BITS ? (uint16_t)bits : gcs_half_nearest(type, g[i] * factor);
    }
}
