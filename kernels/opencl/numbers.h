/* What the source has of the public header and of kernels/kernel.h, which are not OpenCL C: the
 * same names and numbers. The host's compiler holds them against the real ones (list.c). */
#ifndef GCSTEP_KERNELS_OPENCL_NUMBERS_H
#define GCSTEP_KERNELS_OPENCL_NUMBERS_H

/* X(name, number) */
#define GCS_OPENCL_NUMBERS(X)                                                                      \
    X(GCS_RULE_SGD, 1)                                                                             \
    X(GCS_RULE_SGDM, 2)                                                                            \
    X(GCS_RULE_ADAM, 3)                                                                            \
    X(GCS_RULE_ADAMW, 4)                                                                           \
    X(GCS_RULE_NESTEROV, 5)                                                                        \
    X(GCS_RULE_SGDW, 6)                                                                            \
    X(GCS_RULE_SGDMW, 7)                                                                           \
    X(GCS_RULE_NESTEROVW, 8)                                                                       \
    X(GCS_RULE_AMSGRAD, 9)                                                                         \
    X(GCS_RULE_AMSGRADW, 10)                                                                       \
    X(GCS_RULE_ADAGRAD, 11)                                                                        \
    X(GCS_CENTER_NONE, 0)                                                                          \
    X(GCS_CENTER_GRADIENT, 1)                                                                      \
    X(GCS_CENTER_RAW_GRADIENT, 2)                                                                  \
    X(GCS_CENTER_UPDATE, 3)                                                                        \
    X(GCS_TYPE_F32, 0)                                                                             \
    X(GCS_TYPE_BF16, 1)                                                                            \
    X(GCS_TYPE_F16, 2)                                                                             \
    X(GCS_COPY_NONE, 0)                                                                            \
    X(GCS_COPY_BF16, 1)                                                                            \
    X(GCS_COPY_F16, 2)                                                                             \
    X(GCS_COPY_BF16_STOCHASTIC, 3)                                                                 \
    X(GCS_COPY_F16_STOCHASTIC, 4)

#ifdef __OPENCL_VERSION__

#define GCS_OPENCL_ENUMERATOR(name, number) name = number,
enum { GCS_OPENCL_NUMBERS(GCS_OPENCL_ENUMERATOR) GCS_OPENCL_NUMBERS_END = -1 };

typedef uint gcs_rule;
typedef uint gcs_center;
typedef uint gcs_type;
typedef uint gcs_copy;

typedef uchar uint8_t;
typedef ushort uint16_t;
typedef uint uint32_t;
typedef ulong uint64_t;

#define GCS_LANES   32
#define GCS_SEGMENT 1024
#define GCS_RUN     64

/* As gcs_coef of kernels/kernel.h. */
typedef struct gcs_coef {
    float scale, step, decay, mu, damp, nesterov, beta1, comp1, beta2, comp2, eps, rsqrt_c2;
} gcs_coef;

/* As gcs_draw. */
typedef struct gcs_draw {
    uint32_t key[2];
    uint64_t index;
} gcs_draw;

#else
#include "kernels/kernel.h"
#endif
#endif
