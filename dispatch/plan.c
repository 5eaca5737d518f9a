/* Making and freeing a plan: arguments are checked, then kernels chosen and the work cut. */
#include "dispatch/plan_internal.h"

#include "dispatch/cuda/plan.h"
#include "dispatch/error.h"
#include "dispatch/opencl/plan.h"
#include "dispatch/record.h"
#include <stdio.h>
#include <stdlib.h>

/* A plan has memory for each parameter group up to the largest. */
#define MAX_GROUP 65535U

static gcs_status check_spec(const gcs_spec *spec) {
    if (spec == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "spec is NULL");
    if (gcs_rule_name(spec->rule) == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "spec.rule %d is not a gcs_rule", (int)spec->rule);
    if (gcs_center_name(spec->center) == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "spec.center %d is not a gcs_center",
                        (int)spec->center);
    if (gcs_type_name(spec->gradient) == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "spec.gradient %d is not a gcs_type",
                        (int)spec->gradient);
    if (gcs_copy_name(spec->copy) == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "spec.copy %d is not a gcs_copy", (int)spec->copy);
    return GCS_OK;
}

static gcs_status check_arguments(gcs_plan **plan, const gcs_target *target, const gcs_spec *spec,
                                  const gcs_tensor *tensors, size_t count) {
    if (plan == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "plan is NULL");
    *plan = NULL;
    const gcs_status status = check_spec(spec);
    if (status != GCS_OK)
        return status;
    if (target->backend != GCS_BACKEND_CPU && target->backend != GCS_BACKEND_CUDA &&
        target->backend != GCS_BACKEND_OPENCL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "target.backend %d is not a gcs_backend",
                        (int)target->backend);
    if (target->threads < 0)
        return gcs_fail(GCS_INVALID_ARGUMENT, "target.threads is %d: it must not be negative",
                        target->threads);
    if (tensors == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "tensors is NULL");
    if (count == 0)
        return gcs_fail(GCS_INVALID_ARGUMENT, "count is 0: a plan has at least one tensor");
    /* Elements of all tensors together, times the most bytes that a step moves for one. */
    const uint64_t most_elements = UINT64_MAX / 64;
    uint64_t elements = 0;
    for (size_t i = 0; i < count; i++) {
        char name[40];
        snprintf(name, sizeof name, "tensors[%zu]", i);
        const gcs_status tensor_status = gcs_tensor_check(&tensors[i], name);
        if (tensor_status != GCS_OK)
            return tensor_status;
        if (tensors[i].group > MAX_GROUP)
            return gcs_fail(GCS_INVALID_ARGUMENT, "%s.group is %u: it must be at most %u", name,
                            tensors[i].group, MAX_GROUP);
        elements += gcs_tensor_elements(&tensors[i]);
        if (elements > most_elements)
            return gcs_fail(GCS_INVALID_ARGUMENT,
                            "tensors[0] to tensors[%zu] together are too large", i);
    }
    return GCS_OK;
}

/* Everything about a tensor but its kernels. */
static void describe(const gcs_plan *plan, const gcs_tensor *tensor, gcs_planned_tensor *planned) {
    const bool centred =
        !plan->traffic && plan->spec.center != GCS_CENTER_NONE && tensor->layout != GCS_LAYOUT_FLAT;
    planned->shape = planned->tensor = gcs_tensor_spelled_out(tensor);
    planned->form = gcs_spec_form(&plan->spec, centred);
    planned->elements = planned->shape.count;
    planned->groups = gcs_tensor_groups(tensor);
    if (!centred) {
        planned->tensor = gcs_flat(planned->elements);
        planned->tensor.group = tensor->group;
        return;
    }
    gcs_block blocks[GCS_MAX_BLOCKS];
    const size_t count = gcs_tensor_blocks(&planned->shape, blocks);
    for (size_t i = 0; i < count; i++)
        planned->cut = planned->cut || !gcs_block_is_whole(&planned->shape, &blocks[i]);
}

static bool allocate(gcs_plan *plan) {
    plan->tensors = calloc(plan->count, sizeof *plan->tensors);
    plan->coef = calloc(plan->groups, sizeof *plan->coef);
    plan->skip = calloc(plan->groups, sizeof *plan->skip);
    return plan->tensors != NULL && plan->coef != NULL && plan->skip != NULL;
}

static gcs_status choose_fold(gcs_plan *plan) {
    const gcs_need need = {.op = GCS_OP_SUM,
                           .form = {.rule = GCS_RULE_SGD, .center = GCS_CENTER_GRADIENT},
                           .view = GCS_VIEW_PART};
    plan->fold = gcs_kernel_for(&need, plan->isa_cap);
    return plan->fold != NULL ? GCS_OK
                              : gcs_fail(GCS_UNSUPPORTED, "no kernel for sums in this build");
}

/* The sums that the mean is made of. Those of an f32 gradient are the same for all rules. */
static const gcs_kernel *sum_kernel(const gcs_plan *plan, const gcs_need *step) {
    if (step->form.center != GCS_CENTER_UPDATE && step->form.gradient == GCS_TYPE_F32)
        return plan->fold;
    gcs_need need = *step;
    need.op = GCS_OP_SUM;
    need.form.copy = GCS_COPY_NONE;
    return gcs_kernel_for(&need, plan->isa_cap);
}

/* The kernels beside choice.kernel. */
static gcs_status choose_further_kernels(const gcs_plan *plan, gcs_planned_tensor *planned) {
    const gcs_tensor *t = &planned->tensor;
    if (planned->form.center == GCS_CENTER_NONE)
        return GCS_OK;
    gcs_need need = {.op = GCS_OP_STEP,
                     .form = planned->form,
                     .means_given = true,
                     .view = (gcs_view)t->layout,
                     .length = gcs_tensor_group_length(t)};
    planned->given = gcs_kernel_for(&need, plan->isa_cap);
    if (planned->given == NULL)
        return gcs_fail(GCS_UNSUPPORTED, "no kernel for given means in this build");
    if (planned->cut) {
        planned->choice = (gcs_choice){.kernel = planned->given, .why = GCS_WHY_FIXED_RULE};
    } else if (gcs_tensor_is_split(&plan->spec, t, plan->threads)) {
        need.means_given = false;
        need.view = GCS_VIEW_PART;
        planned->part = gcs_kernel_for(&need, plan->isa_cap);
        planned->sum = planned->part != NULL ? sum_kernel(plan, &need) : NULL;
    }
    return GCS_OK;
}

static gcs_status fill(gcs_plan *plan, const gcs_target *target, const gcs_tensor *tensors,
                       const gcs_environment *env) {
    if (!allocate(plan))
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    uint64_t elements = 0;
    for (size_t i = 0; i < plan->count; i++) {
        describe(plan, &tensors[i], &plan->tensors[i]);
        elements += plan->tensors[i].elements;
    }
    gcs_status status = choose_fold(plan);
    if (status != GCS_OK)
        return status;
    if (target->backend == GCS_BACKEND_CUDA)
        return gcs_cuda_plan_fill(plan, target, env);
    if (target->backend == GCS_BACKEND_OPENCL)
        return gcs_opencl_plan_fill(plan, target, env);
    gcs_team_choose(plan, elements * gcs_spec_bytes(&plan->spec));
    status = gcs_choose_kernels(plan, target, env);
    for (size_t i = 0; i < plan->count && status == GCS_OK; i++)
        status = choose_further_kernels(plan, &plan->tensors[i]);
    return status != GCS_OK ? status : gcs_partition(plan);
}

static gcs_status create(gcs_plan **out, const gcs_target *target, const gcs_spec *spec,
                         const gcs_tensor *tensors, size_t count, bool traffic) {
    gcs_environment env;
    gcs_status status = check_arguments(out, target, spec, tensors, count);
    if (status == GCS_OK)
        status = gcs_environment_read(&env);
    if (status != GCS_OK)
        return status;
    gcs_plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    *plan = (gcs_plan){.spec = *spec,
                       .target = *target,
                       .isa_cap = env.isa_cap,
                       .traffic = traffic,
                       .m = gcs_rule_has_m(spec->rule),
                       .v = gcs_rule_has_v(spec->rule),
                       .v_max = gcs_rule_has_v_max(spec->rule),
                       .copy = spec->copy != GCS_COPY_NONE,
                       .count = count};
    plan->target.table = plan->target.kernel = NULL;
    atomic_flag_clear(&plan->busy);
    for (size_t i = 0; i < count; i++) {
        if (tensors[i].group >= plan->groups)
            plan->groups = (size_t)tensors[i].group + 1;
    }
    status = fill(plan, target, tensors, &env);
    if (status != GCS_OK) {
        gcs_plan_destroy(plan);
        return status;
    }
    if (!traffic && target->backend == GCS_BACKEND_CPU) /* they are recorded to be tuned for */
        gcs_record_shapes(&env, tensors, count);
    *out = plan;
    return GCS_OK;
}

gcs_status gcs_plan_create(gcs_plan **plan, gcs_target target, const gcs_spec *spec,
                           const gcs_tensor *tensors, size_t count) {
    return create(plan, &target, spec, tensors, count, false);
}

gcs_status gcs_plan_create_traffic(gcs_plan **plan, gcs_target target, const gcs_spec *spec,
                                   const gcs_tensor *tensors, size_t count) {
    return create(plan, &target, spec, tensors, count, true);
}

void gcs_plan_destroy(gcs_plan *plan) {
    if (plan == NULL)
        return;
    for (size_t i = 0; plan->tensors != NULL && i < plan->count; i++)
        free(plan->tensors[i].source);
    free(plan->tensors);
    free(plan->coef);
    free(plan->skip);
    gcs_partition_free(plan);
    gcs_measuring_free(plan->measuring);
    gcs_cuda_plan_free(plan->cuda);
    gcs_opencl_plan_free(plan->opencl);
    free(plan);
}

gcs_status gcs_plan_set_stream(gcs_plan *plan, void *stream) {
    if (plan == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "plan is NULL");
    if (plan->cuda == NULL && plan->opencl == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "plan is not one of gcs_cuda or gcs_opencl");
    if (atomic_flag_test_and_set_explicit(&plan->busy, memory_order_acquire))
        return gcs_fail(GCS_BUSY, "plan is inside a gcs_step");
    const gcs_status status = plan->cuda != NULL ? gcs_cuda_plan_set_stream(plan, stream)
                                                 : gcs_opencl_plan_set_queue(plan, stream);
    gcs_plan_leave(plan);
    return status;
}

size_t gcs_plan_tensors(const gcs_plan *plan) {
    return plan != NULL ? plan->count : 0;
}

size_t gcs_plan_groups(const gcs_plan *plan) {
    return plan != NULL ? plan->groups : 0;
}

int gcs_plan_threads(const gcs_plan *plan) {
    return plan != NULL ? plan->threads : 0;
}

int gcs_plan_team(const gcs_plan *plan) {
    return plan->team;
}

const gcs_choice *gcs_plan_choice(const gcs_plan *plan, size_t index) {
    return plan != NULL && index < plan->count ? &plan->tensors[index].choice : NULL;
}

const char *gcs_plan_kernel(const gcs_plan *plan, size_t index) {
    return plan != NULL && index < plan->count ? plan->tensors[index].choice.kernel->name : NULL;
}
