/* What `gcstep tune` was asked to do. */
#ifndef GCSTEP_TUNE_REQUEST_H
#define GCSTEP_TUNE_REQUEST_H

#include "dispatch/table.h"
#include "models/model.h"

#define GCS_MOST_SPECS 64
#define GCS_PATH_SIZE  4096

typedef struct gcs_tune_request {
    gcs_model *models; /* [model_count], of --model and --shapes */
    size_t model_count;
    gcs_spec specs[GCS_MOST_SPECS];
    size_t spec_count;
    gcs_rigor rigor;
    uint64_t seconds;    /* 0: by rigor and number of shapes */
    int threads;         /* 0: of a device */
    const char *backend; /* "cpu" */
    uint64_t device;     /* its number */
    bool device_is_given;
    bool fresh;
    bool resume;
    char *run;        /* what was asked for: options and their values, joined by tabs */
    bool run_is_told; /* to the journal */
    char table[GCS_PATH_SIZE], journal[GCS_PATH_SIZE];
} gcs_tune_request;

/* Reads the arguments. False: *status is what to exit with; errors have been printed. To be freed
 * with gcs_tune_request_free in both cases. */
bool gcs_tune_request_read(gcs_tune_request *request, int argc, char **argv, int *status);
void gcs_tune_request_free(gcs_tune_request *request);

#endif
