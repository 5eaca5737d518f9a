/* What the tuner and the benches ask of a plan beyond the public interface. */
#ifndef GCSTEP_DISPATCH_PLAN_H
#define GCSTEP_DISPATCH_PLAN_H

#include "dispatch/table.h"
#include <gcstep/gcstep.h>

/* A plan that moves the same bytes as the spec's step would (the same buffers read and written by
 * the same number of threads) with no arithmetic to speak of: the ceiling of a step's speed. Step
 * it with gcs_step. w, m and v stay as they are where all values are finite, also at t = 1.
 * target.kernel may name a GCS_OP_TRAFFIC kernel. */
gcs_status gcs_plan_create_traffic(gcs_plan **plan, gcs_target target, const gcs_spec *spec,
                                   const gcs_tensor *tensors, size_t count);

/* How the kernel of tensor `index` was chosen; NULL when there is no such tensor. */
const gcs_choice *gcs_plan_choice(const gcs_plan *plan, size_t index);

/* Whether a plan of so many threads shares the tensor's few long rows by pieces. The chosen kernel
 * is then not used for it: its work is that of the sum and part kernels (dispatch/partition.c). */
bool gcs_tensor_is_split(const gcs_spec *spec, const gcs_tensor *tensor, int threads);

/* Bytes that a step of this rule must move per element: 12 SGD, 20 SGDM, 28 Adam and AdamW. */
unsigned gcs_rule_bytes(gcs_rule rule);

/* Whether the rule has a momentum or first moment (m) and a second moment (v). */
bool gcs_rule_has_m(gcs_rule rule);
bool gcs_rule_has_v(gcs_rule rule);

#endif
