/* AVX2: the operations that the shared loop bodies are written in. 8 floats per vector. */
#ifndef GCSTEP_KERNELS_AVX2_VEC_H
#define GCSTEP_KERNELS_AVX2_VEC_H

#include <immintrin.h>
#include <stdint.h>

#define VL           8
#define GCS_ISA      GCS_ISA_AVX2
#define GCS_ISA_TEXT "avx2"

typedef __m256 vf;      /* floats */
typedef __m256i vu;     /* as many 32-bit integers */
typedef __m256i v_mask; /* lanes, by their sign bits */

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
    return _mm256_loadu_ps(p);
}
static inline void v_store(float *p, vf x) {
    _mm256_storeu_ps(p, x);
}
static inline vf v_set1(float x) {
    return _mm256_set1_ps(x);
}
static inline vf v_add(vf a, vf b) {
    return _mm256_add_ps(a, b);
}
static inline vf v_sub(vf a, vf b) {
    return _mm256_sub_ps(a, b);
}
static inline vf v_mul(vf a, vf b) {
    return _mm256_mul_ps(a, b);
}
static inline vf v_div(vf a, vf b) {
    return _mm256_div_ps(a, b);
}
static inline vf v_sqrt(vf a) {
    return _mm256_sqrt_ps(a);
}

/* a where a > b, b elsewhere, where one is a NaN too: as the instruction has it. */
static inline vf v_max(vf a, vf b) {
    return _mm256_max_ps(a, b);
}

/* +0 where |x| < 2^-126, x elsewhere; the ordered compare lets a NaN stay. */
static inline vf v_flush(vf x) {
    const vf magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x);
    const vf tiny = _mm256_cmp_ps(magnitude, _mm256_set1_ps(0x1p-126F), _CMP_LT_OQ);
    return _mm256_andnot_ps(tiny, x);
}

/* The first n <= 8 lanes. */
static inline v_mask v_first_lanes(unsigned n) {
    static const int32_t ones_then_zeros[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(const void *)(ones_then_zeros + 8 - n));
}

/* The floats at p whose lanes are in the mask, the other lanes +0; nothing else is read. */
static inline vf v_load_masked(const float *p, v_mask mask) {
    return _mm256_maskload_ps(p, mask);
}

/* The first n < 8 floats at p, the other lanes +0; nothing else is read. */
static inline vf v_load_part(const float *p, unsigned n) {
    return v_load_masked(p, v_first_lanes(n));
}

/* Stores the first n < 8 lanes. In pieces: a masked store is slow on AMD (19 or more micro-ops on
 * Zen 2 and 3, uops.info). */
static inline void v_store_part(float *p, vf x, unsigned n) {
    __m128 low = _mm256_castps256_ps128(x);
    if (n & 4) {
        _mm_storeu_ps(p, low);
        low = _mm256_extractf128_ps(x, 1);
        p += 4;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)(void *)p, low);
        low = _mm_movehl_ps(low, low);
        p += 2;
    }
    if (n & 1)
        _mm_store_ss(p, low);
}

/* The first n lanes, the others +0. */
static inline vf v_keep(vf x, unsigned n) {
    return _mm256_and_ps(x, _mm256_castsi256_ps(v_first_lanes(n)));
}

/* The 32 lanes of a segment folded by 16, 8, 4, 2, 1 (docs/arithmetic.md). */
static inline float v_fold(const vf lanes[32 / VL]) {
    const vf by16_low = v_add(lanes[0], lanes[2]);
    const vf by16_high = v_add(lanes[1], lanes[3]);
    const vf by8 = v_add(by16_low, by16_high);
    const __m128 by4 = _mm_add_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1));
    const __m128 by2 = _mm_add_ps(by4, _mm_movehl_ps(by4, by4));
    const __m128 by1 = _mm_add_ss(by2, _mm_movehdup_ps(by2));
    return _mm_cvtss_f32(by1);
}

/* Lane i: the 8 lanes of rows[i] folded by 4, 2, 1. A fold adds the one half of two vectors to the
 * other and leaves both sums in one vector; which two go together brings the rows in order. */
static inline vf v_fold_rows(const vf rows[VL]) {
    vf by4[4], by2[2];
    GCS_UNROLL
    for (int i = 0; i < 4; i++) {
        const vf a = rows[i], b = rows[i + 4];
        by4[i] = v_add(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
    }
    GCS_UNROLL
    for (int i = 0; i < 2; i++) {
        const __m256d a = _mm256_castps_pd(by4[2 * i]), b = _mm256_castps_pd(by4[2 * i + 1]);
        by2[i] = v_add(_mm256_castpd_ps(_mm256_unpacklo_pd(a, b)),
                       _mm256_castpd_ps(_mm256_unpackhi_pd(a, b)));
    }
    return v_add(_mm256_shuffle_ps(by2[0], by2[1], 0x88), _mm256_shuffle_ps(by2[0], by2[1], 0xdd));
}

/* ---- Integers and 16-bit floats ------------------------------------------------------------ */

static inline vu v_bits(vf x) {
    return _mm256_castps_si256(x);
}
static inline vf v_from_bits(vu a) {
    return _mm256_castsi256_ps(a);
}
static inline vu u_set1(uint32_t x) {
    return _mm256_set1_epi32((int)x);
}
/* 0, 1, 2, ... */
static inline vu u_lanes(void) {
    return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
}
static inline vu u_add(vu a, vu b) {
    return _mm256_add_epi32(a, b);
}
static inline vu u_sub(vu a, vu b) {
    return _mm256_sub_epi32(a, b);
}
static inline vu u_mul(vu a, vu b) {
    return _mm256_mullo_epi32(a, b);
}
static inline vu u_and(vu a, vu b) {
    return _mm256_and_si256(a, b);
}
static inline vu u_or(vu a, vu b) {
    return _mm256_or_si256(a, b);
}
static inline vu u_xor(vu a, vu b) {
    return _mm256_xor_si256(a, b);
}
static inline vu u_shift_right(vu a, int n) {
    return _mm256_srli_epi32(a, n);
}
static inline vu u_shift_left(vu a, int n) {
    return _mm256_slli_epi32(a, n);
}
/* Of numbers below 2^31. */
static inline vu u_max(vu a, vu b) {
    return _mm256_max_epi32(a, b);
}
static inline uint32_t u_max_lane(vu a) {
    __m128i max = _mm_max_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    max = _mm_max_epi32(max, _mm_shuffle_epi32(max, 0x4e));
    max = _mm_max_epi32(max, _mm_shuffle_epi32(max, 0xb1));
    return (uint32_t)_mm_cvtsi128_si32(max);
}
/* then where a < b, other elsewhere; a and b below 2^31. */
static inline vu u_if_less(vu a, vu b, vu then, vu other) {
    return _mm256_blendv_epi8(other, then, _mm256_cmpgt_epi32(b, a));
}

/* The whole part of 0 <= x < 2^31, and back. */
static inline vu v_whole(vf x) {
    return _mm256_cvttps_epi32(x);
}
static inline vf v_from_whole(vu a) {
    return _mm256_cvtepi32_ps(a);
}

static inline vu u_load_16(const uint16_t *p) {
    return _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
}
/* Stores numbers below 2^16. */
static inline void u_store_16(uint16_t *p, vu a) {
    const __m128i low = _mm256_castsi256_si128(a), high = _mm256_extracti128_si256(a, 1);
    _mm_storeu_si128((__m128i *)(void *)p, _mm_packus_epi32(low, high));
}

/* Lane i: lane from[i] of x. A lane's number is kept in the form that is picked by. */
typedef uint16_t v_lane;
static inline v_lane v_lane_of(unsigned lane) {
    return (v_lane)lane;
}
static inline vf v_pick(vf x, const v_lane *from) {
    return _mm256_permutevar8x32_ps(x, u_load_16(from));
}

/* binary16, exactly; and to it, to nearest, ties to even. */
static inline vf v_load_f16(const uint16_t *p) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
}
static inline void v_store_f16(uint16_t *p, vf x) {
    _mm_storeu_si128((__m128i *)(void *)p, _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
}

#endif
