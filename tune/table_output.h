/* Writing the table of a tuning run. */
#ifndef GCSTEP_TUNE_TABLE_OUTPUT_H
#define GCSTEP_TUNE_TABLE_OUTPUT_H

#include "tune/result.h"
#include "tune/shapes.h"

/* Whether the table could be written to `path`: makes its folder, and refuses to write over a file
 * that is no table of this machine; for a device (`device` not NULL) over one that is no table.
 * False: `why`. */
bool gcs_table_output_check(const char *path, const gcs_machine *machine,
                            const gcs_device_identity *device, char *why, size_t why_size);

/* Replaces the file by one that has the lines of the jobs' results, their default lines, the lines
 * of other keys that the file had before, and its sections of others: for results of a CPU those of
 * devices, for results of a device those of machines and other devices. The file is never half
 * written. *lines: without those sections. */
bool gcs_table_output_write(const char *path, const gcs_machine *machine,
                            const gcs_results *results, const gcs_jobs *jobs, size_t *lines,
                            char *why, size_t why_size);

#endif
