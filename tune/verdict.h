/* What the times of a race say: who is behind, who is taken into the final, who wins.
 * The rules are stated in docs/tuning.md. */
#ifndef GCSTEP_TUNE_VERDICT_H
#define GCSTEP_TUNE_VERDICT_H

#include "tune/race.h"
#include "tune/result.h"

/* The live kernel with the least median ratio to the default from round `first` on. */
size_t gcs_verdict_ahead(const gcs_race *race, size_t first);

/* Takes out the candidates whose lower quartile against the one ahead is above 1: behind it in
 * three rounds of four or more. */
void gcs_verdict_drop_behind(gcs_race *race);

/* Whether more rounds of the race would tell nothing new. */
bool gcs_verdict_race_over(const gcs_race *race);

/* Whether the race alone says that the default stays: no final is needed. */
bool gcs_verdict_race_decided(const gcs_race *race);

/* Leaves in only the `count` best candidates, the default and the ceiling. */
void gcs_verdict_keep_finalists(gcs_race *race, size_t count);

/* Whether no other finalist can be better than the winner by what counts. */
bool gcs_verdict_decided(const gcs_race *race, size_t first);

/* The kernel for the table. Ties go to the default. */
size_t gcs_verdict_winner(const gcs_race *race, size_t first);

/* Fills the result of the cold regime; result->candidates[0] exists. `first`: where the final
 * began, 0 where there was none. False when memory ran out. */
bool gcs_verdict_fill(const gcs_race *race, size_t winner, size_t first, gcs_shape_result *result);

/* Fills the hot regime. Entrants: default, ceiling and, where it is another kernel, the winner. */
void gcs_verdict_hot(const gcs_race *race, gcs_shape_result *result);

#endif
