/* Timing one line of a table again. */
#include "tune/retime.h"
#include "tune/candidates.h"
#include "tune/race.h"
#include "tune/result.h"
#include <math.h>
#include <stdio.h>

#define LEAST_ROUNDS 8 /* fewer allow no 99 % interval */
#define MOST_ROUNDS  64

/* Differences that are none, as when tuning: what is not worth leaving the default for, and what is
 * near the ceiling. */
#define LEAST_GAIN    0.01
#define LEAST_CEILING 0.03

/* Whether the two intervals are no further apart than this. */
static bool agree(const gcs_retiming *t, double tolerance) {
    return t->now_low <= t->recorded_high + tolerance && t->now_high >= t->recorded_low - tolerance;
}

/* The line has quartiles of the kernel's time over the default's, below 1 is faster. */
static gcs_retimed judge_gain(const gcs_table_line *line, const gcs_ratio *ratio, gcs_retiming *t) {
    const gcs_evidence *e = &line->evidence;
    const double recorded = 1 / e->vs_default;
    const double noise = e->vs_default == 1 ? 0 : gcs_interval_of(e->spread, e->rounds);
    t->recorded = e->vs_default;
    t->recorded_low = 1 / (recorded + noise);
    t->recorded_high = recorded > noise ? 1 / (recorded - noise) : 1 / LEAST_GAIN;
    t->now = 1 / ratio->median;
    t->now_low = 1 / ratio->high;
    t->now_high = 1 / ratio->low;
    return agree(t, LEAST_GAIN) ? GCS_RETIMED_HOLDS : GCS_RETIMED_DRIFT;
}

/* A kernel that is the default has no gain over it; the line's spread is then that of the ceiling's
 * time over the kernel's, unless the default was another kernel when it was measured. */
static gcs_retimed judge_ceiling(const gcs_table_line *line, const gcs_ratio *ratio,
                                 gcs_retiming *t) {
    const gcs_evidence *e = &line->evidence;
    const double noise = e->vs_default == 1 ? gcs_interval_of(e->spread, e->rounds) : 0;
    t->with_ceiling = true;
    t->recorded = e->ceiling;
    t->recorded_low = fmax(e->ceiling - noise, 0);
    t->recorded_high = e->ceiling + noise;
    t->now = ratio->median;
    t->now_low = ratio->low;
    t->now_high = ratio->high;
    return agree(t, LEAST_CEILING) ? GCS_RETIMED_HOLDS : GCS_RETIMED_DRIFT;
}

static gcs_retimed run(gcs_race *race, const gcs_table_line *line, uint64_t deadline,
                       gcs_retiming *timing) {
    gcs_ratio ratio;
    while (gcs_race_round(race, deadline)) {
    }
    timing->rounds = (uint32_t)race->rounds;
    if (race->rounds < LEAST_ROUNDS)
        return GCS_RETIMED_NO_TIME;
    if (race->count > GCS_ENTRANT_CANDIDATES)
        return gcs_race_ratio(race, GCS_ENTRANT_CANDIDATES, GCS_ENTRANT_DEFAULT, 0, &ratio)
                   ? judge_gain(line, &ratio, timing)
                   : GCS_RETIMED_NO_TIME;
    return gcs_race_ratio(race, GCS_ENTRANT_CEILING, GCS_ENTRANT_DEFAULT, 0, &ratio)
               ? judge_ceiling(line, &ratio, timing)
               : GCS_RETIMED_NO_TIME;
}

gcs_retimed gcs_retime(gcs_rig *rig, const gcs_table_line *line, uint64_t deadline,
                       gcs_retiming *timing, char *why, size_t why_size) {
    const gcs_table_key *key = &line->key;
    const gcs_job job = {
        .spec = gcs_key_spec(key),
        .tensor = {.layout = key->layout, .rows = key->rows, .cols = key->cols},
        .key = *key,
        .occurrences = 1,
    };
    gcs_race race;
    gcs_retimed outcome = GCS_RETIMED_FAILED;
    *timing = (gcs_retiming){.rounds = 0};
    if (gcs_race_open(&race, rig, &job, GCS_ENTRANT_CANDIDATES + 1, MOST_ROUNDS, true, why,
                      why_size) &&
        gcs_candidates_enter_one(&race, &job, gcs_device_kernel(rig->device, line->kernel), why,
                                 why_size)) {
        const bool warm = gcs_race_warm_up(&race);
        if (warm)
            outcome = run(&race, line, deadline, timing);
        if (!warm || rig->lost) {
            snprintf(why, why_size, "a step failed: %s", gcs_last_error());
            outcome = GCS_RETIMED_FAILED;
        }
    }
    gcs_race_close(&race);
    return outcome;
}
