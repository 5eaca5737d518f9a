/* What gcstep verify says of kernels. */
#ifndef GCSTEP_TUNE_VERIFY_REPORT_H
#define GCSTEP_TUNE_VERIFY_REPORT_H

#include "check/check.h"

typedef struct gcs_verify_totals {
    uint64_t kernels, cases, failures, left_out;
} gcs_verify_totals;

/* A line of the kernel, and what failed first. Adds to the totals. */
void gcs_verify_print(const gcs_kernel *kernel, const gcs_check_report *report,
                      gcs_verify_totals *totals);

/* The last lines. `where`: "" or what follows behind the numbers. Returns an exit status. */
int gcs_verify_end(const gcs_verify_totals *totals, const char *where);

#endif
