/* AVX2: the operations that the shared loop bodies are written in. 8 floats per vector. */
#ifndef GCSTEP_KERNELS_AVX2_VEC_H
#define GCSTEP_KERNELS_AVX2_VEC_H

#include <immintrin.h>
#include <stdint.h>

#define VL           8
#define GCS_ISA      GCS_ISA_AVX2
#define GCS_ISA_TEXT "avx2"

typedef __m256 vf;

/* Literal trip counts, all loops over the vectors of an iteration unfold;
 * the loops for what is left over do not. */
#if defined(__clang__)
#define GCS_UNROLL    _Pragma("clang loop unroll(full)")
#define GCS_NO_UNROLL _Pragma("clang loop unroll(disable)")
#else
#define GCS_UNROLL    _Pragma("GCC unroll 16")
#define GCS_NO_UNROLL _Pragma("GCC unroll 1")
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

/* +0 where |x| < 2^-126, x elsewhere; the ordered compare lets a NaN stay. */
static inline vf v_flush(vf x) {
    const vf magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x);
    const vf tiny = _mm256_cmp_ps(magnitude, _mm256_set1_ps(0x1p-126F), _CMP_LT_OQ);
    return _mm256_andnot_ps(tiny, x);
}

/* The first n < 8 floats at p, the other lanes +0; nothing else is read. */
static inline vf v_load_part(const float *p, unsigned n) {
    static const int32_t ones_then_zeros[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    const __m256i mask =
        _mm256_loadu_si256((const __m256i *)(const void *)(ones_then_zeros + 8 - n));
    return _mm256_maskload_ps(p, mask);
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

#endif
