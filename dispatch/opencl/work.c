/* The work of a plan for an OpenCL device: which kernel steps which tensor, and the items of each
 * kernel. */
#include "dispatch/opencl/plan_internal.h"

#include "dispatch/error.h"
#include "dispatch/opencl/identity.h"

#include <stdlib.h>

static gcs_status no_memory(void) {
    return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
}

size_t gcs_opencl_blocks(const gcs_planned_tensor *planned, gcs_block blocks[GCS_MAX_BLOCKS]) {
    const bool flat = planned->tensor.layout == GCS_LAYOUT_FLAT;
    return gcs_tensor_blocks(flat ? &planned->tensor : &planned->shape, blocks);
}

/* ---- Kernels ------------------------------------------------------------------------------- */

static gcs_need need_of(const gcs_plan *plan, const gcs_planned_tensor *planned) {
    const gcs_tensor *tensor = &planned->tensor;
    return (gcs_need){.op = plan->traffic ? GCS_OP_TRAFFIC : GCS_OP_STEP,
                      .form = planned->form,
                      .view = (gcs_view)tensor->layout,
                      .length = tensor->layout == GCS_LAYOUT_COLS ? tensor->rows : tensor->cols};
}

/* Builds what is chosen, and if the device cannot run that, what is chosen next. */
static gcs_status choose_one(struct gcs_opencl_plan *opencl, const gcs_need *need, uint64_t groups,
                             const gcs_opencl_kernel *forced, const gcs_table_question *question,
                             gcs_choice *choice) {
    gcs_opencl_built *built = NULL;
    while (gcs_opencl_choose(need, groups, &opencl->device, opencl->refused, forced, question,
                             choice)) {
        const gcs_opencl_kernel *kernel = gcs_opencl_kernel_of(choice->kernel);
        const gcs_status status = gcs_opencl_build(
            opencl, kernel, &need->form, gcs_opencl_local_bytes(kernel, need->length), &built);
        if (status != GCS_OK || built != NULL)
            return status;
    }
    return gcs_fail(GCS_UNSUPPORTED, "no OpenCL kernel for %s_%s %s %s with groups of %llu on '%s'",
                    gcs_rule_name(need->form.rule), gcs_center_name(need->form.center),
                    gcs_view_name(need->view), gcs_types_name(need->form.gradient, need->form.copy),
                    (unsigned long long)need->length, opencl->device.name);
}

static gcs_status choose(gcs_plan *plan, gcs_planned_tensor *planned,
                         const gcs_opencl_kernel *forced, const gcs_plan_tables *open) {
    static const gcs_table_question nothing = {.tables = NULL};
    const gcs_table_question question = gcs_question_of(plan, planned, open);
    struct gcs_opencl_plan *opencl = plan->opencl;
    gcs_need need = need_of(plan, planned);
    gcs_choice given;
    if (planned->form.center != GCS_CENTER_NONE) {
        need.means_given = true;
        const gcs_status status =
            choose_one(opencl, &need, planned->groups, NULL, &nothing, &given);
        if (status != GCS_OK)
            return status;
        need.means_given = false;
        planned->given = given.kernel;
    }
    if (planned->cut) {
        planned->choice = given; /* only what is centred is cut */
        return GCS_OK;
    }
    const gcs_status status =
        choose_one(opencl, &need, planned->groups, forced, &question, &planned->choice);
    return status == GCS_OK ? gcs_keep_evidence(planned, open->tables) : status;
}

static gcs_status choose_all(gcs_plan *plan, const gcs_opencl_kernel *forced,
                             const gcs_target *target, const gcs_environment *env) {
    gcs_device_identity identity;
    gcs_plan_tables open;
    gcs_opencl_identity(&plan->opencl->device, &identity);
    gcs_status status = gcs_plan_tables_open(&open, target, env, &identity);
    for (size_t i = 0; i < plan->count && status == GCS_OK; i++) {
        gcs_planned_tensor *planned = &plan->tensors[i];
        status = i > 0 && gcs_planned_alike(planned, planned - 1)
                     ? gcs_choose_as(planned, planned - 1)
                     : choose(plan, planned, forced, &open);
    }
    gcs_tables_close(open.tables);
    return status;
}

/* ---- Matrices ------------------------------------------------------------------------------ */

static gcs_status make_matrices(gcs_plan *plan) {
    struct gcs_opencl_plan *opencl = plan->opencl;
    gcs_block blocks[GCS_MAX_BLOCKS];
    opencl->first_matrix = calloc(plan->count + 1, sizeof *opencl->first_matrix);
    if (opencl->first_matrix == NULL)
        return no_memory();
    for (size_t i = 0; i < plan->count; i++)
        opencl->first_matrix[i + 1] =
            opencl->first_matrix[i] + gcs_opencl_blocks(&plan->tensors[i], blocks);
    opencl->matrix_count = opencl->first_matrix[plan->count];
    if (opencl->matrix_count > UINT32_MAX)
        return gcs_fail(GCS_UNSUPPORTED, "too many tensors for an OpenCL plan");
    opencl->matrices = calloc(opencl->matrix_count, sizeof *opencl->matrices);
    if (opencl->matrices == NULL)
        return no_memory();
    for (size_t i = 0; i < plan->count; i++) {
        const gcs_tensor *shape = &plan->tensors[i].shape;
        const size_t count = gcs_opencl_blocks(&plan->tensors[i], blocks);
        for (size_t k = 0; k < count; k++)
            opencl->matrices[opencl->first_matrix[i] + k] =
                (gcs_opencl_matrix){.rows = blocks[k].rows,
                                    .cols = blocks[k].cols,
                                    .index = shape->offset + blocks[k].at,
                                    .id = shape->id != 0 ? shape->id : 1 + (uint32_t)i,
                                    .group = shape->group};
    }
    return GCS_OK;
}

/* ---- Work ---------------------------------------------------------------------------------- */

static gcs_opencl_use *use_of(struct gcs_opencl_plan *opencl, gcs_opencl_built *built) {
    for (size_t i = 0; i < opencl->use_count; i++) {
        if (opencl->uses[i].built == built)
            return &opencl->uses[i];
    }
    gcs_opencl_use *uses = realloc(opencl->uses, (opencl->use_count + 1) * sizeof *uses);
    if (uses == NULL)
        return NULL;
    opencl->uses = uses;
    uses[opencl->use_count] = (gcs_opencl_use){.built = built};
    return &uses[opencl->use_count++];
}

gcs_opencl_part *gcs_opencl_add_part(gcs_opencl_use *use, size_t tensor) {
    if (use->count == use->room) {
        const size_t room = use->room != 0 ? 2 * use->room : 16;
        gcs_opencl_part *parts = realloc(use->parts, room * sizeof *parts);
        if (parts == NULL)
            return NULL;
        use->parts = parts;
        use->room = room;
    }
    gcs_opencl_part *part = &use->parts[use->count++];
    *part = (gcs_opencl_part){.tensor = tensor};
    for (size_t i = 0; i < GCS_OPENCL_PHASES; i++)
        part->first[i] = use->work.lists[i].count;
    return part;
}

void gcs_opencl_end_part(gcs_opencl_use *use) {
    gcs_opencl_part *part = &use->parts[use->count - 1];
    for (size_t i = 0; i < GCS_OPENCL_PHASES; i++)
        part->count[i] = use->work.lists[i].count - part->first[i];
}

/* Adds the tensor's items to the work of the kernel. */
static gcs_status add_tensor(gcs_plan *plan, size_t index, const gcs_kernel *row) {
    struct gcs_opencl_plan *opencl = plan->opencl;
    const gcs_planned_tensor *planned = &plan->tensors[index];
    const gcs_opencl_kernel *kernel = gcs_opencl_kernel_of(row);
    const uint64_t local = gcs_opencl_local_bytes(kernel, need_of(plan, planned).length);
    gcs_opencl_built *built;
    const gcs_status status = gcs_opencl_build(opencl, kernel, &planned->form, local, &built);
    if (status != GCS_OK)
        return status;
    gcs_opencl_use *use = use_of(opencl, built);
    if (use == NULL || gcs_opencl_add_part(use, index) == NULL)
        return no_memory();
    if (local > use->local_bytes)
        use->local_bytes = local;
    gcs_block blocks[GCS_MAX_BLOCKS];
    const size_t count = gcs_opencl_blocks(planned, blocks);
    for (size_t i = 0; i < count; i++) {
        const size_t at = opencl->first_matrix[index] + i;
        const gcs_opencl_matrix *matrix = &opencl->matrices[at];
        if (!gcs_opencl_cut_matrix(&use->work, kernel, (uint32_t)at, matrix, blocks[i].slices, 0,
                                   gcs_opencl_units_of(kernel, matrix)))
            return gcs_fail(GCS_UNSUPPORTED,
                            "tensors[%zu] is too large for an OpenCL device, or there is no memory "
                            "for its list of work",
                            index);
    }
    gcs_opencl_end_part(use);
    return GCS_OK;
}

gcs_status gcs_opencl_plan_work(gcs_plan *plan, const gcs_opencl_kernel *forced,
                                const gcs_target *target, const gcs_environment *env) {
    gcs_status status = choose_all(plan, forced, target, env);
    if (status == GCS_OK)
        status = make_matrices(plan);
    for (size_t i = 0; i < plan->count && status == GCS_OK; i++) {
        if (!plan->tensors[i].cut)
            status = add_tensor(plan, i, plan->tensors[i].choice.kernel);
    }
    /* Those that are always given the means first, so that they are one launch. */
    for (int cut = 1; cut >= 0; cut--) {
        for (size_t i = 0; i < plan->count && status == GCS_OK; i++) {
            const gcs_planned_tensor *planned = &plan->tensors[i];
            if (planned->given != NULL && planned->cut == (cut != 0))
                status = add_tensor(plan, i, planned->given);
        }
    }
    return status;
}
