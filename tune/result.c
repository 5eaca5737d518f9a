/* What the tuner found out about one shape: storage and look-up. */
#include "tune/result.h"
#include "dispatch/registry.h"
#include "tune/shapes.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const fates[] = {"default", "failed", "dropped", "raced", "final"};

gcs_candidate_result *gcs_result_add(gcs_shape_result *result) {
    gcs_candidate_result *grown = realloc(result->candidates, (result->count + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    result->candidates = grown;
    memset(&grown[result->count], 0, sizeof *grown);
    return &grown[result->count++];
}

gcs_shape_result *gcs_results_find(const gcs_results *results, const gcs_table_key *key) {
    for (size_t i = 0; i < results->count; i++)
        if (gcs_key_equal(&results->results[i].key, key))
            return &results->results[i];
    return NULL;
}

/* Looked up for each of some hundred shapes, many times over. */
static unsigned isas_of(const gcs_shape_result *result) {
    unsigned isas = 0;
    for (size_t i = 0; i < result->count; i++)
        isas |= 1U << gcs_isa_in_name(result->candidates[i].kernel);
    return isas;
}

bool gcs_results_put(gcs_results *results, const gcs_shape_result *result) {
    gcs_shape_result *old = gcs_results_find(results, &result->key);
    if (old) {
        results->isas |= isas_of(result);
        gcs_result_free(old);
        *old = *result;
        return true;
    }
    gcs_shape_result *grown = realloc(results->results, (results->count + 1) * sizeof *grown);
    if (!grown)
        return false;
    results->results = grown;
    results->isas |= isas_of(result);
    grown[results->count++] = *result;
    return true;
}

void gcs_result_free(gcs_shape_result *result) {
    free(result->candidates);
    result->candidates = NULL;
    result->count = 0;
}

void gcs_results_free(gcs_results *results) {
    for (size_t i = 0; i < results->count; i++)
        gcs_result_free(&results->results[i]);
    free(results->results);
    *results = (gcs_results){.results = NULL};
}

bool gcs_result_ratio(const gcs_shape_result *result, const char *kernel, double *ratio) {
    for (size_t i = 0; i < result->count; i++) {
        const gcs_candidate_result *c = &result->candidates[i];
        if (c->fate == GCS_FATE_FAILED || strcmp(c->kernel, kernel) != 0)
            continue;
        *ratio = c->median;
        return true;
    }
    return false;
}

double gcs_interval_of(double interquartile_range, uint32_t rounds) {
    return rounds ? 2.393 * interquartile_range / sqrt((double)rounds) : INFINITY;
}

static double interval_of(const gcs_candidate_result *c) {
    return c->fate == GCS_FATE_DEFAULT /* the unit of all ratios: no noise of its own */
               ? 0
               : gcs_interval_of(c->upper_quartile - c->lower_quartile, c->rounds);
}

bool gcs_result_ties(const gcs_shape_result *result, const char *kernel) {
    const gcs_candidate_result *winner = &result->candidates[result->winner];
    for (size_t i = 0; i < result->count; i++) {
        const gcs_candidate_result *c = &result->candidates[i];
        if (c->fate != GCS_FATE_FAILED && strcmp(c->kernel, kernel) == 0)
            return c->median - winner->median <= hypot(interval_of(c), interval_of(winner));
    }
    return false;
}

double gcs_result_best(const gcs_shape_result *result) {
    return result->candidates[result->winner].median;
}

gcs_isa gcs_isa_in_name(const char *kernel) {
    char text[GCS_KERNEL_NAME_SIZE];
    char *rest = text;
    gcs_isa isa;
    snprintf(text, sizeof text, "%s", kernel);
    for (char *word; (word = strsep(&rest, "_")) != NULL;)
        if (gcs_isa_parse(word, &isa))
            return isa;
    return GCS_ISA_COUNT;
}

const char *gcs_fate_name(gcs_fate fate) {
    return fates[fate];
}

bool gcs_fate_parse(const char *name, gcs_fate *fate) {
    for (size_t i = 0; i < sizeof fates / sizeof fates[0]; i++) {
        if (strcmp(fates[i], name) != 0)
            continue;
        *fate = (gcs_fate)i;
        return true;
    }
    return false;
}
