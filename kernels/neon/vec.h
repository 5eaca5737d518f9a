/* NEON (Advanced SIMD of 64-bit Arm): the operations that the shared loop bodies are written in. 4
 * floats per vector, and no masks: a part of a vector is read and written in pieces. */
#ifndef GCSTEP_KERNELS_NEON_VEC_H
#define GCSTEP_KERNELS_NEON_VEC_H

#include <arm_neon.h>
#include <stdint.h>

#define VL           4
#define GCS_ISA      GCS_ISA_NEON
#define GCS_ISA_TEXT "neon"

typedef float32x4_t vf;  /* floats */
typedef uint32x4_t vu;   /* as many 32-bit integers */
typedef unsigned v_mask; /* the first so many lanes */

/* Literal trip counts, all loops over the vectors of an iteration unfold;
 * the loops for what is left over do not. */
#if defined(__clang__)
#define GCS_UNROLL    _Pragma("clang loop unroll(full)")
#define GCS_NO_UNROLL _Pragma("clang loop unroll(disable)")
#define GCS_EACH      /* unfolds by itself, and warns where it is told to and finds a single round */
#else
#define GCS_UNROLL    _Pragma("GCC unroll 16")
#define GCS_NO_UNROLL _Pragma("GCC unroll 1")
#define GCS_EACH      GCS_UNROLL
#endif

static inline vf v_load(const float *p) {
    return vld1q_f32(p);
}
static inline void v_store(float *p, vf x) {
    vst1q_f32(p, x);
}

/* Four vectors at once: LD1 of four registers. There is no such store: ST1 wants its registers to
 * follow each other, for which GCC 12 brings results together by way of the stack. */
#define GCS_LOADS_FOUR
static inline void v_load_four(const float *p, vf x[4]) {
    const float32x4x4_t four = vld1q_f32_x4(p);
    x[0] = four.val[0];
    x[1] = four.val[1];
    x[2] = four.val[2];
    x[3] = four.val[3];
}

static inline vf v_set1(float x) {
    return vdupq_n_f32(x);
}
static inline vf v_add(vf a, vf b) {
    return vaddq_f32(a, b);
}
static inline vf v_sub(vf a, vf b) {
    return vsubq_f32(a, b);
}
static inline vf v_mul(vf a, vf b) {
    return vmulq_f32(a, b);
}
static inline vf v_div(vf a, vf b) {
    return vdivq_f32(a, b);
}
static inline vf v_sqrt(vf a) {
    return vsqrtq_f32(a);
}

/* a where a > b, b elsewhere, where one is a NaN too. FMAX would give the NaN of either. */
static inline vf v_max(vf a, vf b) {
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}

/* +0 where |x| < 2^-126, which is where the exponent's bits are 0 (those of a NaN are 1), x
 * elsewhere. Two operations: FACGT and BIC, or CMTST and AND, of which clang makes three as GCC
 * does of the former. */
static inline vf v_flush(vf x) {
    const uint32x4_t bits = vreinterpretq_u32_f32(x);
#if defined(__clang__)
    const uint32x4_t tiny = vcaltq_f32(x, vdupq_n_f32(0x1p-126F));
    return vreinterpretq_f32_u32(vbicq_u32(bits, tiny));
#else
    const uint32x4_t exponent = vdupq_n_u32(0x7f800000);
    return vreinterpretq_f32_u32(vandq_u32(bits, vtstq_u32(bits, exponent)));
#endif
}

/* The first n <= 4 lanes. */
static inline v_mask v_first_lanes(unsigned n) {
    return n;
}

/* The first n < 4 floats at p, the other lanes +0; nothing else is read. */
static inline vf v_load_part(const float *p, unsigned n) {
    vf x = vdupq_n_f32(0);
    if (n & 1)
        x = vld1q_lane_f32(p + (n & 2), x, 0);
    if (n & 2)
        x = vcombine_f32(vld1_f32(p), vget_low_f32(x));
    return x;
}

/* The floats at p whose lanes are in the mask, the other lanes +0; nothing else is read. */
static inline vf v_load_masked(const float *p, v_mask mask) {
    return mask == VL ? v_load(p) : v_load_part(p, mask);
}

/* Stores the first n < 4 lanes. */
static inline void v_store_part(float *p, vf x, unsigned n) {
    float32x2_t low = vget_low_f32(x);
    if (n & 2) {
        vst1_f32(p, low);
        low = vget_high_f32(x);
        p += 2;
    }
    if (n & 1)
        vst1_lane_f32(p, low, 0);
}

/* The 32 lanes of a segment folded by 16, 8, 4, 2, 1 (docs/arithmetic.md). */
static inline float v_fold(const vf lanes[32 / VL]) {
    vf by16[4];
    GCS_UNROLL
    for (int i = 0; i < 4; i++)
        by16[i] = v_add(lanes[i], lanes[i + 4]);
    const vf by4 = v_add(v_add(by16[0], by16[2]), v_add(by16[1], by16[3]));
    const float32x2_t by2 = vadd_f32(vget_low_f32(by4), vget_high_f32(by4));
    return vget_lane_f32(by2, 0) + vget_lane_f32(by2, 1);
}

/* The halves of a added, then those of b. */
static inline vf v_add_halves(vf a, vf b) {
    return v_add(vcombine_f32(vget_low_f32(a), vget_low_f32(b)),
                 vcombine_f32(vget_high_f32(a), vget_high_f32(b)));
}

/* Lane i: the 4 lanes of rows[i] folded by 2, 1. */
static inline vf v_fold_rows(const vf rows[VL]) {
    return vpaddq_f32(v_add_halves(rows[0], rows[1]), v_add_halves(rows[2], rows[3]));
}

/* ---- Integers and 16-bit floats ------------------------------------------------------------ */

static inline vu v_bits(vf x) {
    return vreinterpretq_u32_f32(x);
}
static inline vf v_from_bits(vu a) {
    return vreinterpretq_f32_u32(a);
}
static inline vu u_set1(uint32_t x) {
    return vdupq_n_u32(x);
}
/* 0, 1, 2, ... */
static inline vu u_lanes(void) {
    static const uint32_t lanes[VL] = {0, 1, 2, 3};
    return vld1q_u32(lanes);
}
static inline vu u_add(vu a, vu b) {
    return vaddq_u32(a, b);
}
static inline vu u_sub(vu a, vu b) {
    return vsubq_u32(a, b);
}
static inline vu u_mul(vu a, vu b) {
    return vmulq_u32(a, b);
}
static inline vu u_and(vu a, vu b) {
    return vandq_u32(a, b);
}
static inline vu u_or(vu a, vu b) {
    return vorrq_u32(a, b);
}
static inline vu u_xor(vu a, vu b) {
    return veorq_u32(a, b);
}
static inline vu u_shift_right(vu a, int n) {
    return vshlq_u32(a, vdupq_n_s32(-n)); /* becomes USHR where n is a literal */
}
static inline vu u_shift_left(vu a, int n) {
    return vshlq_u32(a, vdupq_n_s32(n));
}
/* Of numbers below 2^31. */
static inline vu u_max(vu a, vu b) {
    return vmaxq_u32(a, b);
}
static inline uint32_t u_max_lane(vu a) {
    return vmaxvq_u32(a);
}
/* then where a < b, other elsewhere; a and b below 2^31. */
static inline vu u_if_less(vu a, vu b, vu then, vu other) {
    return vbslq_u32(vcltq_u32(a, b), then, other);
}

/* The first n lanes, the others +0. */
static inline vf v_keep(vf x, unsigned n) {
    return v_from_bits(vandq_u32(v_bits(x), vcltq_u32(u_lanes(), vdupq_n_u32(n))));
}

/* The whole part of 0 <= x < 2^31, and back. */
static inline vu v_whole(vf x) {
    return vcvtq_u32_f32(x);
}
static inline vf v_from_whole(vu a) {
    return vcvtq_f32_u32(a);
}

static inline vu u_load_16(const uint16_t *p) {
    return vmovl_u16(vld1_u16(p));
}
/* Stores numbers below 2^16. */
static inline void u_store_16(uint16_t *p, vu a) {
    vst1_u16(p, vmovn_u32(a));
}

/* Lane i: lane from[i] of x. A lane's number is kept in the form that is picked by: TBL picks
 * bytes. */
typedef uint32_t v_lane;
static inline v_lane v_lane_of(unsigned lane) {
    return 0x03020100U + lane * 0x04040404U;
}
static inline vf v_pick(vf x, const v_lane *from) {
    const uint8x16_t bytes = vreinterpretq_u8_u32(vld1q_u32(from));
    return vreinterpretq_f32_u8(vqtbl1q_u8(vreinterpretq_u8_f32(x), bytes));
}

/* binary16, exactly; and to it, to nearest, ties to even. */
static inline vf v_load_f16(const uint16_t *p) {
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
static inline void v_store_f16(uint16_t *p, vf x) {
    vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(x)));
}

#endif
