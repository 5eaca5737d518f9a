/* One float a thread: the operations that the shared formulas (kernels/formulas.inc, half.inc) are
 * written in. */
#ifndef GCSTEP_KERNELS_CUDA_VEC_CUH
#define GCSTEP_KERNELS_CUDA_VEC_CUH

#include "kernels/cuda/target.cuh"

#define VL              1
#define GCS_MAX_UNROLL  32 /* elements of a thread */
#define GCS_UNROLL      _Pragma("unroll")
#define GCS_EACH        _Pragma("unroll")
#define GCS_ONCE        _Pragma("unroll 1")
#define GCS_EIGHT_TIMES _Pragma("unroll 8")
#define GCS_INLINE      GCS_DEVICE

typedef float vf;
typedef uint32_t vu;

GCS_INLINE vf v_set1(float x) {
    return x;
}
GCS_INLINE vf v_add(vf a, vf b) {
    return a + b;
}
GCS_INLINE vf v_sub(vf a, vf b) {
    return a - b;
}
GCS_INLINE vf v_mul(vf a, vf b) {
    return a * b;
}
GCS_INLINE vf v_div(vf a, vf b) {
    return a / b;
}
GCS_INLINE vf v_sqrt(vf a) {
    return sqrtf(a);
}

/* a where a > b, b elsewhere, where one is a NaN too. */
GCS_INLINE vf v_max(vf a, vf b) {
    return a > b ? a : b;
}

/* +0 where |x| < 2^-126, x elsewhere; the compare is false for a NaN, which stays. */
GCS_INLINE vf v_flush(vf x) {
    return fabsf(x) < FLT_MIN ? 0.0F : x;
}

GCS_INLINE vu v_bits(vf x) {
    return __float_as_uint(x);
}
GCS_INLINE vf v_from_bits(vu a) {
    return __uint_as_float(a);
}
GCS_INLINE vu u_set1(uint32_t x) {
    return x;
}
GCS_INLINE vu u_lanes() {
    return 0;
}
GCS_INLINE vu u_add(vu a, vu b) {
    return a + b;
}
GCS_INLINE vu u_sub(vu a, vu b) {
    return a - b;
}
GCS_INLINE vu u_mul(vu a, vu b) {
    return a * b;
}
GCS_INLINE vu u_and(vu a, vu b) {
    return a & b;
}
GCS_INLINE vu u_or(vu a, vu b) {
    return a | b;
}
GCS_INLINE vu u_xor(vu a, vu b) {
    return a ^ b;
}
GCS_INLINE vu u_shift_right(vu a, int n) {
    return a >> n;
}
GCS_INLINE vu u_if_less(vu a, vu b, vu then, vu other) {
    return a < b ? then : other;
}

/* The whole part of 0 <= x < 2^31, and back. */
GCS_INLINE vu v_whole(vf x) {
    return (vu)x;
}
GCS_INLINE vf v_from_whole(vu a) {
    return (vf)a;
}

/* half.inc's own way to write a copy, which the GPU's kernels do by fours (access.cuh). */
GCS_INLINE void u_store_16(uint16_t *p, vu a) {
    *p = (uint16_t)a;
}
GCS_INLINE void v_store_f16(uint16_t *p, vf x) {
    *p = (uint16_t)f16_of_float(x);
}

#endif
