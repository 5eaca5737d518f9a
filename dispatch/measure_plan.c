/* Before the first gcs_measure of a plan: its work is cut and memory for the figures made. */
#include "dispatch/cuda/measure.h"
#include "dispatch/error.h"
#include "dispatch/measure_internal.h"
#include "dispatch/opencl/measure.h"

#include <stdlib.h>

/* Sizes of the memory, counted while tensors are described. */
typedef struct sizes {
    uint64_t entries, segments, combined;
} sizes;

static bool is_split(const gcs_plan *plan, const gcs_tensor *shape, const gcs_block *b) {
    if (shape->layout == GCS_LAYOUT_COLS)
        return false;
    const bool flat = shape->layout == GCS_LAYOUT_FLAT;
    return plan->cuda != NULL     ? gcs_cuda_measures_by_parts(b->cols, flat)
           : plan->opencl != NULL ? gcs_opencl_measures_by_parts(b->cols, flat)
                                  : gcs_rows_are_few_and_long(b->rows, b->cols, plan->threads);
}

static void describe(const gcs_plan *plan, const gcs_planned_tensor *planned,
                     gcs_measured_tensor *tensor, sizes *total) {
    const gcs_tensor *shape = &planned->shape;
    gcs_block blocks[GCS_MAX_BLOCKS];
    tensor->count = gcs_tensor_blocks(shape, blocks);
    tensor->place = total->entries;
    for (size_t i = 0; i < tensor->count; i++) {
        const gcs_block *b = &blocks[i];
        const bool rows = shape->layout != GCS_LAYOUT_COLS;
        const bool split = is_split(plan, shape, b);
        tensor->blocks[i] = (gcs_measured_block){
            .block = *b, .place = total->entries, .split = split, .segment = total->segments};
        total->entries += rows ? b->rows : b->cols * b->slices;
        total->segments += split ? b->rows * gcs_segments_of(b->cols) : 0;
    }
    tensor->entries = total->entries - tensor->place;
    /* Rows are apart in each piece; columns have an entry in each block that they run through. */
    tensor->in_order = shape->layout != GCS_LAYOUT_COLS ||
                       (tensor->count == 1 && tensor->entries == planned->groups);
    if (!tensor->in_order && planned->groups > total->combined)
        total->combined = planned->groups;
}

void gcs_measuring_place(const gcs_measuring *measuring, float *memory, gcs_measured *figures,
                         gcs_measured *segments) {
    const uint64_t n = measuring->entries, k = measuring->segment_entries;
    float *behind = memory + 5 * n;
    *figures = (gcs_measured){.sum = memory,
                              .square = memory + n,
                              .max = memory + 2 * n,
                              .square_centered = memory + 3 * n,
                              .max_centered = memory + 4 * n};
    *segments = (gcs_measured){.sum = behind, .square = behind + k, .max = behind + 2 * k};
}

static gcs_status allocate(gcs_measuring *measuring, const sizes *n) {
    const uint64_t most = (uint64_t)PTRDIFF_MAX / sizeof(float);
    const uint64_t floats = 5 * n->entries + 3 * n->segments + n->combined;
    measuring->memory = floats <= most ? malloc(floats * sizeof(float)) : NULL;
    if (measuring->memory == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for measuring");
    measuring->entries = n->entries;
    measuring->segment_entries = n->segments;
    measuring->combined = measuring->memory + 5 * n->entries + 3 * n->segments;
    gcs_measuring_place(measuring, measuring->memory, &measuring->figures, &measuring->segments);
    return GCS_OK;
}

/* Adds the work of kernels for `op` on a block. */
static gcs_status add_block(gcs_plan *plan, gcs_work_list *list, size_t index, size_t block,
                            gcs_op op, gcs_view view) {
    const gcs_measured_block *b = &plan->measuring->tensors[index].blocks[block];
    const gcs_need need = {.op = op, .form = plan->tensors[index].form, .view = view};
    const gcs_work work = {.tensor = index,
                           .kernel = gcs_kernel_for(&need, plan->isa_cap),
                           .block = b->block,
                           .place = view == GCS_VIEW_PART ? b->segment : b->place};
    if (work.kernel == NULL)
        return gcs_fail(GCS_UNSUPPORTED, "no kernel for measuring in this build");
    const unsigned bytes =
        op == GCS_OP_CHANGE ? gcs_spec_bytes(&plan->spec) : gcs_type_bytes(plan->spec.gradient);
    const gcs_cut cut = gcs_cut_for(plan, bytes);
    return gcs_cut_block(list, work, &cut) ? GCS_OK
                                           : gcs_fail(GCS_OUT_OF_MEMORY, "no memory for measuring");
}

/* The view of whole groups; a tensor without groups is one row. */
static gcs_view view_of(const gcs_planned_tensor *planned) {
    return planned->shape.layout == GCS_LAYOUT_COLS ? GCS_VIEW_COLS : GCS_VIEW_ROWS;
}

/* The measuring of all blocks that are split, or of all that are not. */
static gcs_status add_measuring(gcs_plan *plan, bool split) {
    gcs_status status = GCS_OK;
    for (size_t i = 0; i < plan->count; i++) {
        const gcs_measured_tensor *tensor = &plan->measuring->tensors[i];
        const gcs_view view = split ? GCS_VIEW_PART : view_of(&plan->tensors[i]);
        for (size_t k = 0; k < tensor->count && status == GCS_OK; k++) {
            if (tensor->blocks[k].split == split)
                status = add_block(plan, &plan->measuring->work, i, k, GCS_OP_MEASURE, view);
        }
    }
    return status;
}

static gcs_status add_changes(gcs_plan *plan) {
    gcs_status status = GCS_OK;
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->tensors[i].form.center != GCS_CENTER_UPDATE)
            continue;
        for (size_t k = 0; k < plan->measuring->tensors[i].count && status == GCS_OK; k++)
            status = add_block(plan, &plan->measuring->change, i, k, GCS_OP_CHANGE,
                               view_of(&plan->tensors[i]));
    }
    return status;
}

static gcs_status make_stage(const gcs_plan *plan, const gcs_work_list *list, gcs_stage *stage) {
    *stage = (gcs_stage){.items = list->items, .count = list->count};
    return gcs_team_share(plan, stage);
}

/* The work of threads. */
static gcs_status add_work(gcs_plan *plan) {
    gcs_measuring *measuring = plan->measuring;
    gcs_status status = add_measuring(plan, true);
    measuring->parts = measuring->work.count;
    if (status == GCS_OK)
        status = add_measuring(plan, false);
    if (status == GCS_OK)
        status = add_changes(plan);
    if (status == GCS_OK)
        status = make_stage(plan, &measuring->work, &measuring->stage);
    return status == GCS_OK ? make_stage(plan, &measuring->change, &measuring->change_stage)
                            : status;
}

static gcs_status fill(gcs_plan *plan) {
    gcs_measuring *measuring = plan->measuring;
    sizes total = {0};
    measuring->tensors = calloc(plan->count, sizeof *measuring->tensors);
    if (measuring->tensors == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for measuring");
    for (size_t i = 0; i < plan->count; i++)
        describe(plan, &plan->tensors[i], &measuring->tensors[i], &total);
    const gcs_status status = allocate(measuring, &total);
    if (status != GCS_OK)
        return status;
    return plan->cuda != NULL     ? gcs_cuda_measuring_create(plan)
           : plan->opencl != NULL ? gcs_opencl_measuring_create(plan)
                                  : add_work(plan);
}

gcs_status gcs_measuring_create(gcs_plan *plan) {
    gcs_measuring *measuring = calloc(1, sizeof *measuring);
    if (measuring == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for measuring");
    measuring->raw = (gcs_form){.rule = plan->spec.rule, .gradient = plan->spec.gradient};
    measuring->centred = measuring->raw;
    measuring->centred.center = GCS_CENTER_GRADIENT;
    measuring->weights = (gcs_form){.rule = plan->spec.rule};
    plan->measuring = measuring;
    const gcs_status status = fill(plan);
    if (status != GCS_OK) {
        gcs_measuring_free(measuring);
        plan->measuring = NULL;
    }
    return status;
}

void gcs_measuring_free(gcs_measuring *measuring) {
    if (measuring == NULL)
        return;
    free(measuring->tensors);
    free(measuring->work.items);
    free(measuring->change.items);
    free(measuring->stage.shares);
    free(measuring->change_stage.shares);
    free(measuring->memory);
    free(measuring);
}
