/* Timing plans against each other: in each round every live entrant takes one step, in random
 * order, each on buffers that it finds cold (or hot, with one set of buffers). */
#ifndef GCSTEP_TUNE_RACE_H
#define GCSTEP_TUNE_RACE_H

#include "kernels/kernel.h"
#include "measure/statistics.h"
#include "tune/shapes.h"

typedef struct gcs_entrant {
    const gcs_kernel *kernel; /* NULL: the ceiling */
    gcs_plan *plan;
    double *ns; /* of one step in each round; 0: not timed in that round */
    bool live;
    bool behind; /* taken out in the race, for being clearly slower */
} gcs_entrant;

enum { GCS_ENTRANT_DEFAULT = 0, GCS_ENTRANT_CEILING = 1, GCS_ENTRANT_CANDIDATES = 2 };

typedef struct gcs_race {
    gcs_spec spec;
    gcs_tensor *tensors; /* [copies], all of the job's shape */
    size_t copies;
    gcs_entrant *entrants; /* default, ceiling, candidates */
    size_t count;
    size_t *order; /* [count], of the round in progress */
    double *times; /* [room][most_rounds], what entrants[].ns point into */
    gcs_buffer_sets *sets;
    size_t rounds, most_rounds; /* complete ones; for how many there is room */
    gcs_random random;
} gcs_race;

/* Copies of the tensor in one step, so many that the step is long enough to be timed. */
size_t gcs_race_copies(const gcs_job *job);

/* Empty race over the job's shape: room for `entrants` and `most_rounds`, buffers of at least
 * `min_bytes`. False when memory ran out; gcs_race_close in any case. */
bool gcs_race_open(gcs_race *race, const gcs_job *job, size_t entrants, size_t most_rounds,
                   uint64_t min_bytes);
void gcs_race_close(gcs_race *race);

/* Takes over the plan. There must be room. */
void gcs_race_enter(gcs_race *race, const gcs_kernel *kernel, gcs_plan *plan);

/* One untimed step of each entrant: it wakes the threads and loads the code. */
bool gcs_race_warm_up(gcs_race *race);

/* One round. False, and the round does not count, when `deadline` (gcs_now_ns) passed or the
 * user interrupted before its end, or no room is left. */
bool gcs_race_round(gcs_race *race, uint64_t deadline);

/* Ratio of the times of two entrants over the rounds from `first` on that both took part in. */
bool gcs_race_ratio(const gcs_race *race, size_t a, size_t b, size_t first, gcs_ratio *ratio);

/* Median time of one step over one copy of the tensor, in ns, from round `first` on. */
double gcs_race_median_ns(const gcs_race *race, size_t entrant, size_t first);

#endif
