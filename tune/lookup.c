/* How well a table made from the results serves shapes that were not measured: its default lines,
 * and the regret with each shape left out. */
#include "tune/lookup.h"
#include "dispatch/registry.h"
#include "dispatch/table_internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void name_kernel(gcs_table_line *line, const char *name) {
    const gcs_kernel *kernel = gcs_registry_find(name);
    snprintf(line->kernel, sizeof line->kernel, "%s", name);
    snprintf(line->impl_rev, sizeof line->impl_rev, "%s",
             kernel ? gcs_registry_impl_rev(kernel) : "-");
}

gcs_table_line gcs_line_of(const gcs_shape_result *result) {
    gcs_table_line line = {
        .key = result->key, .rigor = result->rigor, .evidence = result->evidence};
    snprintf(line.date, sizeof line.date, "%s", result->date);
    name_kernel(&line, result->candidates[result->winner].kernel);
    return line;
}

/* ---- Default lines ------------------------------------------------------------------------- */

static bool is_short_row(const gcs_table_key *key) {
    return key->layout == GCS_LAYOUT_ROWS && key->cols <= gcs_table_short_row(key);
}

static bool same_class(const gcs_table_key *a, const gcs_table_key *b) {
    return gcs_table_same_class(a, b) && a->threads == b->threads &&
           is_short_row(a) == is_short_row(b);
}

/* The results that a default line is made from. */
typedef struct evidence_set {
    const gcs_results *results;
    const gcs_table_key *key;
    const gcs_shape_result *left_out;
} evidence_set;

static bool is_in(const evidence_set *set, const gcs_shape_result *result) {
    return result != set->left_out && same_class(&result->key, set->key);
}

/* Time / best time - 1. A kernel that ties with the winner may have the lower median: no regret. */
static double regret(double ratio, const gcs_shape_result *result) {
    double best = gcs_result_best(result);
    return ratio > best ? ratio / best - 1 : 0;
}

/* Summed regret of one kernel for all shapes, or (kernel NULL) of the present default's choice for
 * each. Infinite where a shape was not timed with the kernel. *log_gain: sum of log(gain). */
static double summed_regret(const evidence_set *set, const char *kernel, double *log_gain) {
    double sum = 0;
    *log_gain = 0;
    for (size_t i = 0; i < set->results->count; i++) {
        const gcs_shape_result *result = &set->results->results[i];
        double ratio = 1;
        if (!is_in(set, result))
            continue;
        if (kernel && !gcs_result_ratio(result, kernel, &ratio))
            return INFINITY;
        sum += regret(ratio, result);
        *log_gain -= log(ratio);
    }
    return sum;
}

/* Whether a kernel accepts every shape of a class. */
static bool serves_class(const char *name, const gcs_table_key *key) {
    const gcs_kernel *kernel = gcs_registry_find(name);
    return kernel && (kernel->max_length == 0 ||
                      (is_short_row(key) && kernel->max_length >= gcs_table_short_row(key)));
}

/* The kernel of the least summed regret; NULL: none is better than the present default's choices,
 * which then need no line.
 * Only winners are asked: any other kernel with a low sum is one of many that luck may have
 * favoured. A result whose winner is the present default asks for that one. */
static const char *best_single(const evidence_set *set, double *log_gain) {
    const char *chosen = NULL;
    double gain, least = summed_regret(set, NULL, &gain);
    for (size_t i = 0; i < set->results->count; i++) {
        const gcs_shape_result *result = &set->results->results[i];
        if (!is_in(set, result))
            continue;
        const char *kernel = result->candidates[result->winner].kernel;
        double sum = summed_regret(set, kernel, &gain);
        if (!(sum < least) || !serves_class(kernel, set->key))
            continue;
        least = sum;
        chosen = kernel;
        *log_gain = gain;
    }
    return chosen;
}

bool gcs_default_line_of(const gcs_results *results, const gcs_table_key *key,
                         const gcs_shape_result *left_out, gcs_table_line *line) {
    const evidence_set set = {results, key, left_out};
    double log_gain = 0;
    const char *kernel = best_single(&set, &log_gain);
    if (!kernel)
        return false;
    *line = (gcs_table_line){.key = *key};
    line->key.rows = 0;
    line->key.cols = is_short_row(key) ? gcs_table_short_row(key) : 0;
    size_t shapes = 0;
    for (size_t i = 0; i < results->count; i++) {
        const gcs_shape_result *result = &results->results[i];
        if (!is_in(&set, result))
            continue;
        shapes++;
        /* As careful as the least careful of its measurements, and of the latest date. */
        if (shapes == 1 || result->rigor < line->rigor)
            line->rigor = result->rigor;
        if (strcmp(result->date, line->date) > 0)
            snprintf(line->date, sizeof line->date, "%s", result->date);
    }
    line->evidence.vs_default = exp(log_gain / (double)shapes);
    snprintf(line->evidence.ties, sizeof line->evidence.ties, "-");
    name_kernel(line, kernel);
    return true;
}

/* ---- Regret -------------------------------------------------------------------------------- */

static int by_key(const void *left, const void *right) {
    const gcs_table_entry *a = left, *b = right;
    return gcs_table_compare_keys(&a->line.key, &b->line.key);
}

/* The lines of all results but one, and their class's default line, sorted as merged tables are. */
static bool tables_without(const gcs_results *results, const gcs_shape_result *left_out,
                           const gcs_machine *machine, gcs_tables *tables) {
    *tables = (gcs_tables){.machine = *machine};
    gcs_table_entry *items = calloc(results->count + 1, sizeof *items);
    if (!items)
        return false;
    size_t count = 0;
    for (size_t i = 0; i < results->count; i++)
        if (&results->results[i] != left_out)
            items[count++].line = gcs_line_of(&results->results[i]);
    if (gcs_default_line_of(results, &left_out->key, left_out, &items[count].line))
        count++;
    qsort(items, count, sizeof *items, by_key);
    tables->entries = (gcs_table_entries){.items = items, .count = count};
    return true;
}

/* Whether the kernel was timed on the shape: dispatch would ask whether it could run there. */
static bool was_timed(const void *context, const gcs_kernel *kernel) {
    double ratio;
    return gcs_result_ratio(context, kernel->name, &ratio);
}

bool gcs_regret_of(const gcs_results *results, const gcs_shape_result *shape,
                   const gcs_machine *machine, double *lost) {
    gcs_tables tables;
    if (!tables_without(results, shape, machine, &tables))
        return false;
    gcs_choice choice;
    double ratio = 1; /* no line: the default */
    if (gcs_tables_find(&tables, &shape->key, true, was_timed, shape, &choice))
        gcs_result_ratio(shape, choice.kernel->name, &ratio);
    *lost = regret(ratio, shape);
    free(tables.entries.items);
    return true;
}
