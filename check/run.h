/* The inside of a trial: which buffers a kernel gets, what is in them, and its arguments. */
#ifndef GCSTEP_CHECK_RUN_H
#define GCSTEP_CHECK_RUN_H

#include "check/trial.h"

/* A buffer of a run. */
typedef struct gcs_run_buffer {
    bool used;
    unsigned size;         /* bytes of an element */
    uint64_t begin, count; /* the part of it that is in memory */
} gcs_run_buffer;

typedef struct gcs_run {
    gcs_stage *stage;
    const gcs_kernel *kernel;
    const gcs_trial *trial;
    gcs_spec spec; /* of the form that the kernel computes, with the set's flags */
    gcs_form form;
    const gcs_hyper *hyper;
    gcs_coef coef; /* as the contract has them */
    gcs_draw draw;
    float mean;
    bool state_is_new; /* a STEP of a part with CENTER_UPDATE: the sums have stepped the state */
    gcs_run_buffer buffer[GCS_BUFS];
} gcs_run;

/* Arguments, and what they point at. */
typedef struct gcs_run_call {
    gcs_args args;
    gcs_measured measured;
} gcs_run_call;

/* Decides all of it and fills the stage's inputs. False: memory ran out. */
bool gcs_run_prepare(gcs_run *run);

/* place: where each used buffer's part is. The call points into `run` and at itself. */
void gcs_run_arguments(const gcs_run *run, void *const place[GCS_BUFS], gcs_run_call *call);

/* Whether the range is all of the tensor. */
bool gcs_run_is_whole(const gcs_run *run);

bool gcs_view_is_grouped(gcs_view view);

#endif
