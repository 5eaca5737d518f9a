/* docs/arithmetic.md as a program: what the bits of a range must be, one element at a time. */
#ifndef GCSTEP_CHECK_CONTRACT_H
#define GCSTEP_CHECK_CONTRACT_H

#include "kernels/kernel.h"
#include <stdbool.h>

/* Does to the range of `args` what a kernel like `kernel` (its op, rule, centre, view) must do.
 * False: memory ran out. */
bool gcs_contract_run(const gcs_kernel *kernel, const gcs_args *args);

#endif
