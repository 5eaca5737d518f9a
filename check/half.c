/* Numbers of 16 bits: see half.h. A format is told by three numbers; everything else follows. */
#include "check/half.h"
#include <math.h>

typedef struct format {
    int precision;       /* bits of a significand, the leading one included */
    int least, greatest; /* exponents of normal numbers: 2^least is the smallest */
} format;

static format format_of(gcs_type type) {
    return type == GCS_TYPE_BF16 ? (format){8, -126, 127} : (format){11, -14, 15};
}

/* The magnitude bits of infinity; a NaN has more. */
static unsigned infinity_of(format f) {
    return (unsigned)(f.greatest - f.least + 2) << (f.precision - 1);
}

float gcs_half_value(gcs_type type, uint16_t bits) {
    format f = format_of(type);
    unsigned magnitude = bits & 0x7fffU, one = 1U << (f.precision - 1);
    int exponent = (int)(magnitude / one); /* 0 for subnormals */
    double significand = (double)(magnitude % one + (exponent > 0 ? one : 0));
    double value =
        ldexp(significand, f.least + (exponent > 0 ? exponent - 1 : 0) - f.precision + 1);
    if (magnitude == infinity_of(f))
        value = INFINITY;
    else if (magnitude > infinity_of(f))
        value = NAN;
    return (float)(bits & 0x8000U ? -value : value);
}

/* A finite magnitude as (whole + rest) units, the unit being that of the last place there. */
typedef struct split {
    double whole, rest; /* 0 <= rest < 1 */
    int exponent;
} split;

static split split_at(format f, double a) {
    int exponent = a == 0 ? f.least : ilogb(a);
    exponent = exponent < f.least ? f.least : exponent;
    double units = ldexp(a, f.precision - 1 - exponent);
    return (split){floor(units), units - floor(units), exponent};
}

/* The magnitude bits of `units` units; the last `units` of an exponent are the first of the next.
 * Infinity, where that is too large. */
static unsigned encode(format f, int exponent, double units) {
    unsigned one = 1U << (f.precision - 1);
    unsigned bits = (unsigned)(exponent - f.least) * one + (unsigned)units;
    return exponent > f.greatest || bits > infinity_of(f) ? infinity_of(f) : bits;
}

static unsigned nearest(format f, double a) {
    split s = split_at(f, a);
    bool odd = (unsigned)s.whole % 2 == 1;
    bool up = s.rest > 0.5 || (s.rest == 0.5 && odd);
    return encode(f, s.exponent, s.whole + (up ? 1 : 0));
}

static unsigned stochastic(gcs_type type, double a, uint32_t draw) {
    format f = format_of(type);
    split s = split_at(f, a);
    bool up;
    if (type == GCS_TYPE_BF16) /* 16 bits are cut off */
        up = s.rest * 0x1p16 + draw >= 0x1p16;
    else if (a >= 0x1p-14) /* 13 bits */
        up = s.rest * 0x1p13 + draw % 0x2000 >= 0x1p13;
    else
        up = s.rest > draw * 0x1p-16;
    unsigned bits = encode(f, s.exponent, s.whole + (up ? 1 : 0));
    bool beyond = a >= ldexp(1, f.greatest + 1); /* of f16 alone */
    return bits == infinity_of(f) && !beyond ? bits - 1 : bits;
}

/* The bits of a NaN or an infinity, or of the magnitude `finite`; with the sign of x. */
static uint16_t finish(format f, float x, unsigned finite) {
    unsigned quiet = 1U << (f.precision - 2);
    unsigned magnitude = isnan(x) ? infinity_of(f) | quiet : isinf(x) ? infinity_of(f) : finite;
    return (uint16_t)(magnitude | (signbit(x) ? 0x8000U : 0));
}

uint16_t gcs_half_nearest(gcs_type type, float x) {
    format f = format_of(type);
    return finish(f, x, isfinite(x) ? nearest(f, fabs((double)x)) : 0);
}

gcs_type gcs_half_type(gcs_copy copy) {
    return copy == GCS_COPY_BF16 || copy == GCS_COPY_BF16_STOCHASTIC ? GCS_TYPE_BF16 : GCS_TYPE_F16;
}

uint16_t gcs_half_copy(gcs_copy copy, float w, uint32_t draw) {
    gcs_type type = gcs_half_type(copy);
    if (copy == GCS_COPY_BF16 || copy == GCS_COPY_F16)
        return gcs_half_nearest(type, w);
    return finish(format_of(type), w, isfinite(w) ? stochastic(type, fabs((double)w), draw) : 0);
}

bool gcs_half_same(gcs_type type, uint16_t a, uint16_t b) {
    unsigned infinity = infinity_of(format_of(type));
    return a == b || ((a & 0x7fffU) > infinity && (b & 0x7fffU) > infinity);
}

/* ---- Draws: copied from the page ------------------------------------------------------------ */

static uint32_t mix(uint32_t h) {
    h ^= h >> 16;
    h *= 0x7feb352d;
    h ^= h >> 15;
    h *= 0x846ca68b;
    h ^= h >> 16;
    return h;
}

uint32_t gcs_half_draw(const uint32_t key[2], uint64_t index) {
    uint32_t low = (uint32_t)index, high = (uint32_t)(index >> 32);
    return mix(mix(low ^ key[0]) ^ (high * 0x9e3779b1) ^ key[1]) >> 16;
}

static uint64_t next(uint64_t s, uint64_t value) {
    uint64_t z = (s ^ value) + 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

void gcs_half_keys(uint64_t seed, uint64_t t, uint64_t id, uint32_t key[2]) {
    uint64_t k = next(next(next(0, seed), t), id);
    key[0] = (uint32_t)k;
    key[1] = (uint32_t)(k >> 32);
}
