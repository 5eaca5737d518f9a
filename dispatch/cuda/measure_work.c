/* The work of gcs_measure on a GPU: which kernel measures which block, and the items of each. */
#include "dispatch/cuda/measure.h"

#include "dispatch/cuda/module.h"
#include "dispatch/error.h"

#include <stdlib.h>

#define LONGEST_ROW 16384 /* that one warp takes: 16 segments, one after the other */
#define ELEMENTS    16384 /* of an item, about, where the rows are short */
#define WARP        32

bool gcs_cuda_measures_by_parts(uint64_t cols, bool flat) {
    return cols > (flat ? GCS_SEGMENT : LONGEST_ROW);
}

static gcs_status no_memory(void) {
    return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for measuring");
}

/* ---- Kernels ------------------------------------------------------------------------------- */

/* Which use a block has: of uses[...] that begin there, the first or second. */
static size_t use_number(const gcs_planned_tensor *planned, const gcs_measured_block *b,
                         gcs_op op) {
    const bool cols = planned->shape.layout == GCS_LAYOUT_COLS;
    if (op == GCS_OP_CHANGE)
        return (size_t)GCS_CUDA_CHANGES + cols;
    const size_t view = b->split ? GCS_CUDA_PARTS
                        : cols   ? GCS_CUDA_WHOLE_COLS
                                 : GCS_CUDA_WHOLE_ROWS;
    return view + (planned->form.center != GCS_CENTER_NONE);
}

/* The kernel for a block, which must be the one that the use has. */
static gcs_status take_kernel(const gcs_plan *plan, const gcs_planned_tensor *planned,
                              const gcs_measured_block *b, gcs_op op, gcs_cuda_use *use) {
    const struct gcs_cuda_plan *cuda = plan->cuda;
    const bool cols = planned->shape.layout == GCS_LAYOUT_COLS;
    const bool part = b->split && op == GCS_OP_MEASURE;
    const gcs_need need = {.op = op,
                           .form = planned->form,
                           .view = part   ? GCS_VIEW_PART
                                   : cols ? GCS_VIEW_COLS
                                          : GCS_VIEW_ROWS,
                           .length = part   ? GCS_SEGMENT
                                     : cols ? b->block.rows
                                            : b->block.cols};
    const gcs_cuda_kernel *kernel = gcs_cuda_kernel_for(&need, &cuda->device);
    if (kernel == NULL)
        return gcs_fail(GCS_UNSUPPORTED, "no CUDA kernel that measures groups of %llu elements",
                        (unsigned long long)need.length);
    if (use->kernel != NULL)
        return GCS_OK;
    use->kernel = kernel;
    use->shared_bytes = (unsigned)gcs_cuda_shared_bytes(kernel, need.length, 1);
    use->parts = calloc(plan->count, sizeof *use->parts);
    return use->parts != NULL ? gcs_cuda_module_function(cuda->driver, cuda->module, kernel,
                                                         use->shared_bytes, &use->function)
                              : no_memory();
}

/* ---- Work ---------------------------------------------------------------------------------- */

/* Rows of an item: each warp has one or more. Many long ones would leave multiprocessors idle. */
static unsigned rows_of_item(const gcs_cuda_kernel *kernel, uint64_t cols) {
    const unsigned least = kernel->threads / WARP;
    const uint64_t rows = ELEMENTS / cols;
    return rows < least ? least : rows > kernel->capacity ? kernel->capacity : (unsigned)rows;
}

/* One matrix. */
static gcs_status add_matrix(gcs_plan *plan, gcs_cuda_use *use, const gcs_cuda_measured *what) {
    gcs_cuda_measuring *measuring = plan->cuda->measuring;
    const gcs_tensor *shape = &plan->tensors[what->tensor].shape;
    const uint64_t rows = what->block.rows, cols = what->block.cols;
    const gcs_view view = use->kernel->row.view;
    const size_t at = measuring->count++;
    gcs_cuda_kernel cutter = *use->kernel;
    uint64_t units = cols;
    if (view == GCS_VIEW_PART) {
        units = gcs_segments_of(cols);
        cutter.capacity = cutter.threads / WARP;
    } else if (view == GCS_VIEW_ROWS) {
        units = rows;
        cutter.capacity = rows_of_item(use->kernel, cols);
    }
    measuring->measured[at] = *what;
    measuring->matrices[at] = (gcs_cuda_matrix){.rows = rows, .cols = cols, .group = shape->group};
    if (!gcs_cuda_cut_matrix(&use->work, &cutter, (uint32_t)at, &measuring->matrices[at],
                             what->block.slices, 1, 0, units))
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for measuring, or a tensor too large");
    if (use->work.steps.count > INT32_MAX)
        return gcs_fail(GCS_UNSUPPORTED, "the tensors together are too large for a CUDA launch");
    return GCS_OK;
}

static gcs_status add_rows(gcs_plan *plan, gcs_cuda_use *use, gcs_cuda_measured row,
                           uint64_t rows) {
    gcs_status status = GCS_OK;
    row.block.rows = 1;
    for (uint64_t i = 0; i < rows && status == GCS_OK; i++) {
        status = add_matrix(plan, use, &row);
        row.block.at += row.block.cols;
        row.block.group++;
        row.place++;
        row.from_part += gcs_segments_of(row.block.cols);
    }
    return status;
}

static gcs_status add_block(gcs_plan *plan, size_t index, size_t number, gcs_op op) {
    const gcs_planned_tensor *planned = &plan->tensors[index];
    const gcs_measured_block *b = &plan->measuring->tensors[index].blocks[number];
    gcs_cuda_use *use = &plan->cuda->measuring->uses[use_number(planned, b, op)];
    const gcs_cuda_measured what = {
        .tensor = index, .block = b->block, .place = b->place, .from_part = b->segment};
    gcs_status status = take_kernel(plan, planned, b, op, use);
    if (status != GCS_OK)
        return status;
    if (use->count == 0 || use->parts[use->count - 1].tensor != index)
        use->parts[use->count++] =
            (gcs_cuda_part){.tensor = index, .first_step = use->work.steps.count};
    status = b->split && op == GCS_OP_MEASURE ? add_rows(plan, use, what, b->block.rows)
                                              : add_matrix(plan, use, &what);
    gcs_cuda_part *part = &use->parts[use->count - 1];
    part->steps = use->work.steps.count - part->first_step;
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

gcs_status gcs_cuda_measuring_work(gcs_plan *plan) {
    gcs_status status = add_blocks(plan, GCS_OP_MEASURE, true);
    if (status == GCS_OK)
        status = add_blocks(plan, GCS_OP_MEASURE, false);
    return status == GCS_OK ? add_blocks(plan, GCS_OP_CHANGE, false) : status;
}
