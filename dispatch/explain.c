/* gcs_plan_explain: why a tensor is stepped by its kernel, in words. */
#include "dispatch/cuda/choice.h"
#include "dispatch/cuda/plan.h"
#include "dispatch/opencl/plan.h"
#include "dispatch/opencl/source.h"
#include "dispatch/plan_internal.h"
#include "dispatch/registry.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text that grows in the caller's buffer as far as it has room, and counts its whole length. */
typedef struct text {
    char *buffer;
    size_t size, length;
} text;

__attribute__((format(printf, 2, 3))) static void put(text *t, const char *format, ...) {
    const bool room = t->length < t->size;
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(room ? t->buffer + t->length : NULL, room ? t->size - t->length : 0,
                            format, arguments);
    va_end(arguments);
    if (n > 0)
        t->length += (size_t)n;
}

/* "adamw_update bf16-bf16 rows 512 x 4608", as tables spell it, and what tables do not key on. */
static void put_tensor(text *t, const gcs_planned_tensor *planned) {
    const gcs_form *form = &planned->form;
    const gcs_tensor *tensor = &planned->tensor, *shape = &planned->shape;
    put(t, "%s_%s %s %s %" PRIu64 " x %" PRIu64, gcs_rule_name(form->rule),
        gcs_center_name(form->center), gcs_types_name(form->gradient, form->copy),
        gcs_view_name((gcs_view)tensor->layout), tensor->rows, tensor->cols);
    if (tensor->layout == GCS_LAYOUT_FLAT)
        return;
    if (shape->outer > 1)
        put(t, ", %" PRIu64 " matrices", shape->outer);
    if (shape->count != shape->outer * shape->rows * shape->cols)
        put(t, ", of it %" PRIu64 " elements from %" PRIu64, shape->count, shape->offset);
}

static void put_line_place(text *t, const gcs_planned_tensor *planned) {
    put(t, "line %u of %s", planned->line.number, planned->source);
}

static void put_evidence(text *t, const gcs_plan *plan, const gcs_planned_tensor *planned) {
    const gcs_evidence *e = &planned->line.evidence;
    const char *rev = plan->cuda != NULL     ? gcs_cuda_impl_rev()
                      : plan->opencl != NULL ? gcs_opencl_impl_rev()
                                             : gcs_registry_impl_rev(planned->choice.kernel);
    if (e->rounds == 0) {
        put(t, "; nothing was measured for it");
        return;
    }
    put(t,
        "; measured %s in %u rounds: %.0f ns, %.2f of the ceiling, %.2f times the default's speed",
        planned->line.date, e->rounds, e->median_ns, e->ceiling, e->vs_default);
    if (strcmp(e->ties, "-") != 0)
        put(t, ", tied with %s", e->ties);
    if (strcmp(planned->line.impl_rev, "-") != 0 && strcmp(planned->line.impl_rev, rev) != 0)
        put(t, " (of another revision of the kernel: %s, now %s)", planned->line.impl_rev, rev);
}

static void put_reason(text *t, const gcs_plan *plan, const gcs_planned_tensor *planned) {
    if (planned->cut) {
        put(t, "the piece cuts groups, so the caller gives their means; nothing is chosen");
        return;
    }
    switch (planned->choice.why) {
    case GCS_WHY_FORCED:
        put(t, "forced by GCSTEP_KERNEL or target.kernel");
        return;
    case GCS_WHY_EXACT:
        put(t, "exact: ");
        put_line_place(t, planned);
        break;
    case GCS_WHY_NEAREST:
        put(t, "nearest, %.2f octaves away: ", planned->choice.octaves);
        put_line_place(t, planned);
        break;
    case GCS_WHY_DEFAULT_LINE:
        put(t, "default: ");
        put_line_place(t, planned);
        break;
    case GCS_WHY_FIXED_RULE:
        put(t, "fixed rule: no table has a line that can be used for it");
        return;
    }
    put_evidence(t, plan, planned);
}

size_t gcs_plan_explain(const gcs_plan *plan, size_t index, char *buffer, size_t size) {
    text t = {.buffer = buffer, .size = buffer != NULL ? size : 0};
    if (t.size > 0)
        buffer[0] = '\0';
    if (plan == NULL || index >= plan->count)
        return 0;
    const gcs_planned_tensor *planned = &plan->tensors[index];
    put_tensor(&t, planned);
    if (plan->cuda != NULL)
        put(&t, " on %s: ", gcs_cuda_plan_device_name(plan->cuda));
    else if (plan->opencl != NULL)
        put(&t, " on %s%s: ", gcs_opencl_plan_device_name(plan->opencl),
            gcs_opencl_plan_is_exact(plan->opencl) ? "" : ", which does not keep the bits");
    else
        put(&t, " on %d thread%s: ", plan->threads, plan->threads == 1 ? "" : "s");
    put(&t, "%s; ", planned->choice.kernel->name);
    put_reason(&t, plan, planned);
    if (planned->sum != NULL)
        put(&t, "; its few long rows are shared by pieces instead: %s, then %s", planned->sum->name,
            planned->part->name);
    return t.length;
}
