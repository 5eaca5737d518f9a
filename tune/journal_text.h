/* The text of a journal: header, runs and results. */
#ifndef GCSTEP_TUNE_JOURNAL_TEXT_H
#define GCSTEP_TUNE_JOURNAL_TEXT_H

#include "tune/result.h"
#include <stdio.h>

/* The lines that say for which machine and which kernels a journal's results hold. */
void gcs_journal_write_header(FILE *to, const gcs_machine *machine);
void gcs_journal_write_result(FILE *to, const gcs_shape_result *result);

/* The line that says what a run was asked for: options and their values, joined by tabs. */
void gcs_journal_write_run(FILE *to, const char *words);

/* Reads a header, of whatever machine and kernels. *size: its length; *same_kernels: whether it
 * names this build's revisions. False where the text does not begin with one. */
bool gcs_journal_parse_header(const char *text, size_t *size, gcs_machine *machine,
                              bool *same_kernels);

/* What the lines of `text` gave. */
typedef struct gcs_journal_reading {
    size_t end;       /* offset behind the last line that ends a result (or the header) */
    size_t bad_lines; /* lines that are whole and not understood */
    size_t first_bad; /* number of the first of them, from 1 */
    const char *run;  /* in the text: what the last run was asked for; NULL: no line says it */
} gcs_journal_reading;

/* Reads the results in text[size], which has a '\0' behind it, from `begin`, where the header ends.
 * Cuts `text` into pieces. False when memory ran out. */
bool gcs_journal_parse(char *text, size_t size, size_t begin, gcs_results *results,
                       gcs_journal_reading *reading);

#endif
