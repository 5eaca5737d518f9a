/* The work of a plan's steps: which kernel runs on which piece, and when. */
#include "dispatch/error.h"
#include "dispatch/plan_internal.h"

#include <stdlib.h>

bool gcs_tensor_is_split(const gcs_spec *spec, const gcs_tensor *tensor, int threads) {
    gcs_block blocks[GCS_MAX_BLOCKS];
    return spec->center != GCS_CENTER_NONE && tensor->layout == GCS_LAYOUT_ROWS &&
           gcs_tensor_blocks(tensor, blocks) == 1 && gcs_block_is_whole(tensor, blocks) &&
           gcs_rows_are_few_and_long(blocks->rows, blocks->cols, threads);
}

static bool add_split_tensor(gcs_plan *plan, gcs_work work, const gcs_cut *cut) {
    const gcs_planned_tensor *planned = &plan->tensors[work.tensor];
    work.kernel = planned->sum;
    if (!gcs_cut_block(&plan->sums, work, cut))
        return false;
    work.kernel = planned->part;
    return gcs_cut_block(&plan->parts, work, cut);
}

static bool add_tensor(gcs_plan *plan, size_t index, const gcs_cut *cut) {
    const gcs_planned_tensor *planned = &plan->tensors[index];
    const bool flat = planned->tensor.layout == GCS_LAYOUT_FLAT;
    gcs_block blocks[GCS_MAX_BLOCKS];
    const size_t count = gcs_tensor_blocks(flat ? &planned->tensor : &planned->shape, blocks);
    bool added = true;
    for (size_t i = 0; i < count && added; i++) {
        const gcs_work work = {
            .tensor = index, .kernel = planned->choice.kernel, .block = blocks[i]};
        if (planned->sum != NULL)
            added = add_split_tensor(plan, work, cut);
        else if (planned->cut && work.kernel->view == GCS_VIEW_ROWS &&
                 gcs_rows_are_few_and_long(blocks[i].rows, blocks[i].cols, plan->threads))
            added = gcs_cut_into_rows(&plan->whole, &work, cut);
        else
            added = gcs_cut_block(&plan->whole, work, cut);
    }
    return added;
}

/* Gives each split tensor its scratch memory. */
static gcs_status prepare_split(gcs_plan *plan) {
    size_t floats = 0;
    for (size_t i = 0; i < plan->count; i++) {
        gcs_planned_tensor *planned = &plan->tensors[i];
        if (planned->sum != NULL)
            floats += planned->groups * (gcs_segments_of(planned->tensor.cols) + 1);
    }
    if (floats == 0)
        return GCS_OK;
    plan->scratch = malloc(floats * sizeof *plan->scratch);
    if (plan->scratch == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    float *to = plan->scratch;
    for (size_t i = 0; i < plan->count; i++) {
        gcs_planned_tensor *planned = &plan->tensors[i];
        if (planned->sum == NULL)
            continue;
        planned->means = to;
        planned->segment_sums = to + planned->groups;
        to = planned->segment_sums + planned->groups * gcs_segments_of(planned->tensor.cols);
    }
    return GCS_OK;
}

gcs_status gcs_partition(gcs_plan *plan) {
    const gcs_cut cut = gcs_cut_for(plan, gcs_spec_bytes(&plan->spec));
    gcs_status status = prepare_split(plan);
    if (status != GCS_OK)
        return status;
    bool added = true;
    for (size_t i = 0; i < plan->count && added; i++)
        added = add_tensor(plan, i, &cut);
    if (!added)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    gcs_work_list *const lists[] = {&plan->sums, &plan->parts, &plan->whole};
    for (size_t i = 0; i < 3 && status == GCS_OK; i++)
        status = gcs_team_share(plan, lists[i]);
    return status;
}

void gcs_work_list_free(gcs_work_list *list) {
    free(list->items);
    free(list->shares);
}
