/* The text of a journal: header, runs and results. */
#ifndef GCSTEP_TUNE_JOURNAL_TEXT_H
#define GCSTEP_TUNE_JOURNAL_TEXT_H

#include "tune/result.h"
#include <stdio.h>

/* The lines that say for which machine (where `device` is not NULL: for which device) and which
 * kernels a journal's results hold. */
void gcs_journal_write_header(FILE *to, const gcs_machine *machine,
                              const gcs_device_identity *device);
void gcs_journal_write_result(FILE *to, const gcs_shape_result *result);

/* The line that says what a run was asked for: options and their values, joined by tabs. */
void gcs_journal_write_run(FILE *to, const char *words);

/* What a header says. */
typedef struct gcs_journal_header {
    size_t size;         /* of its text */
    gcs_machine machine; /* where it is of a CPU */
    bool of_device;
    gcs_device_identity device;
    bool same_kernels; /* it names this build's revisions */
} gcs_journal_header;

/* Reads one, of whatever machine or device and kernels. False where the text does not begin with
 * one. */
bool gcs_journal_parse_header(const char *text, gcs_journal_header *header);

/* What the lines of `text` gave. */
typedef struct gcs_journal_reading {
    size_t end;       /* offset behind the last line that ends a result (or the header) */
    size_t bad_lines; /* lines that are whole and not understood */
    size_t first_bad; /* number of the first of them, from 1 */
    const char *run;  /* in the text: what the last run was asked for; NULL: no line says it */
} gcs_journal_reading;

/* Reads the results, which are of results->device, in text[size], which has a '\0' behind it, from
 * `begin`, where the header ends. Cuts `text` into pieces. False when memory ran out. */
bool gcs_journal_parse(char *text, size_t size, size_t begin, gcs_results *results,
                       gcs_journal_reading *reading);

#endif
