/* The work of gcs_measure on an OpenCL device: which kernel measures which block, and the items of
 * each. */
#include "dispatch/opencl/measure.h"

#include "dispatch/error.h"

#include <stdlib.h>

#define LONGEST_ROW 65536 /* that one work-group takes */
#define ELEMENTS    16384 /* of an item, about, where the rows are short */

bool gcs_opencl_measures_by_parts(uint64_t cols, bool flat) {
    return cols > (flat ? GCS_SEGMENT : LONGEST_ROW);
}

static gcs_status no_memory(void) {
    return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for measuring");
}

/* ---- Kernels ------------------------------------------------------------------------------- */

static gcs_opencl_kind kind_of(const gcs_planned_tensor *planned, const gcs_measured_block *b,
                               gcs_op op) {
    const bool cols = planned->shape.layout == GCS_LAYOUT_COLS;
    if (op == GCS_OP_CHANGE)
        return cols ? GCS_OPENCL_CHANGE_COLS : GCS_OPENCL_CHANGE_ROWS;
    return b->split ? GCS_OPENCL_PARTS : cols ? GCS_OPENCL_WHOLE_COLS : GCS_OPENCL_WHOLE_ROWS;
}

static gcs_view view_of(gcs_opencl_kind kind) {
    const bool cols = kind == GCS_OPENCL_WHOLE_COLS || kind == GCS_OPENCL_CHANGE_COLS;
    return kind == GCS_OPENCL_PARTS ? GCS_VIEW_PART : cols ? GCS_VIEW_COLS : GCS_VIEW_ROWS;
}

/* The kernel for a block, which must be the one that the others of its kind have. In the form that
 * it is built for here it is likely to be needed. */
static gcs_status take_kernel(gcs_plan *plan, const gcs_planned_tensor *planned,
                              const gcs_measured_block *b, gcs_opencl_kind kind) {
    struct gcs_opencl_plan *opencl = plan->opencl;
    gcs_opencl_measure_use *to = &opencl->measuring->uses[kind];
    const bool change = kind >= GCS_OPENCL_CHANGE_ROWS;
    const gcs_form form = change ? planned->form
                          : planned->form.center != GCS_CENTER_NONE && !planned->cut
                              ? plan->measuring->centred
                              : plan->measuring->raw;
    const gcs_view view = view_of(kind);
    const gcs_need need = {.op = change ? GCS_OP_CHANGE : GCS_OP_MEASURE,
                           .form = form,
                           .view = view,
                           .length = view == GCS_VIEW_PART   ? GCS_SEGMENT
                                     : view == GCS_VIEW_COLS ? b->block.rows
                                                             : b->block.cols};
    gcs_opencl_built *built = NULL;
    gcs_status status = GCS_OK;
    while (status == GCS_OK && built == NULL) {
        const gcs_opencl_kernel *kernel =
            to->kernel != NULL && gcs_opencl_fits(to->kernel, &need, &opencl->device)
                ? to->kernel
                : gcs_opencl_kernel_for(&need, 0, &opencl->device, opencl->refused);
        if (kernel == NULL || (to->kernel != NULL && kernel != to->kernel))
            return gcs_fail(GCS_UNSUPPORTED,
                            "no OpenCL kernel that measures groups of %llu elements on '%s'",
                            (unsigned long long)need.length, opencl->device.name);
        const uint64_t local = gcs_opencl_local_bytes(kernel, need.length);
        status = gcs_opencl_build(opencl, kernel, &form, local, &built);
        if (built != NULL) {
            to->kernel = kernel;
            to->use.local_bytes = local > to->use.local_bytes ? local : to->use.local_bytes;
        } else if (to->kernel != NULL && status == GCS_OK) {
            return gcs_fail(GCS_UNSUPPORTED, "kernel %s cannot be run in all its forms on '%s'",
                            kernel->row.name, opencl->device.name);
        }
    }
    return status;
}

/* ---- Work ---------------------------------------------------------------------------------- */

/* Rows of an item: long ones go one by one, so that the device is busy. */
static unsigned rows_of_item(const gcs_opencl_kernel *kernel, uint64_t cols) {
    const uint64_t rows = ELEMENTS / cols;
    return rows < 1 ? 1 : rows > kernel->capacity ? kernel->capacity : (unsigned)rows;
}

/* One matrix. */
static gcs_status add_matrix(gcs_plan *plan, gcs_opencl_measure_use *to,
                             const gcs_opencl_measured *what) {
    gcs_opencl_measuring *measuring = plan->opencl->measuring;
    const size_t at = measuring->count++;
    gcs_opencl_kernel cutter = *to->kernel;
    measuring->measured[at] = *what;
    measuring->matrices[at] = (gcs_opencl_matrix){.rows = what->block.rows,
                                                  .cols = what->block.cols,
                                                  .group = plan->tensors[what->tensor].shape.group};
    if (cutter.row.view == GCS_VIEW_ROWS)
        cutter.capacity = rows_of_item(to->kernel, what->block.cols);
    if (!gcs_opencl_cut_matrix(&to->use.work, &cutter, (uint32_t)at, &measuring->matrices[at],
                               what->block.slices, 0,
                               gcs_opencl_units_of(&cutter, &measuring->matrices[at])))
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for measuring, or a tensor too large");
    return GCS_OK;
}

static gcs_status add_rows(gcs_plan *plan, gcs_opencl_measure_use *to, gcs_opencl_measured row,
                           uint64_t rows) {
    gcs_status status = GCS_OK;
    row.block.rows = 1;
    for (uint64_t i = 0; i < rows && status == GCS_OK; i++) {
        status = add_matrix(plan, to, &row);
        row.block.at += row.block.cols;
        row.block.group++;
        row.place++;
        row.from_part += gcs_segments_of(row.block.cols);
    }
    return status;
}

/* Each block is a part of its own. */
static gcs_status add_block(gcs_plan *plan, size_t index, size_t number, gcs_op op) {
    const gcs_planned_tensor *planned = &plan->tensors[index];
    const gcs_measured_block *b = &plan->measuring->tensors[index].blocks[number];
    gcs_opencl_measuring *measuring = plan->opencl->measuring;
    const gcs_opencl_kind kind = kind_of(planned, b, op);
    gcs_opencl_measure_use *to = &measuring->uses[kind];
    const gcs_opencl_measured what = {
        .tensor = index, .block = b->block, .place = b->place, .from_part = b->segment};
    gcs_status status = take_kernel(plan, planned, b, kind);
    if (status != GCS_OK)
        return status;
    gcs_opencl_range *matrices = realloc(to->matrices, (to->use.count + 1) * sizeof *matrices);
    if (matrices == NULL)
        return no_memory();
    to->matrices = matrices;
    if (gcs_opencl_add_part(&to->use, index) == NULL)
        return no_memory();
    gcs_opencl_range *range = &matrices[to->use.count - 1];
    range->first = measuring->count;
    status = kind == GCS_OPENCL_PARTS ? add_rows(plan, to, what, b->block.rows)
                                      : add_matrix(plan, to, &what);
    range->end = measuring->count;
    gcs_opencl_end_part(&to->use);
    return status;
}

/* All blocks that are split, or all that are not; of those whose change is centred, all. */
static gcs_status add_blocks(gcs_plan *plan, gcs_op op, bool split) {
    gcs_status status = GCS_OK;
    for (size_t i = 0; i < plan->count; i++) {
        const gcs_measured_tensor *tensor = &plan->measuring->tensors[i];
        const bool change = op == GCS_OP_CHANGE;
        if (change && plan->tensors[i].form.center != GCS_CENTER_UPDATE)
            continue;
        for (size_t k = 0; k < tensor->count && status == GCS_OK; k++) {
            if (change || tensor->blocks[k].split == split)
                status = add_block(plan, i, k, op);
        }
    }
    return status;
}

gcs_status gcs_opencl_measuring_work(gcs_plan *plan) {
    gcs_status status = add_blocks(plan, GCS_OP_MEASURE, true);
    if (status == GCS_OK)
        status = add_blocks(plan, GCS_OP_MEASURE, false);
    return status == GCS_OK ? add_blocks(plan, GCS_OP_CHANGE, false) : status;
}
