/* From hyper-parameters to the coefficients that kernels see. */
#ifndef GCSTEP_DISPATCH_COEFFICIENTS_H
#define GCSTEP_DISPATCH_COEFFICIENTS_H

#include "kernels/kernel.h"

/* GCS_OK, or GCS_INVALID_ARGUMENT with a sentence that names the hyper-parameter of parameter group
 * `group` (only what the rule uses is looked at). */
gcs_status gcs_hyper_check(const gcs_spec *spec, const gcs_hyper *hyper, size_t group);

/* The table of docs/arithmetic.md. `hyper` has passed gcs_hyper_check. */
void gcs_coefficients(const gcs_spec *spec, const gcs_hyper *hyper, gcs_coef *coef);

#endif
