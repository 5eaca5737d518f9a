/* gcstep verify --backend cuda: see verify_cuda.h. */
#include "tune/verify_cuda.h"

#include "check/cuda/few.h"
#include "check/cuda/runner.h"
#include "dispatch/cuda/image.h"
#include "dispatch/error.h"
#include "tune/command.h"
#include "tune/verify_report.h"

#include <stdio.h>

/* A GPU with its primary context, which is current. */
typedef struct gpu {
    const gcs_cuda_driver *driver;
    gcs_cu_device which;
    gcs_cu_context context;
    gcs_cuda_runner runner;
} gpu;

/* ---- The GPU ---------------------------------------------------------------------------------
 */

static gcs_status make_context(gpu *x) {
    gcs_cu_result result = x->driver->context_retain(&x->context, x->which);
    if (result != GCS_CU_SUCCESS)
        return gcs_cuda_fail(x->driver, result, "the GPU's context cannot be made");
    result = x->driver->context_push(x->context);
    if (result == GCS_CU_SUCCESS)
        return GCS_OK;
    x->driver->context_release(x->which);
    return gcs_cuda_fail(x->driver, result, "the GPU's context cannot be used");
}

static void close_gpu(gpu *x) {
    gcs_cuda_runner_close(&x->runner);
    x->driver->context_pop(&x->context);
    x->driver->context_release(x->which);
}

static gcs_status open_gpu(gpu *x, const gcs_verify_cuda_choice *choice) {
    int count = 0;
    if (gcs_cuda_built_image.fatbin == NULL)
        return gcs_fail(GCS_UNSUPPORTED, "this build has no CUDA kernels (nvcc was not found)");
    gcs_status status = gcs_cuda_open(&x->driver);
    if (status != GCS_OK)
        return status;
    if (x->driver->context_retain == NULL || x->driver->context_release == NULL)
        return gcs_fail(GCS_UNSUPPORTED,
                        "the CUDA driver has no function cuDevicePrimaryCtxRetain");
    gcs_cu_result result = x->driver->device_count(&count);
    if (result == GCS_CU_SUCCESS && choice->device >= count)
        return gcs_fail(GCS_INVALID_ARGUMENT,
                        "--device: there is no GPU %d; this machine has %d, from 0 on",
                        choice->device, count);
    if (result == GCS_CU_SUCCESS)
        result = x->driver->device_get(&x->which, choice->device);
    if (result != GCS_CU_SUCCESS)
        return gcs_cuda_fail(x->driver, result, "GPU %d cannot be used", choice->device);
    status = make_context(x);
    if (status != GCS_OK)
        return status;
    status = gcs_cuda_runner_open(&x->runner, x->driver, x->which, choice->small);
    if (status != GCS_OK)
        close_gpu(x);
    return status;
}

/* ---- Kernels ---------------------------------------------------------------------------------
 */

static void verify_kernel(gpu *x, const gcs_cuda_kernel *kernel, bool small,
                          gcs_verify_totals *totals) {
    gcs_check_report report = {0}, few = {0};
    gcs_kernel row;
    gcs_runner *runner = &x->runner.runner;
    if (gcs_cuda_runner_take(&x->runner, kernel, &row) != GCS_OK) {
        report.failures = 1;
        snprintf(report.why, sizeof report.why, "%s", gcs_last_error());
        runner->ended = true;
    } else {
        gcs_cuda_few_run(runner, kernel, &row, &few);
        if (few.failures == 0 && !small)
            gcs_check_kernel_by(runner, &row, &report);
        if (few.failures != 0)
            report = few;
        else
            report.cases += few.cases;
    }
    gcs_verify_print(&kernel->row, &report, totals);
}

/* After an error of the device its context is of no use. False: there is no other. */
static bool begin_anew(gpu *x, const gcs_verify_cuda_choice *choice) {
    close_gpu(x);
    if (open_gpu(x, choice) == GCS_OK)
        return true;
    fprintf(stderr, "gcstep verify: no more kernels can be run: %s\n", gcs_last_error());
    return false;
}

/* False: the GPU is lost. */
static bool verify_all(gpu *x, const gcs_verify_cuda_choice *choice, gcs_verify_totals *totals) {
    for (size_t i = 0; i < gcs_cuda_kernel_count; i++) {
        const gcs_cuda_kernel *kernel = &gcs_cuda_kernels[i];
        if (choice->kernel != NULL && choice->kernel != kernel)
            continue;
        if (!gcs_cuda_runner_can(&x->runner, kernel)) {
            printf("%-46s not for this GPU; not verified\n", kernel->row.name);
            totals->left_out++;
            continue;
        }
        verify_kernel(x, kernel, choice->small, totals);
        if (x->runner.runner.ended && !begin_anew(x, choice))
            return false;
    }
    return true;
}

int gcs_verify_cuda(const gcs_verify_cuda_choice *choice) {
    gpu x = {.driver = NULL};
    gcs_verify_totals totals = {0};
    char name[256], where[320];
    if (open_gpu(&x, choice) != GCS_OK) {
        fprintf(stderr, "gcstep verify: %s\n", gcs_last_error());
        return GCS_EXIT_USAGE;
    }
    gcs_cuda_device_format(&x.runner.device, name, sizeof name);
    snprintf(where, sizeof where, ", on %s, driver of CUDA %d.%d", name, x.driver->version / 1000,
             x.driver->version % 1000 / 10);
    const bool all = verify_all(&x, choice, &totals);
    if (all)
        close_gpu(&x);
    const int status = gcs_verify_end(&totals, where);
    return all ? status : GCS_EXIT_FAILED;
}
