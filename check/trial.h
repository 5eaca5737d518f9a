/* One case of a verification: a shape, a range, values and places; set up, run, compared. */
#ifndef GCSTEP_CHECK_TRIAL_H
#define GCSTEP_CHECK_TRIAL_H

#include "check/input.h"
#include "check/memory.h"
#include "kernels/kernel.h"
#include <stdbool.h>
#include <stddef.h>

/* The buffers of a kernel. */
enum { GCS_BUF_W, GCS_BUF_G, GCS_BUF_M, GCS_BUF_V, GCS_BUF_OUT, GCS_BUFS };

typedef struct gcs_trial {
    uint64_t rows, cols, first, last; /* as in gcs_args */
    bool whole;     /* memory holds the whole tensor; else only what the range may touch */
    bool reference; /* also compare with the double reference; the range is the whole tensor */
    gcs_class class;
    unsigned hyper;           /* number of a set of hyper-parameters */
    unsigned slack[GCS_BUFS]; /* floats between each buffer and the guard page, < GCS_SLACK */
    bool at_start;            /* the guard page is before the buffers; else after */
    uint64_t seed;
} gcs_trial;

/* Memory for trials of up to `floats` floats in each buffer. */
typedef struct gcs_stage {
    uint64_t floats;
    gcs_arena arena[GCS_BUFS]; /* what the kernel gets */
    float *input[GCS_BUFS];    /* what was in it before */
    float *want[GCS_BUFS];     /* what must be in it after */
    double *exact[GCS_BUFS];   /* what the reference says of w, m, v */
} gcs_stage;

/* False: out of memory; nothing is to be closed. */
bool gcs_stage_open(gcs_stage *stage, uint64_t floats);
void gcs_stage_close(gcs_stage *stage);

/* The elements [begin, end) of the tensor that the trial keeps in memory. */
void gcs_trial_extent(const gcs_trial *trial, gcs_view view, uint64_t *begin, uint64_t *end);

/* Sets of hyper-parameters in which each value tells. Set 0 is a general one. */
unsigned gcs_trial_hypers(void);
const gcs_hyper *gcs_trial_hyper(unsigned index);

/* Runs `kernel` on the trial and compares it with `canonical`, or with the contract where that is
 * NULL. *worst is raised to the largest error against the reference. False: why[why_size] says what
 * was wrong. */
bool gcs_trial_run(gcs_stage *stage, const gcs_kernel *kernel, const gcs_kernel *canonical,
                   const gcs_trial *trial, double *worst, char *why, size_t why_size);

#endif
