/* One shape from its candidates to a winner: verification, race, final, and the hot regime.
 * The rules are stated in docs/tuning.md. */
#ifndef GCSTEP_TUNE_TOURNAMENT_H
#define GCSTEP_TUNE_TOURNAMENT_H

#include "tune/progress.h"
#include "tune/race.h"
#include "tune/result.h"

typedef struct gcs_time_limits {
    uint64_t share; /* when this shape's share of the time is up, gcs_now_ns */
    uint64_t run;   /* when the whole run's time is up */
} gcs_time_limits;

typedef enum gcs_outcome {
    GCS_OUTCOME_DONE,
    GCS_OUTCOME_NO_TIME, /* the run's time was up, or the user interrupted, before there was any
                          * result */
    GCS_OUTCOME_FAILED   /* `why` says what failed */
} gcs_outcome;

/* Fills *result, to be freed with gcs_result_free also after a failure. `rejected` counts the
 * kernels that did not pass verification. */
gcs_outcome gcs_tournament(gcs_rig *rig, const gcs_job *job, gcs_rigor rigor,
                           const gcs_time_limits *limits, gcs_progress *progress,
                           gcs_shape_result *result, size_t *rejected, char *why, size_t why_size);

#endif
