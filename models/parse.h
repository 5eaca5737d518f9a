/* Reading the text of a model file (models/README.md) that is already in memory. */
#ifndef GCSTEP_MODELS_PARSE_H
#define GCSTEP_MODELS_PARSE_H

#include "models/model.h"

/* Limits of the format, far above any network, so that a file that is not a model ends early. */
#define GCS_MODEL_MAX_LINE    512                /* bytes of a line, its end not counted */
#define GCS_MODEL_MAX_TENSORS ((size_t)1 << 16)  /* tensors of a file */
#define GCS_MODEL_MAX_BYTES   ((size_t)16 << 20) /* bytes of a file */

/* Fills model->tensors and model->count from text[size]. `source` is what errors call the text: a
 * path, or the name of a built-in network. False: `error` says what was wrong and on which line,
 * and the model has no tensors. model->name is left alone. */
bool gcs_model_parse(gcs_model *model, const char *source, const char *text, size_t size,
                     char *error, size_t error_size);

#endif
