/* gcs_step: everything is checked before anything is written. */
#include "dispatch/buffers.h"
#include "dispatch/coefficients.h"
#include "dispatch/cuda/plan.h"
#include "dispatch/error.h"
#include "dispatch/opencl/plan.h"

gcs_status gcs_check_step_tensor(const gcs_plan *plan, size_t index, const gcs_buffers *b) {
    const gcs_planned_tensor *planned = &plan->tensors[index];
    gcs_area areas[GCS_STEP_AREAS + GCS_MEANS_AREAS];
    size_t count = gcs_step_areas(plan, index, b, areas);
    if (planned->given != NULL && b->means != NULL) {
        const gcs_status status = gcs_add_means_areas(plan, index, b, true, areas, &count);
        if (status != GCS_OK)
            return status;
    } else if (planned->cut) {
        return gcs_fail(GCS_INVALID_ARGUMENT,
                        "buffers[%zu].means is NULL: the tensor's piece cuts groups, whose means "
                        "only the caller can know",
                        index);
    }
    return gcs_areas_check(areas, count, index);
}

gcs_status gcs_take_hyper(gcs_plan *plan, const gcs_hyper *hyper) {
    for (size_t i = 0; i < plan->groups; i++) {
        const gcs_status status = gcs_hyper_check(&plan->spec, &hyper[i], i, &plan->coef[i]);
        if (status != GCS_OK)
            return status;
    }
    return GCS_OK;
}

gcs_status gcs_check_flag(const gcs_hyper *hyper, size_t group) {
    if ((uintptr_t)hyper[group].found_inf % sizeof(float) != 0)
        return gcs_fail(GCS_INVALID_ARGUMENT, "hyper[%zu].found_inf is not aligned for a float",
                        group);
    return GCS_OK;
}

static gcs_status take_flags(gcs_plan *plan, const gcs_hyper *hyper) {
    for (size_t i = 0; i < plan->groups; i++) {
        const float *flag = hyper[i].found_inf;
        const gcs_status status = gcs_check_flag(hyper, i);
        if (status != GCS_OK)
            return status;
        /* A NaN in the flag is not 0, and so means a skipped step too. */
        plan->skip[i] = flag != NULL && *flag != 0;
    }
    return GCS_OK;
}

static void set_draw_keys(gcs_plan *plan, const gcs_hyper *hyper) {
    for (size_t i = 0; i < plan->count; i++) {
        gcs_planned_tensor *planned = &plan->tensors[i];
        const gcs_hyper *h = &hyper[planned->shape.group];
        const uint64_t id = planned->shape.id != 0 ? planned->shape.id : 1 + (uint64_t)i;
        gcs_draw_keys(h->seed, h->t, id, planned->key);
    }
}

static gcs_status step(gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers) {
    gcs_status status = gcs_take_hyper(plan, hyper);
    if (status == GCS_OK)
        status = take_flags(plan, hyper);
    for (size_t i = 0; i < plan->count && status == GCS_OK; i++)
        status = gcs_check_step_tensor(plan, i, &buffers[i]);
    if (status != GCS_OK)
        return status;
    if (plan->traffic) {
        for (size_t i = 0; i < plan->groups; i++)
            plan->coef[i] = (gcs_coef){0}; /* traffic kernels rely on step being 0 */
    }
    if (plan->spec.copy == GCS_COPY_BF16_STOCHASTIC || plan->spec.copy == GCS_COPY_F16_STOCHASTIC)
        set_draw_keys(plan, hyper);
    gcs_execute(plan, hyper, buffers);
    return GCS_OK;
}

gcs_status gcs_plan_enter(gcs_plan *plan, const gcs_hyper *hyper, const void *buffers) {
    if (plan == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "plan is NULL");
    if (hyper == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "hyper is NULL");
    if (buffers == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "buffers is NULL");
    if (atomic_flag_test_and_set_explicit(&plan->busy, memory_order_acquire))
        return gcs_fail(GCS_BUSY, "plan is inside another gcs_step or gcs_measure");
    return GCS_OK;
}

void gcs_plan_leave(gcs_plan *plan) {
    atomic_flag_clear_explicit(&plan->busy, memory_order_release);
}

gcs_status gcs_step(gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers) {
    gcs_status status = gcs_plan_enter(plan, hyper, buffers);
    if (status != GCS_OK)
        return status;
    const gcs_opencl_given given = {.buffers = buffers};
    status = plan->cuda != NULL     ? gcs_cuda_step(plan, hyper, buffers)
             : plan->opencl != NULL ? gcs_opencl_step(plan, hyper, &given)
                                    : step(plan, hyper, buffers);
    gcs_plan_leave(plan);
    return status;
}

gcs_status gcs_step_opencl(gcs_plan *plan, const gcs_hyper *hyper, const gcs_cl_buffers *buffers,
                           const gcs_cl_call *call) {
    if (call != NULL && call->event != NULL)
        *call->event = NULL;
    gcs_status status = gcs_plan_enter(plan, hyper, buffers);
    if (status != GCS_OK)
        return status;
    const gcs_opencl_given given = {.cl_buffers = buffers, .call = call};
    status = plan->opencl != NULL ? gcs_opencl_step(plan, hyper, &given)
                                  : gcs_fail(GCS_INVALID_ARGUMENT, "plan is not one of gcs_opencl");
    gcs_plan_leave(plan);
    return status;
}
