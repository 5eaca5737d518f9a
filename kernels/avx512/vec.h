/* AVX-512: the operations that the shared loop bodies are written in. 16 floats per vector, which
 * is a cache line. Of AVX-512 only its foundation (AVX512F) is used, so that every CPU with it will
 * do. Masks stand where a part of a vector is read or written, and for the compares. */
#ifndef GCSTEP_KERNELS_AVX512_VEC_H
#define GCSTEP_KERNELS_AVX512_VEC_H

#include <immintrin.h>
#include <stdint.h>

#define VL           16
#define GCS_ISA      GCS_ISA_AVX512
#define GCS_ISA_TEXT "avx512"

typedef __m512 vf;        /* floats */
typedef __m512i vu;       /* as many 32-bit integers */
typedef __mmask16 v_mask; /* lanes */

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

/* The first n <= 16 lanes. */
static inline v_mask v_first_lanes(unsigned n) {
    return (v_mask)((1U << n) - 1);
}

static inline vf v_load(const float *p) {
    return _mm512_loadu_ps(p);
}
static inline void v_store(float *p, vf x) {
    _mm512_storeu_ps(p, x);
}
static inline vf v_set1(float x) {
    return _mm512_set1_ps(x);
}
static inline vf v_add(vf a, vf b) {
    return _mm512_add_ps(a, b);
}
static inline vf v_sub(vf a, vf b) {
    return _mm512_sub_ps(a, b);
}
static inline vf v_mul(vf a, vf b) {
    return _mm512_mul_ps(a, b);
}
static inline vf v_div(vf a, vf b) {
    return _mm512_div_ps(a, b);
}
static inline vf v_sqrt(vf a) {
    return _mm512_sqrt_ps(a);
}

/* a where a > b, b elsewhere, where one is a NaN too: as the instruction has it. */
static inline vf v_max(vf a, vf b) {
    return _mm512_max_ps(a, b);
}

/* +0 where |x| < 2^-126, which is where all bits of the exponent are 0; x elsewhere. */
static inline vf v_flush(vf x) {
    const __m512i exponent = _mm512_set1_epi32(0x7f800000);
    return _mm512_maskz_mov_ps(_mm512_test_epi32_mask(_mm512_castps_si512(x), exponent), x);
}

/* The floats at p whose lanes are in the mask, the other lanes +0; nothing else is read. */
static inline vf v_load_masked(const float *p, v_mask mask) {
    return _mm512_maskz_loadu_ps(mask, p);
}

/* The first n < 16 floats at p, the other lanes +0; nothing else is read. */
static inline vf v_load_part(const float *p, unsigned n) {
    return v_load_masked(p, v_first_lanes(n));
}
/* Stores the first n < 16 lanes. */
static inline void v_store_part(float *p, vf x, unsigned n) {
    _mm512_mask_storeu_ps(p, v_first_lanes(n), x);
}

/* The first n lanes, the others +0. */
static inline vf v_keep(vf x, unsigned n) {
    return _mm512_maskz_mov_ps(v_first_lanes(n), x);
}

/* The 32 lanes of a segment folded by 16, 8, 4, 2, 1 (docs/arithmetic.md). */
static inline float v_fold(const vf lanes[32 / VL]) {
    const vf by16 = v_add(lanes[0], lanes[1]);
    const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(by16), 1));
    const __m256 by8 = _mm256_add_ps(_mm512_castps512_ps256(by16), high);
    const __m128 by4 = _mm_add_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1));
    const __m128 by2 = _mm_add_ps(by4, _mm_movehl_ps(by4, by4));
    const __m128 by1 = _mm_add_ss(by2, _mm_movehdup_ps(by2));
    return _mm_cvtss_f32(by1);
}

/* Lane i: the 16 lanes of rows[i] folded by 8, 4, 2, 1. A fold adds the one half of two vectors to
 * the other and leaves both sums in one vector; which two go together brings the rows in order. */
static inline vf v_fold_rows(const vf rows[VL]) {
    vf by8[8], by4[4], by2[2];
    GCS_UNROLL
    for (int i = 0; i < 8; i++) {
        const vf a = rows[i % 4 + i / 4 * 8], b = rows[i % 4 + i / 4 * 8 + 4];
        by8[i] = v_add(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
    }
    GCS_UNROLL
    for (int i = 0; i < 4; i++) {
        const vf a = by8[i], b = by8[i + 4];
        by4[i] = v_add(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
    }
    GCS_UNROLL
    for (int i = 0; i < 2; i++) {
        const __m512d a = _mm512_castps_pd(by4[2 * i]), b = _mm512_castps_pd(by4[2 * i + 1]);
        by2[i] = v_add(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b)),
                       _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
    }
    return v_add(_mm512_shuffle_ps(by2[0], by2[1], 0x88), _mm512_shuffle_ps(by2[0], by2[1], 0xdd));
}

/* ---- Integers and 16-bit floats ------------------------------------------------------------ */

static inline vu v_bits(vf x) {
    return _mm512_castps_si512(x);
}
static inline vf v_from_bits(vu a) {
    return _mm512_castsi512_ps(a);
}
static inline vu u_set1(uint32_t x) {
    return _mm512_set1_epi32((int)x);
}
/* 0, 1, 2, ... */
static inline vu u_lanes(void) {
    return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
static inline vu u_add(vu a, vu b) {
    return _mm512_add_epi32(a, b);
}
static inline vu u_sub(vu a, vu b) {
    return _mm512_sub_epi32(a, b);
}
static inline vu u_mul(vu a, vu b) {
    return _mm512_mullo_epi32(a, b);
}
static inline vu u_and(vu a, vu b) {
    return _mm512_and_si512(a, b);
}
static inline vu u_or(vu a, vu b) {
    return _mm512_or_si512(a, b);
}
static inline vu u_xor(vu a, vu b) {
    return _mm512_xor_si512(a, b);
}
/* By a vector of counts: the form with an immediate is refused by gcc at -O0. */
static inline vu u_shift_right(vu a, int n) {
    return _mm512_srlv_epi32(a, _mm512_set1_epi32(n));
}
static inline vu u_shift_left(vu a, int n) {
    return _mm512_sllv_epi32(a, _mm512_set1_epi32(n));
}
/* Of numbers below 2^31. */
static inline vu u_max(vu a, vu b) {
    return _mm512_max_epi32(a, b);
}
static inline uint32_t u_max_lane(vu a) {
    const __m256i by8 =
        _mm256_max_epi32(_mm512_castsi512_si256(a), _mm512_extracti64x4_epi64(a, 1));
    __m128i max = _mm_max_epi32(_mm256_castsi256_si128(by8), _mm256_extracti128_si256(by8, 1));
    max = _mm_max_epi32(max, _mm_shuffle_epi32(max, 0x4e));
    max = _mm_max_epi32(max, _mm_shuffle_epi32(max, 0xb1));
    return (uint32_t)_mm_cvtsi128_si32(max);
}
/* then where a < b, other elsewhere; a and b below 2^31. */
static inline vu u_if_less(vu a, vu b, vu then, vu other) {
    return _mm512_mask_blend_epi32(_mm512_cmplt_epi32_mask(a, b), other, then);
}

/* The whole part of 0 <= x < 2^31, and back. */
static inline vu v_whole(vf x) {
    return _mm512_cvttps_epi32(x);
}
static inline vf v_from_whole(vu a) {
    return _mm512_cvtepi32_ps(a);
}

static inline vu u_load_16(const uint16_t *p) {
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)p));
}
/* Stores numbers below 2^16. */
static inline void u_store_16(uint16_t *p, vu a) {
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_cvtepi32_epi16(a));
}

/* Lane i: lane from[i] of x. A lane's number is kept in the form that is picked by. */
typedef uint16_t v_lane;
static inline v_lane v_lane_of(unsigned lane) {
    return (v_lane)lane;
}
static inline vf v_pick(vf x, const v_lane *from) {
    return _mm512_permutexvar_ps(u_load_16(from), x);
}

/* binary16, exactly; and to it, to nearest, ties to even. */
static inline vf v_load_f16(const uint16_t *p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}
static inline void v_store_f16(uint16_t *p, vf x) {
    const __m256i half = _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT);
    _mm256_storeu_si256((__m256i *)(void *)p, half);
}

#endif
