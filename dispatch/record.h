/* GCSTEP_RECORD: writes down the shapes that a trainer really uses, to tune for them. */
#ifndef GCSTEP_DISPATCH_RECORD_H
#define GCSTEP_DISPATCH_RECORD_H

#include "dispatch/environment.h"

/* Where env->record is set, appends to that file the distinct shapes of the tensors' matrices,
 * in the text format of models/ (models/README.md). What cannot be written is one warning in the
 * log. */
void gcs_record_shapes(const gcs_environment *env, const gcs_tensor *tensors, size_t count);

#endif
