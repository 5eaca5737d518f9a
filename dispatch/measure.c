/* gcs_measure and what is made of its figures. */
#include "dispatch/cuda/measure.h"
#include "dispatch/buffers.h"
#include "dispatch/error.h"
#include "dispatch/measure_internal.h"
#include "dispatch/opencl/measure.h"

#include <float.h>
#include <math.h>

/* The sums that the caller wants of a tensor. */
#define SUMS 3
static void wanted_sums(const gcs_plan *plan, size_t index, const gcs_measures *m,
                        gcs_area areas[SUMS]) {
    const char *const names[SUMS] = {"sums", "w_sums", "change_sums"};
    const void *const starts[SUMS] = {m->sums, m->w_sums, m->change_sums};
    for (size_t i = 0; i < SUMS; i++)
        areas[i] = (gcs_area){.array = "measures",
                              .field = names[i],
                              .start = starts[i],
                              .bytes = plan->tensors[index].groups * sizeof(float),
                              .alignment = sizeof(float),
                              .written = true};
}

/* What is read of a tensor's buffers: g, then w, then the state. Returns the number of areas. */
static size_t read_areas(const gcs_plan *plan, size_t index, const gcs_buffers *b,
                         const gcs_measures *m, gcs_area areas[GCS_STEP_AREAS]) {
    size_t count = gcs_step_areas(plan, index, b, areas);
    for (size_t i = 0; i < count; i++)
        areas[i].written = false;
    if (m->change_sums != NULL)
        return count - plan->copy; /* which comes last and is not looked at */
    return m->w_sums != NULL ? 2 : 1;
}

static gcs_status check_tensor(const gcs_plan *plan, size_t index, const gcs_buffers *b,
                               const gcs_measures *m) {
    const gcs_planned_tensor *planned = &plan->tensors[index];
    gcs_area areas[GCS_STEP_AREAS + GCS_MEANS_AREAS + SUMS], sums[SUMS];
    size_t count = read_areas(plan, index, b, m, areas);
    if (gcs_centring_of(planned, b) == GCS_GIVEN_MEANS) {
        const gcs_status status = gcs_add_means_areas(plan, index, b, false, areas, &count);
        if (status != GCS_OK)
            return status;
    }
    wanted_sums(plan, index, m, sums);
    for (size_t i = 0; i < SUMS; i++) {
        if (sums[i].start == NULL)
            continue;
        if (planned->groups == 0)
            return gcs_fail(GCS_INVALID_ARGUMENT,
                            "measures[%zu].%s is not NULL: the tensor has no groups", index,
                            sums[i].field);
        areas[count++] = sums[i];
    }
    if (m->change_sums != NULL && planned->form.center != GCS_CENTER_UPDATE)
        return gcs_fail(GCS_INVALID_ARGUMENT,
                        "measures[%zu].change_sums is not NULL: the change is not centred", index);
    return gcs_areas_check(areas, count, index);
}

static gcs_status measure(gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers,
                          gcs_measures *measures) {
    gcs_status status = gcs_take_hyper(plan, hyper);
    for (size_t i = 0; i < plan->count && status == GCS_OK; i++)
        status = check_tensor(plan, i, &buffers[i], &measures[i]);
    if (status == GCS_OK && plan->cuda != NULL)
        status = gcs_cuda_measure_check(plan, buffers, measures);
    if (status == GCS_OK && plan->measuring == NULL)
        status = gcs_measuring_create(plan);
    if (status == GCS_OK && plan->opencl != NULL)
        status = gcs_opencl_measure_begin(plan);
    return status == GCS_OK ? gcs_measure_run(plan, hyper, buffers, measures) : status;
}

/* By names, of buffers and of sums; the figures become the caller's. */
static gcs_status measure_by_opencl(gcs_plan *plan, const gcs_hyper *hyper,
                                    const gcs_opencl_given *given, const gcs_cl_sums *sums,
                                    gcs_measures *measures) {
    const gcs_buffers *buffers;
    gcs_measures *named;
    gcs_status status = gcs_opencl_measure_names(plan, given, sums, measures, &buffers, &named);
    if (status == GCS_OK)
        status = measure(plan, hyper, buffers, named);
    for (size_t i = 0; i < plan->count && status == GCS_OK; i++) {
        gcs_measures *m = &measures[i];
        named[i].sums = m->sums;
        named[i].w_sums = m->w_sums;
        named[i].change_sums = m->change_sums;
        *m = named[i];
    }
    return status;
}

gcs_status gcs_measure(gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers,
                       gcs_measures *measures) {
    if (measures == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "measures is NULL");
    gcs_status status = gcs_plan_enter(plan, hyper, buffers);
    if (status != GCS_OK)
        return status;
    const gcs_opencl_given given = {.buffers = buffers};
    status = plan->opencl != NULL ? measure_by_opencl(plan, hyper, &given, NULL, measures)
                                  : measure(plan, hyper, buffers, measures);
    gcs_plan_leave(plan);
    return status;
}

gcs_status gcs_measure_opencl(gcs_plan *plan, const gcs_hyper *hyper, const gcs_cl_buffers *buffers,
                              const gcs_cl_sums *sums, gcs_measures *measures,
                              const gcs_cl_call *call) {
    if (measures == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "measures is NULL");
    gcs_status status = gcs_plan_enter(plan, hyper, buffers);
    if (status != GCS_OK)
        return status;
    const gcs_opencl_given given = {.cl_buffers = buffers, .call = call};
    status = plan->opencl != NULL ? measure_by_opencl(plan, hyper, &given, sums, measures)
                                  : gcs_fail(GCS_INVALID_ARGUMENT, "plan is not one of gcs_opencl");
    gcs_plan_leave(plan);
    return status;
}

double gcs_total_norm(const gcs_measures *measures, size_t count) {
    if (measures == NULL && count > 0)
        return (double)NAN;
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += measures[i].norm * measures[i].norm;
    return sqrt(squares);
}

double gcs_clip_factor(double norm, double max_norm) {
    const double margin = 1e-6; /* as torch.nn.utils.clip_grad_norm_ has it */
    if (!(norm >= 0 && norm <= DBL_MAX && max_norm > 0))
        return (double)NAN;
    const double factor = max_norm / (norm + margin);
    if (factor == 0)
        return DBL_MIN; /* gcs_step refuses it; 0 would mean that nothing is clipped */
    return factor < 1 ? factor : 1;
}
