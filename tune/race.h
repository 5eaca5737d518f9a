/* Timing plans against each other: in each round every live entrant takes one step, in random
 * order, each on buffers that it finds cold (or hot, with one set of buffers). Where that is, and
 * how a step is timed, is the rig's. */
#ifndef GCSTEP_TUNE_RACE_H
#define GCSTEP_TUNE_RACE_H

#include "kernels/kernel.h"
#include "measure/statistics.h"
#include "tune/rig.h"
#include "tune/shapes.h"

typedef struct gcs_entrant {
    const gcs_kernel *kernel; /* NULL: the ceiling */
    gcs_plan *plan;
    void *work;    /* the rig's */
    double *ns;    /* of one step in each round; 0: not timed in that round */
    bool borrowed; /* plan and work are another race's */
    bool live;
    bool behind; /* taken out in the race, for being clearly slower */
} gcs_entrant;

enum { GCS_ENTRANT_DEFAULT = 0, GCS_ENTRANT_CEILING = 1, GCS_ENTRANT_CANDIDATES = 2 };

typedef struct gcs_race {
    gcs_rig *rig;
    gcs_spec spec;
    gcs_tensor *tensors; /* [copies], all of the job's shape */
    size_t copies;
    gcs_entrant *entrants; /* default, ceiling, candidates */
    size_t count;
    size_t *order;              /* [count], of the round in progress */
    double *times;              /* [room][most_rounds], what entrants[].ns point into */
    void *memory;               /* the rig's: buffers */
    size_t rounds, most_rounds; /* complete ones; for how many there is room */
    gcs_random random;
} gcs_race;

/* What a trainer sets, far from its start: at t = 1 a step would not read the state. */
gcs_hyper gcs_race_hyper(void);

/* Empty race over the job's shape: room for `entrants` and `most_rounds`. False: why;
 * gcs_race_close in any case. */
bool gcs_race_open(gcs_race *race, gcs_rig *rig, const gcs_job *job, size_t entrants,
                   size_t most_rounds, bool cold, char *why, size_t why_size);
void gcs_race_close(gcs_race *race);

/* Takes over the plan, also where it fails. There must be room. False: why. */
bool gcs_race_enter(gcs_race *race, const gcs_kernel *kernel, gcs_plan *plan, char *why,
                    size_t why_size);

/* Enters an entrant of another race, whose plan and work stay that race's. */
void gcs_race_borrow(gcs_race *race, const gcs_entrant *from);

/* One untimed step of each entrant: it wakes the threads and loads the code. */
bool gcs_race_warm_up(gcs_race *race);

/* One round. False, and the round does not count, when `deadline` (gcs_now_ns) passed or the
 * user interrupted before its end, a step failed, or no room is left. */
bool gcs_race_round(gcs_race *race, uint64_t deadline);

/* Ratio of the times of two entrants over the rounds from `first` on that both took part in. */
bool gcs_race_ratio(const gcs_race *race, size_t a, size_t b, size_t first, gcs_ratio *ratio);

/* Median time of one step over one copy of the tensor, in ns, from round `first` on. */
double gcs_race_median_ns(const gcs_race *race, size_t entrant, size_t first);

#endif
