/* Reading command line arguments, with errors that name the argument. */
#ifndef GCSTEP_TUNE_OPTIONS_H
#define GCSTEP_TUNE_OPTIONS_H

#include "dispatch/environment.h"
#include <gcstep/gcstep.h>
#include <stdbool.h>
#include <stdint.h>

#define GCS_MAX_THREADS 4096

/* How steps are named (gcs_spec_parse), for the help of commands that have --spec. */
#define GCS_SPEC_HELP                                                                              \
    "A step is named RULE, RULE_CENTRE or RULE_CENTRE_TYPES:\n"                                    \
    "  RULE    sgd sgdm nesterov adam amsgrad adagrad, and with decoupled weight decay\n"          \
    "          sgdw sgdmw nesterovw adamw amsgradw\n"                                              \
    "  CENTRE  none, grad (default): the gradient with the L2 term, raw: without it,\n"            \
    "          update: the change of the weights\n"                                                \
    "  TYPES   f32 (default), bf16, f16: the gradient; -bf16, -f16 behind it: a copy of\n"         \
    "          the weights is written too; -bf16s, -f16s: rounded stochastically\n"                \
    "For example sgdm, sgdm_none, adamw_update_bf16-bf16.\n"

/* "gcstep COMMAND: ..." and a hint at --help, on stderr. Returns GCS_EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int gcs_usage_error(const char *command, const char *format,
                                                          ...);

/* The error for what getopt_long answered with '?' or ':' (its option string starts with ':'). */
int gcs_bad_option(char **argv, int answer);

/* Reads the GCSTEP_* switches for a command that compares kernels: GCSTEP_KERNEL would force the
 * same one on all, and GCSTEP_RECORD, which is unset, would record the command itself. False after
 * an error. */
bool gcs_check_timing_environment(const char *command, gcs_environment *env);

/* Each returns false after an error that names `option`. */
bool gcs_option_number(const char *command, const char *option, const char *text, uint64_t least,
                       uint64_t most, uint64_t *value);
bool gcs_option_threads(const char *command, const char *text, int *threads);
bool gcs_option_spec(const char *command, const char *text, gcs_spec *spec);

#endif
