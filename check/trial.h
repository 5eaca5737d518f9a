/* One case of a verification: a form, a shape, a range, values and places; set up, run, compared.
 */
#ifndef GCSTEP_CHECK_TRIAL_H
#define GCSTEP_CHECK_TRIAL_H

#include "check/input.h"
#include "check/memory.h"
#include "check/pool.h"
#include "kernels/kernel.h"
#include <stdbool.h>
#include <stddef.h>

/* The buffers of a kernel. From W to COPY they have one entry per element; the others one per group
 * or segment. */
enum {
    GCS_BUF_W,
    GCS_BUF_G,
    GCS_BUF_M,
    GCS_BUF_V,
    GCS_BUF_V_MAX,
    GCS_BUF_COPY,
    GCS_BUF_MEANS,
    GCS_BUF_W_MEANS,
    GCS_BUF_OUT,
    GCS_BUF_SUM, /* of gcs_measured */
    GCS_BUF_SQUARE,
    GCS_BUF_MAX,
    GCS_BUF_SQUARE_CENTERED,
    GCS_BUF_MAX_CENTERED,
    GCS_BUFS
};

/* What the reference steps: w and the state. */
enum { GCS_EXACT_W, GCS_EXACT_M, GCS_EXACT_V, GCS_EXACT_V_MAX, GCS_EXACTS };

/* "w", "g", ... */
const char *gcs_buffer_name(int buffer);

typedef struct gcs_trial {
    gcs_form form;                    /* general kernels */
    uint64_t rows, cols, first, last; /* as in gcs_args */
    bool whole;     /* memory holds the whole tensor; else only what the range may touch */
    bool reference; /* also compare with the double reference; the range is the whole tensor */
    bool means;     /* MEASURE: the caller gives the means */
    gcs_class class;
    unsigned hyper;           /* number of a set of hyper-parameters */
    unsigned slack[GCS_BUFS]; /* elements between each buffer and the guard page, < GCS_SLACK */
    bool at_start;            /* the guard page is before the buffers; else after */
    uint64_t index;           /* of the first element, for the draws */
    uint64_t seed;
} gcs_trial;

struct gcs_runner; /* check/runner.h */

/* Memory for trials of up to `elements` elements in each buffer. */
typedef struct gcs_stage {
    uint64_t elements;
    gcs_arena arena[GCS_BUFS]; /* what the kernel gets */
    void *input[GCS_BUFS];     /* what was in it before */
    void *want[GCS_BUFS];      /* what must be in it after */
    float *old[GCS_EXACTS];    /* the state before the sums that made it what is in `input` */
    double *exact[GCS_EXACTS]; /* what the reference says */
    gcs_pool pools[GCS_CLASSES];
    struct gcs_runner *runner; /* of the kernel; NULL, as after opening: its own `run` */
} gcs_stage;

/* False: out of memory; nothing is to be closed. */
bool gcs_stage_open(gcs_stage *stage, uint64_t elements);
void gcs_stage_close(gcs_stage *stage);

/* The elements [begin, end) of the tensor that the trial keeps in memory. */
void gcs_trial_extent(const gcs_trial *trial, gcs_view view, uint64_t *begin, uint64_t *end);

/* Hyper-parameters, and what of a spec changes the coefficients alone. */
typedef struct gcs_trial_set {
    gcs_hyper hyper;
    bool maximize, authors_form;
} gcs_trial_set;

/* Sets in which each value tells. Set 0 is a general one. */
unsigned gcs_trial_sets(void);
const gcs_trial_set *gcs_trial_set_at(unsigned index);

/* Sets that GCS_CLASS_BOUNDARY is made for: this one and the next. */
enum { GCS_BOUNDARY_SET = 6 };

/* Runs `kernel` on the trial and compares it with `canonical`, or with the contract where that is
 * NULL. *worst is raised to the largest error against the reference. False: why[why_size] says what
 * was wrong. */
bool gcs_trial_run(gcs_stage *stage, const gcs_kernel *kernel, const gcs_kernel *canonical,
                   const gcs_trial *trial, double *worst, char *why, size_t why_size);

#endif
