/* Timing plans against each other, round by round. */
#include "tune/race.h"
#include "tune/interrupt.h"
#include <stdio.h>
#include <stdlib.h>

bool gcs_race_open(gcs_race *race, gcs_rig *rig, const gcs_job *job, size_t entrants,
                   size_t most_rounds, bool cold, char *why, size_t why_size) {
    *race = (gcs_race){.rig = rig,
                       .spec = job->spec,
                       .copies = rig->copies(rig, job),
                       .most_rounds = most_rounds,
                       .random = {gcs_now_ns()}};
    race->tensors = calloc(race->copies, sizeof *race->tensors);
    race->entrants = calloc(entrants, sizeof *race->entrants);
    race->order = calloc(entrants, sizeof *race->order);
    race->times = calloc(entrants * most_rounds, sizeof *race->times);
    if (!race->tensors || !race->entrants || !race->order || !race->times) {
        snprintf(why, why_size, "out of memory for its buffers");
        return false;
    }
    for (size_t i = 0; i < race->copies; i++)
        race->tensors[i] = job->tensor;
    return rig->open(rig, race, cold, why, why_size);
}

static void leave(gcs_race *race, gcs_entrant *entrant) {
    if (entrant->borrowed)
        return;
    if (race->rig->leave)
        race->rig->leave(race->rig, entrant);
    gcs_plan_destroy(entrant->plan);
}

void gcs_race_close(gcs_race *race) {
    for (size_t i = 0; i < race->count; i++)
        leave(race, &race->entrants[i]);
    if (race->rig)
        race->rig->close(race->rig, race);
    free(race->times);
    free(race->order);
    free(race->entrants);
    free(race->tensors);
    *race = (gcs_race){.count = 0};
}

static gcs_entrant *add(gcs_race *race, gcs_entrant entrant) {
    gcs_entrant *to = &race->entrants[race->count];
    *to = entrant;
    to->ns = race->times + race->count * race->most_rounds;
    to->live = true;
    race->count++;
    return to;
}

bool gcs_race_enter(gcs_race *race, const gcs_kernel *kernel, gcs_plan *plan, char *why,
                    size_t why_size) {
    gcs_entrant *entrant = add(race, (gcs_entrant){.kernel = kernel, .plan = plan});
    if (!race->rig->enter || race->rig->enter(race->rig, race, entrant, why, why_size))
        return true;
    leave(race, entrant);
    race->count--;
    return false;
}

void gcs_race_borrow(gcs_race *race, const gcs_entrant *from) {
    add(race, (gcs_entrant){.kernel = from->kernel, .plan = from->plan, .borrowed = true});
}

gcs_hyper gcs_race_hyper(void) {
    gcs_hyper hyper = gcs_hyper_default();
    hyper.weight_decay = 1e-4;
    hyper.t = 100;
    return hyper;
}

bool gcs_race_warm_up(gcs_race *race) {
    double ignored;
    for (size_t i = 0; i < race->count; i++)
        if (!race->rig->time(race->rig, race, &race->entrants[i], &ignored))
            return false;
    return true;
}

static void forget_round(gcs_race *race) {
    for (size_t i = 0; i < race->count; i++)
        race->entrants[i].ns[race->rounds] = 0;
}

bool gcs_race_round(gcs_race *race, uint64_t deadline) {
    if (race->rounds == race->most_rounds)
        return false;
    gcs_shuffle(&race->random, race->order, race->count);
    for (size_t i = 0; i < race->count; i++) {
        gcs_entrant *entrant = &race->entrants[race->order[i]];
        if (!entrant->live)
            continue;
        if (gcs_now_ns() >= deadline || gcs_interrupted() ||
            !race->rig->time(race->rig, race, entrant, &entrant->ns[race->rounds])) {
            forget_round(race);
            return false;
        }
    }
    race->rounds++;
    return true;
}

bool gcs_race_ratio(const gcs_race *race, size_t a, size_t b, size_t first, gcs_ratio *ratio) {
    return gcs_ratio_of(race->entrants[a].ns + first, race->entrants[b].ns + first,
                        race->rounds - first, ratio);
}

double gcs_race_median_ns(const gcs_race *race, size_t entrant, size_t first) {
    double *timed = malloc((race->rounds - first + 1) * sizeof *timed);
    size_t count = 0;
    if (!timed)
        return 0;
    for (size_t i = first; i < race->rounds; i++)
        if (race->entrants[entrant].ns[i] > 0)
            timed[count++] = race->entrants[entrant].ns[i];
    double median = count ? gcs_median(timed, count) / (double)race->copies : 0;
    free(timed);
    return median;
}
