/* Files that are never half written: under another name first, then renamed. */
#ifndef GCSTEP_TUNE_WRITE_FILE_H
#define GCSTEP_TUNE_WRITE_FILE_H

#include <stdbool.h>
#include <stdio.h>

/* Writes the file's text to `to`. */
typedef void gcs_file_writer(FILE *to, void *context);

/* Makes or replaces the file at `path`. False: `why` names the file and says what failed; a file
 * that was there is as it was. */
bool gcs_write_file(const char *path, gcs_file_writer *writer, void *context, char *why,
                    size_t why_size);

/* Whether `path` can be a table that a program writes: makes its folder; what is there already must
 * be a table, of whatever machine. False: `why`. */
bool gcs_may_write_table(const char *path, char *why, size_t why_size);

/* The same for the folder alone. */
bool gcs_make_folder_of(const char *path, char *why, size_t why_size);

#endif
