/* gcstep verify --backend cuda on any machine: the stand-in for the driver runs each kernel in the
 * twin.
 *
 * verify_on_twin TROUBLE STATUS ARGUMENTS...: `gcstep verify ARGUMENTS...` has to end with that
 * exit status. TROUBLE: what goes wrong on the "GPU" (below), or none. */
#include "cuda/libcuda_standin.h"
#include "cuda/twin_run.h"
#include "dispatch/cuda/choice.h"
#include "dispatch/cuda/image.h"
#include "tune/command.h"
#include "tune/verify_table.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the place of the library's: there are kernels, whether or not nvcc was here. */
const gcs_cuda_image gcs_cuda_built_image = {
    .fatbin = "stand-in", .version = 13000, .architectures = "the twin"};

/* Of --table, which is no subject here. */
int gcs_verify_table(const char *path, uint64_t seconds) {
    (void)path;
    (void)seconds;
    return GCS_EXIT_USAGE;
}

static const char *trouble;
static uint64_t launches;

static bool is(const char *name) {
    return strcmp(trouble, name) == 0;
}

/* A trouble with what a launch has written, of a kernel of rows. */
static void spoil(const standin_launch *l, const gcs_cuda_launch *launch) {
    const gcs_cuda_work *item = &launch->work[l->grid / l->cluster - 1];
    const gcs_cuda_matrix *matrix = &launch->matrices[item->matrix];
    float *end =
        matrix->w + ((item->slice * matrix->rows) + item->first + item->count) * matrix->cols;
    if (is("beside")) {
        *end = 1;
    } else if (is("before")) {
        matrix->m[-1] = 1;
    } else if (is("wrong")) {
        uint32_t bits;
        memcpy(&bits, end - 1, sizeof bits);
        bits ^= 1;
        memcpy(end - 1, &bits, sizeof bits);
    } else if (is("descriptor")) {
        ((gcs_cuda_matrix *)(uintptr_t)launch->matrices)->index++;
    } else if (is("record")) {
        launch->scratch[item->place]++;
    }
}

static int run(void *context, const standin_launch *l) {
    (void)context;
    void *symbol = dlsym(RTLD_DEFAULT, l->symbol);
    twin_kernel *kernel;
    memcpy(&kernel, &symbol, sizeof kernel);
    const gcs_cuda_kernel *row = gcs_cuda_find(l->symbol);
    launches++;
    if (symbol == NULL || row == NULL || row->threads != l->block || row->cluster != l->cluster)
        return 1;
    if (is("fault") && launches > 3)
        return 700;
    const twin_options options = {.order = (twin_order)(launches % TWIN_ORDERS),
                                  .seed = launches,
                                  .cluster = l->cluster,
                                  .resident = 1,
                                  .blocks_backwards = launches / TWIN_ORDERS % 2 != 0};
    const char *why =
        twin_launch(kernel, l->parameter, l->grid, l->block, l->shared_bytes, &options);
    if (why) {
        fprintf(stderr, "%s: %s\n", l->symbol, why);
        return 700;
    }
    spoil(l, l->parameter);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: verify_on_twin TROUBLE STATUS ARGUMENTS...\n");
        return 2;
    }
    trouble = argv[1];
    standin_reset();
    standin_parameter_bytes = sizeof(gcs_cuda_launch);
    standin_set_hook(run, NULL);
    if (is("no_gpu"))
        standin_fail("cuInit", 100, 0);
    if (is("memory"))
        standin_fail("cuMemAlloc_v2", 2, 0);
    const int wanted = atoi(argv[2]);
    argv[2] = "verify";
    const int status = gcs_cmd_verify(argc - 2, argv + 2);
    const unsigned left = standin_alive();
    printf("exit status %d, %llu launches, left on the device: %u\n", status,
           (unsigned long long)launches, left);
    return status != wanted || left != 0;
}
