/* A sum kernel that writes its sums over the elements it has read, which is how the segment sums of
 * a long row are summed again. */
#include "check/cases.h"
#include "check/compare.h"
#include "check/order.h"
#include <stdio.h>

enum { SEGMENTS = 6, COUNT = (SEGMENTS - 1) * GCS_SEGMENT + 17 };

bool gcs_check_in_place(const gcs_kernel *kernel, char *why, size_t why_size) {
    static const gcs_coef as_it_is = {.scale = 1};
    static const gcs_form form = {.rule = GCS_RULE_SGD, .center = GCS_CENTER_GRADIENT};
    static float w[COUNT], g[COUNT], m[COUNT], v[COUNT], v_max[COUNT];
    float want[SEGMENTS];
    gcs_input_fill(GCS_CLASS_NORMAL, 1, COUNT, 1, &(gcs_input){w, g, m, v, v_max});
    for (uint64_t s = 0; s < SEGMENTS; s++)
        want[s] = gcs_order_segment(g + s * GCS_SEGMENT, s + 1 < SEGMENTS ? GCS_SEGMENT : 17);
    kernel->run(&(gcs_args){.g = g,
                            .rows = 1,
                            .cols = COUNT,
                            .last = COUNT,
                            .coef = &as_it_is,
                            .form = kernel->general ? &form : NULL,
                            .out = g});
    uint64_t i = gcs_first_difference(g, want, SEGMENTS);
    if (i == SEGMENTS)
        return true;
    snprintf(why, why_size, "in place: sum %llu is %.9g, must be %.9g", (unsigned long long)i,
             (double)g[i], (double)want[i]);
    return false;
}
