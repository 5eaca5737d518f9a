/* Making and freeing a plan: arguments are checked, then kernels chosen and the work cut. */
#include "dispatch/plan_internal.h"

#include "dispatch/error.h"
#include "dispatch/record.h"
#include "dispatch/registry.h"
#include <stdlib.h>

#ifdef _OPENMP
#include <omp.h>
#endif

/* More threads than any machine has; a run time that is asked for too many aborts the process. */
#define MAX_THREADS 1024

/* A plan has memory for each group up to the largest. */
#define MAX_GROUP 65535U

/* Below this many bytes per thread, waking a thread costs more than it brings. */
#define BYTES_PER_THREAD ((uint64_t)256 << 10)

static gcs_status check_spec(const gcs_spec *spec) {
    if (spec == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "spec is NULL");
    if (gcs_rule_name(spec->rule) == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "spec.rule %d is not a gcs_rule", (int)spec->rule);
    if (gcs_center_name(spec->center) == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "spec.center %d is not a gcs_center",
                        (int)spec->center);
    return GCS_OK;
}

static gcs_status check_tensor(const gcs_tensor *tensor, size_t index) {
    if (tensor->layout != GCS_LAYOUT_FLAT && tensor->layout != GCS_LAYOUT_ROWS &&
        tensor->layout != GCS_LAYOUT_COLS)
        return gcs_fail(GCS_INVALID_ARGUMENT, "tensors[%zu].layout %d is not a gcs_layout", index,
                        (int)tensor->layout);
    if (tensor->group > MAX_GROUP)
        return gcs_fail(GCS_INVALID_ARGUMENT, "tensors[%zu].group is %u: it must be at most %u",
                        index, tensor->group, MAX_GROUP);
    if (tensor->rows == 0)
        return gcs_fail(GCS_INVALID_ARGUMENT, "tensors[%zu].rows is 0", index);
    if (tensor->cols == 0)
        return gcs_fail(GCS_INVALID_ARGUMENT, "tensors[%zu].cols is 0", index);
    if (tensor->layout == GCS_LAYOUT_FLAT && tensor->rows != 1)
        return gcs_fail(GCS_INVALID_ARGUMENT, "tensors[%zu].rows is not 1, as layout FLAT has it",
                        index);
    if (tensor->rows > (uint64_t)PTRDIFF_MAX / sizeof(float) / tensor->cols)
        return gcs_fail(GCS_INVALID_ARGUMENT,
                        "tensors[%zu]: rows x cols is more than an address can reach", index);
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
        const gcs_status tensor_status = check_tensor(&tensors[i], i);
        if (tensor_status != GCS_OK)
            return tensor_status;
        elements += tensors[i].rows * tensors[i].cols;
        if (elements > most_elements)
            return gcs_fail(GCS_INVALID_ARGUMENT,
                            "tensors[0] to tensors[%zu] together are too large", i);
    }
    return GCS_OK;
}

/* The layout that the kernels see. */
static gcs_tensor planned_layout(const gcs_plan *plan, const gcs_tensor *tensor) {
    gcs_tensor planned = *tensor;
    if (plan->traffic || plan->spec.center == GCS_CENTER_NONE)
        planned.layout = GCS_LAYOUT_FLAT;
    if (planned.layout == GCS_LAYOUT_FLAT) {
        planned.cols = tensor->rows * tensor->cols;
        planned.rows = 1;
    }
    return planned;
}

static int threads_for(const gcs_target *target, uint64_t bytes) {
    if (target->threads > 0)
        return target->threads < MAX_THREADS ? target->threads : MAX_THREADS;
    int threads = gcs_machine_allowed_threads();
    if (target->parallel_for == NULL) {
#ifdef _OPENMP
        if (omp_get_max_threads() < threads)
            threads = omp_get_max_threads();
#else
        threads = 1;
#endif
    }
    const uint64_t useful = 1 + bytes / BYTES_PER_THREAD;
    return (uint64_t)threads < useful ? threads : (int)useful;
}

static bool allocate(gcs_plan *plan) {
    plan->tensors = calloc(plan->count, sizeof *plan->tensors);
    plan->coef = calloc(plan->groups, sizeof *plan->coef);
    plan->skip = calloc(plan->groups, sizeof *plan->skip);
    return plan->tensors != NULL && plan->coef != NULL && plan->skip != NULL;
}

static gcs_status fill(gcs_plan *plan, const gcs_target *target, const gcs_tensor *tensors,
                       const gcs_environment *env) {
    if (!allocate(plan))
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    uint64_t elements = 0;
    for (size_t i = 0; i < plan->count; i++) {
        plan->tensors[i].tensor = planned_layout(plan, &tensors[i]);
        plan->tensors[i].elements = tensors[i].rows * tensors[i].cols;
        elements += plan->tensors[i].elements;
    }
    plan->threads = threads_for(target, elements * gcs_rule_bytes(plan->spec.rule));
    const gcs_status status = gcs_choose_kernels(plan, target, env);
    return status != GCS_OK ? status : gcs_partition(plan, env);
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
    *plan = (gcs_plan){.spec = *spec, .target = *target, .traffic = traffic, .count = count};
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
    if (!traffic)
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
    free(plan->first.items);
    free(plan->second.items);
    free(plan->scratch);
    free(plan);
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

const gcs_choice *gcs_plan_choice(const gcs_plan *plan, size_t index) {
    return plan != NULL && index < plan->count ? &plan->tensors[index].choice : NULL;
}

const char *gcs_plan_kernel(const gcs_plan *plan, size_t index) {
    return plan != NULL && index < plan->count ? plan->tensors[index].choice.kernel->name : NULL;
}
