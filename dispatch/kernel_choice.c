/* Which kernel steps a tensor: a forced one where it fits, else the table's, else a fixed rule. */
#include "dispatch/error.h"
#include "dispatch/plan_internal.h"
#include "dispatch/registry.h"

#include <stdlib.h>
#include <string.h>

/* A need, and the best ISA that may serve it. */
typedef struct wish {
    gcs_need need;
    gcs_isa isa_cap;
} wish;

static bool fits(const void *context, const gcs_kernel *kernel) {
    const wish *w = context;
    return kernel->isa <= w->isa_cap && gcs_cpu_allows(kernel->isa) &&
           gcs_kernel_accepts(kernel, &w->need);
}

static wish wish_of(const gcs_plan *plan, const gcs_planned_tensor *planned, gcs_isa isa_cap) {
    const gcs_tensor *tensor = &planned->tensor;
    return (wish){
        .need = {.op = plan->traffic ? GCS_OP_TRAFFIC : GCS_OP_STEP,
                 .form = planned->form,
                 .view = (gcs_view)tensor->layout,
                 .length = tensor->layout == GCS_LAYOUT_COLS ? tensor->rows : tensor->cols},
        .isa_cap = isa_cap,
    };
}

/* ---- The fixed rule ------------------------------------------------------------------------ */

/* Longer rows that are stepped in blocks; those that come out of the L1 for the second pass. */
#define BLOCKED_ROW 256
#define ROW_IN_L1   1536

static const char *preferred_rows(uint64_t length, bool general) {
    if (general)
        return length <= GCS_SHORT_ROW_GENERAL ? "block" : "pipe";
    return length <= GCS_SHORT_ROW ? "tile"
           : length <= BLOCKED_ROW ? "block"
           : length <= ROW_IN_L1   ? "pass2"
                                   : "pipe";
}

/* The loop shape that the fixed rule prefers for a step that takes its own means; docs/decisions.md
 * has the figures. Of the other kernels there is one shape each. */
static const char *preferred_shape(const gcs_need *need, bool general) {
    switch (need->view) {
    case GCS_VIEW_ROWS:
        return preferred_rows(need->length, general);
    case GCS_VIEW_COLS:
        return "pipe";
    case GCS_VIEW_FLAT:
    case GCS_VIEW_PART:
        break;
    }
    return "linear";
}

/* An ISA without the preferred shape has panels for columns, since strips pay only while all of
 * their rows are in a cache, and for short rows blocks. */
static int merit_of_shape(const gcs_kernel *kernel, const gcs_need *need) {
    if (strcmp(kernel->shape, preferred_shape(need, kernel->general)) == 0)
        return 2;
    return strcmp(kernel->shape, "panel") == 0 ||
           (strcmp(kernel->shape, "block") == 0 && need->length <= GCS_SHORT_ROW);
}

/* A kernel that is made for the form first, then the preferred shape. */
static int merit(const gcs_kernel *kernel, const gcs_need *need) {
    return merit_of_shape(kernel, need) + (kernel->general ? 0 : 3);
}

/* The list's kernel of the most merit, of equal ones the first; NULL: none fits. */
static const gcs_kernel *best_of(const gcs_kernel_list *list, const wish *w) {
    const gcs_kernel *found = NULL;
    for (size_t k = 0; k < list->count; k++) {
        const gcs_kernel *kernel = &list->kernels[k];
        if (fits(w, kernel) && (found == NULL || merit(kernel, &w->need) > merit(found, &w->need)))
            found = kernel;
    }
    return found;
}

/* Of the best ISA that has a kernel for it. */
static const gcs_kernel *by_fixed_rule(const wish *w) {
    const gcs_kernel *found = NULL;
    for (size_t i = gcs_registry_lists(); found == NULL && i-- > 0;)
        found = best_of(gcs_registry_list(i), w);
    return found;
}

const gcs_kernel *gcs_kernel_for(const gcs_need *need, gcs_isa isa_cap) {
    const wish w = {.need = *need, .isa_cap = isa_cap};
    return by_fixed_rule(&w);
}

/* ---- The choice ---------------------------------------------------------------------------- */

static gcs_status forced_kernel(const gcs_target *target, const gcs_environment *env,
                                const gcs_kernel **kernel) {
    *kernel = env->kernel;
    if (target->kernel == NULL)
        return GCS_OK;
    *kernel = gcs_registry_find(target->kernel);
    if (*kernel == NULL)
        return gcs_fail(GCS_UNSUPPORTED, "target.kernel '%s' is not a kernel of this library",
                        target->kernel);
    if ((*kernel)->isa > env->isa_cap || !gcs_cpu_allows((*kernel)->isa))
        return gcs_fail(GCS_UNSUPPORTED, "target.kernel '%s' cannot run here: %s %s",
                        target->kernel, gcs_isa_name((*kernel)->isa),
                        gcs_cpu_allows((*kernel)->isa) ? "is above the cap of GCSTEP_ISA"
                                                       : "is not allowed by this machine");
    return GCS_OK;
}

gcs_table_key gcs_planned_key(const gcs_planned_tensor *planned, uint32_t threads) {
    const gcs_form *form = &planned->form;
    return (gcs_table_key){
        .rule = form->rule,
        .center = form->center,
        .gradient = form->gradient,
        .copy = form->copy,
        .layout = planned->tensor.layout,
        .rows = planned->tensor.rows,
        .cols = planned->tensor.cols,
        .threads = threads,
    };
}

gcs_status gcs_plan_tables_open(gcs_plan_tables *open, const gcs_target *target,
                                const gcs_environment *env, const gcs_device_identity *device) {
    /* target.table "" is the same wish as GCSTEP_TUNED=0, for one plan. */
    gcs_environment effective = *env;
    const bool default_only = target->table != NULL && target->table[0] == '\0';
    open->tuned = effective.tuned = env->tuned && !default_only;
    const char *override = open->tuned ? target->table : NULL;
    gcs_machine machine;
    if (device == NULL) {
        gcs_machine_read(&machine);
        open->tables = gcs_tables_open(&effective, &machine, override);
    } else {
        open->tables = gcs_tables_open_for_device(&effective, device, override);
    }
    return open->tables != NULL ? GCS_OK : gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the tables");
}

gcs_status gcs_keep_evidence(gcs_planned_tensor *planned, const gcs_tables *tables) {
    if (planned->choice.line == NULL)
        return GCS_OK;
    planned->line = *planned->choice.line;
    planned->choice.line = &planned->line;
    planned->source = strdup(gcs_tables_source(tables, planned->line.source)->path);
    return planned->source != NULL ? GCS_OK : gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
}

gcs_table_question gcs_question_of(const gcs_plan *plan, const gcs_planned_tensor *planned,
                                   const gcs_plan_tables *open) {
    return (gcs_table_question){.tables = plan->traffic ? NULL : open->tables,
                                .key = gcs_planned_key(planned, 0),
                                .tuned = open->tuned};
}

bool gcs_planned_alike(const gcs_planned_tensor *a, const gcs_planned_tensor *b) {
    return a->form.rule == b->form.rule && a->form.center == b->form.center &&
           a->form.gradient == b->form.gradient && a->form.copy == b->form.copy &&
           a->cut == b->cut && a->groups == b->groups && a->tensor.layout == b->tensor.layout &&
           a->tensor.rows == b->tensor.rows && a->tensor.cols == b->tensor.cols;
}

gcs_status gcs_choose_as(gcs_planned_tensor *planned, const gcs_planned_tensor *other) {
    planned->choice = other->choice;
    planned->given = other->given;
    if (other->choice.line == NULL)
        return GCS_OK;
    planned->line = other->line;
    planned->choice.line = &planned->line;
    planned->source = strdup(other->source);
    return planned->source != NULL ? GCS_OK : gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
}

static gcs_status choose(const gcs_plan *plan, gcs_planned_tensor *planned,
                         const gcs_kernel *forced, const gcs_plan_tables *open,
                         const gcs_environment *env) {
    const wish w = wish_of(plan, planned, env->isa_cap);
    const gcs_table_key key = gcs_planned_key(planned, (uint32_t)plan->threads);
    gcs_choice *choice = &planned->choice;
    *choice = (gcs_choice){.kernel = forced, .why = GCS_WHY_FORCED};
    if (forced != NULL && fits(&w, forced))
        return GCS_OK;
    if (!plan->traffic && gcs_tables_find(open->tables, &key, open->tuned, fits, &w, choice))
        return gcs_keep_evidence(planned, open->tables);
    *choice = (gcs_choice){.kernel = by_fixed_rule(&w), .why = GCS_WHY_FIXED_RULE};
    if (choice->kernel == NULL)
        return gcs_fail(GCS_UNSUPPORTED, "no kernel for %s_%s %s %s in this build",
                        gcs_rule_name(w.need.form.rule), gcs_center_name(w.need.form.center),
                        gcs_view_name(w.need.view),
                        gcs_types_name(w.need.form.gradient, w.need.form.copy));
    return GCS_OK;
}

gcs_status gcs_choose_kernels(gcs_plan *plan, const gcs_target *target,
                              const gcs_environment *env) {
    const gcs_kernel *forced;
    gcs_status status = forced_kernel(target, env, &forced);
    if (status != GCS_OK)
        return status;
    gcs_plan_tables open;
    status = gcs_plan_tables_open(&open, target, env, NULL);
    for (size_t i = 0; i < plan->count && status == GCS_OK; i++)
        status = choose(plan, &plan->tensors[i], forced, &open, env);
    gcs_tables_close(open.tables);
    return status;
}
