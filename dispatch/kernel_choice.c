/* Which kernel steps a tensor: a forced one where it fits, else the table's, else a fixed rule. */
#include "dispatch/error.h"
#include "dispatch/plan_internal.h"
#include "dispatch/registry.h"

#include <stdlib.h>
#include <string.h>

/* What a tensor needs of its kernel. */
typedef struct need {
    gcs_op op;
    gcs_rule rule;
    gcs_center center;
    gcs_view view;
    uint64_t length; /* of a group */
    gcs_isa isa_cap;
} need;

static bool fits(const void *context, const gcs_kernel *kernel) {
    const need *n = context;
    return kernel->isa <= n->isa_cap && gcs_cpu_allows(kernel->isa) &&
           gcs_kernel_accepts(kernel, n->op, n->rule, n->center, n->view, n->length);
}

static need need_of(const gcs_plan *plan, const gcs_tensor *tensor, gcs_isa isa_cap) {
    const bool flat = tensor->layout == GCS_LAYOUT_FLAT;
    return (need){
        .op = plan->traffic ? GCS_OP_TRAFFIC : GCS_OP_STEP,
        .rule = plan->spec.rule,
        .center = flat ? GCS_CENTER_NONE : plan->spec.center,
        .view = (gcs_view)tensor->layout,
        .length = tensor->layout == GCS_LAYOUT_COLS ? tensor->rows : tensor->cols,
        .isa_cap = isa_cap,
    };
}

/* The loop shape that the fixed rule prefers; docs/decisions.md has the figures. */
static const char *preferred_shape(const need *n) {
    if (n->op == GCS_OP_TRAFFIC)
        return "traffic";
    switch (n->view) {
    case GCS_VIEW_ROWS:
        return n->length <= GCS_TABLE_SHORT_ROW ? "block" : "pipe";
    case GCS_VIEW_COLS:
        return "panel"; /* a strip only pays while all of its rows are in a cache */
    case GCS_VIEW_FLAT:
    case GCS_VIEW_PART:
        break;
    }
    return "linear";
}

/* The best ISA's first kernel of the preferred shape, else its first that fits; NULL: none. */
static const gcs_kernel *by_fixed_rule(const need *n) {
    const gcs_kernel *found = NULL;
    for (size_t i = gcs_registry_lists(); found == NULL && i-- > 0;) {
        const gcs_kernel_list *list = gcs_registry_list(i);
        for (size_t k = 0; k < list->count; k++) {
            const gcs_kernel *kernel = &list->kernels[k];
            if (!fits(n, kernel))
                continue;
            if (strcmp(kernel->shape, preferred_shape(n)) == 0)
                return kernel;
            if (found == NULL)
                found = kernel;
        }
    }
    return found;
}

const gcs_kernel *gcs_first_kernel(gcs_op op, gcs_rule rule, gcs_view view, gcs_isa isa_cap) {
    const need n = {
        .op = op, .rule = rule, .center = GCS_CENTER_GRADIENT, .view = view, .isa_cap = isa_cap};
    return by_fixed_rule(&n);
}

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

static gcs_table_key key_of(const gcs_plan *plan, const gcs_tensor *tensor) {
    return (gcs_table_key){
        .rule = plan->spec.rule,
        .center = tensor->layout == GCS_LAYOUT_FLAT ? GCS_CENTER_NONE : plan->spec.center,
        .layout = tensor->layout,
        .rows = tensor->rows,
        .cols = tensor->cols,
        .threads = (uint32_t)plan->threads,
    };
}

/* Copies the table's line, since the tables are closed when the plan is made. */
static bool keep_evidence(gcs_planned_tensor *planned, const gcs_tables *tables) {
    if (planned->choice.line == NULL)
        return true;
    planned->line = *planned->choice.line;
    planned->choice.line = &planned->line;
    planned->source = strdup(gcs_tables_source(tables, planned->line.source)->path);
    return planned->source != NULL;
}

static gcs_status choose(const gcs_plan *plan, gcs_planned_tensor *planned,
                         const gcs_kernel *forced, const gcs_tables *tables, bool tuned,
                         const gcs_environment *env) {
    const need n = need_of(plan, &planned->tensor, env->isa_cap);
    const gcs_table_key key = key_of(plan, &planned->tensor);
    gcs_choice *choice = &planned->choice;
    *choice = (gcs_choice){.kernel = forced, .why = GCS_WHY_FORCED};
    if (forced != NULL && fits(&n, forced))
        return GCS_OK;
    if (!plan->traffic && gcs_tables_find(tables, &key, tuned, fits, &n, choice))
        return keep_evidence(planned, tables)
                   ? GCS_OK
                   : gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    *choice = (gcs_choice){.kernel = by_fixed_rule(&n), .why = GCS_WHY_FIXED_RULE};
    if (choice->kernel == NULL)
        return gcs_fail(GCS_UNSUPPORTED, "no kernel for %s_%s %s in this build",
                        gcs_rule_name(n.rule), gcs_center_name(n.center), gcs_view_name(n.view));
    return GCS_OK;
}

gcs_status gcs_choose_kernels(gcs_plan *plan, const gcs_target *target,
                              const gcs_environment *env) {
    const gcs_kernel *forced;
    gcs_status status = forced_kernel(target, env, &forced);
    if (status != GCS_OK)
        return status;
    /* target.table "" is the same wish as GCSTEP_TUNED=0, for one plan. */
    gcs_environment effective = *env;
    const bool default_only = target->table != NULL && target->table[0] == '\0';
    effective.tuned = env->tuned && !default_only;
    gcs_machine machine;
    gcs_machine_read(&machine);
    gcs_tables *tables =
        gcs_tables_open(&effective, &machine, effective.tuned ? target->table : NULL);
    if (tables == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the tables");
    for (size_t i = 0; i < plan->count && status == GCS_OK; i++)
        status = choose(plan, &plan->tensors[i], forced, tables, effective.tuned, env);
    gcs_tables_close(tables);
    return status;
}
