/* Steps one tensor by calling a kernel from the registry, without a plan. */
#ifndef GCSTEP_TESTS_SAME_BITS_DIRECT_H
#define GCSTEP_TESTS_SAME_BITS_DIRECT_H

#include "kernels/kernel.h"
#include <stdbool.h>

/* Whether gcs_direct_step can step the tensor with this kernel; given: the caller has the means. */
bool gcs_direct_accepts(const gcs_kernel *kernel, const gcs_spec *spec, const gcs_tensor *tensor,
                        bool given);

/* One step of tensor number `index`, its range cut into `pieces`. The part view takes its row means
 * from a sum kernel of the ISA. False when memory ran out or the ISA has no such kernel. */
bool gcs_direct_step(const gcs_kernel *kernel, const gcs_spec *spec, const gcs_tensor *tensor,
                     size_t index, const gcs_hyper *hyper, const gcs_buffers *buffers,
                     uint64_t pieces);

#endif
