/* The cases that every kernel goes through. */
#ifndef GCSTEP_CHECK_CASES_H
#define GCSTEP_CHECK_CASES_H

#include "check/check.h"
#include "check/trial.h"

/* Elements that the largest of these cases needs in a buffer. */
#define GCS_CASES_ELEMENTS ((uint64_t)1100000)

/* What a kernel is compared with: a canonical kernel, or the contract and the reference where
 * *canonical is NULL. False: there is nothing. */
bool gcs_cases_judge(const gcs_kernel *kernel, const gcs_kernel **canonical);

/* Runs all cases and counts them in `report`. canonical: NULL for a canonical kernel, which is
 * compared with the contract and the reference. */
void gcs_cases_run(gcs_stage *stage, const gcs_kernel *kernel, const gcs_kernel *canonical,
                   gcs_check_report *report);

/* A sum kernel whose out is its g, as when segment sums are summed again (kernels/kernel.h). False:
 * why[why_size] says what was wrong. */
bool gcs_check_in_place(const gcs_kernel *kernel, char *why, size_t why_size);

#endif
