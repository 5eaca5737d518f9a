/* Who races on a shape: the default, the ceiling, and every other kernel that passes. */
#ifndef GCSTEP_TUNE_CANDIDATES_H
#define GCSTEP_TUNE_CANDIDATES_H

#include "tune/progress.h"
#include "tune/race.h"
#include "tune/result.h"

/* Enters the default, the ceiling and the candidates into an empty race with room for
 * gcs_candidates_most(rig) entrants; each kernel is verified on the shape first. Kernels that do
 * not pass are written into *result with GCS_FATE_FAILED, counted in *rejected, and never timed.
 * False: `why` says what failed (the default's kernel among others). */
bool gcs_candidates_enter(gcs_race *race, const gcs_job *job, gcs_progress *progress,
                          gcs_shape_result *result, size_t *rejected, char *why, size_t why_size);

/* Enters the default, the ceiling and, where it is another one than the default's, this kernel;
 * both are verified on the shape first. False: `why` says what failed. */
bool gcs_candidates_enter_one(gcs_race *race, const gcs_job *job, const gcs_kernel *kernel,
                              char *why, size_t why_size);

size_t gcs_candidates_most(const gcs_rig *rig);

#endif
