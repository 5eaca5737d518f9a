/* Which tensors go in one launch, and launching them. */
#include "dispatch/opencl/plan_internal.h"

#include "dispatch/error.h"

#include <stdlib.h>

/* ---- Bindings ------------------------------------------------------------------------------ */

/* The number of the memory's binding in the batch, which it gets where it has none; full:
 * GCS_OPENCL_BINDINGS. */
static unsigned bind(gcs_opencl_batch *batch, gcs_cl_mem memory) {
    unsigned i = batch->count;
    while (i > 0 && batch->memories[i - 1] != memory) /* the last ones are the likeliest */
        i--;
    if (i > 0)
        return i - 1;
    if (batch->count == GCS_OPENCL_BINDINGS)
        return GCS_OPENCL_BINDINGS;
    batch->memories[batch->count] = memory;
    return batch->count++;
}

/* False: there is no binding left for some stream; the batch is as it was. */
static bool bind_all(gcs_opencl_batch *batch, const gcs_opencl_place places[GCS_OPENCL_STREAMS],
                     uint8_t bindings[GCS_OPENCL_STREAMS]) {
    const unsigned before = batch->count;
    for (size_t i = 0; i < GCS_OPENCL_STREAMS; i++) {
        bindings[i] = GCS_OPENCL_SVM;
        if (places[i].memory == NULL)
            continue;
        bindings[i] = (uint8_t)bind(batch, places[i].memory);
        if (bindings[i] == GCS_OPENCL_BINDINGS) {
            batch->count = before;
            return false;
        }
    }
    return true;
}

static gcs_opencl_batch *new_batch(gcs_opencl_batches *batches) {
    if (batches->count == batches->room) {
        const size_t room = batches->room != 0 ? 2 * batches->room : 8;
        gcs_opencl_batch *items = realloc(batches->items, room * sizeof *items);
        if (items == NULL)
            return NULL;
        batches->items = items;
        batches->room = room;
    }
    return &batches->items[batches->count++];
}

bool gcs_opencl_batch_part(gcs_opencl_batches *batches, const gcs_opencl_use *use, size_t part,
                           bool apart, const gcs_opencl_place places[GCS_OPENCL_STREAMS],
                           uint8_t bindings[GCS_OPENCL_STREAMS]) {
    gcs_opencl_batch *batch = batches->count != 0 ? &batches->items[batches->count - 1] : NULL;
    if (batch != NULL && batch->use == use && !apart && bind_all(batch, places, bindings)) {
        batch->end = part + 1;
        return true;
    }
    batch = new_batch(batches);
    if (batch == NULL)
        return false;
    *batch = (gcs_opencl_batch){.use = use, .first = part, .end = part + 1};
    return bind_all(batch, places, bindings); /* a tensor has fewer streams than there are */
}

/* ---- Launches ------------------------------------------------------------------------------ */

/* All arguments but the bindings, each time: what is not given anew may have been freed and have
 * another's handle. */
static gcs_cl_int set_arguments(const struct gcs_opencl_plan *opencl, const gcs_opencl_use *use,
                                const gcs_opencl_launch *launch, gcs_cl_uint first) {
    const gcs_opencl_driver *driver = opencl->driver;
    const gcs_cl_kernel handle = use->built->handle;
    const gcs_form *f = &use->built->form;
    const gcs_cl_uint form = GCS_OPENCL_FORM(f->rule, f->center, f->gradient, f->copy);
    const struct {
        gcs_cl_uint number;
        size_t size;
        const void *value;
    } arguments[] = {
        {GCS_OPENCL_ARG_MATRICES, sizeof launch->matrices, &launch->matrices},
        {GCS_OPENCL_ARG_WORK, sizeof use->items, &use->items},
        {GCS_OPENCL_ARG_FIRST, sizeof first, &first},
        {GCS_OPENCL_ARG_GROUPS, sizeof launch->groups, &launch->groups},
        {GCS_OPENCL_ARG_FORM, sizeof form, &form},
        {GCS_OPENCL_ARG_SCRATCH, sizeof launch->scratch, &launch->scratch},
        {GCS_OPENCL_ARG_STRIDE, sizeof launch->stride, &launch->stride},
        {GCS_OPENCL_ARG_LOCAL, (size_t)use->local_bytes, NULL},
    };
    gcs_cl_int result =
        launch->svm_flags != NULL
            ? driver->kernel_argument_svm(handle, GCS_OPENCL_ARG_FLAGS, launch->svm_flags)
            : driver->kernel_argument(handle, GCS_OPENCL_ARG_FLAGS, sizeof opencl->flags,
                                      &opencl->flags);
    for (size_t i = 0; i < sizeof arguments / sizeof arguments[0] && result == GCS_CL_SUCCESS; i++)
        result = driver->kernel_argument(handle, arguments[i].number, arguments[i].size,
                                         arguments[i].value);
    return result;
}

/* The batch's, and in the place of a larger batch's before it memory of the plan. */
static gcs_cl_int set_bindings(const struct gcs_opencl_plan *opencl,
                               const gcs_opencl_batch *batch) {
    gcs_opencl_built *built = batch->use->built;
    gcs_cl_int result = GCS_CL_SUCCESS;
    const unsigned before = built->bound;
    if (batch->count > before)
        built->bound = batch->count;
    for (unsigned i = 0; i < batch->count || i < before; i++) {
        const gcs_cl_mem *memory = i < batch->count ? &batch->memories[i] : &opencl->flags;
        if (result == GCS_CL_SUCCESS)
            result = opencl->driver->kernel_argument(built->handle, GCS_OPENCL_ARG_BINDING + i,
                                                     sizeof *memory, memory);
    }
    if (result == GCS_CL_SUCCESS)
        built->bound = batch->count;
    return result;
}

static gcs_cl_int enqueue(const gcs_opencl_use *use, size_t count, gcs_opencl_chain *chain,
                          bool wanted) {
    const size_t local = use->built->kernel->threads, global = count * local;
    gcs_cl_event event, *to = gcs_opencl_chain_event(chain, wanted, &event);
    const gcs_cl_int result = chain->driver->launch(chain->queue, use->built->handle, 1, NULL,
                                                    &global, &local, chain->waits, chain->wait, to);
    if (result == GCS_CL_SUCCESS)
        gcs_opencl_chain_add(chain, event);
    return result;
}

gcs_status gcs_opencl_launch_batch(const struct gcs_opencl_plan *opencl,
                                   const gcs_opencl_batch *batch, const gcs_opencl_launch *launch,
                                   gcs_opencl_chain *chain, bool last) {
    const gcs_opencl_use *use = batch->use;
    gcs_cl_int result = set_bindings(opencl, batch);
    for (unsigned phase = 0; phase < GCS_OPENCL_PHASES && result == GCS_CL_SUCCESS; phase++) {
        size_t count = 0;
        for (size_t i = batch->first; i < batch->end; i++)
            count += use->parts[i].count[phase];
        if (count == 0)
            continue;
        const size_t first = use->first[phase] + use->parts[batch->first].first[phase];
        result = set_arguments(opencl, use, launch, (gcs_cl_uint)first);
        if (result == GCS_CL_SUCCESS)
            result = enqueue(use, count, chain, last && phase == GCS_OPENCL_STEPS);
    }
    if (result != GCS_CL_SUCCESS)
        return gcs_opencl_fail(result, "kernel %s was not launched", use->built->kernel->row.name);
    return GCS_OK;
}
