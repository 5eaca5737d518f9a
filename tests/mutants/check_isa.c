/* Runs check/ on all kernels of one ISA, for mutants.sh.
 *
 * check_isa NAME: exit status 0: all passed; 1: one was refused (and says why); 2: bad usage;
 * 3: this machine or this build has no such kernels. */
#include "check/check.h"
#include "dispatch/registry.h"
#include <stdio.h>

enum { PASSED, REFUSED, USAGE, CANNOT_RUN };

int main(int argc, char **argv) {
    gcs_isa isa;
    if (argc != 2 || !gcs_isa_parse(argv[1], &isa)) {
        fprintf(stderr, "usage: check_isa ISA\n");
        return USAGE;
    }
    const gcs_kernel_list *list = gcs_registry_isa(isa);
    if (!list || !gcs_cpu_allows(isa))
        return CANNOT_RUN;
    for (size_t i = 0; i < list->count; i++) {
        gcs_check_report report;
        if (!gcs_check_kernel(&list->kernels[i], &report)) {
            printf("%s: %s\n", list->kernels[i].name, report.why);
            return REFUSED;
        }
    }
    printf("%zu kernels passed\n", list->count);
    return list->count == 0 ? USAGE : PASSED;
}
