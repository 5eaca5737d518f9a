/* Whether the device can reach what the caller points at.
 *
 * Asking costs about as much as a short launch, so what was asked at the last step is not asked
 * again, nor is a pointer into an allocation that was just seen: a trainer's allocator has few. */
#include "dispatch/cuda/plan_internal.h"
#include "dispatch/error.h"
#include "dispatch/measure_internal.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Allocations of the device that have been seen in this call. */
#define SEEN 8
typedef struct seen {
    uintptr_t start[SEEN];
    size_t bytes[SEEN];
    unsigned next;
} seen;

/* Where a pointer was found. */
typedef struct argument {
    const char *array, *field;
    size_t index;
} argument;

static bool was_seen(const seen *s, uintptr_t at) {
    for (unsigned i = 0; i < SEEN; i++) {
        if (at >= s->start[i] && at - s->start[i] < s->bytes[i])
            return true;
    }
    return false;
}

static void note(seen *s, uintptr_t start, size_t bytes) {
    s->start[s->next] = start;
    s->bytes[s->next] = bytes;
    s->next = (s->next + 1) % SEEN;
}

/* What the driver knows of a pointer; of one that is not CUDA's, zeros. */
typedef struct facts {
    unsigned memory_type;
    gcs_cu_pointer device_pointer;
    unsigned managed;
    int ordinal;
    gcs_cu_pointer start;
    size_t bytes;
} facts;

static gcs_cu_result ask(const gcs_cuda_driver *driver, const void *pointer, facts *f) {
    static const int attributes[] = {GCS_CU_POINTER_MEMORY_TYPE, GCS_CU_POINTER_DEVICE_POINTER,
                                     GCS_CU_POINTER_IS_MANAGED,  GCS_CU_POINTER_DEVICE_ORDINAL,
                                     GCS_CU_POINTER_RANGE_START, GCS_CU_POINTER_RANGE_SIZE};
    *f = (facts){.ordinal = -1};
    void *values[] = {&f->memory_type, &f->device_pointer, &f->managed,
                      &f->ordinal,     &f->start,          &f->bytes};
    return driver->pointer_attributes(COUNT(attributes), attributes, values,
                                      (gcs_cu_pointer)(uintptr_t)pointer);
}

static gcs_status refuse(const struct gcs_cuda_plan *cuda, const argument *a, gcs_cu_result result,
                         const char *what) {
    return gcs_fail(GCS_INVALID_ARGUMENT, "%s[%zu].%s %s: %s", a->array, a->index, a->field, what,
                    gcs_cuda_result_name(cuda->driver, result));
}

static gcs_status check(const struct gcs_cuda_plan *cuda, seen *s, const argument *a,
                        const void *pointer) {
    facts f;
    if (was_seen(s, (uintptr_t)pointer))
        return GCS_OK;
    const gcs_cu_result result = ask(cuda->driver, pointer, &f);
    if (result != GCS_CU_SUCCESS)
        return refuse(cuda, a, result, "is nothing that CUDA knows");
    const bool reached = f.device_pointer == (gcs_cu_pointer)(uintptr_t)pointer;
    if (f.memory_type == GCS_CU_MEMORY_HOST && !reached)
        return refuse(cuda, a, GCS_CU_INVALID_VALUE, "is host memory that is not mapped there");
    if (f.memory_type != GCS_CU_MEMORY_HOST && f.memory_type != GCS_CU_MEMORY_DEVICE)
        return refuse(cuda, a, GCS_CU_INVALID_VALUE, "is not device memory");
    if (f.memory_type == GCS_CU_MEMORY_DEVICE && f.managed == 0 && f.ordinal != cuda->which)
        return refuse(cuda, a, GCS_CU_INVALID_DEVICE, "is memory of another device");
    note(s, (uintptr_t)f.start, f.bytes);
    return GCS_OK;
}

/* One that the last step may have been given too. */
typedef struct pointer {
    const char *field;
    const void *now, *before;
    bool used;
} pointer;

static gcs_status check_pointers(const struct gcs_cuda_plan *cuda, seen *s, const char *array,
                                 size_t index, const pointer *p, size_t count) {
    gcs_status status = GCS_OK;
    for (size_t i = 0; i < count && status == GCS_OK; i++) {
        const argument a = {array, p[i].field, index};
        if (p[i].used && !(cuda->checked && p[i].now == p[i].before))
            status = check(cuda, s, &a, p[i].now);
    }
    return status;
}

static gcs_status check_tensor(const gcs_plan *plan, size_t index, const gcs_buffers *b, seen *s) {
    const struct gcs_cuda_plan *cuda = plan->cuda;
    const gcs_buffers *old = &cuda->buffers[index];
    const bool means = plan->tensors[index].given != NULL && b->means != NULL;
    /* Of the last step's pointers: those that were used, and so checked. */
    const void *const old_w_means = old->means != NULL ? old->w_means : NULL;
    const pointer pointers[] = {
        {"g", b->g, old->g, true},
        {"w", b->w, old->w, true},
        {"m", b->m, old->m, plan->m},
        {"v", b->v, old->v, plan->v},
        {"v_max", b->v_max, old->v_max, plan->v_max},
        {"copy", b->copy, old->copy, plan->copy},
        {"means", b->means, old->means, means},
        {"w_means", b->w_means, old_w_means, means && b->w_means != NULL},
    };
    return check_pointers(cuda, s, "buffers", index, pointers, COUNT(pointers));
}

gcs_status gcs_cuda_check_pointers(const gcs_plan *plan, const gcs_hyper *hyper,
                                   const gcs_buffers *buffers) {
    const struct gcs_cuda_plan *cuda = plan->cuda;
    seen s = {.next = 0};
    gcs_status status = GCS_OK;
    for (size_t i = 0; i < plan->groups && status == GCS_OK; i++) {
        const float *flag = hyper[i].found_inf;
        const argument a = {"hyper", "found_inf", i};
        if (flag != NULL && !(cuda->checked && flag == cuda->flags[i]))
            status = check(cuda, &s, &a, flag);
    }
    for (size_t i = 0; i < plan->count && status == GCS_OK; i++)
        status = check_tensor(plan, i, &buffers[i], &s);
    return status;
}

static gcs_status check_measured_tensor(const gcs_plan *plan, size_t index, const gcs_buffers *b,
                                        const gcs_measures *m, seen *s) {
    const struct gcs_cuda_plan *cuda = plan->cuda;
    const gcs_buffers *old = &cuda->buffers[index];
    const bool change = m->change_sums != NULL, w = change || m->w_sums != NULL;
    const bool means = gcs_centring_of(&plan->tensors[index], b) == GCS_GIVEN_MEANS;
    const pointer read[] = {
        {"g", b->g, old->g, true},
        {"w", b->w, old->w, w},
        {"m", b->m, old->m, change && plan->m},
        {"v", b->v, old->v, change && plan->v},
        {"v_max", b->v_max, old->v_max, change && plan->v_max},
        {"means", b->means, NULL, means},
    };
    const pointer written[] = {
        {"sums", m->sums, NULL, m->sums != NULL},
        {"w_sums", m->w_sums, NULL, m->w_sums != NULL},
        {"change_sums", m->change_sums, NULL, change},
    };
    const gcs_status status = check_pointers(cuda, s, "buffers", index, read, COUNT(read));
    return status == GCS_OK ? check_pointers(cuda, s, "measures", index, written, COUNT(written))
                            : status;
}

gcs_status gcs_cuda_check_measured(const gcs_plan *plan, const gcs_buffers *buffers,
                                   const gcs_measures *measures) {
    seen s = {.next = 0};
    gcs_status status = GCS_OK;
    for (size_t i = 0; i < plan->count && status == GCS_OK; i++)
        status = check_measured_tensor(plan, i, &buffers[i], &measures[i], &s);
    return status;
}
