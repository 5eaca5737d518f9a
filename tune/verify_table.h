/* gcstep verify --table: whether the lines of a table can be used by this build, and whether those
 * of this machine still hold. */
#ifndef GCSTEP_TUNE_VERIFY_TABLE_H
#define GCSTEP_TUNE_VERIFY_TABLE_H

#include <stdint.h>

/* Prints to stdout, and what is wrong to stderr. `seconds`: for timing a sample of the lines; 0:
 * none is timed. Returns an exit status. */
int gcs_verify_table(const char *path, uint64_t seconds);

#endif
