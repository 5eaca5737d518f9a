/* binary16 in integers, as the device converts it: exactly, and to nearest with ties to even. */
#ifndef GCSTEP_TESTS_CUDA_TWIN_HALF_H
#define GCSTEP_TESTS_CUDA_TWIN_HALF_H

#include <stdint.h>
#include <string.h>

static inline float twin_float_of_f16(uint16_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t exponent = half >> 10 & 0x1f, fraction = half & 0x3ff, bits;
    if (exponent == 0x1f) {
        /* A NaN becomes a quiet one. */
        bits = 0x7f800000 | fraction << 13 | (fraction != 0 ? 0x400000U : 0);
    } else if (exponent != 0) {
        bits = (exponent + 127 - 15) << 23 | fraction << 13;
    } else if (fraction == 0) {
        bits = 0;
    } else {
        /* fraction x 2^-24, with its top bit moved to where it is not written. */
        exponent = 127 - 14;
        while (!(fraction & 0x400)) {
            fraction <<= 1;
            exponent--;
        }
        bits = exponent << 23 | (fraction & 0x3ff) << 13;
    }
    bits |= sign;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint16_t twin_f16_of_float(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    const int32_t exponent = (int32_t)(magnitude >> 23) - 127;
    if (magnitude > 0x7f800000)
        return 0x7fff; /* the device's only NaN */
    if (exponent > 15)
        return (uint16_t)(sign | 0x7c00);
    if (exponent < -25) /* below half of the smallest, 2^-24 */
        return (uint16_t)sign;
    /* All 24 bits of the significand, of which `drop` are below the result's last one. */
    const uint32_t significand = (magnitude & 0x7fffff) | 0x800000;
    const uint32_t drop = exponent >= -14 ? 13 : (uint32_t)(-1 - exponent);
    uint32_t kept = significand >> drop;
    const uint32_t rest = significand & ((1U << drop) - 1), middle = 1U << (drop - 1);
    if (rest > middle || (rest == middle && (kept & 1)))
        kept++; /* may carry into the exponent, up to infinity, which is right */
    if (exponent >= -14)
        kept += (uint32_t)(exponent + 14) << 10; /* kept has the bit that is not written: 1 << 10 */
    return (uint16_t)(sign | kept);
}

#endif
