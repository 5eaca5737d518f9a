/* Reading command line arguments, with errors that name the argument. */
#ifndef GCSTEP_TUNE_OPTIONS_H
#define GCSTEP_TUNE_OPTIONS_H

#include <gcstep/gcstep.h>
#include <stdbool.h>
#include <stdint.h>

#define GCS_MAX_THREADS 4096

/* "gcstep COMMAND: ..." and a hint at --help, on stderr. Returns GCS_EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int gcs_usage_error(const char *command, const char *format,
                                                          ...);

/* The error for what getopt_long answered with '?' or ':' (its option string starts with ':'). */
int gcs_bad_option(char **argv, int answer);

/* Each returns false after an error that names `option`. */
bool gcs_option_number(const char *command, const char *option, const char *text, uint64_t least,
                       uint64_t most, uint64_t *value);
bool gcs_option_threads(const char *command, const char *text, int *threads);
bool gcs_option_spec(const char *command, const char *text, gcs_spec *spec);

#endif
