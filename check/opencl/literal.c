/* Kernels built for one form: see literal.h. */
#include "check/opencl/literal.h"
#include "check/forms.h"

enum { COMMON = 3 };

static bool takes(const gcs_kernel *row, gcs_op op, gcs_center center) {
    if (row->op != op)
        return false;
    if (op == GCS_OP_MEASURE)
        return true;
    if (row->means_given)
        return center != GCS_CENTER_NONE;
    return row->center == center ||
           (row->center == GCS_CENTER_GRADIENT && center == GCS_CENTER_RAW_GRADIENT);
}

/* Whether it is the kernel's turn: the form is number `number` of those with its centre, and the
 * kernels that take it get every so many-th. */
static bool is_dealt(const gcs_opencl_kernel *kernel, gcs_center center, size_t number) {
    size_t takers = 0, mine = 0;
    for (size_t i = 0; i < gcs_opencl_kernel_count; i++) {
        const gcs_opencl_kernel *other = &gcs_opencl_kernels[i];
        if (other == kernel)
            mine = takers;
        takers += takes(&other->row, kernel->row.op, center);
    }
    return (number + (size_t)center) % takers == mine;
}

/* Kinds that differ for the kernel: those that step nothing write no copy. */
static unsigned kinds_of(const gcs_kernel *row) {
    const bool steps = row->op == GCS_OP_STEP || row->op == GCS_OP_TRAFFIC;
    return steps ? gcs_forms_kinds(row) : GCS_TYPE_F16 + 1;
}

/* Calls none: counts. Else the form of that index is left in *form. */
static size_t deal(const gcs_opencl_kernel *kernel, size_t wanted, gcs_form *form) {
    const gcs_kernel *row = &kernel->row;
    const unsigned kinds = kinds_of(row), pairs = gcs_forms_pairs(row);
    size_t dealt = 0, of_center[GCS_CENTER_UPDATE + 1] = {0};
    for (unsigned pair = 0; pair < pairs; pair++) {
        for (unsigned kind = 0; kind < kinds; kind++) {
            const gcs_form here = gcs_forms_at(row, pair, kind);
            if (!is_dealt(kernel, here.center, of_center[here.center]++))
                continue;
            if (dealt++ == wanted)
                *form = here;
        }
    }
    return dealt;
}

static gcs_form common_at(const gcs_opencl_kernel *kernel, size_t index) {
    static const gcs_rule rules[COMMON] = {GCS_RULE_ADAM, GCS_RULE_SGDM, GCS_RULE_ADAMW};
    static const gcs_center centers[COMMON] = {GCS_CENTER_GRADIENT, GCS_CENTER_UPDATE,
                                               GCS_CENTER_RAW_GRADIENT};
    const size_t turn = ((size_t)(kernel - gcs_opencl_kernels) + index) % COMMON;
    const bool any = kernel->row.means_given || kernel->row.op == GCS_OP_MEASURE;
    return (gcs_form){.rule = rules[turn],
                      .center = any ? centers[turn] : kernel->row.center,
                      .gradient = GCS_TYPE_F32,
                      .copy = GCS_COPY_NONE};
}

size_t gcs_opencl_literal_count(const gcs_opencl_kernel *kernel) {
    gcs_form unused;
    return COMMON + deal(kernel, SIZE_MAX, &unused);
}

gcs_form gcs_opencl_literal_at(const gcs_opencl_kernel *kernel, size_t index) {
    gcs_form form = common_at(kernel, index);
    if (index >= COMMON)
        deal(kernel, index - COMMON, &form);
    return form;
}
