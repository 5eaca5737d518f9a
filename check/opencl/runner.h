/* OpenCL kernels on a device as kernels of check/: each call's buffers go there and come back. */
#ifndef GCSTEP_CHECK_OPENCL_RUNNER_H
#define GCSTEP_CHECK_OPENCL_RUNNER_H

#include "check/opencl/freight.h"
#include "check/runner.h"
#include "dispatch/environment.h"
#include "dispatch/opencl/cut.h"
#include "dispatch/opencl/device.h"

typedef struct gcs_opencl_runner {
    gcs_runner runner; /* the first, so that it is found by this */
    const gcs_opencl_driver *driver;
    gcs_opencl_device device;
    const char *source;
    const gcs_environment *env; /* where programs are kept */
    bool exact_buffers;         /* half of the calls have buffers that end where the data does */
    gcs_cl_context context;     /* NULL: none */
    gcs_cl_queue queue;         /* NULL: none; in order */
    gcs_cl_freight freight;
    gcs_opencl_cut cut;
    gcs_opencl_work *work; /* all lists of the cut behind each other */
    uint64_t work_room;    /* items */
    float *scratch;
    uint64_t scratch_room; /* floats */
    const gcs_opencl_kernel *kernel;
    gcs_cl_program program; /* NULL: none */
    gcs_cl_kernel function; /* NULL: none */
    bool any_form;          /* the program is for any, and the form is its argument */
    uint64_t
        calls; /* of the kernel: what check/ does not vary and a launch can have, varies by it */
} gcs_opencl_runner;

/* Makes a context and a queue. `source`: of the kernels; it and `env` stay. `exact_buffers`: for a
 * tool that watches the ends of buffers. After a failure (gcs_last_error()) too it is to be closed.
 */
gcs_status gcs_opencl_runner_open(gcs_opencl_runner *runner, const gcs_opencl_driver *driver,
                                  const gcs_opencl_device *device, const char *source,
                                  const gcs_environment *env, bool exact_buffers);
void gcs_opencl_runner_close(gcs_opencl_runner *runner);

/* Whether the device can run the kernel, by the limits that it has for all. */
bool gcs_opencl_runner_can(const gcs_opencl_runner *runner, const gcs_opencl_kernel *kernel);

/* Builds the kernel for that form, as a plan does, or (NULL) for any, and makes it the one that is
 * run. For any it is built without optimization: all forms at once are much code, for which PoCL's
 * compiler would take ten times as long. *row is the kernel's row for check/, with the longest
 * group that the device has the local memory for. *can: whether the device has the work-items for
 * the kernel as it was built; if not, nothing is to be run. */
gcs_status gcs_opencl_runner_take(gcs_opencl_runner *runner, const gcs_opencl_kernel *kernel,
                                  const gcs_form *form, gcs_kernel *row, bool *can);

#endif
