/* A plan whose steps run on a GPU: what the rest of dispatch calls. */
#ifndef GCSTEP_DISPATCH_CUDA_PLAN_H
#define GCSTEP_DISPATCH_CUDA_PLAN_H

#include "dispatch/environment.h"
#include "dispatch/plan_internal.h"

/* Makes plan->cuda: chooses kernels, cuts the work and brings it to the device. The plan's tensors
 * have been described. */
gcs_status gcs_cuda_plan_fill(gcs_plan *plan, const gcs_target *target, const gcs_environment *env);

/* Also of a plan that could not be filled; NULL is allowed. */
void gcs_cuda_plan_free(struct gcs_cuda_plan *cuda);

/* gcs_step of such a plan, which the caller has entered. */
gcs_status gcs_cuda_step(gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers);

/* gcs_plan_set_stream of such a plan, which the caller has entered. */
gcs_status gcs_cuda_plan_set_stream(gcs_plan *plan, void *stream);

/* Adds to gcs_plan_explain: "on <GPU>". */
const char *gcs_cuda_plan_device_name(const struct gcs_cuda_plan *cuda);

#endif
