/* A canonical kernel against the double reference. */
#ifndef GCSTEP_CHECK_PROVE_H
#define GCSTEP_CHECK_PROVE_H

#include "check/trial.h"

/* The result of a kernel on a trial of a whole tensor, to be judged. Arrays of the whole tensor;
 * m and v are those that the rule has, else NULL. */
typedef struct gcs_claim {
    const gcs_kernel *kernel;
    const gcs_trial *trial;
    const float *w, *g, *m, *v; /* before the step */
    const float *new_w, *new_m, *new_v;
    const float *sums; /* GCS_OP_SUM: one per segment */
} gcs_claim;

/* The mean over the whole row of a VIEW_PART trial, from the reference's formula. */
double gcs_prove_row_mean(const gcs_kernel *kernel, const gcs_trial *trial, const float *w,
                          const float *g);

/* Whether all changes are within the bound of rounding. exact[] is memory for the reference's
 * results. A result without a bound is let pass only in classes with extreme values. */
bool gcs_prove(const gcs_claim *claim, double *const exact[GCS_BUFS], double *worst, char *why,
               size_t why_size);

#endif
