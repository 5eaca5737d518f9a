/* The fields of one line of a table: each is checked, and a line is taken whole or not at all. */
#include "dispatch/table_internal.h"

#include "dispatch/registry.h"
#include "dispatch/text.h"

#include <stdio.h>
#include <string.h>

#define PROBLEM_SIZE 256

static const char *const rigor_names[] = {
    [GCS_RIGOR_NONE] = "none",
    [GCS_RIGOR_QUICK] = "quick",
    [GCS_RIGOR_NORMAL] = "normal",
    [GCS_RIGOR_EXHAUSTIVE] = "exhaustive",
};

const char *gcs_rigor_name(gcs_rigor rigor) {
    const size_t number = (size_t)rigor;
    return number < sizeof rigor_names / sizeof rigor_names[0] ? rigor_names[number] : NULL;
}

bool gcs_rigor_parse(const char *name, gcs_rigor *rigor) {
    for (size_t i = 0; i < sizeof rigor_names / sizeof rigor_names[0]; i++) {
        if (strcmp(rigor_names[i], name) == 0) {
            *rigor = (gcs_rigor)i;
            return true;
        }
    }
    return false;
}

/* Order of the columns, as in the `columns` line. */
enum {
    COLUMN_LINE,
    COLUMN_SPEC,
    COLUMN_LAYOUT,
    COLUMN_TYPES,
    COLUMN_ROWS,
    COLUMN_COLS,
    COLUMN_THREADS,
    COLUMN_KERNEL,
    COLUMN_IMPL_REV,
    COLUMN_RIGOR,
    COLUMN_DATE,
    COLUMN_MEDIAN_NS,
    COLUMN_SPREAD,
    COLUMN_CEILING,
    COLUMN_VS_DEFAULT,
    COLUMN_RUNNER_UP_GAP,
    COLUMN_TIES,
    COLUMN_ROUNDS
};
_Static_assert(COLUMN_ROUNDS + 1 == GCS_TABLE_COLUMNS, "the enum lists every column");

/* "<name> '<value>' <what>", with a value that is safe to print: cut short, ASCII only. */
static bool refuse(char *problem, const char *name, const char *value, const char *what) {
    char shown[48];
    size_t length = 0;
    for (; value[length] != '\0' && length < sizeof shown - 4; length++)
        shown[length] = value[length] >= ' ' && value[length] <= '~' ? value[length] : '?';
    memcpy(shown + length, value[length] != '\0' ? "..." : "", value[length] != '\0' ? 4 : 1);
    snprintf(problem, PROBLEM_SIZE, "%s '%s' %s", name, shown, what);
    return false;
}

static bool is_star(const char *text) {
    return strcmp(text, "*") == 0;
}

/* "<rule>_<centre>": neither less, as on the command line, nor the types too. */
static bool parse_rule_and_center(const char *text, gcs_table_key *key, char *problem) {
    const char *mark = strchr(text, '_');
    gcs_spec spec;
    if (mark == NULL || strchr(mark + 1, '_') != NULL || !gcs_spec_parse(text, &spec))
        return refuse(problem, "spec", text, "is not known");
    if (gcs_spec_form(&spec, true).center != spec.center)
        return refuse(problem, "spec", text,
                      "is looked up as _grad: with decoupled decay they are the same");
    key->rule = spec.rule;
    key->center = spec.center;
    return true;
}

static bool parse_spec(char *const fields[], gcs_table_key *key, char *problem) {
    if (!parse_rule_and_center(fields[COLUMN_SPEC], key, problem))
        return false;
    if (!gcs_layout_parse(fields[COLUMN_LAYOUT], &key->layout))
        return refuse(problem, "layout", fields[COLUMN_LAYOUT], "is not known");
    if (key->layout == GCS_LAYOUT_FLAT && key->center != GCS_CENTER_NONE)
        return refuse(problem, "spec", fields[COLUMN_SPEC],
                      "does not go with layout flat, which has no groups");
    if (!gcs_types_parse(fields[COLUMN_TYPES], &key->gradient, &key->copy))
        return refuse(problem, "types", fields[COLUMN_TYPES], "are not known");
    return true;
}

/* cols of a default line: "*", or "<=N" for rows of at most N elements. */
static bool parse_default_cols(const char *cols, gcs_table_key *key, char *problem) {
    key->rows = key->cols = 0;
    if (is_star(cols))
        return true;
    if (key->layout != GCS_LAYOUT_ROWS || strncmp(cols, "<=", 2) != 0 ||
        !gcs_text_u64(cols + 2, UINT64_MAX, &key->cols) || key->cols == 0)
        return refuse(problem, "cols", cols, "is not '*' or, with layout rows, '<=' and a number");
    return true;
}

/* A step's bytes must be countable in 64 bits, as gcs_plan_create demands of a tensor. */
static bool parse_shape(char *const fields[], gcs_table_key *key, char *problem) {
    const char *rows = fields[COLUMN_ROWS], *cols = fields[COLUMN_COLS];
    if (is_star(rows))
        return parse_default_cols(cols, key, problem);
    if (!gcs_text_u64(rows, UINT64_MAX, &key->rows) || key->rows == 0)
        return refuse(problem, "rows", rows, "is not a number from 1 or, in a default line, '*'");
    if (!gcs_text_u64(cols, UINT64_MAX, &key->cols) || key->cols == 0)
        return refuse(problem, "cols", cols, "is not a number from 1");
    if (key->layout == GCS_LAYOUT_FLAT && key->rows != 1)
        return refuse(problem, "rows", rows, "is not 1, as layout flat has it");
    if (key->cols > UINT64_MAX / sizeof(float) / key->rows)
        return refuse(problem, "cols", cols, "makes a tensor of more than 2^64 bytes");
    return true;
}

/* A device has no number of threads that could be chosen. */
static bool parse_threads(char *const fields[], bool of_device, gcs_table_key *key, char *problem) {
    const char *text = fields[COLUMN_THREADS];
    uint64_t threads = 0;
    if (of_device)
        return is_star(text) || refuse(problem, "threads", text, "is not '*', as devices have it");
    if (!(is_star(text) && key->rows == 0) &&
        (!gcs_text_u64(text, UINT32_MAX, &threads) || threads == 0))
        return refuse(problem, "threads", text,
                      "is not a number from 1 (or '*' in a default line)");
    key->threads = (uint32_t)threads;
    return true;
}

/* Names are shown to people: nothing but visible ASCII characters. */
static bool copy_word(char *target, size_t size, const char *text) {
    for (const char *at = text; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~')
            return false;
    }
    return gcs_text_copy(target, size, text);
}

static bool parse_origin(char *const fields[], gcs_table_line *line, char *problem) {
    if (!copy_word(line->kernel, sizeof line->kernel, fields[COLUMN_KERNEL]))
        return refuse(problem, "kernel", fields[COLUMN_KERNEL], "is empty, too long or not a word");
    if (!copy_word(line->impl_rev, sizeof line->impl_rev, fields[COLUMN_IMPL_REV]))
        return refuse(problem, "impl_rev", fields[COLUMN_IMPL_REV],
                      "is empty, too long or not a word");
    if (!gcs_rigor_parse(fields[COLUMN_RIGOR], &line->rigor))
        return refuse(problem, "rigor", fields[COLUMN_RIGOR], "is not known");
    const char *date = fields[COLUMN_DATE];
    if ((strcmp(date, "-") != 0 && !gcs_text_is_date(date)) ||
        !gcs_text_copy(line->date, sizeof line->date, date))
        return refuse(problem, "date", date, "is not YYYY-MM-DD or '-'");
    return true;
}

/* The gap alone may be below zero: a default that ties with a faster kernel is chosen all the
 * same. A time ratio minus 1 is above -1. */
static bool parse_gap(const char *text, double *value) {
    const bool negative = text[0] == '-';
    if (!gcs_text_decimal(text + negative, value))
        return false;
    if (negative)
        *value = -*value;
    return *value > -1;
}

static bool parse_evidence(char *const fields[], gcs_evidence *evidence, char *problem) {
    static const char number[] = "is not a number >= 0";
    if (!gcs_text_decimal(fields[COLUMN_MEDIAN_NS], &evidence->median_ns))
        return refuse(problem, "median_ns", fields[COLUMN_MEDIAN_NS], number);
    if (!gcs_text_decimal(fields[COLUMN_SPREAD], &evidence->spread))
        return refuse(problem, "spread", fields[COLUMN_SPREAD], number);
    if (!gcs_text_decimal(fields[COLUMN_CEILING], &evidence->ceiling))
        return refuse(problem, "ceiling", fields[COLUMN_CEILING], number);
    if (!gcs_text_decimal(fields[COLUMN_VS_DEFAULT], &evidence->vs_default))
        return refuse(problem, "vs_default", fields[COLUMN_VS_DEFAULT], number);
    if (!parse_gap(fields[COLUMN_RUNNER_UP_GAP], &evidence->runner_up_gap))
        return refuse(problem, "runner_up_gap", fields[COLUMN_RUNNER_UP_GAP],
                      "is not a number > -1");
    if (!copy_word(evidence->ties, sizeof evidence->ties, fields[COLUMN_TIES]))
        return refuse(problem, "ties", fields[COLUMN_TIES], "are empty, too long or not a word");
    uint64_t rounds;
    if (!gcs_text_u64(fields[COLUMN_ROUNDS], UINT32_MAX, &rounds))
        return refuse(problem, "rounds", fields[COLUMN_ROUNDS], number);
    evidence->rounds = (uint32_t)rounds;
    return true;
}

bool gcs_table_parse_fields(char *const fields[GCS_TABLE_COLUMNS], bool of_device,
                            gcs_table_line *line, char *problem) {
    memset(line, 0, sizeof *line);
    return parse_spec(fields, &line->key, problem) && parse_shape(fields, &line->key, problem) &&
           parse_threads(fields, of_device, &line->key, problem) &&
           parse_origin(fields, line, problem) && parse_evidence(fields, &line->evidence, problem);
}
