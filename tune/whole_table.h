/* Table files as a whole: the sections of all machines and devices, and lines of kernels that this
 * build or this CPU lacks. For programs that work on tables; the library reads what counts on its
 * machine.
 */
#ifndef GCSTEP_TUNE_WHOLE_TABLE_H
#define GCSTEP_TUNE_WHOLE_TABLE_H

#include "dispatch/table_internal.h"

#define GCS_IDENTITY_SIZE GCS_DEVICE_IDENTITY_SIZE

typedef struct gcs_whole_table {
    const char *path;
    char *text;
    gcs_table_entries entries;
    size_t bad_lines; /* named on stderr already */
} gcs_whole_table;

/* Reads the file and names each bad line on stderr, with path and number. False: it is no table, or
 * cannot be read, and *status is what to exit with; the error has been printed. To be freed with
 * gcs_whole_table_free in both cases. */
bool gcs_whole_table_read(gcs_whole_table *table, const char *command, const char *path,
                          int *status);
void gcs_whole_table_free(gcs_whole_table *table);

/* The identity of the entry's section, "any" among them, in text[GCS_IDENTITY_SIZE]. */
void gcs_entry_identity(const gcs_whole_table *table, const gcs_table_entry *entry,
                        char text[GCS_IDENTITY_SIZE]);

/* The device of the entry's section; NULL: it is not of a device. */
const gcs_device_identity *gcs_entry_device(const gcs_whole_table *table,
                                            const gcs_table_entry *entry,
                                            gcs_device_identity *device);

/* Whether the entry's revision is another one than that of the kernel in this build. */
bool gcs_entry_is_stale(const gcs_table_entry *entry);

#endif
