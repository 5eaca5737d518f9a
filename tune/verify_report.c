/* What gcstep verify says of kernels. */
#include "tune/verify_report.h"

#include "tune/command.h"

#include <inttypes.h>
#include <stdio.h>

void gcs_verify_print(const gcs_kernel *kernel, const gcs_check_report *report,
                      gcs_verify_totals *totals) {
    printf("%-46s %5" PRIu64 " cases  %" PRIu64 " failures  ", kernel->name, report->cases,
           report->failures);
    if (report->against_reference)
        printf("largest error %.3f\n", report->worst);
    else if (kernel->op == GCS_OP_TRAFFIC)
        printf(report->failures ? "changed bits\n" : "no bit changed\n");
    else
        printf(report->failures ? "not the same bits\n" : "same bits\n");
    if (report->failures)
        printf("  first failure: %s\n", report->why);
    fflush(stdout);
    totals->kernels++;
    totals->cases += report->cases;
    totals->failures += report->failures;
}

int gcs_verify_end(const gcs_verify_totals *totals, const char *where) {
    if (totals->left_out != 0)
        printf("left out %" PRIu64 " kernels that this machine cannot run\n", totals->left_out);
    printf("verified %" PRIu64 " kernels, %" PRIu64 " cases, %" PRIu64 " failures%s\n",
           totals->kernels, totals->cases, totals->failures, where);
    return totals->failures == 0 ? GCS_EXIT_OK : GCS_EXIT_FAILED;
}
