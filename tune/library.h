/* The shared library that belongs to this program, which itself is linked with the static one. */
#ifndef GCSTEP_TUNE_LIBRARY_H
#define GCSTEP_TUNE_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Looks for libgcstep.so where the build and the installation put it, as seen from this program.
 * *bytes: the size of the file. False: there is none. */
bool gcs_library_size(char *path, size_t path_size, uint64_t *bytes);

#endif
