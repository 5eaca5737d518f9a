/* The forms that a kernel computes, to go through all of them: pairs of a rule and a centre, and
 * for each pair kinds of a gradient type and a copy. A specialised kernel has one of each. */
#ifndef GCSTEP_CHECK_FORMS_H
#define GCSTEP_CHECK_FORMS_H

#include "kernels/kernel.h"

unsigned gcs_forms_pairs(const gcs_kernel *kernel);
unsigned gcs_forms_kinds(const gcs_kernel *kernel);

/* pair and kind: below these numbers. */
gcs_form gcs_forms_at(const gcs_kernel *kernel, unsigned pair, unsigned kind);

#endif
