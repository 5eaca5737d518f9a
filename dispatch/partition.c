/* The work of a plan's steps: which kernel runs on which piece, and when. */
#include "dispatch/error.h"
#include "dispatch/plan_internal.h"

#include <stdlib.h>

/* Elements of a wave of split rows, if not a single row has more: 8 MiB of g and w, a part of a
 * last-level cache, and enough work for each thread beside what a wave costs, two regions. */
#define WAVE_ELEMENTS            ((uint64_t)1 << 20)
#define WAVE_ELEMENTS_PER_THREAD ((uint64_t)64 << 10)

static uint64_t wave_elements(const gcs_plan *plan) {
    const uint64_t by_threads = (uint64_t)plan->threads * WAVE_ELEMENTS_PER_THREAD;
    return by_threads > WAVE_ELEMENTS ? by_threads : WAVE_ELEMENTS;
}

bool gcs_tensor_is_split(const gcs_spec *spec, const gcs_tensor *tensor, int threads) {
    gcs_block blocks[GCS_MAX_BLOCKS];
    return spec->center != GCS_CENTER_NONE && tensor->layout == GCS_LAYOUT_ROWS &&
           gcs_tensor_blocks(tensor, blocks) == 1 && gcs_block_is_whole(tensor, blocks) &&
           gcs_rows_are_few_and_long(blocks->rows, blocks->cols, threads);
}

static bool add_split_tensor(gcs_plan *plan, gcs_work work, const gcs_cut *cut) {
    const gcs_planned_tensor *planned = &plan->tensors[work.tensor];
    const uint64_t wave = wave_elements(plan), row = work.block.cols;
    const gcs_cut of_wave = gcs_cut_for_part(cut, row > wave ? row : wave);
    work.kernel = planned->sum;
    if (!gcs_cut_block(&plan->sums, work, &of_wave))
        return false;
    work.kernel = planned->part;
    return gcs_cut_block(&plan->parts, work, &of_wave);
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

static bool begins_a_row(const gcs_work *work) {
    return work->first == 0;
}

/* From item `first` of plan->sums: whole rows, until there are enough elements. Returns the end. */
static size_t end_of_wave(const gcs_plan *plan, size_t first) {
    const gcs_work_list *sums = &plan->sums;
    const uint64_t most = wave_elements(plan);
    uint64_t elements = 0;
    size_t i = first;
    for (; i < sums->count; i++) {
        const gcs_work *work = &sums->items[i];
        if (i != first && begins_a_row(work) && elements + work->block.cols > most)
            break;
        elements += work->last - work->first;
    }
    return i;
}

static gcs_status add_stage(gcs_plan *plan, const gcs_stage *stage) {
    gcs_stage *to = &plan->stages[plan->stage_count++];
    *to = *stage;
    return gcs_team_share(plan, to);
}

static gcs_status add_waves(gcs_plan *plan) {
    gcs_status status = GCS_OK;
    for (size_t first = 0, end; first < plan->sums.count && status == GCS_OK; first = end) {
        end = end_of_wave(plan, first);
        const gcs_stage sums = {
            .items = plan->sums.items + first, .count = end - first, .has_end = true};
        /* Backwards: what was summed last is still in a cache. */
        const gcs_stage parts = {.items = plan->parts.items + first,
                                 .count = end - first,
                                 .backwards = true,
                                 .waits = true};
        status = add_stage(plan, &sums);
        if (status == GCS_OK)
            status = add_stage(plan, &parts);
    }
    return status;
}

static gcs_status make_stages(gcs_plan *plan) {
    size_t most = 1;
    for (size_t i = 0; i < plan->sums.count; i++)
        most += begins_a_row(&plan->sums.items[i]) ? 2 : 0;
    plan->stages = calloc(most, sizeof *plan->stages);
    if (plan->stages == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    gcs_status status = add_waves(plan);
    const gcs_stage whole = {.items = plan->whole.items, .count = plan->whole.count};
    if (status == GCS_OK && whole.count != 0)
        status = add_stage(plan, &whole);
    return status == GCS_OK ? gcs_team_prepare(plan) : status;
}

gcs_status gcs_partition(gcs_plan *plan) {
    const gcs_cut cut = gcs_cut_for(plan, gcs_spec_bytes(&plan->spec));
    const gcs_status status = prepare_split(plan);
    if (status != GCS_OK)
        return status;
    bool added = true;
    for (size_t i = 0; i < plan->count && added; i++)
        added = add_tensor(plan, i, &cut);
    if (!added)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    return make_stages(plan);
}

void gcs_partition_free(gcs_plan *plan) {
    for (size_t i = 0; i < plan->stage_count; i++)
        free(plan->stages[i].shares);
    free(plan->stages);
    free(plan->progress);
    free(plan->sums.items);
    free(plan->parts.items);
    free(plan->whole.items);
    free(plan->scratch);
}
