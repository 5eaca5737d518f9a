/* The entrances of the harness: see check.h. */
#include "check/check.h"
#include "check/cases.h"
#include "check/runner.h"
#include "check/trial.h"
#include "dispatch/registry.h"
#include <stdio.h>

const gcs_kernel *gcs_check_canonical(const gcs_kernel *kernel) {
    const gcs_kernel_list *list = gcs_registry_isa(GCS_ISA_PORTABLE);
    for (size_t i = 0; list && i < list->count; i++) {
        const gcs_kernel *k = &list->kernels[i];
        if (k->op == kernel->op && k->general == kernel->general &&
            k->means_given == kernel->means_given && k->rule == kernel->rule &&
            k->center == kernel->center && k->view == kernel->view && k->max_length == 0)
            return k;
    }
    return NULL;
}

bool gcs_cases_judge(const gcs_kernel *kernel, const gcs_kernel **canonical) {
    *canonical = gcs_check_canonical(kernel);
    if (*canonical == kernel || kernel->op == GCS_OP_TRAFFIC) {
        *canonical = NULL;
        return true;
    }
    return *canonical != NULL;
}

bool gcs_check_kernel(const gcs_kernel *kernel, gcs_check_report *report) {
    return gcs_check_kernel_by(NULL, kernel, report);
}

bool gcs_check_kernel_by(struct gcs_runner *runner, const gcs_kernel *kernel,
                         gcs_check_report *report) {
    *report = (gcs_check_report){0};
    const gcs_kernel *canonical;
    gcs_stage stage;
    const char *trouble = NULL;
    if (!gcs_cases_judge(kernel, &canonical))
        trouble = "there is no portable kernel to compare it with";
    else if (!gcs_stage_open(&stage, GCS_CASES_ELEMENTS))
        trouble = "memory ran out";
    if (trouble) {
        report->failures = 1;
        snprintf(report->why, sizeof report->why, "%s", trouble);
        return false;
    }
    stage.runner = runner;
    const bool by_bound = canonical == NULL || (runner != NULL && runner->inexact);
    report->against_reference = by_bound && kernel->op != GCS_OP_TRAFFIC;
    gcs_cases_run(&stage, kernel, canonical, report);
    gcs_stage_close(&stage);
    return report->failures == 0;
}
