/* Timing plans against each other, round by round. */
#include "tune/race.h"
#include "tune/interrupt.h"
#include <stdlib.h>

/* A step of fewer bytes takes so little time that the clock and the waking of threads show. */
#define LEAST_STEP_BYTES ((uint64_t)4 << 20)
#define MOST_COPIES      4096

size_t gcs_race_copies(const gcs_job *job) {
    uint64_t bytes = gcs_job_bytes(job);
    uint64_t copies = (LEAST_STEP_BYTES + bytes - 1) / bytes;
    return copies < MOST_COPIES ? (size_t)copies : (size_t)MOST_COPIES;
}

bool gcs_race_open(gcs_race *race, const gcs_job *job, size_t entrants, size_t most_rounds,
                   uint64_t min_bytes) {
    *race = (gcs_race){.spec = job->spec,
                       .copies = gcs_race_copies(job),
                       .most_rounds = most_rounds,
                       .random = {gcs_now_ns()}};
    race->tensors = calloc(race->copies, sizeof *race->tensors);
    race->entrants = calloc(entrants, sizeof *race->entrants);
    race->order = calloc(entrants, sizeof *race->order);
    race->times = calloc(entrants * most_rounds, sizeof *race->times);
    if (!race->tensors || !race->entrants || !race->order || !race->times)
        return false;
    for (size_t i = 0; i < race->copies; i++)
        race->tensors[i] = job->tensor;
    race->sets = gcs_buffer_sets_create(&race->spec, race->tensors, race->copies, min_bytes);
    return race->sets != NULL;
}

void gcs_race_close(gcs_race *race) {
    for (size_t i = 0; i < race->count; i++)
        gcs_plan_destroy(race->entrants[i].plan);
    gcs_buffer_sets_destroy(race->sets);
    free(race->times);
    free(race->order);
    free(race->entrants);
    free(race->tensors);
    *race = (gcs_race){.count = 0};
}

void gcs_race_enter(gcs_race *race, const gcs_kernel *kernel, gcs_plan *plan) {
    race->entrants[race->count] = (gcs_entrant){
        .kernel = kernel,
        .plan = plan,
        .ns = race->times + race->count * race->most_rounds,
        .live = true,
    };
    race->count++;
}

/* What a trainer sets, far from its start: at t = 1 a step would not read the state. */
static gcs_hyper trainer_hyper(void) {
    gcs_hyper hyper = gcs_hyper_default();
    hyper.weight_decay = 1e-4;
    hyper.t = 100;
    return hyper;
}

/* One timed step of an entrant on the next set of buffers, which is put right afterwards. */
static bool step(gcs_race *race, gcs_entrant *entrant, double *ns) {
    const gcs_hyper hyper = trainer_hyper();
    const gcs_buffers *buffers = gcs_buffer_sets_next(race->sets);
    uint64_t start = gcs_now_ns();
    gcs_status status = gcs_step(entrant->plan, &hyper, buffers);
    uint64_t end = gcs_now_ns();
    gcs_buffer_sets_restore(race->sets);
    *ns = end > start ? (double)(end - start) : 1; /* 0 stands for "not timed" */
    return status == GCS_OK;
}

bool gcs_race_warm_up(gcs_race *race) {
    double ignored;
    for (size_t i = 0; i < race->count; i++)
        if (!step(race, &race->entrants[i], &ignored))
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
            !step(race, entrant, &entrant->ns[race->rounds])) {
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
