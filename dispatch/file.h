/* Reading whole files: tables, and the system's small text files. */
#ifndef GCSTEP_DISPATCH_FILE_H
#define GCSTEP_DISPATCH_FILE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum gcs_file_result {
    GCS_FILE_OK,
    GCS_FILE_ABSENT,
    GCS_FILE_BAD, /* *problem says why */
    GCS_FILE_NO_MEMORY
} gcs_file_result;

/* Reads a regular file of at most `max` bytes with one open, into *text (to be freed), which has a
 * '\0' behind its *size bytes. Never waits, not even for a FIFO. A file that is replaced while it
 * is read stays the one that was opened. */
gcs_file_result gcs_file_read(const char *path, size_t max, char **text, size_t *size,
                              const char **problem);

/* The first line of a small file, without its newline; false where there is none or it is longer
 * than size - 1. */
bool gcs_file_first_line(const char *path, char *text, size_t size);

#endif
