/* The contract between the kernels and the rest of the house.
 *
 * A kernel is one compiled loop for one (rule, centre, layout, types). It reads its arguments,
 * computes a range, and returns: it knows no table, thread, allocation, environment or file. Every
 * kernel of a (rule, centre, layout) gives the same bits (docs/arithmetic.md), however its range
 * is cut. */
#ifndef GCSTEP_KERNELS_KERNEL_H
#define GCSTEP_KERNELS_KERNEL_H

#include <gcstep/gcstep.h>
#include <stddef.h>
#include <stdint.h>

/* Order of summation: see docs/arithmetic.md. */
#define GCS_LANES   32   /* lanes of a segment of a contiguous group */
#define GCS_SEGMENT 1024 /* elements of a segment of a contiguous group */
#define GCS_RUN     64   /* elements of a run of a strided group */

/* What a kernel is for. */
typedef enum gcs_op {
    GCS_OP_STEP = 0,   /* a step of the rule over the range */
    GCS_OP_SUM = 1,    /* the segment sums of a piece of one group: out[segment] */
    GCS_OP_TRAFFIC = 2 /* same loads and stores as the rule, no arithmetic to speak of: the ceiling.
                        * Leaves w, m and v as they are where they and g are finite */
} gcs_op;

/* How a kernel sees its range. FLAT, ROWS and COLS have the numbers of gcs_layout. */
typedef enum gcs_view {
    GCS_VIEW_FLAT = GCS_LAYOUT_FLAT, /* elements [first, last) of a vector of `cols` */
    GCS_VIEW_ROWS = GCS_LAYOUT_ROWS, /* rows [first, last) of a rows x cols matrix */
    GCS_VIEW_COLS = GCS_LAYOUT_COLS, /* columns [first, last) of a rows x cols matrix */
    GCS_VIEW_PART = 4 /* elements [first, last) of one row of `cols` elements, first a multiple of
                       * GCS_SEGMENT. STEP: the row's mean is given. SUM: writes the sums of the
                       * segments that begin in the range to out[segment number in the row];
                       * last is a multiple of GCS_SEGMENT or the row's end */
} gcs_view;

typedef enum gcs_isa { GCS_ISA_PORTABLE = 0, GCS_ISA_AVX2 = 1, GCS_ISA_COUNT = 2 } gcs_isa;

/* What the host derives from the hyper-parameters, in double, once per step, each value rounded
 * once (dispatch/coefficients.c). A rule uses the ones its formula names. */
typedef struct gcs_coef {
    float step;     /* lr; Adam: lr / (1 - beta1^t) */
    float decay;    /* lambda where the rule adds lambda w to g; AdamW: lr lambda. 0: no term */
    float mu;       /* momentum; 0 at t = 1 */
    float damp;     /* 1 - dampening; 1 at t = 1 */
    float beta1;    /* Adam */
    float comp1;    /* 1 - beta1 */
    float beta2;    /* Adam */
    float comp2;    /* 1 - beta2 */
    float eps;      /* Adam */
    float rsqrt_c2; /* 1 / sqrt(1 - beta2^t) */
} gcs_coef;

/* The pointers are those of the whole tensor (VIEW_PART: of the row), not of the range. No two of
 * the buffers that the rule uses overlap; the others may be NULL. Aligned for f32, not more. */
typedef struct gcs_args {
    float *w;
    const float *g;
    float *m;
    float *v;
    uint64_t rows, cols;
    uint64_t first, last; /* first < last */
    const gcs_coef *coef;
    float mean; /* VIEW_PART, STEP: subtracted from every element */
    float *out; /* SUM: one float per segment of the row; may be g itself, and w may be NULL where
                 * coef->decay is 0 (the executor sums segment sums so) */
} gcs_args;

/* A kernel's row in its ISA's list. */
typedef struct gcs_kernel {
    const char *name; /* <rule>_<centre>_<layout>_<types>_<isa>_<shape>_u<unroll>: the key */
    void (*run)(const gcs_args *args);
    gcs_op op;
    gcs_rule rule;     /* SUM: always SGD, whose term g + decay w it sums; TRAFFIC: the streams */
    gcs_center center; /* of the arithmetic; TRAFFIC: NONE */
    gcs_view view;
    gcs_isa isa;
    const char *shape;   /* shape of the loop: "linear", "pipe", ... */
    unsigned unroll;     /* vectors per iteration */
    uint64_t max_length; /* longest group it accepts; 0: any */
} gcs_kernel;

/* The only symbol that an ISA folder exports. */
typedef struct gcs_kernel_list {
    const gcs_kernel *kernels;
    size_t count;
    gcs_isa isa;
    const char *isa_name;
    const char *impl_rev; /* hash of the folder's and the shared sources and of the flags */
} gcs_kernel_list;

extern const gcs_kernel_list gcs_kernels_portable;
extern const gcs_kernel_list gcs_kernels_avx2;

#endif
