/* A step whose state is all +0 is one at t = 1. */
#ifndef GCSTEP_CHECK_FIRST_STEP_H
#define GCSTEP_CHECK_FIRST_STEP_H

#include "kernels/kernel.h"

/* Where the state of the arguments' range is all +0: makes it NaN, which a step at t = 1 of a
 * kernel that is told so must not look at. False: it is not, or the rule has none. The pointers are
 * those of the host. */
bool gcs_hide_first_state(gcs_view view, const gcs_args *args);

#endif
