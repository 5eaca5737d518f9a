/* Kernels on an OpenCL device for check/: see runner.h. */
#include "check/opencl/runner.h"

#include "check/opencl/errand.h"
#include "dispatch/error.h"
#include "dispatch/opencl/program.h"

#include <stdlib.h>
#include <string.h>

#define MOST_OPTIONS 512

static const char no_optimization[] = " -cl-opt-disable";

/* Of quotients and roots, in roundings of half an ulp: OpenCL C allows 2.5 and 3 ulp where a device
 * does not round them correctly. */
static const double loose_divide = 5 - 1, loose_root = 6 - 1;

static bool takes(const gcs_opencl_runner *r, const gcs_opencl_kernel *kernel, uint64_t length) {
    return gcs_opencl_local_bytes(kernel, length) <= r->device.local_bytes;
}

bool gcs_opencl_runner_can(const gcs_opencl_runner *r, const gcs_opencl_kernel *kernel) {
    return kernel->threads <= r->device.max_group && kernel->threads <= r->device.max_items &&
           takes(r, kernel, 1);
}

/* The longest group that the kernel takes on this device; 0: any. */
static uint64_t longest(const gcs_opencl_runner *r, const gcs_opencl_kernel *kernel) {
    uint64_t fits = 1, beyond = kernel->row.max_length + 1;
    if (beyond == 1)
        return 0;
    while (beyond - fits > 1) {
        const uint64_t middle = fits + (beyond - fits) / 2;
        if (takes(r, kernel, middle))
            fits = middle;
        else
            beyond = middle;
    }
    return fits;
}

/* ---- The kernel that is run ------------------------------------------------------------------
 */

static void put_down(gcs_opencl_runner *r) {
    if (r->function != NULL)
        r->driver->kernel_release(r->function);
    if (r->program != NULL)
        r->driver->program_release(r->program);
    r->function = NULL;
    r->program = NULL;
}

static gcs_status build(gcs_opencl_runner *r, const gcs_opencl_kernel *kernel,
                        const gcs_form *form) {
    char options[MOST_OPTIONS];
    const size_t room = sizeof options - sizeof no_optimization;
    const size_t length = gcs_opencl_options(kernel, form, options, room);
    if (length >= room)
        return gcs_fail(GCS_UNSUPPORTED, "%s: its options are too long", kernel->row.name);
    if (form == NULL)
        memcpy(options + length, no_optimization, sizeof no_optimization);
    const gcs_status status = gcs_opencl_program(r->driver, r->context, &r->device, r->source,
                                                 options, r->env, &r->program);
    if (status != GCS_OK) {
        r->program = NULL;
        return status;
    }
    gcs_cl_int result;
    r->function = r->driver->kernel_create(r->program, kernel->row.name, &result);
    if (result == GCS_CL_SUCCESS)
        return GCS_OK;
    r->function = NULL;
    return gcs_opencl_fail(result, "%s: it is not in its program", kernel->row.name);
}

/* Whether the device has a work-group's work-items for the kernel as it is. */
static gcs_status ask_group(const gcs_opencl_runner *r, bool *can) {
    size_t group = 0;
    const gcs_cl_int result = r->driver->kernel_info(
        r->function, r->device.id, GCS_CL_KERNEL_WORK_GROUP_SIZE, sizeof group, &group, NULL);
    *can = group >= r->kernel->threads;
    return result == GCS_CL_SUCCESS
               ? GCS_OK
               : gcs_opencl_fail(result, "%s: its work-group is unknown", r->kernel->row.name);
}

gcs_status gcs_opencl_runner_take(gcs_opencl_runner *r, const gcs_opencl_kernel *kernel,
                                  const gcs_form *form, gcs_kernel *row, bool *can) {
    put_down(r);
    r->kernel = kernel;
    r->calls = 0;
    r->any_form = form == NULL;
    *row = kernel->row;
    row->max_length = longest(r, kernel);
    const gcs_status status = build(r, kernel, form);
    return status != GCS_OK ? status : ask_group(r, can);
}

/* ---- Opening and closing ---------------------------------------------------------------------
 */

gcs_status gcs_opencl_runner_open(gcs_opencl_runner *r, const gcs_opencl_driver *driver,
                                  const gcs_opencl_device *device, const char *source,
                                  const gcs_environment *env, bool exact_buffers) {
    *r = (gcs_opencl_runner){.runner.run = gcs_opencl_errand_run,
                             .driver = driver,
                             .device = *device,
                             .source = source,
                             .env = env,
                             .exact_buffers = exact_buffers};
    r->runner.inexact = !device->exact;
    r->runner.flushes = (device->float_config & GCS_CL_FP_DENORM) == 0;
    if (!device->rounds_divide_sqrt)
        r->runner.loose = (gcs_bound_loose){loose_divide, loose_root};
    gcs_cl_int result;
    r->context = driver->context_create(NULL, 1, &device->id, NULL, NULL, &result);
    if (result != GCS_CL_SUCCESS) {
        r->context = NULL;
        return gcs_opencl_fail(result, "no context can be made");
    }
    r->queue = driver->queue_create(r->context, device->id, 0, &result);
    if (result != GCS_CL_SUCCESS) {
        r->queue = NULL;
        return gcs_opencl_fail(result, "no queue can be made");
    }
    gcs_cl_freight_open(&r->freight, driver, r->context, r->queue);
    return GCS_OK;
}

void gcs_opencl_runner_close(gcs_opencl_runner *r) {
    put_down(r);
    if (r->queue != NULL) {
        gcs_cl_freight_close(&r->freight);
        r->driver->queue_release(r->queue);
    }
    if (r->context != NULL)
        r->driver->context_release(r->context);
    gcs_opencl_cut_free(&r->cut);
    free(r->work);
    free(r->scratch);
    *r = (gcs_opencl_runner){.driver = r->driver};
}
