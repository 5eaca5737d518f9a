/* Kernels of every ISA as converters: what a 16-bit gradient is worth to them, and what they make
 * of a weight. */
#ifndef GCSTEP_TESTS_TYPES_FIXTURE_H
#define GCSTEP_TESTS_TYPES_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "dispatch/registry.h"

/* Kernels that step elements one by one when every given mean is 0. */
static inline bool steps_plainly(const gcs_kernel *k) {
    return k->general && k->op == GCS_OP_STEP &&
           (k->view == GCS_VIEW_FLAT || k->view == GCS_VIEW_PART || k->means_given);
}

/* Kernel number `index` of those that this machine may run, or NULL behind the last. */
static inline const gcs_kernel *plain_kernel(size_t index) {
    for (size_t l = 0; l < gcs_registry_lists(); l++) {
        const gcs_kernel_list *list = gcs_registry_list(l);
        for (size_t k = 0; gcs_cpu_allows(list->isa) && k < list->count; k++) {
            if (steps_plainly(&list->kernels[k]) && index-- == 0)
                return &list->kernels[k];
        }
    }
    return NULL;
}

#define FOR_EACH_PLAIN_KERNEL(kernel)                                                              \
    for (size_t number = 0; (kernel = plain_kernel(number)) != NULL; number++)

/* One step of SGD with lr 1 over `count` elements: w becomes w - g, and the copy is made of it. */
static inline void step_plainly(const gcs_kernel *kernel, gcs_type type, gcs_copy copy,
                                uint64_t count, float *w, const void *g, uint16_t *to,
                                const gcs_draw *draw) {
    const gcs_coef coef = {.scale = 1, .step = 1};
    /* A part has its state, of which SGD has none, stepped before; the mean is 0 in any case. */
    const gcs_center center = kernel->means_given ? GCS_CENTER_UPDATE : kernel->center;
    const gcs_form form = {GCS_RULE_SGD, center, type, copy};
    float *means = calloc((size_t)count, sizeof *means);
    assert_non_null(means);
    gcs_args args = {.w = w,
                     .g = g,
                     .copy = to,
                     .rows = 1,
                     .cols = count,
                     .last = kernel->view == GCS_VIEW_ROWS ? 1 : count,
                     .coef = &coef,
                     .form = &form,
                     .means = kernel->means_given ? means : NULL};
    if (draw != NULL)
        args.draw = *draw;
    kernel->run(&args);
    free(means);
}

#endif
