/* Kernels on a GPU for check/: see runner.h. */
#include "check/cuda/runner.h"

#include "check/cuda/errand.h"
#include "dispatch/cuda/module.h"

#include <stdlib.h>

static bool takes(const gcs_cuda_runner *r, const gcs_cuda_kernel *kernel, uint64_t length) {
    return gcs_cuda_columns(kernel, length, r->device.shared_bytes) != 0;
}

bool gcs_cuda_runner_can(const gcs_cuda_runner *r, const gcs_cuda_kernel *kernel) {
    return (kernel->keeping != GCS_CUDA_CLUSTER || r->device.code_major >= 9) &&
           takes(r, kernel, 1);
}

/* The longest group that the kernel takes on this GPU; 0: any. */
static uint64_t longest(const gcs_cuda_runner *r, const gcs_cuda_kernel *kernel) {
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

gcs_status gcs_cuda_runner_take(gcs_cuda_runner *r, const gcs_cuda_kernel *kernel,
                                gcs_kernel *row) {
    const bool keeps = kernel->keeping == GCS_CUDA_KEEP || kernel->keeping == GCS_CUDA_CLUSTER;
    r->kernel = kernel;
    r->calls = 0;
    *row = kernel->row;
    row->max_length = longest(r, kernel);
    return gcs_cuda_module_function(r->driver, r->module, kernel,
                                    keeps ? (unsigned)r->device.shared_bytes : 0, &r->function);
}

gcs_status gcs_cuda_runner_open(gcs_cuda_runner *r, const gcs_cuda_driver *driver,
                                gcs_cu_device which, bool apart) {
    *r = (gcs_cuda_runner){.runner.run = gcs_cuda_errand_run, .driver = driver};
    gcs_freight_open(&r->freight, driver, NULL, apart);
    gcs_status status = gcs_cuda_device_read(driver, which, &r->device);
    if (status == GCS_OK)
        status = gcs_cuda_module_load(driver, &r->module, &r->device);
    if (status != GCS_OK)
        return status;
    const gcs_cu_result result = driver->stream_create(&r->stream, GCS_CU_STREAM_NON_BLOCKING);
    if (result != GCS_CU_SUCCESS)
        return gcs_cuda_fail(driver, result, "no stream can be made");
    r->freight.stream = r->stream;
    return GCS_OK;
}

void gcs_cuda_runner_close(gcs_cuda_runner *r) {
    gcs_freight_close(&r->freight);
    if (r->stream != NULL)
        r->driver->stream_destroy(r->stream);
    if (r->module != NULL)
        r->driver->module_unload(r->module);
    free(r->cut.sums.items);
    free(r->cut.steps.items);
    free(r->scratch);
    *r = (gcs_cuda_runner){.driver = r->driver};
}
