/* Stands in for the compiler's <immintrin.h> where kernels/avx512 is compiled for a processor
 * without AVX-512: SIMDe's intrinsics, made of AVX2, and those that SIMDe 0.7.4 lacks, made here of
 * two halves. So the AVX-512 kernels run, and are verified, on any x86-64 machine with AVX2. */
#ifndef GCSTEP_TESTS_EMULATED_IMMINTRIN_H
#define GCSTEP_TESTS_EMULATED_IMMINTRIN_H

#pragma GCC system_header /* #include_next is not ISO C */
#include_next <immintrin.h>

#define SIMDE_X86_AVX512F_NO_NATIVE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

typedef simde__m512_private emulated_floats;
typedef simde__m512i_private emulated_ints;

static inline simde__m512 emulated_ps(__m256 low, __m256 high) {
    emulated_floats x;
    x.m256[0] = low;
    x.m256[1] = high;
    return simde__m512_from_private(x);
}
static inline simde__m512i emulated_si512(__m256i low, __m256i high) {
    emulated_ints x;
    x.m256i[0] = low;
    x.m256i[1] = high;
    return simde__m512i_from_private(x);
}
static inline __m256 emulated_half_ps(simde__m512 x, int half) {
    return simde__m512_to_private(x).m256[half];
}
static inline __m256i emulated_half_si512(simde__m512i x, int half) {
    return simde__m512i_to_private(x).m256i[half];
}
static inline __m128i emulated_quarter(__m256i x, int half) {
    return half ? _mm256_extracti128_si256(x, 1) : _mm256_castsi256_si128(x);
}

/* ---- Masked: only the lanes of the mask are read, and written -------------------------------- */

/* Lanes 8 half to 8 half + 7 of a mask, as a vector mask. */
static inline __m256i emulated_half_mask(unsigned mask, int half) {
    const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const __m256i bits = _mm256_set1_epi32((int)(mask >> 8 * half & 0xff));
    return _mm256_cmpeq_epi32(_mm256_and_si256(bits, bit), bit);
}
static inline simde__m512 emulated_maskz_loadu_ps(simde__mmask16 mask, const float *p) {
    return emulated_ps(_mm256_maskload_ps(p, emulated_half_mask(mask, 0)),
                       _mm256_maskload_ps(p + 8, emulated_half_mask(mask, 1)));
}
static inline void emulated_mask_storeu_ps(float *p, simde__mmask16 mask, simde__m512 x) {
    _mm256_maskstore_ps(p, emulated_half_mask(mask, 0), emulated_half_ps(x, 0));
    _mm256_maskstore_ps(p + 8, emulated_half_mask(mask, 1), emulated_half_ps(x, 1));
}
static inline simde__mmask16 emulated_cmplt_epi32_mask(simde__m512i a, simde__m512i b) {
    unsigned mask = 0;
    for (int half = 0; half < 2; half++) {
        const __m256i less =
            _mm256_cmpgt_epi32(emulated_half_si512(b, half), emulated_half_si512(a, half));
        mask |= (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(less)) << 8 * half;
    }
    return (simde__mmask16)mask;
}

/* ---- Conversions ----------------------------------------------------------------------------- */

static inline simde__m512i emulated_cvttps_epi32(simde__m512 x) {
    return emulated_si512(_mm256_cvttps_epi32(emulated_half_ps(x, 0)),
                          _mm256_cvttps_epi32(emulated_half_ps(x, 1)));
}
static inline simde__m512 emulated_cvtepi32_ps(simde__m512i x) {
    return emulated_ps(_mm256_cvtepi32_ps(emulated_half_si512(x, 0)),
                       _mm256_cvtepi32_ps(emulated_half_si512(x, 1)));
}
static inline simde__m512i emulated_cvtepu16_epi32(__m256i x) {
    return emulated_si512(_mm256_cvtepu16_epi32(emulated_quarter(x, 0)),
                          _mm256_cvtepu16_epi32(emulated_quarter(x, 1)));
}
/* Lower 16 bits of each lane. */
static inline __m256i emulated_cvtepi32_epi16(simde__m512i x) {
    const __m256i lower = _mm256_set1_epi32(0xffff);
    const __m256i a = _mm256_and_si256(emulated_half_si512(x, 0), lower);
    const __m256i b = _mm256_and_si256(emulated_half_si512(x, 1), lower);
    return _mm256_permute4x64_epi64(_mm256_packus_epi32(a, b), 0xd8);
}
static inline simde__m512 emulated_cvtph_ps(__m256i x) {
    return emulated_ps(_mm256_cvtph_ps(emulated_quarter(x, 0)),
                       _mm256_cvtph_ps(emulated_quarter(x, 1)));
}
#define emulated_cvtps_ph(x, rounding)                                                             \
    _mm256_inserti128_si256(                                                                       \
        _mm256_castsi128_si256(_mm256_cvtps_ph(emulated_half_ps(x, 0), rounding)),                 \
        _mm256_cvtps_ph(emulated_half_ps(x, 1), rounding), 1)

/* ---- Permutations ---------------------------------------------------------------------------- */

#define emulated_shuffle_f32x4(a, b, quarters)                                                     \
    _mm512_castsi512_ps(                                                                           \
        _mm512_shuffle_i32x4(_mm512_castps_si512(a), _mm512_castps_si512(b), quarters))

/* The compiler may have some of them as macros. */
#undef _mm512_cmplt_epi32_mask
#undef _mm512_cvtepi32_epi16
#undef _mm512_cvtepi32_ps
#undef _mm512_cvtepu16_epi32
#undef _mm512_cvtph_ps
#undef _mm512_cvtps_ph
#undef _mm512_cvttps_epi32
#undef _mm512_mask_storeu_ps
#undef _mm512_maskz_loadu_ps
#undef _mm512_shuffle_f32x4
#define _mm512_cmplt_epi32_mask emulated_cmplt_epi32_mask
#define _mm512_cvtepi32_epi16   emulated_cvtepi32_epi16
#define _mm512_cvtepi32_ps      emulated_cvtepi32_ps
#define _mm512_cvtepu16_epi32   emulated_cvtepu16_epi32
#define _mm512_cvtph_ps         emulated_cvtph_ps
#define _mm512_cvtps_ph         emulated_cvtps_ph
#define _mm512_cvttps_epi32     emulated_cvttps_epi32
#define _mm512_mask_storeu_ps   emulated_mask_storeu_ps
#define _mm512_maskz_loadu_ps   emulated_maskz_loadu_ps
#define _mm512_shuffle_f32x4    emulated_shuffle_f32x4

#endif
