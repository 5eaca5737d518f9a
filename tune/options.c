/* Reading command line arguments, with errors that name the argument. */
#include "tune/options.h"
#include "dispatch/registry.h"
#include "tune/command.h"
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int gcs_usage_error(const char *command, const char *format, ...) {
    va_list arguments;
    fprintf(stderr, "gcstep %s: ", command);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nTry 'gcstep %s --help'.\n", command);
    return GCS_EXIT_USAGE;
}

int gcs_bad_option(char **argv, int answer) {
    const char *argument = argv[optind - 1];
    if (answer == ':')
        return gcs_usage_error(argv[0], "option '%s' needs a value", argument);
    if (strncmp(argument, "--", 2) == 0) /* unknown, ambiguous, or a value where none belongs */
        return gcs_usage_error(argv[0], "unknown option '%s'", argument);
    return gcs_usage_error(argv[0], "unknown option '-%c'", optopt);
}

/* Digits only: strtoull would take signs and spaces. False also where 64 bits are too few. */
static bool parse_number(const char *text, uint64_t *value) {
    *value = 0;
    if (*text == '\0')
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(*value, (uint64_t)10, value) ||
            __builtin_add_overflow(*value, (uint64_t)(*text - '0'), value))
            return false;
    }
    return true;
}

bool gcs_option_number(const char *command, const char *option, const char *text, uint64_t least,
                       uint64_t most, uint64_t *value) {
    if (parse_number(text, value) && *value >= least && *value <= most)
        return true;
    gcs_usage_error(command, "%s: '%s' is not a whole number from %llu to %llu", option, text,
                    (unsigned long long)least, (unsigned long long)most);
    return false;
}

bool gcs_option_threads(const char *command, const char *text, int *threads) {
    uint64_t value;
    if (!gcs_option_number(command, "--threads", text, 1, GCS_MAX_THREADS, &value))
        return false;
    *threads = (int)value;
    return true;
}

bool gcs_option_spec(const char *command, const char *text, gcs_spec *spec) {
    if (gcs_spec_parse(text, spec))
        return true;
    gcs_usage_error(command,
                    "--spec: unknown spec '%s'; it is a rule, and where wanted a centre and types, "
                    "e.g. sgdm, sgdm_none, adamw_update_bf16-bf16",
                    text);
    return false;
}

bool gcs_check_timing_environment(const char *command, gcs_environment *env) {
    const char *kernel = getenv("GCSTEP_KERNEL");
    if (kernel && *kernel) {
        fprintf(stderr,
                "gcstep %s: GCSTEP_KERNEL is set to '%s': unset it, so that kernels can be "
                "compared\n",
                command, kernel);
        return false;
    }
    unsetenv("GCSTEP_RECORD");
    if (gcs_environment_read(env) == GCS_OK)
        return true;
    fprintf(stderr, "gcstep %s: %s\n", command, gcs_last_error());
    return false;
}
