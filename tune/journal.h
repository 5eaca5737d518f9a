/* The journal of a tuning run: each shape's result is appended at once, so that a run that is
 * killed loses the shape in progress and nothing else. Format: docs/tuning.md. */
#ifndef GCSTEP_TUNE_JOURNAL_H
#define GCSTEP_TUNE_JOURNAL_H

#include "tune/journal_text.h"
#include "tune/result.h"

typedef struct gcs_journal {
    const char *path;
    int file;
} gcs_journal;

/* Opens or creates the journal and reads the results that it holds, which are of results->device
 * or, where that is NULL, of `machine`. One of another machine or device or of
 * other kernels, or any where `fresh`, is set aside as PATH.old. A line that a killed run left
 * unfinished is cut off. `note` (may be "") says what was found. False: `note` is the error. */
bool gcs_journal_open(gcs_journal *journal, const char *path, const gcs_machine *machine,
                      bool fresh, gcs_results *results, char *note, size_t note_size);

/* Appends a result and waits until it is on disk. False: errno says why. */
bool gcs_journal_append(const gcs_journal *journal, const gcs_shape_result *result);

/* Appends what the run that begins is asked for. False: errno says why. */
bool gcs_journal_begin_run(const gcs_journal *journal, const char *words);

/* Reads a journal without changing it. */
typedef struct gcs_journal_contents {
    gcs_journal_header header;
    gcs_results results;
    char *run;                   /* what the last run was asked for; NULL: no line says it */
    size_t bad_lines, first_bad; /* as gcs_journal_reading */
} gcs_journal_contents;

/* False: `why` names the file and says what is wrong. To be freed with gcs_journal_contents_free in
 * both cases. */
bool gcs_journal_read(gcs_journal_contents *contents, const char *path, char *why, size_t why_size);
void gcs_journal_contents_free(gcs_journal_contents *contents);

void gcs_journal_close(gcs_journal *journal);

#endif
