/* Portable C: the operations that the shared loop bodies are written in. One float per "vector":
 * the loops over the vectors of an iteration are left to the compiler, which may vectorize them
 * with what its target always has. */
#ifndef GCSTEP_KERNELS_PORTABLE_VEC_H
#define GCSTEP_KERNELS_PORTABLE_VEC_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if FLT_EVAL_METHOD != 0
#error "float arithmetic must round to float (on 32-bit x86: -msse2 -mfpmath=sse)"
#endif

#define VL           1
#define GCS_ISA      GCS_ISA_PORTABLE
#define GCS_ISA_TEXT "portable"

/* Kept as loops, for the compiler's own vectorizer. */
#define GCS_UNROLL
#define GCS_NO_UNROLL
#if defined(__clang__)
#define GCS_EACH _Pragma("clang loop unroll(disable)") /* 32 rounds of each would be unfolded */
#else
#define GCS_EACH
#endif

typedef float vf;
typedef uint32_t vu; /* as many 32-bit integers */
typedef bool v_mask; /* whether the lane is in it */

static inline vf v_load(const float *p) {
    return *p;
}
static inline void v_store(float *p, vf x) {
    *p = x;
}
static inline vf v_set1(float x) {
    return x;
}
static inline vf v_add(vf a, vf b) {
    return a + b;
}
static inline vf v_sub(vf a, vf b) {
    return a - b;
}
static inline vf v_mul(vf a, vf b) {
    return a * b;
}
static inline vf v_div(vf a, vf b) {
    return a / b;
}
static inline vf v_sqrt(vf a) {
    return sqrtf(a);
}

/* a where a > b, b elsewhere, where one is a NaN too. */
static inline vf v_max(vf a, vf b) {
    return a > b ? a : b;
}

/* +0 where |x| < 2^-126, x elsewhere; the compare is false for a NaN, which stays. */
static inline vf v_flush(vf x) {
    return fabsf(x) < FLT_MIN ? 0.0F : x;
}

/* The first n <= 1 lanes. */
static inline v_mask v_first_lanes(unsigned n) {
    return n != 0;
}

/* The float at p if the lane is in the mask, +0 otherwise. */
static inline vf v_load_masked(const float *p, v_mask mask) {
    return mask ? *p : 0.0F;
}

/* There are no parts of a vector of one: never called with n > 0, and n < VL is 0. */
static inline vf v_load_part(const float *p, unsigned n) {
    return v_load_masked(p, v_first_lanes(n));
}
static inline void v_store_part(float *p, vf x, unsigned n) {
    if (n != 0)
        *p = x;
}

/* The first n lanes, the others +0. */
static inline vf v_keep(vf x, unsigned n) {
    return n != 0 ? x : 0.0F;
}

/* The 32 lanes of a segment folded by 16, 8, 4, 2, 1 (docs/arithmetic.md). */
static inline float v_fold(const vf lanes[32 / VL]) {
    float fold[16];
    for (int l = 0; l < 16; l++)
        fold[l] = lanes[l] + lanes[l + 16];
    for (int h = 8; h > 0; h /= 2) {
        for (int l = 0; l < h; l++)
            fold[l] += fold[l + h];
    }
    return fold[0];
}

/* Lane i: the lanes of rows[i] folded. */
static inline vf v_fold_rows(const vf rows[VL]) {
    return rows[0];
}

/* ---- Integers and 16-bit floats ------------------------------------------------------------ */

static inline vu v_bits(vf x) {
    vu bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
static inline vf v_from_bits(vu a) {
    vf x;
    memcpy(&x, &a, sizeof x);
    return x;
}
static inline vu u_set1(uint32_t x) {
    return x;
}
/* 0, 1, 2, ... */
static inline vu u_lanes(void) {
    return 0;
}
static inline vu u_add(vu a, vu b) {
    return a + b;
}
static inline vu u_sub(vu a, vu b) {
    return a - b;
}
static inline vu u_mul(vu a, vu b) {
    return a * b;
}
static inline vu u_and(vu a, vu b) {
    return a & b;
}
static inline vu u_or(vu a, vu b) {
    return a | b;
}
static inline vu u_xor(vu a, vu b) {
    return a ^ b;
}
static inline vu u_shift_right(vu a, int n) {
    return a >> n;
}
static inline vu u_shift_left(vu a, int n) {
    return a << n;
}
/* Of numbers below 2^31. */
static inline vu u_max(vu a, vu b) {
    return a > b ? a : b;
}
static inline uint32_t u_max_lane(vu a) {
    return a;
}
/* then where a < b, other elsewhere; a and b below 2^31. */
static inline vu u_if_less(vu a, vu b, vu then, vu other) {
    return a < b ? then : other;
}

/* The whole part of 0 <= x < 2^31, and back. */
static inline vu v_whole(vf x) {
    return (vu)x;
}
static inline vf v_from_whole(vu a) {
    return (vf)a;
}

static inline vu u_load_16(const uint16_t *p) {
    return *p;
}
/* Stores numbers below 2^16. */
static inline void u_store_16(uint16_t *p, vu a) {
    *p = (uint16_t)a;
}

/* Lane i: lane from[i] of x. A lane's number is kept in the form that is picked by. */
typedef uint16_t v_lane;
static inline v_lane v_lane_of(unsigned lane) {
    return (v_lane)lane;
}
static inline vf v_pick(vf x, const v_lane *from) {
    (void)from;
    return x;
}

/* binary16, exactly. Exponents are moved from bias 15 to 127, all ones stay all ones; a subnormal
 * is its bits under an exponent of 2^-14, less that 2^-14. */
static inline vf v_load_f16(const uint16_t *p) {
    const vu sign = (vu)(*p & 0x8000U) << 16, magnitude = (vu)(*p & 0x7fffU) << 13;
    vu bits = magnitude + (112U << 23);
    if (magnitude >= 31U << 23)
        bits += 112U << 23;
    else if (magnitude < 1U << 23)
        bits = v_bits(v_from_bits(magnitude + (113U << 23)) - 0x1p-14F);
    return v_from_bits(sign | bits);
}

/* To binary16, to nearest, ties to even. Adding 1/2 rounds a subnormal at 2^-24. */
static inline void v_store_f16(uint16_t *p, vf x) {
    const vu sign = v_bits(x) >> 16 & 0x8000U, magnitude = v_bits(x) & 0x7fffffffU;
    vu bits = (magnitude + 0xfffU + (magnitude >> 13 & 1) - (112U << 23)) >> 13;
    if (magnitude > 255U << 23)
        bits = 0x7e00U;
    else if (magnitude >= 0x477ff000U) /* 65,520, half a unit above the largest */
        bits = 0x7c00U;
    else if (magnitude < 113U << 23)
        bits = v_bits(v_from_bits(magnitude) + 0.5F) - v_bits(0.5F);
    *p = (uint16_t)(sign | bits);
}

#endif
