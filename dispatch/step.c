/* gcs_step: everything is checked before anything is written. */
#include "dispatch/coefficients.h"
#include "dispatch/error.h"
#include "dispatch/plan_internal.h"

static gcs_status check_buffer(size_t index, const char *name, const void *buffer) {
    if (buffer == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "buffers[%zu].%s is NULL", index, name);
    if ((uintptr_t)buffer % sizeof(float) != 0)
        return gcs_fail(GCS_INVALID_ARGUMENT, "buffers[%zu].%s is not aligned for a float", index,
                        name);
    return GCS_OK;
}

static bool overlap(const void *a, const void *b, uint64_t bytes) {
    const uintptr_t low = (uintptr_t)a < (uintptr_t)b ? (uintptr_t)a : (uintptr_t)b;
    const uintptr_t high = (uintptr_t)a < (uintptr_t)b ? (uintptr_t)b : (uintptr_t)a;
    return high - low < bytes;
}

static gcs_status check_buffers(const gcs_plan *plan, size_t index, const gcs_buffers *b) {
    const char *const names[] = {"w", "g", "m", "v"};
    const void *const pointers[] = {b->w, b->g, b->m, b->v};
    const bool used[] = {true, true, gcs_rule_has_m(plan->spec.rule),
                         gcs_rule_has_v(plan->spec.rule)};
    const uint64_t bytes = plan->tensors[index].elements * sizeof(float);
    for (size_t i = 0; i < 4; i++) {
        if (!used[i])
            continue;
        const gcs_status status = check_buffer(index, names[i], pointers[i]);
        if (status != GCS_OK)
            return status;
        for (size_t k = 0; k < i; k++) {
            if (used[k] && overlap(pointers[i], pointers[k], bytes))
                return gcs_fail(GCS_INVALID_ARGUMENT, "buffers[%zu].%s and .%s overlap", index,
                                names[k], names[i]);
        }
    }
    return GCS_OK;
}

static gcs_status check_step(const gcs_plan *plan, const gcs_hyper *hyper,
                             const gcs_buffers *buffers) {
    for (size_t i = 0; i < plan->groups; i++) {
        const gcs_status status = gcs_hyper_check(&plan->spec, &hyper[i], i);
        if (status != GCS_OK)
            return status;
    }
    for (size_t i = 0; i < plan->count; i++) {
        const gcs_status status = check_buffers(plan, i, &buffers[i]);
        if (status != GCS_OK)
            return status;
    }
    return GCS_OK;
}

static void set_coefficients(gcs_plan *plan, const gcs_hyper *hyper) {
    for (size_t i = 0; i < plan->groups; i++) {
        /* A NaN in the flag is not 0, and so means a skipped step too. */
        plan->skip[i] = hyper[i].found_inf != NULL && *hyper[i].found_inf != 0;
        if (plan->traffic)
            plan->coef[i] = (gcs_coef){0}; /* traffic kernels rely on step being 0 */
        else
            gcs_coefficients(&plan->spec, &hyper[i], &plan->coef[i]);
    }
}

gcs_status gcs_step(gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers) {
    if (plan == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "plan is NULL");
    if (hyper == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "hyper is NULL");
    if (buffers == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "buffers is NULL");
    const gcs_status status = check_step(plan, hyper, buffers);
    if (status != GCS_OK)
        return status;
    if (atomic_flag_test_and_set_explicit(&plan->busy, memory_order_acquire))
        return gcs_fail(GCS_BUSY, "plan is inside another gcs_step");
    set_coefficients(plan, hyper);
    gcs_execute(plan, hyper, buffers);
    atomic_flag_clear_explicit(&plan->busy, memory_order_release);
    return GCS_OK;
}
