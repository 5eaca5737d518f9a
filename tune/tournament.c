/* One shape from its candidates to a winner: race, final, and the hot regime. */
#include "tune/tournament.h"
#include "tune/candidates.h"
#include "tune/interrupt.h"
#include "tune/tool.h"
#include "tune/verdict.h"
#include <stdio.h>

/* Rounds that a stage gets even when the shape's share of the time is up: fewer than 8 allow no
 * 99 % interval, so nothing could be decided. */
#define LEAST_ROUNDS 8
#define FINALISTS    3 /* beside the default */

typedef struct effort {
    size_t race, final, hot; /* most rounds of each stage */
} effort;

static const effort efforts[] = {
    [GCS_RIGOR_QUICK] = {32, 32, 9},
    [GCS_RIGOR_NORMAL] = {64, 128, 21},
    [GCS_RIGOR_EXHAUSTIVE] = {256, 1024, 101},
};

typedef struct tournament {
    gcs_race race;
    const gcs_job *job;
    gcs_progress *progress;
    const gcs_time_limits *limits;
    effort effort;
} tournament;

/* `part` of the time from now to the end of the shape's share. */
static uint64_t part_of_share(const tournament *t, double part) {
    uint64_t now = gcs_now_ns();
    if (now >= t->limits->share)
        return now;
    return now + (uint64_t)(part * (double)(t->limits->share - now));
}

static size_t live_candidates(const gcs_race *race) {
    size_t live = 0;
    for (size_t i = GCS_ENTRANT_CANDIDATES; i < race->count; i++)
        live += race->entrants[i].live;
    return live;
}

static void show_round(const tournament *t, const char *stage, size_t first) {
    size_t best = gcs_verdict_ahead(&t->race, first);
    double ns = gcs_race_median_ns(&t->race, best, first);
    double ceiling = gcs_race_median_ns(&t->race, GCS_ENTRANT_CEILING, first);
    if (ns > 0)
        gcs_progress_round(t->progress, stage, live_candidates(&t->race) + 1,
                           t->race.entrants[best].kernel->name, (double)gcs_job_bytes(t->job) / ns,
                           ceiling / ns);
}

/* One round of a stage that began at round `first`; false: the stage's time or rounds are up. */
static bool stage_round(tournament *t, const char *stage, size_t first, size_t most,
                        uint64_t deadline) {
    size_t done = t->race.rounds - first;
    if (done == most)
        return false;
    if (!gcs_race_round(&t->race, done < LEAST_ROUNDS ? t->limits->run : deadline))
        return false;
    show_round(t, stage, first);
    return true;
}

static void run_race(tournament *t) {
    uint64_t deadline = part_of_share(t, 0.5);
    while (stage_round(t, "race", 0, t->effort.race, deadline)) {
        if (t->race.rounds < LEAST_ROUNDS)
            continue;
        gcs_verdict_drop_behind(&t->race);
        if (gcs_verdict_race_over(&t->race))
            break;
    }
}

/* The final's decision is looked at after 8, 16, 32, ... rounds only: looking after each round
 * would take many a lucky streak for a victory. */
static bool is_look(size_t rounds) {
    return rounds >= LEAST_ROUNDS && (rounds & (rounds - 1)) == 0;
}

static void run_final(tournament *t, size_t first) {
    uint64_t deadline = part_of_share(t, 0.8);
    while (stage_round(t, "final", first, t->effort.final, deadline))
        if (is_look(t->race.rounds - first) && gcs_verdict_decided(&t->race, first))
            break;
}

/* Default, winner and ceiling on one set of buffers, the same at each step. */
static void run_hot(const tournament *t, size_t winner, gcs_shape_result *result) {
    gcs_race hot;
    uint64_t deadline = t->limits->share > gcs_now_ns() ? t->limits->share : t->limits->run;
    static const size_t all[] = {GCS_ENTRANT_DEFAULT, GCS_ENTRANT_CEILING};
    char ignored[512];
    if (gcs_race_open(&hot, t->race.rig, t->job, 3, t->effort.hot, false, ignored,
                      sizeof ignored)) {
        for (size_t i = 0; i < 2; i++)
            gcs_race_borrow(&hot, &t->race.entrants[all[i]]);
        if (winner != GCS_ENTRANT_DEFAULT)
            gcs_race_borrow(&hot, &t->race.entrants[winner]);
        if (gcs_race_warm_up(&hot))
            while (gcs_race_round(&hot, deadline)) {
            }
        gcs_verdict_hot(&hot, result);
    }
    gcs_race_close(&hot);
}

static bool is_lost(const tournament *t, char *why, size_t why_size) {
    if (t->race.rig->lost)
        snprintf(why, why_size, "a step failed: %s", t->race.rig->why);
    return t->race.rig->lost;
}

static gcs_outcome compete(tournament *t, gcs_shape_result *result, char *why, size_t why_size) {
    if (!gcs_race_warm_up(&t->race)) {
        snprintf(why, why_size, "a step failed: %s", gcs_last_error());
        return GCS_OUTCOME_FAILED;
    }
    run_race(t);
    if (is_lost(t, why, why_size))
        return GCS_OUTCOME_FAILED;
    if (t->race.rounds < LEAST_ROUNDS || gcs_interrupted())
        return GCS_OUTCOME_NO_TIME;
    size_t first = 0;
    if (!gcs_verdict_race_decided(&t->race)) {
        gcs_verdict_keep_finalists(&t->race, FINALISTS);
        first = t->race.rounds;
        run_final(t, first);
        if (is_lost(t, why, why_size))
            return GCS_OUTCOME_FAILED;
        if (t->race.rounds - first < LEAST_ROUNDS || gcs_interrupted())
            return GCS_OUTCOME_NO_TIME;
    }
    size_t winner = gcs_verdict_winner(&t->race, first);
    if (!gcs_verdict_fill(&t->race, winner, first, result)) {
        snprintf(why, why_size, "out of memory");
        return GCS_OUTCOME_FAILED;
    }
    if (t->race.rig->has_hot)
        run_hot(t, winner, result);
    return gcs_interrupted() ? GCS_OUTCOME_NO_TIME : GCS_OUTCOME_DONE;
}

gcs_outcome gcs_tournament(gcs_rig *rig, const gcs_job *job, gcs_rigor rigor,
                           const gcs_time_limits *limits, gcs_progress *progress,
                           gcs_shape_result *result, size_t *rejected, char *why, size_t why_size) {
    tournament t = {.job = job, .progress = progress, .limits = limits, .effort = efforts[rigor]};
    *result = (gcs_shape_result){.key = job->key, .rigor = rigor};
    gcs_today(result->date, sizeof result->date);
    gcs_outcome outcome = GCS_OUTCOME_FAILED;
    bool opened = gcs_race_open(&t.race, rig, job, gcs_candidates_most(rig),
                                t.effort.race + t.effort.final, true, why, why_size);
    if (opened && !gcs_result_add(result))
        snprintf(why, why_size, "out of memory for its buffers");
    else if (opened &&
             gcs_candidates_enter(&t.race, job, progress, result, rejected, why, why_size))
        outcome = compete(&t, result, why, why_size);
    gcs_race_close(&t.race);
    return outcome;
}
