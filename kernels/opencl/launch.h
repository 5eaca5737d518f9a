/* The contract between the OpenCL kernels and the host: what lies in device memory, and what a
 * launch is given. C11 and OpenCL C read it alike; every structure has the same layout in both.
 *
 * A plan's tensors are matrices in an array on the device. A launch steps some of them with one
 * kernel: its array of work has one item a work-group. A kernel knows no table, no allocation and
 * no other launch. It gives the bits of docs/arithmetic.md.
 *
 * Memory of the trainer is named by a binding and a place in it: a binding is a buffer that is an
 * argument of the kernel, or all of shared virtual memory, whose places are addresses. */
#ifndef GCSTEP_KERNELS_OPENCL_LAUNCH_H
#define GCSTEP_KERNELS_OPENCL_LAUNCH_H

#include "kernels/opencl/numbers.h"

/* Buffers that are arguments of one launch. 32 take 256 of the 1,024 bytes that every device has
 * for arguments. */
#define GCS_OPENCL_BINDINGS 32

/* The binding of shared virtual memory. */
#define GCS_OPENCL_SVM 255

/* A matrix's buffers. */
typedef enum gcs_opencl_stream {
    GCS_OPENCL_W = 0,
    GCS_OPENCL_G = 1, /* floats, or 16-bit numbers in a form with a 16-bit gradient */
    GCS_OPENCL_M = 2,
    GCS_OPENCL_V = 3,
    GCS_OPENCL_V_MAX = 4,
    GCS_OPENCL_COPY = 5,
    GCS_OPENCL_MEANS =
        6, /* kernels that are given the means (gcs_args.means): of the first group */
    GCS_OPENCL_W_MEANS = 7, /* beside it */
    GCS_OPENCL_STREAMS = 8
} gcs_opencl_stream;

/* One matrix, or several of one shape behind each other (dispatch/tensor.h's gcs_block). FLAT: 1 x
 * elements. Places are aligned for their element type, not more. */
typedef struct gcs_opencl_matrix {
    uint64_t at[GCS_OPENCL_STREAMS];     /* bytes into the binding; of SVM: the address */
    uint8_t binding[GCS_OPENCL_STREAMS]; /* GCS_OPENCL_SVM with place 0: there is none */
    uint64_t rows, cols;
    uint64_t index;  /* in its tensor, of the element that the places are of (draws) */
    uint64_t figure; /* MEASURE, CHANGE: where its first group, row or segment has its figures */
    uint32_t id;     /* of the tensor in the draws, not 0 */
    uint32_t group;  /* parameter group: index into the launch's groups */
} gcs_opencl_matrix;

/* What one work-group does: an item of a launch's work. A unit is an element (FLAT, and kernels
 * that are given the means), a row (ROWS), a column (COLS) or a segment (PART).
 *
 * - LINEAR: count <= capacity elements; of kernels that measure: rows, columns (at most
 * `capacity`), segments;
 * - BLOCK, KEEP, AGAIN, PIPE: rows: one, or several of at most GCS_SEGMENT elements each and (KEEP,
 * BLOCK) together at most `capacity` elements; AGAIN: several, of any length. Columns: at most
 * `capacity`;
 * - SPLIT: one row, or at most `capacity` columns, in three launches. Phase 0: the sums of segments
 *   or runs, to the scratch memory; phase 1, one item: from these the mean; phase 2: the step. Item
 *   `part` of phases 0 and 2 is of the elements [part x depth, + depth) of the row, or of so many
 *   rows of the columns. */
typedef struct gcs_opencl_work {
    uint64_t first;  /* the first unit */
    uint32_t matrix; /* index of the launch's matrices */
    uint32_t slice;  /* which of the matrices behind each other; of kernels that measure rows 0 */
    uint32_t count;  /* units */
    /* Of SPLIT kernels alone: */
    uint32_t phase;
    uint32_t part;
    uint32_t place; /* in the scratch memory, in floats, where the row or strip has its record */
} gcs_opencl_work;

/* A parameter group's part of a step. */
typedef struct gcs_opencl_group {
    gcs_coef coef;
    uint32_t first_step; /* t = 1: the old state is +0, whatever its buffers hold */
    uint32_t flag;       /* 0, or 1 + the index of its found_inf in the launch's flags */
    uint64_t draw;       /* next(next(0, seed), t) of docs/arithmetic.md: the tensor's id makes the
                          * keys */
} gcs_opencl_group;

/* Arguments of every kernel, by number. */
enum {
    GCS_OPENCL_ARG_MATRICES = 0,
    GCS_OPENCL_ARG_WORK = 1,
    GCS_OPENCL_ARG_FIRST = 2, /* uint: the launch's first item of the work */
    GCS_OPENCL_ARG_GROUPS = 3,
    GCS_OPENCL_ARG_FLAGS = 4,   /* floats: where one is not 0, its groups stay as they are */
    GCS_OPENCL_ARG_FORM = 5,    /* uint: gcs_opencl_form; read by kernels that were built for any */
    GCS_OPENCL_ARG_SCRATCH = 6, /* floats: SPLIT: records; MEASURE, CHANGE: the figures */
    GCS_OPENCL_ARG_STRIDE = 7,  /* ulong: MEASURE: floats from one kind of figures to the next, in
                                 * the  order of gcs_measured */
    GCS_OPENCL_ARG_LOCAL = 8,   /* local memory, of gcs_opencl_local_bytes */
    GCS_OPENCL_ARG_BINDING = 9  /* the first binding */
};

/* A form in one number. */
#define GCS_OPENCL_FORM(rule, center, gradient, copy)                                              \
    ((uint32_t)(rule) | (uint32_t)(center) << 8 | (uint32_t)(gradient) << 16 |                     \
     (uint32_t)(copy) << 24)

#ifndef __OPENCL_VERSION__

/* Where a kernel has its groups between sum and step. */
typedef enum gcs_opencl_keeping {
    GCS_OPENCL_LINEAR = 0, /* no groups, or given means */
    GCS_OPENCL_BLOCK = 1,  /* in registers */
    GCS_OPENCL_KEEP = 2,   /* in local memory */
    GCS_OPENCL_AGAIN = 3,  /* nowhere: the work-group reads the gradient again */
    GCS_OPENCL_SPLIT = 4,  /* nowhere, and many work-groups share a group */
    GCS_OPENCL_PIPE = 5    /* nowhere: one work-item steps a group while it sums the next */
} gcs_opencl_keeping;

/* A kernel's row in the list. `row` has a name, op, center, view, shape and bounds as a general CPU
 * kernel has, and no function: that is made of the source when a plan needs it, for the plan's
 * form.
 */
typedef struct gcs_opencl_kernel {
    gcs_kernel row;     /* .isa is GCS_ISA_COUNT: none of the CPU's. .general is true */
    const char *body;   /* the function of the source that it is an instance of */
    const char *center; /* as in its name */
    gcs_opencl_keeping keeping;
    unsigned threads; /* work-items of a work-group: a power of two */
    unsigned width; /* elements of a vector: 1, 4, 8 or 16; threads x width of LINEAR, BLOCK and so
                     * on go side by side */
    unsigned vectors;  /* of a work-item at a time */
    unsigned capacity; /* elements of an item, or COLS: columns of one */
    unsigned depth;    /* SPLIT: elements of a row, rows of columns in an item */
} gcs_opencl_kernel;

extern const gcs_opencl_kernel gcs_opencl_kernels[];
extern const size_t gcs_opencl_kernel_count;

/* Local memory of a work-group in bytes for groups of `length` elements. UINT64_MAX: the kernel
 * cannot take them at all. Kernels that step several rows at a time: for as many as their capacity.
 */
uint64_t gcs_opencl_local_bytes(const gcs_opencl_kernel *kernel, uint64_t length);

/* Floats of a SPLIT kernel's record for a group of `length` elements; COLS: for a strip. */
uint64_t gcs_opencl_record_floats(const gcs_opencl_kernel *kernel, uint64_t length);

/* The options that make the kernel of the source, for one form or (NULL) for any, which it is then
 * told by its argument. Returns the length that the whole text has, as snprintf does. The kernel's
 * name in the program is row.name. */
size_t gcs_opencl_options(const gcs_opencl_kernel *kernel, const gcs_form *form, char *text,
                          size_t size);

#endif
#endif
