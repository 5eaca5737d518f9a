/* Who races on a shape: the default, the ceiling, and every other kernel that passes. */
#include "tune/candidates.h"
#include "dispatch/plan.h"
#include "dispatch/registry.h"
#include <stdio.h>
#include <string.h>

size_t gcs_candidates_most(const gcs_rig *rig) {
    return GCS_ENTRANT_CANDIDATES + rig->kernels;
}

static gcs_target target_for(const gcs_race *race, const gcs_job *job, const char *kernel) {
    gcs_target target = race->rig->target(race->rig, job);
    target.table = ""; /* what a table says today must not decide what is compared with what */
    target.kernel = kernel;
    return target;
}

static bool fail(char *why, size_t why_size, const char *what, const char *reason) {
    snprintf(why, why_size, "%s: %s", what, reason);
    return false;
}

static bool verify(const gcs_race *race, const gcs_kernel *kernel, const gcs_job *job, char *why,
                   size_t why_size) {
    return race->rig->verify(race->rig, kernel, job, why, why_size);
}

static bool enter_default(gcs_race *race, const gcs_job *job, char *why, size_t why_size) {
    gcs_plan *plan;
    char reason[512];
    if (gcs_plan_create(&plan, target_for(race, job, NULL), &race->spec, race->tensors,
                        race->copies) != GCS_OK)
        return fail(why, why_size, "default plan", gcs_last_error());
    const gcs_kernel *kernel = gcs_device_kernel(race->rig->device, gcs_plan_kernel(plan, 0));
    if (!kernel || !verify(race, kernel, job, reason, sizeof reason)) {
        gcs_plan_destroy(plan);
        return fail(why, why_size, kernel ? kernel->name : "default plan",
                    kernel ? reason : "its kernel is not registered");
    }
    return gcs_race_enter(race, kernel, plan, reason, sizeof reason) ||
           fail(why, why_size, "default plan", reason);
}

static bool enter_ceiling(gcs_race *race, const gcs_job *job, char *why, size_t why_size) {
    gcs_plan *plan;
    char reason[512];
    if (gcs_plan_create_traffic(&plan, target_for(race, job, NULL), &race->spec, race->tensors,
                                race->copies) != GCS_OK)
        return fail(why, why_size, "ceiling", gcs_last_error());
    return gcs_race_enter(race, NULL, plan, reason, sizeof reason) ||
           fail(why, why_size, "ceiling", reason);
}

/* Enters a plan in which the kernel really steps the tensor. False: the plan has other ideas, or it
 * could not enter. */
static bool enter_with(gcs_race *race, const gcs_job *job, const gcs_kernel *kernel, char *why,
                       size_t why_size) {
    gcs_plan *plan;
    if (gcs_plan_create(&plan, target_for(race, job, kernel->name), &race->spec, race->tensors,
                        race->copies) != GCS_OK) {
        snprintf(why, why_size, "no plan takes it: %s", gcs_last_error());
        return false;
    }
    if (strcmp(gcs_plan_kernel(plan, 0), kernel->name) == 0)
        return gcs_race_enter(race, kernel, plan, why, why_size);
    gcs_plan_destroy(plan);
    snprintf(why, why_size, "no plan takes it");
    return false;
}

static bool reject(const gcs_kernel *kernel, const char *reason, gcs_progress *progress,
                   gcs_shape_result *result) {
    gcs_progress_note(progress, "not timed, since it fails verification: %s: %s", kernel->name,
                      reason);
    gcs_candidate_result *failed = gcs_result_add(result);
    if (!failed)
        return false;
    snprintf(failed->kernel, sizeof failed->kernel, "%s", kernel->name);
    failed->fate = GCS_FATE_FAILED;
    return true;
}

static bool is_candidate(const gcs_kernel *kernel, const gcs_race *race, const gcs_job *job) {
    const gcs_table_key *key = &job->key;
    const gcs_need need = {.op = GCS_OP_STEP,
                           .form = gcs_key_form(key),
                           .view = (gcs_view)key->layout,
                           .length = key->layout == GCS_LAYOUT_COLS ? key->rows : key->cols};
    return kernel != race->entrants[GCS_ENTRANT_DEFAULT].kernel &&
           race->rig->may_race(race->rig, kernel, &need);
}

static bool enter_candidate(gcs_race *race, const gcs_job *job, const gcs_kernel *kernel,
                            gcs_progress *progress, gcs_shape_result *result, size_t *rejected) {
    char reason[512];
    if (!verify(race, kernel, job, reason, sizeof reason)) {
        ++*rejected;
        return reject(kernel, reason, progress, result);
    }
    if (!enter_with(race, job, kernel, reason, sizeof reason))
        gcs_progress_note(progress, "not timed: %s: %s", kernel->name, reason);
    return true;
}

bool gcs_candidates_enter(gcs_race *race, const gcs_job *job, gcs_progress *progress,
                          gcs_shape_result *result, size_t *rejected, char *why, size_t why_size) {
    if (!enter_default(race, job, why, why_size) || !enter_ceiling(race, job, why, why_size))
        return false;
    for (size_t i = 0; i < race->rig->kernels; i++) {
        const gcs_kernel *kernel = race->rig->kernel(race->rig, i);
        if (is_candidate(kernel, race, job) &&
            !enter_candidate(race, job, kernel, progress, result, rejected))
            return fail(why, why_size, kernel->name, "out of memory");
        if (race->rig->lost)
            return fail(why, why_size, kernel->name, race->rig->why);
    }
    return true;
}

bool gcs_candidates_enter_one(gcs_race *race, const gcs_job *job, const gcs_kernel *kernel,
                              char *why, size_t why_size) {
    char reason[512];
    if (!enter_default(race, job, why, why_size) || !enter_ceiling(race, job, why, why_size))
        return false;
    if (kernel == race->entrants[GCS_ENTRANT_DEFAULT].kernel)
        return true;
    if (!verify(race, kernel, job, reason, sizeof reason) ||
        !enter_with(race, job, kernel, reason, sizeof reason))
        return fail(why, why_size, kernel->name, reason);
    return true;
}
