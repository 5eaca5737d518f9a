/* What the times of a race say: who is behind, who is taken into the final, who wins. */
#include "tune/verdict.h"
#include <stdio.h>
#include <string.h>

/* A gain below this is not worth leaving the default for. */
#define LEAST_GAIN 0.01
/* A kernel this close to the ceiling has nothing left to win. */
#define NEAR_CEILING 0.97

static bool is_kernel(size_t entrant) {
    return entrant != GCS_ENTRANT_CEILING;
}

static bool is_live_kernel(const gcs_race *race, size_t entrant) {
    return is_kernel(entrant) && race->entrants[entrant].live;
}

size_t gcs_verdict_ahead(const gcs_race *race, size_t first) {
    size_t ahead = GCS_ENTRANT_DEFAULT;
    double least = 1;
    for (size_t i = GCS_ENTRANT_CANDIDATES; i < race->count; i++) {
        gcs_ratio ratio;
        if (!race->entrants[i].live ||
            !gcs_race_ratio(race, i, GCS_ENTRANT_DEFAULT, first, &ratio) || ratio.median >= least)
            continue;
        least = ratio.median;
        ahead = i;
    }
    return ahead;
}

void gcs_verdict_drop_behind(gcs_race *race) {
    size_t ahead = gcs_verdict_ahead(race, 0);
    for (size_t i = GCS_ENTRANT_CANDIDATES; i < race->count; i++) {
        gcs_ratio ratio;
        if (i != ahead && race->entrants[i].live && gcs_race_ratio(race, i, ahead, 0, &ratio) &&
            ratio.lower_quartile > 1)
            race->entrants[i].behind = true;
    }
    for (size_t i = GCS_ENTRANT_CANDIDATES; i < race->count; i++)
        race->entrants[i].live = !race->entrants[i].behind;
}

/* Whether the kernel is within 3 % of the ceiling, beyond the noise. */
static bool near_ceiling(const gcs_race *race, size_t entrant, size_t first) {
    gcs_ratio ratio;
    return gcs_race_ratio(race, GCS_ENTRANT_CEILING, entrant, first, &ratio) &&
           ratio.low >= NEAR_CEILING;
}

/* Whether the interval says that no other live kernel is better than this one by LEAST_GAIN. */
static bool unbeaten(const gcs_race *race, size_t entrant, size_t first) {
    for (size_t i = 0; i < race->count; i++) {
        gcs_ratio ratio;
        if (i != entrant && is_live_kernel(race, i) &&
            !(gcs_race_ratio(race, i, entrant, first, &ratio) && ratio.low >= 1 - LEAST_GAIN))
            return false;
    }
    return true;
}

bool gcs_verdict_race_decided(const gcs_race *race) {
    return near_ceiling(race, GCS_ENTRANT_DEFAULT, 0) || unbeaten(race, GCS_ENTRANT_DEFAULT, 0);
}

bool gcs_verdict_race_over(const gcs_race *race) {
    size_t ahead = gcs_verdict_ahead(race, 0);
    return gcs_verdict_race_decided(race) || near_ceiling(race, ahead, 0) ||
           unbeaten(race, ahead, 0);
}

/* How many live candidates have a lower median ratio to the default, or the same and come
 * before. */
static size_t place(const gcs_race *race, size_t entrant) {
    gcs_ratio own, other;
    size_t before = 0;
    if (!gcs_race_ratio(race, entrant, GCS_ENTRANT_DEFAULT, 0, &own))
        return race->count;
    for (size_t i = GCS_ENTRANT_CANDIDATES; i < race->count; i++)
        if (i != entrant && race->entrants[i].live &&
            gcs_race_ratio(race, i, GCS_ENTRANT_DEFAULT, 0, &other) &&
            (other.median < own.median || (other.median == own.median && i < entrant)))
            before++;
    return before;
}

void gcs_verdict_keep_finalists(gcs_race *race, size_t count) {
    size_t kept[8], kept_count = 0;
    for (size_t i = GCS_ENTRANT_CANDIDATES; i < race->count; i++)
        if (race->entrants[i].live && place(race, i) < count &&
            kept_count < sizeof kept / sizeof kept[0])
            kept[kept_count++] = i;
    for (size_t i = GCS_ENTRANT_CANDIDATES; i < race->count; i++)
        race->entrants[i].live = false;
    for (size_t i = 0; i < kept_count; i++)
        race->entrants[kept[i]].live = true;
}

bool gcs_verdict_decided(const gcs_race *race, size_t first) {
    size_t winner = gcs_verdict_winner(race, first);
    return near_ceiling(race, winner, first) || unbeaten(race, winner, first);
}

size_t gcs_verdict_winner(const gcs_race *race, size_t first) {
    size_t winner = GCS_ENTRANT_DEFAULT;
    double least = 1 - LEAST_GAIN;
    for (size_t i = GCS_ENTRANT_CANDIDATES; i < race->count; i++) {
        gcs_ratio ratio;
        if (!race->entrants[i].live ||
            !gcs_race_ratio(race, i, GCS_ENTRANT_DEFAULT, first, &ratio) || ratio.high >= 1 ||
            ratio.median > least)
            continue;
        least = ratio.median;
        winner = i;
    }
    return winner;
}

/* ---- The result ---------------------------------------------------------------------------- */

static gcs_fate fate_of(size_t entrant, const gcs_entrant *e, bool in_final) {
    if (entrant == GCS_ENTRANT_DEFAULT)
        return GCS_FATE_DEFAULT;
    if (in_final)
        return GCS_FATE_FINAL;
    return e->behind ? GCS_FATE_DROPPED : GCS_FATE_RACED;
}

static void fill_candidate(const gcs_race *race, size_t entrant, size_t first,
                           gcs_candidate_result *to) {
    const gcs_entrant *e = &race->entrants[entrant];
    gcs_ratio ratio = {.median = 1, .lower_quartile = 1, .upper_quartile = 1};
    bool in_final = first > 0 && e->live;
    gcs_race_ratio(race, entrant, GCS_ENTRANT_DEFAULT, in_final ? first : 0, &ratio);
    snprintf(to->kernel, sizeof to->kernel, "%s", e->kernel->name);
    to->fate = fate_of(entrant, e, in_final);
    to->median = ratio.median;
    to->lower_quartile = ratio.lower_quartile;
    to->upper_quartile = ratio.upper_quartile;
    to->rounds = (uint32_t)ratio.count;
}

static bool fill_candidates(const gcs_race *race, size_t winner, size_t first,
                            gcs_shape_result *result) {
    fill_candidate(race, GCS_ENTRANT_DEFAULT, first, &result->candidates[0]);
    result->winner = 0;
    for (size_t i = GCS_ENTRANT_CANDIDATES; i < race->count; i++) {
        gcs_candidate_result *candidate = gcs_result_add(result);
        if (!candidate)
            return false;
        fill_candidate(race, i, first, candidate);
        if (i == winner)
            result->winner = result->count - 1;
    }
    return true;
}

/* Adds a name to the list of ties where there is room for the whole of it. */
static void add_tie(char *ties, size_t size, const char *name) {
    size_t length = strlen(ties);
    if (length + strlen(name) + 2 > size)
        return;
    snprintf(ties + length, size - length, "%s%s", length ? "," : "", name);
}

/* Ties are the kernels that the 99 % interval does not tell apart from the winner. */
static void fill_rivals(const gcs_race *race, size_t winner, size_t first, gcs_evidence *evidence) {
    double least = 0;
    bool any = false;
    for (size_t i = 0; i < race->count; i++) {
        const gcs_entrant *e = &race->entrants[i];
        gcs_ratio ratio;
        if (i == winner || !is_kernel(i) ||
            !gcs_race_ratio(race, i, winner, e->live ? first : 0, &ratio))
            continue;
        if (e->live && ratio.low <= 1)
            add_tie(evidence->ties, sizeof evidence->ties, e->kernel->name);
        if (!any || ratio.median < least)
            least = ratio.median;
        any = true;
    }
    evidence->runner_up_gap = least > 1 ? least - 1 : 0;
    if (evidence->ties[0] == '\0')
        snprintf(evidence->ties, sizeof evidence->ties, "-");
}

bool gcs_verdict_fill(const gcs_race *race, size_t winner, size_t first, gcs_shape_result *result) {
    gcs_evidence *evidence = &result->evidence;
    gcs_ratio gain = {.median = 1}, ceiling = {.median = 0};
    gcs_race_ratio(race, winner, GCS_ENTRANT_DEFAULT, first, &gain);
    gcs_race_ratio(race, GCS_ENTRANT_CEILING, winner, first, &ceiling);
    /* The default's ratio to itself is 1 and has no spread: take that of the ceiling to it. */
    const gcs_ratio *spread = winner == GCS_ENTRANT_DEFAULT ? &ceiling : &gain;
    evidence->median_ns = gcs_race_median_ns(race, winner, first);
    evidence->spread = spread->upper_quartile - spread->lower_quartile;
    evidence->ceiling = ceiling.median;
    evidence->vs_default = 1 / gain.median;
    evidence->rounds = (uint32_t)(race->rounds - first);
    result->default_ns = gcs_race_median_ns(race, GCS_ENTRANT_DEFAULT, first);
    fill_rivals(race, winner, first, evidence);
    return fill_candidates(race, winner, first, result);
}

void gcs_verdict_hot(const gcs_race *race, gcs_shape_result *result) {
    size_t winner =
        race->count > GCS_ENTRANT_CANDIDATES ? GCS_ENTRANT_CANDIDATES : GCS_ENTRANT_DEFAULT;
    gcs_ratio gain, ceiling;
    if (race->rounds < 3 || !gcs_race_ratio(race, GCS_ENTRANT_DEFAULT, winner, 0, &gain) ||
        !gcs_race_ratio(race, GCS_ENTRANT_CEILING, winner, 0, &ceiling))
        return;
    result->hot_gain = gain.median;
    result->hot_ceiling = ceiling.median;
    result->hot_rounds = (uint32_t)race->rounds;
}
