/* The lines of a table that is made from results: those of the shapes, default lines, and the
 * regret with each shape left out. */
#include "tune/lookup.h"
#include "dispatch/plan_internal.h"
#include "dispatch/registry.h"
#include "dispatch/table_internal.h"
#include "tune/regret.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void name_kernel(const gcs_device_identity *device, gcs_table_line *line, const char *name) {
    const gcs_kernel *kernel = gcs_device_kernel(device, name);
    snprintf(line->kernel, sizeof line->kernel, "%s", name);
    snprintf(line->impl_rev, sizeof line->impl_rev, "%s",
             kernel ? gcs_device_impl_rev(device, kernel) : "-");
}

gcs_table_line gcs_line_of(const gcs_device_identity *device, const gcs_shape_result *result) {
    gcs_table_line line = {
        .key = result->key, .rigor = result->rigor, .evidence = result->evidence};
    snprintf(line.date, sizeof line.date, "%s", result->date);
    name_kernel(device, &line, result->candidates[result->winner].kernel);
    return line;
}

/* ---- Default lines ------------------------------------------------------------------------- */

/* The kernel of the least summed regret; NULL: none is better than the present default's choices,
 * which then need no line.
 * Only winners are asked: any other kernel with a low sum is one of many that luck may have
 * favoured. A result whose winner is the present default asks for that one. */
static const char *best_single(const gcs_evidence_set *set, gcs_loss *loss) {
    const char *chosen = NULL;
    gcs_loss present, other;
    gcs_loss_of(set, NULL, &present);
    *loss = present;
    for (size_t i = 0; i < set->machines->count; i++) {
        const gcs_shape_result *result = &set->machines->results[i];
        if (!gcs_evidence_has(set, set->machines, result))
            continue;
        const char *name = result->candidates[result->winner].kernel;
        const gcs_kernel *kernel = gcs_device_kernel(set->machines->device, name);
        if (!kernel || !gcs_serves_set(set, kernel) || !gcs_loss_of(set, name, &other) ||
            !(other.sum < loss->sum))
            continue;
        *loss = other;
        chosen = name;
    }
    return chosen;
}

static gcs_table_line blank_default(const gcs_evidence_set *set) {
    gcs_table_line line = {.key = set->class, .date = "-"};
    line.key.rows = 0;
    line.key.cols = set->up_to;
    line.key.threads = set->threads;
    snprintf(line.evidence.ties, sizeof line.evidence.ties, "-");
    return line;
}

static bool default_line(const gcs_evidence_set *set, gcs_table_line *line) {
    gcs_loss loss;
    const char *kernel = best_single(set, &loss);
    if (!kernel)
        return false;
    *line = blank_default(set);
    name_kernel(set->machines->device, line, kernel);
    line->evidence.vs_default = exp(loss.log_gain / (double)loss.shapes);
    /* As careful as the least careful of its measurements, and of the latest date. */
    line->rigor = GCS_RIGOR_EXHAUSTIVE;
    for (size_t i = 0; i < set->machines->count; i++) {
        const gcs_shape_result *result = &set->machines->results[i];
        if (!gcs_evidence_has(set, set->machines, result))
            continue;
        if (result->rigor < line->rigor)
            line->rigor = result->rigor;
        if (strcmp(result->date, line->date) > 0)
            snprintf(line->date, sizeof line->date, "%s", result->date);
    }
    return true;
}

/* The built-in table's default lines as they count here; NULL: memory ran out, or a GCSTEP_* value
 * is not known. */
static gcs_tables *open_builtin(const gcs_device_identity *device) {
    gcs_environment env;
    gcs_machine machine;
    if (gcs_environment_read(&env) != GCS_OK)
        return NULL;
    env.tuned = false;
    env.log = GCS_LOG_OFF;
    if (device)
        return gcs_tables_open_for_device(&env, device, NULL);
    gcs_machine_read(&machine);
    return gcs_tables_open(&env, &machine, NULL);
}

/* The kernel that the set's longest rows get without a tuned line; NULL: a line of the built-in
 * table for short rows names it, which comes before any line for all rows. */
static const gcs_kernel *unprotected_kernel(const gcs_evidence_set *set) {
    const gcs_need need = {
        .op = GCS_OP_STEP,
        .form = {set->class.rule, set->class.center, set->class.gradient, set->class.copy},
        .view = GCS_VIEW_ROWS,
        .length = set->up_to};
    gcs_table_key key = set->class;
    key.rows = 1;
    key.cols = set->up_to;
    gcs_environment env;
    gcs_choice choice;
    gcs_tables *tables = open_builtin(NULL);
    const gcs_kernel *kernel = NULL;
    if (tables && gcs_tables_find(tables, &key, false, NULL, NULL, &choice))
        kernel = choice.line->key.cols == 0 ? choice.kernel : NULL;
    else if (tables && gcs_environment_read(&env) == GCS_OK)
        kernel = gcs_kernel_for(&need, env.isa_cap);
    gcs_tables_close(tables);
    return kernel;
}

/* A line that names what the set's rows get without a table. */
static bool keeping_line(const gcs_evidence_set *set, gcs_table_line *line) {
    const gcs_kernel *kernel = unprotected_kernel(set);
    if (!kernel)
        return false;
    *line = blank_default(set);
    name_kernel(NULL, line, kernel->name);
    return true;
}

size_t gcs_default_lines_of(const gcs_results *results, const gcs_table_key *key,
                            const gcs_shape_result *left_out,
                            gcs_table_line lines[GCS_MOST_DEFAULT_LINES]) {
    const bool rows = key->layout == GCS_LAYOUT_ROWS;
    gcs_evidence_set set = {.machines = results,
                            .machine_count = 1,
                            .class = *key,
                            .threads = key->threads,
                            .above = rows ? gcs_table_short_row(key) : 0,
                            .isa = GCS_ISA_COUNT,
                            .left_out = left_out};
    /* A device's fixed rule goes by the length of groups, which no single kernel does. */
    if (results->device && key->layout != GCS_LAYOUT_FLAT)
        return 0;
    size_t count = default_line(&set, &lines[0]);
    if (!rows)
        return count;
    set.up_to = set.above;
    set.above = 0;
    if (default_line(&set, &lines[count]) || (count > 0 && keeping_line(&set, &lines[count])))
        count++;
    return count;
}

/* ---- Regret -------------------------------------------------------------------------------- */

/* Own lines before the built-in ones of the same key. */
static int by_key(const void *left, const void *right) {
    const gcs_table_entry *a = left, *b = right;
    const int key = gcs_table_compare_keys(&a->line.key, &b->line.key);
    return key ? key : (a->line.number > b->line.number) - (a->line.number < b->line.number);
}

/* Adds the lines of all results but one, and their default lines, to the built-in table's; sorted
 * as merged tables are. */
static bool add_lines(gcs_tables *tables, const gcs_results *results,
                      const gcs_shape_result *left_out) {
    const size_t most = tables->entries.count + results->count + GCS_MOST_DEFAULT_LINES;
    gcs_table_line defaults[GCS_MOST_DEFAULT_LINES];
    gcs_table_entry *items = realloc(tables->entries.items, most * sizeof *items);
    if (!items)
        return false;
    size_t count = tables->entries.count;
    for (size_t i = 0; i < results->count; i++)
        if (&results->results[i] != left_out)
            items[count++] =
                (gcs_table_entry){.line = gcs_line_of(results->device, &results->results[i])};
    const size_t lines = gcs_default_lines_of(results, &left_out->key, left_out, defaults);
    for (size_t i = 0; i < lines; i++)
        items[count++] = (gcs_table_entry){.line = defaults[i]};
    qsort(items, count, sizeof *items, by_key);
    tables->entries = (gcs_table_entries){.items = items, .count = count, .capacity = most};
    return true;
}

/* Whether the kernel was timed on the shape: dispatch would ask whether it could run there. */
static bool was_timed(const void *context, const gcs_kernel *kernel) {
    double ratio;
    return gcs_result_ratio(context, kernel->name, &ratio);
}

bool gcs_leave_out(const gcs_results *results, const gcs_shape_result *shape,
                   const gcs_machine *machine, gcs_left_out *lost) {
    gcs_choice choice;
    gcs_tables *tables = open_builtin(results->device);
    if (!tables || !add_lines(tables, results, shape)) {
        gcs_tables_close(tables);
        return false;
    }
    if (!results->device)
        tables->machine = *machine;
    const char *kernel = shape->candidates[0].kernel; /* no line: the default */
    if (gcs_tables_find(tables, &shape->key, true, was_timed, shape, &choice))
        kernel = choice.kernel->name;
    double ratio = 1;
    gcs_result_ratio(shape, kernel, &ratio);
    lost->regret = gcs_regret(ratio, gcs_result_best(shape));
    lost->beyond_noise = gcs_result_ties(shape, kernel) ? 0 : lost->regret;
    gcs_tables_close(tables);
    return true;
}
