/* The coefficients of docs/arithmetic.md, derived once more from its table. */
#ifndef GCSTEP_CHECK_DERIVE_H
#define GCSTEP_CHECK_DERIVE_H

#include "kernels/kernel.h"

/* What the host has to hand to the kernels, bit for bit; what the rule has no use for is 0. */
gcs_coef gcs_derive_coefficients(const gcs_spec *spec, const gcs_hyper *hyper);

/* Whether the rule has an L2 term: lambda w is added to the gradient. Else it is decoupled. */
bool gcs_derive_has_l2(gcs_rule rule);

#endif
