/* The figures of kernels that measure or find changes, as they lie in a launch's scratch memory. */
#ifndef GCSTEP_CHECK_OPENCL_FIGURES_H
#define GCSTEP_CHECK_OPENCL_FIGURES_H

#include "check/run.h"

typedef struct gcs_cl_figures {
    uint64_t base;   /* floats in front of the first kind */
    uint64_t stride; /* floats from one kind to the next */
    uint64_t floats; /* in all */
    uint64_t place;  /* of group 0, also where that is not in memory: modulo 2^64 */
} gcs_cl_figures;

bool gcs_cl_has_figures(const gcs_kernel *row);

/* `number` varies what a plan may choose: where they begin, and what lies between the kinds. */
gcs_cl_figures gcs_cl_figures_of(const gcs_run *run, uint64_t number);

/* Fills the memory: the figures' old values, and canaries around them. */
void gcs_cl_figures_pack(const gcs_cl_figures *figures, const gcs_run *run,
                         void *const place[GCS_BUFS], float *memory);

/* Takes the figures out of it. False: a canary is gone. */
bool gcs_cl_figures_unpack(const gcs_cl_figures *figures, const gcs_run *run,
                           void *const place[GCS_BUFS], const float *memory);

#endif
