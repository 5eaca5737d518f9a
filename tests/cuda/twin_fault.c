/* Runs one kernel of sample.h in all ways, for tests that expect a sanitizer to stop it.
 *
 * twin_fault NAME: exit status 0: nothing was found; 1: the twin found something, and says what. */
#include "cuda/sample_fixture.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    twin_kernel *kernel;
} kernels[] = {
#define X(name) {#name, name},
    SAMPLE_KERNELS(X)
#undef X
};

static int run(twin_kernel *kernel, unsigned cluster) {
    static sample_launch s;
    for (unsigned i = 0; i < SAMPLE_WAYS; i++) {
        twin_options options = sample_way(i);
        options.cluster = cluster;
        const char *why = sample_run(&s, kernel, &options);
        if (why) {
            printf("%s\n", why);
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv) {
    for (size_t i = 0; argc == 2 && i < sizeof kernels / sizeof kernels[0]; i++) {
        if (strcmp(argv[1], kernels[i].name) == 0)
            return run(kernels[i].kernel, strstr(argv[1], "cluster") ? SAMPLE_CLUSTER : 1);
    }
    fprintf(stderr, "usage: twin_fault NAME\n");
    return 2;
}
