/* The OpenCL rig: which kernels there are, and whether they are right. How and why: docs/tuning.md.
 */
#include "tune/rig_opencl.h"

#include "check/check.h"
#include "dispatch/opencl/choice.h"
#include "dispatch/opencl/identity.h"
#include "dispatch/opencl/source.h"
#include <stdio.h>
#include <stdlib.h>

static rig_opencl *opencl_of(gcs_rig *rig) {
    return (rig_opencl *)rig;
}

bool gcs_rig_opencl_fail(char *why, size_t why_size) {
    snprintf(why, why_size, "%s", gcs_last_error());
    return false;
}

bool gcs_rig_opencl_lose(rig_opencl *opencl) {
    opencl->rig.lost = true;
    return gcs_rig_opencl_fail(opencl->rig.why, sizeof opencl->rig.why);
}

/* ---- Kernels ------------------------------------------------------------------------------- */

static const gcs_kernel *kernel_at(const gcs_rig *rig, size_t index) {
    return index < rig->kernels ? &gcs_opencl_kernels[index].row : NULL;
}

/* On a CPU a work-group is a loop over its work-items: kernels of many take some ten times as long,
 * as those of one do elsewhere. */
static bool is_worth_it(const rig_opencl *opencl, const gcs_opencl_kernel *kernel,
                        uint64_t length) {
    return (opencl->rig.all || (kernel->threads == 1) == opencl->rig.on_cpu) &&
           gcs_opencl_has_work(kernel, length);
}

static bool may_race(gcs_rig *rig, const gcs_kernel *kernel, const gcs_need *need) {
    const rig_opencl *opencl = opencl_of(rig);
    const gcs_opencl_kernel *row = gcs_opencl_kernel_of(kernel);
    return gcs_opencl_fits(row, need, &opencl->lab.device) &&
           is_worth_it(opencl, row, need->length);
}

static void close_runner(rig_opencl *opencl) {
    if (opencl->runner_is_open)
        gcs_opencl_runner_close(&opencl->runner);
    opencl->runner_is_open = false;
}

/* It has a context of its own, so that a kernel which fails there does not end the run. */
static bool open_runner(rig_opencl *opencl) {
    if (opencl->runner_is_open)
        return true;
    opencl->runner_is_open = true;
    return gcs_opencl_runner_open(&opencl->runner, opencl->lab.driver, &opencl->lab.device,
                                  gcs_opencl_source, &opencl->env, false) == GCS_OK ||
           gcs_rig_opencl_lose(opencl);
}

/* Built for the form, as the plan builds it. What the device has too few work-items for is not
 * wrong: no plan takes it, either. */
static bool verify(gcs_rig *rig, const gcs_kernel *kernel, const gcs_job *job, char *why,
                   size_t why_size) {
    rig_opencl *opencl = opencl_of(rig);
    const gcs_form form = gcs_key_form(&job->key);
    gcs_runner *runner = &opencl->runner.runner;
    gcs_kernel row;
    bool can = false;
    if (!open_runner(opencl) ||
        gcs_opencl_runner_take(&opencl->runner, gcs_opencl_kernel_of(kernel), &form, &row, &can) !=
            GCS_OK)
        return gcs_rig_opencl_fail(why, why_size);
    const bool right = !can || gcs_check_shape_by(runner, &row, &form, job->key.rows, job->key.cols,
                                                  why, why_size);
    if (runner->ended)
        close_runner(opencl);
    return right;
}

static gcs_target target(const gcs_rig *rig, const gcs_job *job) {
    const rig_opencl *opencl = (const rig_opencl *)rig;
    (void)job;
    return gcs_lab_target(&opencl->lab);
}

/* ---- The device ---------------------------------------------------------------------------- */

static void destroy(gcs_rig *rig) {
    rig_opencl *opencl = opencl_of(rig);
    close_runner(opencl);
    gcs_lab_close(&opencl->lab);
    free(opencl);
}

gcs_rig *gcs_rig_opencl(unsigned number, char *why, size_t why_size) {
    rig_opencl *opencl = calloc(1, sizeof *opencl);
    if (!opencl) {
        snprintf(why, why_size, "out of memory");
        return NULL;
    }
    opencl->rig = (gcs_rig){.device = &opencl->identity,
                            .kernels = gcs_opencl_kernel_count,
                            .kernel = kernel_at,
                            .may_race = may_race,
                            .verify = verify,
                            .target = target,
                            .copies = gcs_rig_opencl_copies,
                            .open = gcs_rig_opencl_open_race,
                            .close = gcs_rig_opencl_close_race,
                            .enter = gcs_rig_opencl_enter,
                            .leave = gcs_rig_opencl_leave,
                            .time = gcs_rig_opencl_time,
                            .destroy = destroy};
    if (gcs_environment_read(&opencl->env) != GCS_OK ||
        gcs_lab_open(&opencl->lab, (int)number) != GCS_OK) {
        gcs_rig_opencl_fail(why, why_size);
        free(opencl);
        return NULL;
    }
    opencl->rig.on_cpu = gcs_lab_is_cpu(&opencl->lab);
    gcs_opencl_identity(&opencl->lab.device, &opencl->identity);
    gcs_lab_format(&opencl->lab, opencl->rig.text, sizeof opencl->rig.text);
    return &opencl->rig;
}

/* A device that cannot be used has an identity all the same: there may be others behind it. */
bool gcs_rig_opencl_identify(unsigned number, gcs_device_identity *identity, char *why,
                             size_t why_size) {
    gcs_opencl_device device;
    int count = 0;
    if (gcs_opencl_device_count(&count) != GCS_OK)
        return gcs_rig_opencl_fail(why, why_size);
    const bool usable = gcs_opencl_device_at((int)number, &device) == GCS_OK;
    if (!usable && number >= (unsigned)count)
        return gcs_rig_opencl_fail(why, why_size);
    gcs_opencl_identity(&device, identity);
    return true;
}
