/* Parameter tensors of networks: the format of models/<name>.txt, the built-in ones, and files of
 * a user's own. Format: models/README.md. */
#ifndef GCSTEP_MODELS_MODEL_H
#define GCSTEP_MODELS_MODEL_H

#include <gcstep/gcstep.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GCS_MODEL_MAX_RANK 8

typedef enum gcs_kind {
    GCS_KIND_CONV,
    GCS_KIND_LINEAR,
    GCS_KIND_NORM,
    GCS_KIND_BIAS,
    GCS_KIND_EMBEDDING
} gcs_kind;

typedef struct gcs_model_tensor {
    char name[96];
    gcs_kind kind;
    gcs_layout layout; /* as the file says: rows, cols, flat */
    uint32_t rank;
    uint64_t dims[GCS_MODEL_MAX_RANK];
} gcs_model_tensor;

typedef struct gcs_model {
    char name[64];
    gcs_model_tensor *tensors;
    size_t count;
} gcs_model;

/* The built-in networks. */
size_t gcs_model_builtin_count(void);
const char *gcs_model_builtin_name(size_t index);

/* Reads a built-in network, or a file. False: `error` says what was wrong and where (file and
 * line); *model is then empty. A model is freed with gcs_model_free. */
bool gcs_model_load(gcs_model *model, const char *builtin_name, char *error, size_t error_size);
bool gcs_model_read(gcs_model *model, const char *path, char *error, size_t error_size);
void gcs_model_free(gcs_model *model);

uint64_t gcs_model_tensor_elements(const gcs_model_tensor *tensor);
uint64_t gcs_model_parameters(const gcs_model *model);

/* The tensor as a plan takes it: rows: dims[0] groups; cols: dims[rank - 1] groups; rank 1: flat.
 */
gcs_tensor gcs_model_as_tensor(const gcs_model_tensor *tensor);

const char *gcs_kind_name(gcs_kind kind);

#endif
