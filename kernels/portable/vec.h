/* Portable C: the operations that the shared loop bodies are written in. One float per "vector":
 * the loops over the vectors of an iteration are left to the compiler, which may vectorize them
 * with what its target always has. */
#ifndef GCSTEP_KERNELS_PORTABLE_VEC_H
#define GCSTEP_KERNELS_PORTABLE_VEC_H

#include <float.h>
#include <math.h>

#if FLT_EVAL_METHOD != 0
#error "float arithmetic must round to float (on 32-bit x86: -msse2 -mfpmath=sse)"
#endif

#define VL           1
#define GCS_ISA      GCS_ISA_PORTABLE
#define GCS_ISA_TEXT "portable"

/* Kept as loops, for the compiler's own vectorizer. */
#define GCS_UNROLL
#define GCS_NO_UNROLL

typedef float vf;

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

/* +0 where |x| < 2^-126, x elsewhere; the compare is false for a NaN, which stays. */
static inline vf v_flush(vf x) {
    return fabsf(x) < FLT_MIN ? 0.0F : x;
}

/* There are no parts of a vector of one: never called with n > 0, and n < VL is 0. */
static inline vf v_load_part(const float *p, unsigned n) {
    return n != 0 ? *p : 0.0F;
}
static inline void v_store_part(float *p, vf x, unsigned n) {
    if (n != 0)
        *p = x;
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

#endif
