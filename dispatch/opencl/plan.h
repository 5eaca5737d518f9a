/* A plan whose steps run on an OpenCL device: what the rest of dispatch calls. */
#ifndef GCSTEP_DISPATCH_OPENCL_PLAN_H
#define GCSTEP_DISPATCH_OPENCL_PLAN_H

#include "dispatch/environment.h"
#include "dispatch/plan_internal.h"

/* Makes plan->opencl: chooses kernels, builds them, cuts the work and brings it to the device. The
 * plan's tensors have been described. */
gcs_status gcs_opencl_plan_fill(gcs_plan *plan, const gcs_target *target,
                                const gcs_environment *env);

/* Also of a plan that could not be filled; NULL is allowed. */
void gcs_opencl_plan_free(struct gcs_opencl_plan *opencl);

/* What a step or a measurement is given: `buffers` with addresses of SVM, or `cl_buffers`. */
typedef struct gcs_opencl_given {
    const gcs_buffers *buffers;
    const gcs_cl_buffers *cl_buffers; /* NULL: the other */
    const gcs_cl_call *call;          /* NULL: nothing */
} gcs_opencl_given;

/* gcs_step, gcs_step_opencl of such a plan, which the caller has entered. */
gcs_status gcs_opencl_step(gcs_plan *plan, const gcs_hyper *hyper, const gcs_opencl_given *given);

/* gcs_plan_set_stream of such a plan. */
gcs_status gcs_opencl_plan_set_queue(gcs_plan *plan, void *queue);

/* Adds to gcs_plan_explain: "on <device>", and whether it keeps the bits. */
const char *gcs_opencl_plan_device_name(const struct gcs_opencl_plan *opencl);
bool gcs_opencl_plan_is_exact(const struct gcs_opencl_plan *opencl);

#endif
