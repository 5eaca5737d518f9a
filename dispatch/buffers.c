/* Which memory a step uses, and whether it may. */
#include "dispatch/buffers.h"

#include "dispatch/error.h"

static bool apart(const gcs_area *a, const gcs_area *b) {
    const uintptr_t at = (uintptr_t)a->start, to = (uintptr_t)b->start;
    return at < to ? to - at >= a->bytes : at - to >= b->bytes;
}

gcs_status gcs_areas_check(const gcs_area *areas, size_t count, size_t index) {
    for (size_t i = 0; i < count; i++) {
        const gcs_area *a = &areas[i];
        if (a->start == NULL)
            return gcs_fail(GCS_INVALID_ARGUMENT, "%s[%zu].%s is NULL", a->array, index, a->field);
        if (((uintptr_t)a->start & (a->alignment - 1)) != 0)
            return gcs_fail(GCS_INVALID_ARGUMENT,
                            "%s[%zu].%s is not aligned for elements of %u bytes", a->array, index,
                            a->field, a->alignment);
        for (size_t k = 0; k < i; k++) {
            if ((a->written || areas[k].written) && !apart(a, &areas[k]))
                return gcs_fail(GCS_INVALID_ARGUMENT, "%s[%zu].%s and %s[%zu].%s overlap",
                                areas[k].array, index, areas[k].field, a->array, index, a->field);
        }
    }
    return GCS_OK;
}

static gcs_area area_of(const char *field, const void *start, uint64_t elements, unsigned bytes,
                        bool written) {
    return (gcs_area){.array = "buffers",
                      .field = field,
                      .start = start,
                      .bytes = elements * bytes,
                      .alignment = bytes,
                      .written = written};
}

size_t gcs_step_areas(const gcs_plan *plan, size_t index, const gcs_buffers *b,
                      gcs_area areas[GCS_STEP_AREAS]) {
    const uint64_t n = plan->tensors[index].elements;
    const unsigned f32 = sizeof(float);
    size_t count = 0;
    areas[count++] = area_of("g", b->g, n, gcs_type_bytes(plan->spec.gradient), false);
    areas[count++] = area_of("w", b->w, n, f32, true);
    if (plan->m)
        areas[count++] = area_of("m", b->m, n, f32, true);
    if (plan->v)
        areas[count++] = area_of("v", b->v, n, f32, true);
    if (plan->v_max)
        areas[count++] = area_of("v_max", b->v_max, n, f32, true);
    if (plan->copy)
        areas[count++] = area_of("copy", b->copy, n, sizeof(uint16_t), true);
    return count;
}

/* Whether an L2 term is in what is centred. */
static bool needs_w_means(const gcs_plan *plan, const gcs_planned_tensor *planned) {
    return planned->form.center == GCS_CENTER_GRADIENT && !gcs_rule_is_decoupled(plan->spec.rule) &&
           plan->coef[planned->shape.group].decay != 0;
}

gcs_status gcs_add_means_areas(const gcs_plan *plan, size_t index, const gcs_buffers *b,
                               bool for_step, gcs_area *areas, size_t *count) {
    const gcs_planned_tensor *planned = &plan->tensors[index];
    const uint64_t groups = planned->groups;
    if (b->means_count != groups)
        return gcs_fail(GCS_INVALID_ARGUMENT,
                        "buffers[%zu].means_count is %llu: the tensor's piece lies in %llu groups",
                        index, (unsigned long long)b->means_count, (unsigned long long)groups);
    areas[(*count)++] = area_of("means", b->means, groups, sizeof(float), false);
    if (!for_step || !needs_w_means(plan, planned))
        return GCS_OK;
    if (b->w_means == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT,
                        "buffers[%zu].w_means is NULL: with an L2 decay, the means of w are needed "
                        "beside those of g",
                        index);
    areas[(*count)++] = area_of("w_means", b->w_means, groups, sizeof(float), false);
    return GCS_OK;
}
