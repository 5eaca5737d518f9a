/* The contract between the kernels and the rest of the house.
 *
 * A kernel is one compiled loop. It reads its arguments, computes a range, and returns: it knows no
 * table, thread, allocation, environment or file. All kernels give, for the same form, centre and
 * view, the same bits (docs/arithmetic.md), however their range is cut. */
#ifndef GCSTEP_KERNELS_KERNEL_H
#define GCSTEP_KERNELS_KERNEL_H

#include <gcstep/gcstep.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Order of summation: see docs/arithmetic.md. */
#define GCS_LANES   32   /* lanes of a segment of a contiguous group */
#define GCS_SEGMENT 1024 /* elements of a segment of a contiguous group */
#define GCS_RUN     64   /* elements of a run of a strided group */

/* What a kernel is for. */
typedef enum gcs_op {
    GCS_OP_STEP = 0,    /* a step of the rule over the range */
    GCS_OP_SUM = 1,     /* VIEW_PART: the segment sums of what the centre takes the mean of, to
                         * out[segment]. CENTER_UPDATE: that is the change, and the new state is
                         * written; the STEP of the part then finds the state new */
    GCS_OP_TRAFFIC = 2, /* same loads and stores as the rule, no arithmetic to speak of: the
                         * ceiling. Leaves w, m, v and v_max as they are where they and g are
                         * finite; what it writes to the copy has no meaning */
    GCS_OP_MEASURE = 3, /* g alone is read: fills `measured` */
    GCS_OP_CHANGE = 4 /* the sum of each group's change of w, to out[group]; writes nothing else */
} gcs_op;

/* How a kernel sees its range. FLAT, ROWS and COLS have the numbers of gcs_layout. */
typedef enum gcs_view {
    GCS_VIEW_FLAT = GCS_LAYOUT_FLAT, /* elements [first, last) of a vector of `cols` */
    GCS_VIEW_ROWS = GCS_LAYOUT_ROWS, /* rows [first, last) of a rows x cols matrix */
    GCS_VIEW_COLS = GCS_LAYOUT_COLS, /* columns [first, last) of a rows x cols matrix */
    GCS_VIEW_PART = 4 /* elements [first, last) of one row of `cols` elements, first a multiple of
                       * GCS_SEGMENT. STEP: the row's mean is given in `mean`. SUM, MEASURE: of
                       * the segments that begin in the range, written at the number of the segment
                       * in the row; last is a multiple of GCS_SEGMENT or the row's end */
} gcs_view;

typedef enum gcs_isa {
    GCS_ISA_PORTABLE = 0,
    GCS_ISA_AVX2 = 1,
    GCS_ISA_AVX512 = 2,
    GCS_ISA_NEON = 3,
    GCS_ISA_COUNT = 4
} gcs_isa;

/* What the host derives from the hyper-parameters, in double, once per step, each value rounded
 * once (dispatch/coefficients.c). A rule uses the ones its formula names. */
typedef struct gcs_coef {
    float scale;    /* of g: grad_scale x clip, negative to maximize */
    float step;     /* lr; Adam: lr / (1 - beta1^t); Adagrad: lr / (1 + (t - 1) lr_decay) */
    float decay;    /* lambda where the rule adds lambda w to g; lr lambda where it is decoupled.
                     * 0: no term */
    float mu;       /* momentum; 0 at t = 1 */
    float damp;     /* 1 - dampening; 1 at t = 1 */
    float nesterov; /* momentum, also at t = 1 */
    float beta1;    /* Adam */
    float comp1;    /* 1 - beta1 */
    float beta2;    /* Adam */
    float comp2;    /* 1 - beta2 */
    float eps;      /* Adam, Adagrad */
    float rsqrt_c2; /* 1 / sqrt(1 - beta2^t); 1 in the authors' form */
} gcs_coef;

/* What a specialised kernel has compiled in and a general one reads at run time. */
typedef struct gcs_form {
    gcs_rule rule;
    gcs_center center;
    gcs_type gradient;
    gcs_copy copy;
} gcs_form;

/* Where GCS_OP_MEASURE writes: ROWS one entry per row, COLS one per column, PART one per segment.
 * x is g less the group's mean (see gcs_args.means; PART: less gcs_args.mean). Where the form's
 * centre is NONE, or PART, the last two are not written. */
typedef struct gcs_measured {
    float *sum;             /* of g; PART: of x */
    float *square;          /* sum of g^2; PART: of x^2 */
    float *max;             /* largest |g|; PART: |x|. NaN counts as above all */
    float *square_centered; /* sum of x^2 */
    float *max_centered;    /* largest |x| */
} gcs_measured;

/* What stochastic rounding draws from (docs/arithmetic.md). */
typedef struct gcs_draw {
    uint32_t key[2];
    uint64_t index; /* in its tensor, of the element that the pointers of gcs_args point at */
} gcs_draw;

/* The pointers are those of the whole matrix (VIEW_PART: of the row), not of the range. No two of
 * the buffers that the rule uses overlap; the others may be NULL. Aligned for their element type,
 * not more. */
typedef struct gcs_args {
    float *w;
    const void *g; /* float, or uint16_t in a form with a 16-bit gradient */
    float *m;
    float *v;
    float *v_max;
    uint16_t *copy;
    uint64_t rows, cols;
    uint64_t first, last; /* first < last */
    const gcs_coef *coef;
    const gcs_form *form; /* read by general kernels; a specialised one has it compiled in */
    float mean;           /* VIEW_PART, STEP and MEASURE: subtracted from every element */
    const float *means;   /* kernels that are given the means, one per row (ROWS) or column (COLS):
                           * of g, or with CENTER_UPDATE of the change. MEASURE: NULL, or these */
    const float *w_means; /* beside it where an L2 decay is in what is centred */
    float *out;           /* SUM, CHANGE. SUM: may be g itself, and w may be NULL where coef->decay
                           * is 0 (the executor sums segment sums so) */
    const gcs_measured *measured; /* MEASURE */
    gcs_draw draw;                /* STEP with a stochastic copy */
    bool first_step;              /* CHANGE: the state is +0, whatever its buffers hold */
} gcs_args;

/* A kernel's row in its ISA's list. */
typedef struct gcs_kernel {
    const char *name; /* <rule>_<centre>_<layout>_<types>_<isa>_<shape>_u<unroll>: the key */
    void (*run)(const gcs_args *args);
    gcs_op op;
    bool general;      /* takes any rule, types and copy from args->form */
    bool means_given;  /* takes args->means, for any centre but NONE */
    gcs_rule rule;     /* of a specialised kernel. SUM: SGD, whose term scale g + decay w it sums;
                        * TRAFFIC: the streams. general: 0 */
    gcs_center center; /* GRADIENT in a general kernel: RAW_GRADIENT too. TRAFFIC: NONE.
                        * means_given: GRADIENT. MEASURE: NONE. A kernel of the last two takes
                        * whatever centre the form has */
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
extern const gcs_kernel_list gcs_kernels_avx512;
extern const gcs_kernel_list gcs_kernels_neon;

#endif
