/* The work of a plan for a GPU: which kernel steps which tensor, and the items of each kernel. */
#include "dispatch/cuda/plan_internal.h"

#include "dispatch/cuda/identity.h"
#include "dispatch/error.h"

#include <stdlib.h>

static gcs_status no_memory(void) {
    return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
}

size_t gcs_cuda_blocks(const gcs_planned_tensor *planned, gcs_block blocks[GCS_MAX_BLOCKS]) {
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

static gcs_status choose(const gcs_plan *plan, gcs_planned_tensor *planned,
                         const gcs_cuda_kernel *forced, const gcs_plan_tables *open) {
    const gcs_cuda_device *device = &plan->cuda->device;
    const gcs_table_question question = gcs_question_of(plan, planned, open);
    gcs_need need = need_of(plan, planned);
    bool found = true;
    if (planned->form.center != GCS_CENTER_NONE) {
        need.means_given = true;
        const gcs_cuda_kernel *given = gcs_cuda_kernel_for(&need, device);
        need.means_given = false;
        found = given != NULL;
        planned->given = found ? &given->row : NULL;
    }
    if (found && planned->cut)
        planned->choice = (gcs_choice){.kernel = planned->given, .why = GCS_WHY_FIXED_RULE};
    else if (found)
        found = gcs_cuda_choose(&need, device, forced, &question, &planned->choice);
    if (found)
        return gcs_keep_evidence(planned, open->tables);
    return gcs_fail(GCS_UNSUPPORTED, "no CUDA kernel for %s_%s %s %s with groups of %llu",
                    gcs_rule_name(need.form.rule), gcs_center_name(need.form.center),
                    gcs_view_name(need.view), gcs_types_name(need.form.gradient, need.form.copy),
                    (unsigned long long)need.length);
}

static gcs_status choose_all(gcs_plan *plan, const gcs_cuda_kernel *forced,
                             const gcs_target *target, const gcs_environment *env) {
    gcs_device_identity identity;
    gcs_plan_tables open;
    gcs_cuda_identity(&plan->cuda->device, &identity);
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
    struct gcs_cuda_plan *cuda = plan->cuda;
    gcs_block blocks[GCS_MAX_BLOCKS];
    cuda->first_matrix = calloc(plan->count + 1, sizeof *cuda->first_matrix);
    if (cuda->first_matrix == NULL)
        return no_memory();
    for (size_t i = 0; i < plan->count; i++)
        cuda->first_matrix[i + 1] =
            cuda->first_matrix[i] + gcs_cuda_blocks(&plan->tensors[i], blocks);
    cuda->matrix_count = cuda->first_matrix[plan->count];
    if (cuda->matrix_count > UINT32_MAX)
        return gcs_fail(GCS_UNSUPPORTED, "too many tensors for a CUDA plan");
    if (plan->groups > GCS_CUDA_INLINE_GROUPS)
        cuda->groups_bytes = plan->groups * sizeof(gcs_cuda_group);
    cuda->set_bytes = cuda->groups_bytes + cuda->matrix_count * sizeof *cuda->matrices;
    cuda->set = calloc(1, cuda->set_bytes);
    if (cuda->set == NULL)
        return no_memory();
    cuda->matrices = (gcs_cuda_matrix *)(void *)(cuda->set + cuda->groups_bytes);
    for (size_t i = 0; i < plan->count; i++) {
        const gcs_tensor *shape = &plan->tensors[i].shape;
        const size_t count = gcs_cuda_blocks(&plan->tensors[i], blocks);
        for (size_t k = 0; k < count; k++)
            cuda->matrices[cuda->first_matrix[i] + k] =
                (gcs_cuda_matrix){.rows = blocks[k].rows,
                                  .cols = blocks[k].cols,
                                  .index = shape->offset + blocks[k].at,
                                  .id = shape->id != 0 ? shape->id : 1 + (uint32_t)i,
                                  .group = shape->group};
    }
    return GCS_OK;
}

/* ---- Work ---------------------------------------------------------------------------------- */

static gcs_cuda_use *use_of(struct gcs_cuda_plan *cuda, const gcs_cuda_kernel *kernel) {
    for (size_t i = 0; i < cuda->use_count; i++) {
        if (cuda->uses[i].kernel == kernel)
            return &cuda->uses[i];
    }
    gcs_cuda_use *uses = realloc(cuda->uses, (cuda->use_count + 1) * sizeof *uses);
    if (uses == NULL)
        return NULL;
    cuda->uses = uses;
    uses[cuda->use_count] = (gcs_cuda_use){.kernel = kernel};
    return &uses[cuda->use_count++];
}

static bool add_part(gcs_cuda_use *use, gcs_cuda_part part) {
    if (use->count == use->room) {
        const size_t room = use->room != 0 ? 2 * use->room : 16;
        gcs_cuda_part *parts = realloc(use->parts, room * sizeof *parts);
        if (parts == NULL)
            return false;
        use->parts = parts;
        use->room = room;
    }
    use->parts[use->count++] = part;
    return true;
}

static uint64_t units_of(const gcs_cuda_kernel *kernel, const gcs_cuda_matrix *matrix) {
    if (kernel->row.means_given || kernel->row.view == GCS_VIEW_FLAT)
        return matrix->rows * matrix->cols;
    return kernel->row.view == GCS_VIEW_COLS ? matrix->cols : matrix->rows;
}

/* Adds the tensor's items to the work of the kernel. */
static gcs_status add_tensor(gcs_plan *plan, size_t index, const gcs_kernel *row) {
    struct gcs_cuda_plan *cuda = plan->cuda;
    const gcs_planned_tensor *planned = &plan->tensors[index];
    const gcs_cuda_kernel *kernel = gcs_cuda_kernel_of(row);
    const uint64_t length = need_of(plan, planned).length;
    const uint64_t columns = gcs_cuda_columns(kernel, length, cuda->device.shared_bytes);
    const uint64_t shared = gcs_cuda_shared_bytes(kernel, length, columns);
    gcs_cuda_use *use = use_of(cuda, kernel);
    if (use == NULL)
        return no_memory();
    if (shared > use->shared_bytes)
        use->shared_bytes = (unsigned)shared;
    gcs_cuda_cut *work = &use->work;
    gcs_cuda_part part = {
        .tensor = index, .first_sum = work->sums.count, .first_step = work->steps.count};
    gcs_block blocks[GCS_MAX_BLOCKS];
    const size_t count = gcs_cuda_blocks(planned, blocks);
    for (size_t i = 0; i < count; i++) {
        const size_t at = cuda->first_matrix[index] + i;
        const gcs_cuda_matrix *matrix = &cuda->matrices[at];
        if (!gcs_cuda_cut_matrix(work, kernel, (uint32_t)at, matrix, blocks[i].slices, columns, 0,
                                 units_of(kernel, matrix)))
            return gcs_fail(GCS_UNSUPPORTED,
                            "tensors[%zu] is too large for a GPU, or there is no memory for its "
                            "list of work",
                            index);
    }
    part.sums = work->sums.count - part.first_sum;
    part.steps = work->steps.count - part.first_step;
    const uint64_t most = INT32_MAX / kernel->cluster; /* blocks of a launch */
    if (work->sums.count > most || work->steps.count > most)
        return gcs_fail(GCS_UNSUPPORTED, "the tensors together are too large for a CUDA launch");
    return add_part(use, part) ? GCS_OK : no_memory();
}

/* The steps of split groups begin with what the sums have read last, which the L2 may still have.
 */
static void turn_split_work(struct gcs_cuda_plan *cuda) {
    for (size_t i = 0; i < cuda->use_count; i++) {
        gcs_cuda_use *use = &cuda->uses[i];
        if (use->kernel->keeping != GCS_CUDA_SPLIT)
            continue;
        gcs_cuda_cut_turn(&use->work.steps);
        for (size_t k = 0; k < use->count; k++) {
            gcs_cuda_part *part = &use->parts[k];
            part->first_step = use->work.steps.count - part->first_step - part->steps;
        }
    }
}

gcs_status gcs_cuda_plan_work(gcs_plan *plan, const gcs_cuda_kernel *forced,
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
    turn_split_work(plan->cuda);
    return status;
}
