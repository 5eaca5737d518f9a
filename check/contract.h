/* docs/arithmetic.md as a program: what the bits of a range must be, one element at a time. */
#ifndef GCSTEP_CHECK_CONTRACT_H
#define GCSTEP_CHECK_CONTRACT_H

#include "kernels/kernel.h"
#include <stdbool.h>

/* Does to the range of `args` what `kernel` must do with a form: that of gcs_contract_form. Of a
 * TRAFFIC kernel: nothing. False: memory ran out. */
bool gcs_contract_run(const gcs_kernel *kernel, const gcs_args *args);

/* The form that a kernel computes: args->form, or the one that is compiled in. */
gcs_form gcs_contract_form(const gcs_kernel *kernel, const gcs_form *asked);

#endif
