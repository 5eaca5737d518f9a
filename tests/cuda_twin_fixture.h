/* For tests of plans for a GPU whose launches run, on the stand-in for CUDA's driver and with the
 * kernels compiled for the host. */
#ifndef GCSTEP_TESTS_CUDA_TWIN_FIXTURE_H
#define GCSTEP_TESTS_CUDA_TWIN_FIXTURE_H

#include "cuda_fixture.h"

#include "cuda/twin_run.h"
#include <dlfcn.h>
#include <stdio.h>

/* Which thread and block goes first, another one with each launch. */
static uint64_t twin_launches;

static inline int run_in_twin(void *context, const standin_launch *launch) {
    (void)context;
    twin_kernel *kernel;
    void *symbol = dlsym(RTLD_DEFAULT, launch->symbol);
    assert_non_null(symbol);
    memcpy(&kernel, &symbol, sizeof symbol);
    const twin_options options = {.order = (twin_order)(twin_launches % TWIN_ORDERS),
                                  .seed = twin_launches,
                                  .cluster = launch->cluster,
                                  .resident = 1,
                                  .blocks_backwards = twin_launches / 4 % 2 != 0};
    twin_launches++;
    const char *wrong = twin_launch(kernel, launch->parameter, launch->grid, launch->block,
                                    launch->shared_bytes, &options);
    if (wrong != NULL)
        fail_msg("%s: %s", launch->symbol, wrong);
    return 0;
}

static inline void open_twin(const fixture *f) {
    standin_reset();
    standin_parameter_bytes = sizeof(gcs_cuda_launch);
    standin_register(f->memory, f->floats * sizeof(float), STANDIN_DEVICE, 0);
    standin_set_hook(run_in_twin, NULL);
}

#endif
