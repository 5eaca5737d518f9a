/* gcstep verify --backend opencl: see verify_opencl.h. */
#include "tune/verify_opencl.h"

#include "check/opencl/few.h"
#include "check/opencl/literal.h"
#include "check/opencl/runner.h"
#include "dispatch/opencl/source.h"
#include "tune/command.h"
#include "tune/verify_report.h"

#include <stdio.h>
#include <string.h>

/* A device with a context. */
typedef struct opened {
    gcs_environment env;
    const gcs_opencl_driver *driver;
    gcs_opencl_device device;
    gcs_opencl_runner runner;
} opened;

static gcs_status open_runner(opened *x, const gcs_verify_opencl_choice *choice) {
    const gcs_status status = gcs_opencl_runner_open(&x->runner, x->driver, &x->device,
                                                     gcs_opencl_source, &x->env, choice->small);
    if (status != GCS_OK)
        gcs_opencl_runner_close(&x->runner);
    return status;
}

static gcs_status open_device(opened *x, const gcs_verify_opencl_choice *choice) {
    gcs_status status = gcs_environment_read(&x->env);
    if (status == GCS_OK)
        status = gcs_opencl_open(&x->driver);
    if (status == GCS_OK)
        status = gcs_opencl_device_at(choice->device, &x->device);
    return status == GCS_OK ? open_runner(x, choice) : status;
}

/* ---- Kernels ---------------------------------------------------------------------------------
 */

static void add(gcs_check_report *to, const gcs_check_report *report) {
    if (to->failures == 0)
        memcpy(to->why, report->why, sizeof to->why);
    to->against_reference = to->against_reference || report->against_reference;
    to->worst = report->worst > to->worst ? report->worst : to->worst;
    to->cases += report->cases;
    to->failures += report->failures;
}

/* Builds the kernel. False: it cannot be run, or *report says why it was not built. */
static bool take(opened *x, const gcs_opencl_kernel *kernel, const gcs_form *form, gcs_kernel *row,
                 gcs_check_report *report) {
    bool can = false;
    if (gcs_opencl_runner_take(&x->runner, kernel, form, row, &can) == GCS_OK)
        return can;
    report->failures++;
    snprintf(report->why, sizeof report->why, "%s", gcs_last_error());
    return false;
}

static void run_any_form(opened *x, const gcs_opencl_kernel *kernel, const gcs_kernel *row,
                         const gcs_verify_opencl_choice *choice, gcs_check_report *report) {
    gcs_check_report all = {0};
    gcs_opencl_few_run(&x->runner.runner, kernel, row, choice->cases, report);
    if (report->failures != 0 || choice->small)
        return;
    gcs_check_kernel_by(&x->runner.runner, row, &all);
    add(report, &all);
}

/* Built for one form each. False: the device cannot run any of these. */
static bool run_literal_forms(opened *x, const gcs_opencl_kernel *kernel, uint64_t forms,
                              gcs_check_report *report) {
    const size_t count = gcs_opencl_literal_count(kernel);
    bool can = false;
    for (size_t i = 0; i < count && i < forms && report->failures == 0; i++) {
        const gcs_form form = gcs_opencl_literal_at(kernel, i);
        gcs_check_report one = {0};
        gcs_kernel row;
        if (take(x, kernel, &form, &row, &one)) {
            can = true;
            gcs_opencl_few_run_form(&x->runner.runner, &row, &form, i, &one);
        }
        add(report, &one);
    }
    return can;
}

/* False: the device has too few work-items for it, however it is built. */
static bool verify_kernel(opened *x, const gcs_opencl_kernel *kernel,
                          const gcs_verify_opencl_choice *choice, gcs_verify_totals *totals) {
    gcs_check_report report = {0};
    gcs_kernel row;
    bool can = take(x, kernel, NULL, &row, &report);
    if (can)
        run_any_form(x, kernel, &row, choice, &report);
    if (report.failures == 0)
        can = run_literal_forms(x, kernel, choice->forms, &report) || can;
    if (!can && report.failures == 0)
        return false;
    if (report.cases == 0 && report.failures == 0) {
        report.failures = 1;
        snprintf(report.why, sizeof report.why, "no case was run");
    }
    gcs_verify_print(&kernel->row, &report, totals);
    return true;
}

/* After an error of the device its context may be of no use. False: there is no other. */
static bool begin_anew(opened *x, const gcs_verify_opencl_choice *choice) {
    gcs_opencl_runner_close(&x->runner);
    if (open_runner(x, choice) == GCS_OK)
        return true;
    fprintf(stderr, "gcstep verify: no more kernels can be run: %s\n", gcs_last_error());
    return false;
}

/* False: the device is lost. */
static bool verify_all(opened *x, const gcs_verify_opencl_choice *choice,
                       gcs_verify_totals *totals) {
    for (uint64_t i = 0; i < gcs_opencl_kernel_count; i++) {
        const gcs_opencl_kernel *kernel = &gcs_opencl_kernels[i];
        if (choice->kernel != NULL ? choice->kernel != kernel : i % choice->shares != choice->share)
            continue;
        if (!gcs_opencl_runner_can(&x->runner, kernel) ||
            !verify_kernel(x, kernel, choice, totals)) {
            printf("%-46s not for this device; not verified\n", kernel->row.name);
            totals->left_out++;
        }
        if (x->runner.runner.ended && !begin_anew(x, choice))
            return false;
    }
    return true;
}

int gcs_verify_opencl(const gcs_verify_opencl_choice *choice) {
    opened x = {.driver = NULL};
    gcs_verify_totals totals = {0};
    char where[4 * GCS_OPENCL_TEXT];
    if (open_device(&x, choice) != GCS_OK) {
        fprintf(stderr, "gcstep verify: %s\n", gcs_last_error());
        return GCS_EXIT_USAGE;
    }
    snprintf(where, sizeof where, ", on %s, driver %s, of %s%s", x.device.name,
             x.device.driver_version, x.device.platform_name,
             x.device.exact
                 ? ""
                 : ", which does not say that it keeps the bits: within the bound of what "
                   "its operations may do");
    const bool all = verify_all(&x, choice, &totals);
    if (all)
        gcs_opencl_runner_close(&x.runner);
    const int status = gcs_verify_end(&totals, where);
    return all ? status : GCS_EXIT_FAILED;
}
