/* Text of a table, for those who write one: header and lines (docs/table.md). */
#include "dispatch/table_internal.h"

#include "dispatch/registry.h"
#include "dispatch/text.h"

#include <inttypes.h>
#include <stdio.h>

size_t gcs_table_format_header(const gcs_machine *machine, const char *tool, const char *date,
                               char *text, size_t size) {
    char identity[512] = "";
    if (machine != NULL)
        gcs_machine_format(machine, identity, sizeof identity);
    const int length =
        snprintf(text, size,
                 "gcstep-table\t%d\n"
                 "%s%s%s"
                 "tool\t%s\n"
                 "date\t%s\n"
                 "columns\tspec\tlayout\ttypes\trows\tcols\tthreads\tkernel\timpl_rev\trigor\tdate"
                 "\tmedian_ns\tspread\tceiling\tvs_default\trunner_up_gap\tties\trounds\n",
                 GCS_TABLE_SCHEMA, machine != NULL ? "machine\t" : "", identity,
                 machine != NULL ? "\n" : "", tool, date);
    return length > 0 ? (size_t)length : 0;
}

/* A number, or "*" for 0. */
static const char *number_or_star(uint64_t number, char text[24]) {
    if (number == 0)
        return "*";
    snprintf(text, 24, "%" PRIu64, number);
    return text;
}

/* cols, which in a default line is a bound. */
static const char *cols_of(const gcs_table_key *key, char text[24]) {
    if (key->rows != 0 || key->cols == 0)
        return number_or_star(key->cols, text);
    snprintf(text, 24, "<=%" PRIu64, key->cols);
    return text;
}

/* An empty field would be refused by the reader. */
static const char *or_dash(const char *text) {
    return text[0] != '\0' ? text : "-";
}

static const char *or_unknown(const char *name) {
    return name != NULL ? name : "unknown";
}

size_t gcs_table_format_line(const gcs_table_line *line, char *text, size_t size) {
    const gcs_table_key *key = &line->key;
    const gcs_evidence *evidence = &line->evidence;
    char rows[24], cols[24], threads[24];
    char median[GCS_TEXT_DECIMAL], spread[GCS_TEXT_DECIMAL], ceiling[GCS_TEXT_DECIMAL];
    char vs_default[GCS_TEXT_DECIMAL], gap[GCS_TEXT_DECIMAL];
    gcs_text_format_decimal(evidence->median_ns, median);
    gcs_text_format_decimal(evidence->spread, spread);
    gcs_text_format_decimal(evidence->ceiling, ceiling);
    gcs_text_format_decimal(evidence->vs_default, vs_default);
    gcs_text_format_decimal(evidence->runner_up_gap, gap);
    const int length = snprintf(
        text, size,
        "line\t%s_%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%" PRIu32 "\n",
        or_unknown(gcs_rule_name(key->rule)), or_unknown(gcs_center_name(key->center)),
        or_unknown(gcs_view_name((gcs_view)key->layout)),
        or_unknown(gcs_types_name(key->gradient, key->copy)), number_or_star(key->rows, rows),
        cols_of(key, cols), number_or_star(key->threads, threads), or_dash(line->kernel),
        or_dash(line->impl_rev), or_unknown(gcs_rigor_name(line->rigor)), or_dash(line->date),
        median, spread, ceiling, vs_default, gap, or_dash(evidence->ties), evidence->rounds);
    return length > 0 ? (size_t)length : 0;
}
