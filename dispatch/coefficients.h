/* From hyper-parameters to what kernels see. */
#ifndef GCSTEP_DISPATCH_COEFFICIENTS_H
#define GCSTEP_DISPATCH_COEFFICIENTS_H

#include "kernels/kernel.h"

/* Fills `coef` and returns GCS_OK, or GCS_INVALID_ARGUMENT with a sentence that names the
 * hyper-parameter of parameter group `group` (only what the rule uses is looked at). */
gcs_status gcs_hyper_check(const gcs_spec *spec, const gcs_hyper *hyper, size_t group,
                           gcs_coef *coef);

/* The table of docs/arithmetic.md. `hyper` has passed gcs_hyper_check. */
void gcs_coefficients(const gcs_spec *spec, const gcs_hyper *hyper, gcs_coef *coef);

/* next(next(0, seed), t) of docs/arithmetic.md: what the keys of all tensors at a step come from.
 */
uint64_t gcs_draw_key_of_step(uint64_t seed, uint64_t t);

/* The keys of a tensor's draws at one step (docs/arithmetic.md, "The copy in 16 bits"). */
void gcs_draw_keys(uint64_t seed, uint64_t t, uint64_t id, uint32_t key[2]);

#endif
