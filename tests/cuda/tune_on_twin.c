/* gcstep tune --backend cuda on any machine: the stand-in for the driver runs what verifies a
 * kernel in the twin, and tells times that the test has chosen.
 *
 * tune_on_twin COMMAND ARGUMENTS...: as `gcstep COMMAND ARGUMENTS...`; exit status 99 where
 * something was left on the device. In the environment:
 * - TWIN_TIMES: "KERNEL=US,...": what a launch of a kernel takes, in microseconds; 1000 where it is
 *   not said. A copy takes TWIN_COPY ns for each KiB that it moves from, 250 where it is not said;
 * - TWIN_TROUBLE: what goes wrong on the "GPU" (below);
 * - TWIN_AT: at which launch that is timed; 0 where it is not said;
 * - TWIN_L2: bytes of the GPU's L2. */
#include "cuda/libcuda_standin.h"
#include "cuda/twin_run.h"
#include "dispatch/cuda/choice.h"
#include "dispatch/cuda/image.h"
#include "tune/command.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the place of the library's: there are kernels, whether or not nvcc was here. */
const gcs_cuda_image gcs_cuda_built_image = {
    .fatbin = "stand-in", .version = 13000, .architectures = "the twin"};

/* Of a launch of more blocks or clusters, all of them are of steps that are timed; of none they are
 * needed. */
#define MOST_BLOCKS 200

static const char *times, *trouble;
static uint64_t launches, timed, at;

static const char *variable(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : otherwise;
}

static bool is(const char *name) {
    return strcmp(trouble, name) == 0;
}

static double us_of(const char *kernel) {
    const size_t length = strlen(kernel);
    for (const char *at_name = times; (at_name = strstr(at_name, kernel)) != NULL; at_name++)
        if (at_name[length] == '=' && (at_name == times || at_name[-1] == ','))
            return strtod(at_name + length + 1, NULL);
    return 1000;
}

/* A step that is timed. */
static int take_time(const standin_launch *l) {
    standin_ns += 1e3 * us_of(l->symbol);
    if (timed++ < at)
        return 0;
    if (is("kill"))
        raise(SIGKILL);
    if (is("interrupt") && timed == at + 1)
        raise(SIGINT);
    return is("fault") ? 700 : 0;
}

static int run(void *context, const standin_launch *l) {
    (void)context;
    void *symbol = dlsym(RTLD_DEFAULT, l->symbol);
    twin_kernel *kernel;
    memcpy(&kernel, &symbol, sizeof kernel);
    const gcs_cuda_kernel *row = gcs_cuda_find(l->symbol);
    if (symbol == NULL || row == NULL || row->threads != l->block || row->cluster != l->cluster)
        return 1;
    if (l->grid / l->cluster > MOST_BLOCKS)
        return take_time(l);
    launches++;
    const twin_options options = {.order = (twin_order)(launches % TWIN_ORDERS),
                                  .seed = launches,
                                  .cluster = l->cluster,
                                  .resident = 1};
    const char *why =
        twin_launch(kernel, l->parameter, l->grid, l->block, l->shared_bytes, &options);
    if (why != NULL) {
        fprintf(stderr, "%s: %s\n", l->symbol, why);
        return 700;
    }
    if (strncmp(trouble, "wrong:", 6) == 0 && strcmp(trouble + 6, l->symbol) == 0) {
        const gcs_cuda_launch *launch = l->parameter;
        launch->matrices[launch->work[0].matrix].w[0] += 1;
    }
    return 0;
}

typedef struct command {
    const char *name;
    int (*run)(int argc, char **argv);
} command;

static const command commands[] = {{"explain", gcs_cmd_explain}, {"info", gcs_cmd_info},
                                   {"merge", gcs_cmd_merge},     {"show", gcs_cmd_show},
                                   {"tune", gcs_cmd_tune},       {"verify", gcs_cmd_verify},
                                   {"builtin", gcs_cmd_builtin}};

int main(int argc, char **argv) {
    standin_reset();
    standin_parameter_bytes = sizeof(gcs_cuda_launch);
    standin_virtual_time = true;
    standin_set_hook(run, NULL);
    times = variable("TWIN_TIMES", "");
    trouble = variable("TWIN_TROUBLE", "none");
    at = strtoull(variable("TWIN_AT", "0"), NULL, 10);
    standin_ns_per_byte = strtod(variable("TWIN_COPY", "250"), NULL) / 1024;
    standin_l2_bytes = atoi(variable("TWIN_L2", "1048576"));
    if (is("no_gpu"))
        standin_fail("cuInit", 100, 0);
    if (is("memory"))
        standin_fail("cuMemAlloc_v2", 2, (unsigned)at);
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, argv[1]) != 0)
            continue;
        const int status = commands[i].run(argc - 1, argv + 1);
        fflush(stdout);
        if (standin_alive() == 0)
            return status;
        fprintf(stderr, "left on the device: %u\n", standin_alive());
        return 99;
    }
    fprintf(stderr, "usage: tune_on_twin COMMAND ARGUMENTS...\n");
    return 2;
}
