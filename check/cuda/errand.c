/* From a run of check/ to launches on a GPU: see errand.h. */
#include "check/cuda/errand.h"

#include "check/cuda/call.h"
#include "check/first_step.h"

#include <stdio.h>
#include <stdlib.h>

/* What a call has in device memory, as numbers of the freight's parts. */
typedef struct parts {
    size_t matrices, groups, found_inf, mean, sums, steps, scratch, buffers[GCS_BUFS];
} parts;

/* A call. */
typedef struct errand {
    gcs_cuda_runner *runner;
    const gcs_run *run;
    gcs_cuda_call call;
    gcs_cuda_launch launch;
    parts at;
    float found_inf, mean;
    unsigned shared_bytes;
    bool halved;
} errand;

/* ---- Work ------------------------------------------------------------------------------------
 */

/* Strips as in a plan, or the narrowest. */
static uint64_t columns_of(const gcs_cuda_runner *r, const gcs_args *a) {
    const gcs_cuda_kernel *kernel = r->kernel;
    const bool keeps = kernel->keeping == GCS_CUDA_KEEP || kernel->keeping == GCS_CUDA_CLUSTER;
    if (kernel->row.view != GCS_VIEW_COLS)
        return 1;
    if (keeps && r->calls % 3 == 0)
        return GCS_CUDA_STRIP;
    return gcs_cuda_columns(kernel, a->rows, r->device.shared_bytes);
}

static bool add_units(errand *e, const gcs_launch_units *units, uint64_t columns) {
    return gcs_cuda_cut_matrix(&e->runner->cut, e->runner->kernel, GCS_CUDA_CALL_MATRIX,
                               &e->call.matrices[GCS_CUDA_CALL_MATRIX], units->slices, columns,
                               units->first, units->last);
}

static bool cut_work(errand *e, const gcs_args *a) {
    gcs_cuda_runner *r = e->runner;
    const uint64_t columns = columns_of(r, a), stretches = gcs_launch_stretches(&r->kernel->row, a);
    r->cut.sums.count = r->cut.steps.count = 0;
    r->cut.scratch_words = 0;
    e->shared_bytes = gcs_cuda_call_shared(r->kernel, a, columns);
    gcs_cuda_call_fill(&e->call, a, NULL, false); /* for its shape */
    e->halved = r->calls % 5 == 0 && gcs_launch_can_halve(&r->kernel->row, a);
    if (e->halved) {
        const gcs_launch_units halves = gcs_cuda_call_halve(&e->call, r->kernel);
        return add_units(e, &halves, columns);
    }
    bool added = true;
    for (uint64_t i = 0; i < stretches && added; i++) {
        const gcs_launch_units units = gcs_launch_stretch(&r->kernel->row, a, i);
        added = add_units(e, &units, columns);
    }
    if (added && r->calls % 2 == 0)
        gcs_cuda_cut_turn(&r->cut.steps);
    return added;
}

/* Zeros. */
static bool make_scratch(gcs_cuda_runner *r) {
    const uint64_t words = r->cut.scratch_words;
    if (words > r->scratch_words) {
        free(r->scratch);
        r->scratch = malloc((size_t)words * sizeof *r->scratch);
        r->scratch_words = r->scratch ? words : 0;
    }
    for (uint64_t i = 0; i < words && r->scratch; i++)
        r->scratch[i] = 0;
    return words == 0 || r->scratch != NULL;
}

/* ---- What goes to the device -----------------------------------------------------------------
 */

static size_t add_list(gcs_freight *f, const char *name, gcs_cuda_work_list *list) {
    return gcs_freight_add(f, name, list->items, list->count * sizeof *list->items, false);
}

static void add_parts(errand *e, void *const place[GCS_BUFS]) {
    gcs_cuda_runner *r = e->runner;
    gcs_freight *f = &r->freight;
    parts *at = &e->at;
    gcs_freight_clear(f);
    at->matrices =
        gcs_freight_add(f, "the matrices", e->call.matrices, sizeof e->call.matrices, false);
    at->groups = gcs_freight_add(f, "the groups", e->call.groups, sizeof e->call.groups, false);
    at->mean = gcs_freight_add(f, "the mean", &e->mean, sizeof e->mean, false);
    at->found_inf = gcs_freight_add(f, "found_inf", &e->found_inf, sizeof e->found_inf, true);
    at->sums = add_list(f, "the work", &r->cut.sums);
    at->steps = add_list(f, "the work", &r->cut.steps);
    at->scratch = gcs_freight_add(f, "the scratch memory", r->scratch,
                                  (size_t)r->cut.scratch_words * sizeof *r->scratch, true);
    for (int b = 0; b < GCS_BUFS; b++) {
        const gcs_run_buffer *buffer = &e->run->buffer[b];
        const size_t bytes = buffer->used ? (size_t)buffer->count * buffer->size : 0;
        at->buffers[b] = gcs_freight_add(f, gcs_buffer_name(b), place[b], bytes, true);
    }
}

/* The call's arrays and the launch's parameter, which have addresses on the device in them. */
static void fill_call(errand *e, bool first_step) {
    gcs_cuda_runner *r = e->runner;
    const gcs_freight *f = &r->freight;
    const bool flag = r->calls % 2 == 0, in_memory = r->calls % 5 < 2;
    void *device[GCS_BUFS];
    gcs_run_call call;
    for (int b = 0; b < GCS_BUFS; b++)
        device[b] = gcs_freight_device(f, e->at.buffers[b]);
    gcs_run_arguments(e->run, device, &call);
    if (r->kernel->row.view == GCS_VIEW_PART)
        call.args.means = gcs_freight_device(f, e->at.mean);
    gcs_cuda_call_fill(&e->call, &call.args, flag ? gcs_freight_device(f, e->at.found_inf) : NULL,
                       first_step);
    if (e->halved)
        gcs_cuda_call_halve(&e->call, r->kernel);
    gcs_cuda_call_launch(&e->call, r->kernel, &call.args,
                         in_memory ? gcs_freight_device(f, e->at.groups) : NULL, &e->launch);
    e->launch.matrices = gcs_freight_device(f, e->at.matrices);
    e->launch.scratch = gcs_freight_device(f, e->at.scratch);
}

/* ---- Launches --------------------------------------------------------------------------------
 */

static gcs_cu_result launch_list(errand *e, size_t part, size_t items) {
    const gcs_cuda_runner *r = e->runner;
    void *parameters[] = {&e->launch};
    const unsigned cluster = r->kernel->cluster;
    gcs_cu_launch_attribute of_cluster = {.id = GCS_CU_LAUNCH_CLUSTER, .value = {cluster, 1, 1}};
    const gcs_cu_launch launch = {.grid = {(unsigned)items * cluster, 1, 1},
                                  .block = {r->kernel->threads, 1, 1},
                                  .shared_bytes = e->shared_bytes,
                                  .stream = r->stream,
                                  .attributes = &of_cluster,
                                  .attribute_count = cluster > 1};
    e->launch.work = gcs_freight_device(&r->freight, part);
    return items > 0 ? r->driver->launch(&launch, r->function, parameters, NULL) : GCS_CU_SUCCESS;
}

static gcs_cu_result launch(errand *e) {
    const gcs_cu_result result = launch_list(e, e->at.sums, e->runner->cut.sums.count);
    return result != GCS_CU_SUCCESS ? result
                                    : launch_list(e, e->at.steps, e->runner->cut.steps.count);
}

/* Some calls are made twice, first with found_inf: nothing may change then, and what does, spoils
 * the launch that counts. */
static bool begins_with_found_inf(errand *e) {
    const uint64_t calls = e->runner->calls;
    e->found_inf = calls % 4 == 0 ? gcs_launch_found_inf(calls / 4) : 0;
    return calls % 4 == 0;
}

static gcs_cu_result run_on_device(errand *e) {
    gcs_cuda_runner *r = e->runner;
    gcs_freight *f = &r->freight;
    const bool found_inf = begins_with_found_inf(e);
    gcs_cu_result result = gcs_freight_send(f);
    if (result == GCS_CU_SUCCESS && found_inf)
        result = launch(e);
    if (result == GCS_CU_SUCCESS && found_inf)
        result = r->driver->set_words(f->parts[e->at.found_inf].device, 0, 1, r->stream);
    if (result == GCS_CU_SUCCESS)
        result = launch(e);
    if (result == GCS_CU_SUCCESS)
        return gcs_freight_fetch(f);
    r->driver->stream_synchronize(r->stream); /* what was enqueued reads what the caller has */
    return result;
}

/* ---- A call ----------------------------------------------------------------------------------
 */

/* A record's counter is 0 between launches. */
static bool records_are_clear(const gcs_cuda_runner *r) {
    for (size_t i = 0; i < r->cut.sums.count; i++) {
        if (r->scratch[r->cut.sums.items[i].place] != 0)
            return false;
    }
    return true;
}

static bool fail(gcs_runner *runner, gcs_cu_result result, const char *what, char *why,
                 size_t why_size) {
    const gcs_cuda_driver *driver = ((gcs_cuda_runner *)runner)->driver;
    gcs_cuda_fail(driver, result, "%s", what);
    snprintf(why, why_size, "%s", gcs_last_error());
    runner->ended = true; /* most errors are for the rest of the context's life */
    return false;
}

bool gcs_cuda_errand_run(gcs_runner *runner, const gcs_run *run, void *const place[GCS_BUFS],
                         char *why, size_t why_size) {
    gcs_cuda_runner *r = (gcs_cuda_runner *)runner;
    errand e = {.runner = r, .run = run, .mean = run->mean};
    gcs_run_call host;
    r->calls++;
    gcs_run_arguments(run, place, &host);
    const bool first_step =
        r->kernel->row.op == GCS_OP_STEP && gcs_hide_first_state(r->kernel->row.view, &host.args);
    if (!cut_work(&e, &host.args) || !make_scratch(r)) {
        snprintf(why, why_size, "the work could not be cut");
        return false;
    }
    add_parts(&e, place);
    gcs_cu_result result = gcs_freight_place(&r->freight);
    if (result != GCS_CU_SUCCESS)
        return fail(runner, result, "no memory on the device", why, why_size);
    fill_call(&e, first_step);
    result = run_on_device(&e);
    if (result != GCS_CU_SUCCESS)
        return fail(runner, result, "the launch went wrong", why, why_size);
    if (r->freight.trouble[0])
        snprintf(why, why_size, "%s", r->freight.trouble);
    else if (!records_are_clear(r))
        snprintf(why, why_size, "the counter of a record is not 0 after the launch");
    else
        return true;
    return false;
}
