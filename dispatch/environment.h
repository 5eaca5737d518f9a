/* The GCSTEP_* switches, read anew each time a plan is made (docs/environment.md). */
#ifndef GCSTEP_DISPATCH_ENVIRONMENT_H
#define GCSTEP_DISPATCH_ENVIRONMENT_H

#include "kernels/kernel.h"
#include <stdbool.h>

typedef enum gcs_log_level {
    GCS_LOG_OFF = 0,
    GCS_LOG_WARN = 1,
    GCS_LOG_INFO = 2,
    GCS_LOG_DEBUG = 3
} gcs_log_level;

typedef struct gcs_environment {
    gcs_isa isa_cap;          /* GCSTEP_ISA: no kernel of a later ISA; default: the last one */
    const gcs_kernel *kernel; /* GCSTEP_KERNEL: forced wherever it fits; NULL: none */
    const struct gcs_cuda_kernel *cuda_kernel;     /* the same for plans on a GPU */
    const struct gcs_opencl_kernel *opencl_kernel; /* the same for plans of OpenCL */
    bool tuned;               /* GCSTEP_TUNED: 1 (default) or 0: default lines and rules only */
    const char *table;        /* GCSTEP_TABLE: a file; NULL: none */
    const char *opencl_cache; /* GCSTEP_OPENCL_CACHE: a folder, "0": none; NULL: the user's */
    const char *record;       /* GCSTEP_RECORD: a file to append shapes to; NULL: none */
    gcs_log_level log;        /* GCSTEP_LOG: off (default), warn, info, debug */
} gcs_environment;

/* Fills `env`. GCS_BAD_ENVIRONMENT names the variable, its value and what it may be; an empty
 * value counts as unset. GCS_UNSUPPORTED: a kernel that this CPU cannot run or that GCSTEP_ISA
 * rules out. */
gcs_status gcs_environment_read(gcs_environment *env);

/* One line on stderr, "gcstep: ...", where `env->log` is at least `level`. */
__attribute__((format(printf, 3, 4))) void gcs_log(const gcs_environment *env, gcs_log_level level,
                                                   const char *format, ...);

#endif
