/* Loading the kernels that lie in the library. */
#include "dispatch/cuda/module.h"

#include "dispatch/cuda/image.h"
#include "dispatch/error.h"

/* A block may have so much dynamic shared memory, and a cluster so many blocks, without asking. */
#define SHARED_UNASKED  (48U * 1024)
#define CLUSTER_UNASKED 8

/* All kernels of a module were compiled alike, so one of them tells. */
static gcs_status read_code(const gcs_cuda_driver *driver, gcs_cu_module module,
                            gcs_cuda_device *device) {
    const char *name = gcs_cuda_kernels[0].row.name;
    gcs_cu_function function;
    int version = 0; /* 10 x major + minor */
    gcs_cu_result result = driver->module_function(&function, module, name);
    if (result == GCS_CU_SUCCESS)
        result = driver->function_get(&version, GCS_CU_FUNCTION_PTX_VERSION, function);
    if (result != GCS_CU_SUCCESS)
        return gcs_cuda_fail(driver, result, "kernel %s cannot be used", name);
    device->code_major = version / 10;
    return GCS_OK;
}

gcs_status gcs_cuda_module_check(void) {
    if (gcs_cuda_built_image.fatbin == NULL)
        return gcs_fail(GCS_UNSUPPORTED, "this build has no CUDA kernels (nvcc was not found)");
    return GCS_OK;
}

gcs_status gcs_cuda_module_load(const gcs_cuda_driver *driver, gcs_cu_module *module,
                                gcs_cuda_device *device) {
    const gcs_cuda_image *image = &gcs_cuda_built_image;
    const gcs_status status = gcs_cuda_module_check();
    if (status != GCS_OK)
        return status;
    /* Machine code is for drivers of the same major version on. */
    const bool is_older = driver->version / 1000 < image->version / 1000;
    const gcs_cu_result result =
        driver->module_load(module, is_older && image->ptx != NULL ? image->ptx : image->fatbin);
    if (result != GCS_CU_SUCCESS)
        return gcs_cuda_fail(driver, result,
                             "the CUDA kernels of this build (%s, by CUDA %d.%d) cannot be loaded "
                             "by a driver of CUDA %d.%d",
                             image->architectures, image->version / 1000,
                             image->version % 1000 / 10, driver->version / 1000,
                             driver->version % 1000 / 10);
    return read_code(driver, *module, device);
}

gcs_status gcs_cuda_module_function(const gcs_cuda_driver *driver, gcs_cu_module module,
                                    const gcs_cuda_kernel *kernel, unsigned shared_bytes,
                                    gcs_cu_function *function) {
    gcs_cu_result result = driver->module_function(function, module, kernel->row.name);
    if (result == GCS_CU_SUCCESS && shared_bytes > SHARED_UNASKED)
        result =
            driver->function_set(*function, GCS_CU_FUNCTION_MAX_DYNAMIC_SHARED, (int)shared_bytes);
    if (result == GCS_CU_SUCCESS && kernel->cluster > CLUSTER_UNASKED)
        result = driver->function_set(*function, GCS_CU_FUNCTION_ANY_CLUSTER, 1);
    /* A driver that loads lazily would else do so at the first launch. */
    if (result == GCS_CU_SUCCESS && driver->function_load != NULL)
        result = driver->function_load(*function);
    if (result != GCS_CU_SUCCESS)
        return gcs_cuda_fail(driver, result, "kernel %s cannot be used", kernel->row.name);
    return GCS_OK;
}
