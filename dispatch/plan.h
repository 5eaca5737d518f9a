/* What the tuner and the benches ask of a plan beyond the public interface. */
#ifndef GCSTEP_DISPATCH_PLAN_H
#define GCSTEP_DISPATCH_PLAN_H

#include "dispatch/table.h"
#include <gcstep/gcstep.h>

/* A plan that moves the same bytes as the spec's step would (the same buffers read and written by
 * the same number of threads) with no arithmetic to speak of: the ceiling of a step's speed. Step
 * it with gcs_step. w, m, v and v_max stay as they are where all values are finite, also at t = 1.
 * target.kernel may name a GCS_OP_TRAFFIC kernel. */
gcs_status gcs_plan_create_traffic(gcs_plan **plan, gcs_target target, const gcs_spec *spec,
                                   const gcs_tensor *tensors, size_t count);

/* The threads that its steps use: at most gcs_plan_threads, no more than the process may use where
 * they are OpenMP's, and 1 for a small plan. */
int gcs_plan_team(const gcs_plan *plan);

/* How the kernel of tensor `index` was chosen; NULL when there is no such tensor. */
const gcs_choice *gcs_plan_choice(const gcs_plan *plan, size_t index);

/* Whether a plan of so many threads shares the tensor's few long rows by pieces. The chosen kernel
 * is then not used for it: its work is that of the sum and part kernels (dispatch/partition.c). */
bool gcs_tensor_is_split(const gcs_spec *spec, const gcs_tensor *tensor, int threads);

/* The rule's state buffers beside w, and whether its decay is decoupled. */
bool gcs_rule_has_m(gcs_rule rule);
bool gcs_rule_has_v(gcs_rule rule);
bool gcs_rule_has_v_max(gcs_rule rule);
bool gcs_rule_is_decoupled(gcs_rule rule);

/* Bytes of one element of g and of the copy: 4 or 2, and 0 or 2. */
unsigned gcs_type_bytes(gcs_type type);
unsigned gcs_copy_bytes(gcs_copy copy);

/* Bytes that a step must move per element: 12 SGD, 20 SGDM, 28 Adam, 36 AMSGrad, 20 Adagrad with an
 * f32 gradient, 2 less with a 16-bit one, 2 more with a copy. */
unsigned gcs_spec_bytes(const gcs_spec *spec);

#endif
