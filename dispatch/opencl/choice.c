/* Which OpenCL kernel steps a tensor: a forced one where it fits, else the table's, else by a fixed
 * rule. */
#include "dispatch/opencl/choice.h"

#include <string.h>

const gcs_opencl_kernel *gcs_opencl_find(const char *name) {
    for (size_t i = 0; i < gcs_opencl_kernel_count; i++) {
        if (strcmp(gcs_opencl_kernels[i].row.name, name) == 0)
            return &gcs_opencl_kernels[i];
    }
    return NULL;
}

bool gcs_opencl_fits(const gcs_opencl_kernel *kernel, const gcs_need *need,
                     const gcs_opencl_device *device) {
    return gcs_kernel_accepts(&kernel->row, need) && kernel->threads <= device->max_group &&
           kernel->threads <= device->max_items &&
           gcs_opencl_local_bytes(kernel, need->length) <= device->local_bytes;
}

bool gcs_opencl_has_work(const gcs_opencl_kernel *kernel, uint64_t length) {
    const bool split = kernel->keeping == GCS_OPENCL_SPLIT && kernel->row.view == GCS_VIEW_ROWS;
    return !split || 8 * length >= kernel->depth;
}

/* ---- The fixed rule ------------------------------------------------------------------------ */

#define WALKED 65536 /* elements of a row that one work-group of many work-items reads twice */

/* CPUs have a work-item a work-group: what would be its lanes is the vector. */
static bool is_cpu(const gcs_opencl_device *device) {
    return (device->type & GCS_CL_DEVICE_TYPE_CPU) != 0;
}

static bool goes_with(const gcs_opencl_kernel *kernel, const gcs_opencl_device *device) {
    return (kernel->threads == 1) == is_cpu(device);
}

/* Whether groups are to be shared: where they are several parts long and there are fewer rows or
 * strips than compute units, or one work-group would be long at it. */
static bool is_for_sharing(const gcs_opencl_kernel *split, const gcs_need *need, uint64_t groups,
                           const gcs_opencl_device *device) {
    const uint64_t strips = split->row.view == GCS_VIEW_COLS
                                ? groups / split->capacity + (groups % split->capacity != 0)
                                : groups;
    if (need->length <= split->depth)
        return false;
    return (groups != 0 && strips < device->compute_units) ||
           (need->view == GCS_VIEW_ROWS && need->length > WALKED && !is_cpu(device));
}

/* Two vectors of 16, and four: rows that such whole ones fill have nothing left over. */
#define FILLS_TWO  32
#define FILLS_FOUR 64

/* Whether rows go side by side. */
static bool is_short(const gcs_need *need) {
    return need->view == GCS_VIEW_ROWS && need->length <= GCS_SHORT_ROW &&
           need->length % FILLS_TWO != 0;
}

/* The smaller, the rather. On a CPU local memory is plain memory, in the same cache as the
 * gradient: a row is copied to it only where several short ones go side by side. */
static unsigned order_on_cpu(const gcs_opencl_kernel *kernel, const gcs_need *need) {
    switch (kernel->keeping) {
    case GCS_OPENCL_LINEAR:
        return 0;
    case GCS_OPENCL_KEEP:
        return is_short(need) ? 1 : 4;
    case GCS_OPENCL_PIPE:
        return 2;
    case GCS_OPENCL_AGAIN:
        return 3;
    case GCS_OPENCL_BLOCK:
    case GCS_OPENCL_SPLIT:
        break;
    }
    return 5;
}

static unsigned order_of_keeping(const gcs_opencl_kernel *kernel, const gcs_need *need,
                                 uint64_t groups, const gcs_opencl_device *device) {
    if (kernel->keeping == GCS_OPENCL_SPLIT)
        return is_for_sharing(kernel, need, groups, device) ? 0 : 6;
    return is_cpu(device) ? order_on_cpu(kernel, need) : (unsigned)kernel->keeping;
}

/* Rows that are stepped one after the other: shorter ones have fewer vectors left over. */
#define FEW_VECTORS_ROW 512

/* Whether a goes better than b, of two that differ in the elements that they have at a time. Strips
 * of four vectors were faster than those of eight at every height (docs/performance.md). */
static bool pipes_better(const gcs_opencl_kernel *a, const gcs_opencl_kernel *b,
                         const gcs_need *need) {
    const bool few = need->view != GCS_VIEW_ROWS ||
                     (need->length <= FEW_VECTORS_ROW && need->length % FILLS_FOUR != 0);
    return few == (a->vectors < b->vectors);
}

/* How far the vector is from what the device has, wider ones last: a CPU's own, but 8 at the least,
 * which two vectors of 4 make; one element on others, whose work-items are the lanes. */
static unsigned misfit_of(const gcs_opencl_kernel *kernel, const gcs_opencl_device *device) {
    const unsigned native = device->float_width_native > 8 ? device->float_width_native : 8;
    const unsigned width = is_cpu(device) ? native : 1;
    return kernel->width <= width ? width - kernel->width : 100 + kernel->width;
}

/* Whether a is to be preferred to b, which stands before it in the list. */
static bool is_better(const gcs_opencl_kernel *a, const gcs_opencl_kernel *b, const gcs_need *need,
                      uint64_t groups, const gcs_opencl_device *device) {
    if (goes_with(a, device) != goes_with(b, device))
        return goes_with(a, device);
    const unsigned order_a = order_of_keeping(a, need, groups, device);
    const unsigned order_b = order_of_keeping(b, need, groups, device);
    if (order_a != order_b)
        return order_a < order_b;
    if (a->keeping == GCS_OPENCL_BLOCK && a->capacity != b->capacity)
        return a->capacity < b->capacity; /* both fit */
    const unsigned misfit_a = misfit_of(a, device), misfit_b = misfit_of(b, device);
    if (misfit_a != misfit_b)
        return misfit_a < misfit_b;
    return a->keeping == GCS_OPENCL_PIPE && a->vectors != b->vectors && pipes_better(a, b, need);
}

const gcs_opencl_kernel *gcs_opencl_kernel_for(const gcs_need *need, uint64_t groups,
                                               const gcs_opencl_device *device,
                                               const bool *refused) {
    const gcs_opencl_kernel *found = NULL;
    for (size_t i = 0; i < gcs_opencl_kernel_count; i++) {
        const gcs_opencl_kernel *kernel = &gcs_opencl_kernels[i];
        if (!(refused != NULL && refused[i]) && gcs_opencl_fits(kernel, need, device) &&
            (found == NULL || is_better(kernel, found, need, groups, device)))
            found = kernel;
    }
    return found;
}

/* ---- The choice ---------------------------------------------------------------------------- */

typedef struct wish {
    const gcs_need *need;
    const gcs_opencl_device *device;
    const bool *refused;
} wish;

static bool fits(const wish *w, const gcs_opencl_kernel *kernel) {
    return !(w->refused != NULL && w->refused[kernel - gcs_opencl_kernels]) &&
           gcs_opencl_fits(kernel, w->need, w->device);
}

static bool row_fits(const void *context, const gcs_kernel *row) {
    return fits(context, gcs_opencl_kernel_of(row));
}

bool gcs_opencl_choose(const gcs_need *need, uint64_t groups, const gcs_opencl_device *device,
                       const bool *refused, const gcs_opencl_kernel *forced,
                       const gcs_table_question *question, gcs_choice *choice) {
    const wish w = {need, device, refused};
    if (forced != NULL && fits(&w, forced)) {
        *choice = (gcs_choice){.kernel = &forced->row, .why = GCS_WHY_FORCED};
        return true;
    }
    if (gcs_tables_answer(question, row_fits, &w, choice))
        return true;
    const gcs_opencl_kernel *kernel = gcs_opencl_kernel_for(need, groups, device, refused);
    if (kernel == NULL)
        return false;
    *choice = (gcs_choice){.kernel = &kernel->row, .why = GCS_WHY_FIXED_RULE};
    return true;
}
