/* Who races on a shape: the default, the ceiling, and every other kernel that passes. */
#include "tune/candidates.h"
#include "check/check.h"
#include "dispatch/plan.h"
#include "dispatch/registry.h"
#include <stdio.h>
#include <string.h>

size_t gcs_candidates_most(void) {
    size_t most = GCS_ENTRANT_CANDIDATES;
    for (size_t i = 0; i < gcs_registry_lists(); i++)
        most += gcs_registry_list(i)->count;
    return most;
}

static gcs_target target_for(const gcs_job *job, const char *kernel) {
    gcs_target target = gcs_cpu();
    target.threads = (int)job->key.threads;
    target.table = ""; /* what a table says today must not decide what is compared with what */
    target.kernel = kernel;
    return target;
}

static bool fail(char *why, size_t why_size, const char *what, const char *reason) {
    snprintf(why, why_size, "%s: %s", what, reason);
    return false;
}

static bool verify(const gcs_kernel *kernel, const gcs_job *job, char *why, size_t why_size) {
    const gcs_form form = gcs_key_form(&job->key);
    return gcs_check_shape(kernel, &form, job->key.rows, job->key.cols, why, why_size);
}

static bool enter_default(gcs_race *race, const gcs_job *job, char *why, size_t why_size) {
    gcs_plan *plan;
    if (gcs_plan_create(&plan, target_for(job, NULL), &race->spec, race->tensors, race->copies) !=
        GCS_OK)
        return fail(why, why_size, "default plan", gcs_last_error());
    const gcs_kernel *kernel = gcs_registry_find(gcs_plan_kernel(plan, 0));
    gcs_race_enter(race, kernel, plan);
    char reason[512];
    if (!kernel || !verify(kernel, job, reason, sizeof reason))
        return fail(why, why_size, kernel ? kernel->name : "default plan",
                    kernel ? reason : "its kernel is not registered");
    return true;
}

static bool enter_ceiling(gcs_race *race, const gcs_job *job, char *why, size_t why_size) {
    gcs_plan *plan;
    if (gcs_plan_create_traffic(&plan, target_for(job, NULL), &race->spec, race->tensors,
                                race->copies) != GCS_OK)
        return fail(why, why_size, "ceiling", gcs_last_error());
    gcs_race_enter(race, NULL, plan);
    return true;
}

/* A plan in which the kernel really steps the tensor; NULL: the plan has other ideas. */
static gcs_plan *plan_with(const gcs_race *race, const gcs_job *job, const gcs_kernel *kernel) {
    gcs_plan *plan;
    if (gcs_plan_create(&plan, target_for(job, kernel->name), &race->spec, race->tensors,
                        race->copies) != GCS_OK)
        return NULL;
    if (strcmp(gcs_plan_kernel(plan, 0), kernel->name) == 0)
        return plan;
    gcs_plan_destroy(plan);
    return NULL;
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

static bool is_candidate(const gcs_kernel *kernel, const gcs_race *race, const gcs_job *job,
                         gcs_isa cap) {
    const gcs_table_key *key = &job->key;
    const gcs_need need = {.op = GCS_OP_STEP,
                           .form = gcs_key_form(key),
                           .view = (gcs_view)key->layout,
                           .length = key->layout == GCS_LAYOUT_COLS ? key->rows : key->cols};
    return kernel != race->entrants[GCS_ENTRANT_DEFAULT].kernel && kernel->isa <= cap &&
           gcs_cpu_allows(kernel->isa) && gcs_kernel_accepts(kernel, &need);
}

static bool enter_candidate(gcs_race *race, const gcs_job *job, const gcs_kernel *kernel,
                            gcs_progress *progress, gcs_shape_result *result, size_t *rejected) {
    char reason[512];
    if (!verify(kernel, job, reason, sizeof reason)) {
        ++*rejected;
        return reject(kernel, reason, progress, result);
    }
    gcs_plan *plan = plan_with(race, job, kernel);
    if (plan)
        gcs_race_enter(race, kernel, plan);
    else
        gcs_progress_note(progress, "not timed, since no plan takes it: %s", kernel->name);
    return true;
}

bool gcs_candidates_enter(gcs_race *race, const gcs_job *job, gcs_progress *progress,
                          gcs_shape_result *result, size_t *rejected, char *why, size_t why_size) {
    gcs_environment env;
    if (gcs_environment_read(&env) != GCS_OK)
        return fail(why, why_size, "environment", gcs_last_error());
    if (!enter_default(race, job, why, why_size) || !enter_ceiling(race, job, why, why_size))
        return false;
    for (size_t i = 0; i < gcs_registry_lists(); i++) {
        const gcs_kernel_list *list = gcs_registry_list(i);
        for (size_t k = 0; k < list->count; k++) {
            if (is_candidate(&list->kernels[k], race, job, env.isa_cap) &&
                !enter_candidate(race, job, &list->kernels[k], progress, result, rejected))
                return fail(why, why_size, list->kernels[k].name, "out of memory");
        }
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
    if (!verify(kernel, job, reason, sizeof reason))
        return fail(why, why_size, kernel->name, reason);
    gcs_plan *plan = plan_with(race, job, kernel);
    if (!plan)
        return fail(why, why_size, kernel->name, "no plan takes it");
    gcs_race_enter(race, kernel, plan);
    return true;
}
