/* From a run of check/ to launches on an OpenCL device: see errand.h. */
#include "check/opencl/errand.h"

#include "check/first_step.h"
#include "check/opencl/errand_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Holds of the freight: those of arguments, one for all of the tensor's buffers, one of SVM for
 * these, and one for each. */
enum {
    HOLD_MATRICES,
    HOLD_WORK,
    HOLD_GROUPS,
    HOLD_FLAGS,
    HOLD_SCRATCH,
    HOLD_DECOY,
    HOLD_COMMON,
    HOLD_SVM,
    HOLD_OWN,
};

typedef gcs_cl_errand errand;
typedef gcs_cl_parts parts;

/* ---- Work ------------------------------------------------------------------------------------
 */

static void turn(gcs_opencl_work_list *list) {
    for (size_t i = 0; i < list->count / 2; i++) {
        const gcs_opencl_work item = list->items[i];
        list->items[i] = list->items[list->count - 1 - i];
        list->items[list->count - 1 - i] = item;
    }
}

static bool add_units(errand *e, const gcs_launch_units *units, uint64_t rows, uint64_t cols) {
    const gcs_opencl_matrix shape = {.rows = rows, .cols = cols};
    return gcs_opencl_cut_matrix(&e->runner->cut, e->runner->kernel, GCS_CL_CALL_MATRIX, &shape,
                                 units->slices, units->first, units->last);
}

/* Fills the lists. */
static bool cut_work(errand *e, const gcs_args *a) {
    gcs_opencl_runner *r = e->runner;
    const gcs_kernel *row = &r->kernel->row;
    uint64_t rows = a->rows, cols = a->cols;
    bool added = true;
    r->cut.scratch_floats = 0;
    for (int i = 0; i < GCS_OPENCL_PHASES; i++)
        r->cut.lists[i].count = 0;
    e->halved = r->calls % 5 == 0 && gcs_launch_can_halve(row, a);
    if (e->halved) {
        const gcs_launch_units halves = gcs_launch_halve(row, &rows, &cols);
        return add_units(e, &halves, rows, cols);
    }
    for (uint64_t i = 0; i < gcs_launch_stretches(row, a) && added; i++) {
        const gcs_launch_units units = gcs_launch_stretch(row, a, i);
        added = add_units(e, &units, rows, cols);
    }
    for (int i = 0; i < GCS_OPENCL_PHASES && r->calls % 2 == 0; i++)
        turn(&r->cut.lists[i]);
    return added;
}

/* Everything in one array, and some nonsense in front. */
static size_t join_work(errand *e) {
    gcs_opencl_runner *r = e->runner;
    size_t count = e->before = r->calls % 3;
    for (int i = 0; i < GCS_OPENCL_PHASES; i++)
        count += r->cut.lists[i].count;
    if (count > r->work_room) {
        free(r->work);
        r->work = malloc(count * sizeof *r->work);
        r->work_room = r->work != NULL ? count : 0;
    }
    if (r->work == NULL)
        return 0;
    memset(r->work, 0xa5, e->before * sizeof *r->work);
    gcs_opencl_work *to = r->work + e->before;
    for (int i = 0; i < GCS_OPENCL_PHASES; i++) {
        const gcs_opencl_work_list *list = &r->cut.lists[i];
        if (list->count > 0)
            memcpy(to, list->items, list->count * sizeof *to);
        to += list->count;
    }
    return count;
}

/* Records of a SPLIT kernel, which may hold anything, or figures. */
static bool make_scratch(errand *e, void *const place[GCS_BUFS]) {
    gcs_opencl_runner *r = e->runner;
    const bool figures = gcs_cl_has_figures(&r->kernel->row);
    if (figures)
        e->figures = gcs_cl_figures_of(e->run, r->calls);
    e->scratch_floats = figures ? e->figures.floats : r->cut.scratch_floats;
    if (e->scratch_floats > r->scratch_room) {
        free(r->scratch);
        r->scratch = malloc((size_t)e->scratch_floats * sizeof *r->scratch);
        r->scratch_room = r->scratch != NULL ? e->scratch_floats : 0;
    }
    if (e->scratch_floats == 0)
        return true;
    if (r->scratch == NULL)
        return false;
    if (figures)
        gcs_cl_figures_pack(&e->figures, e->run, place, r->scratch);
    else
        memset(r->scratch, 0xff, (size_t)e->scratch_floats * sizeof *r->scratch);
    return true;
}

/* ---- What goes to the device -----------------------------------------------------------------
 */

/* The hold of a stream's buffer: that of all in half of the calls; else its own, or where the
 * device shares memory with the host at times that for all or for every second. */
static size_t hold_of(const gcs_opencl_runner *r, size_t stream) {
    const uint64_t way = r->calls % 6;
    if (way % 2 == 0)
        return HOLD_COMMON;
    const bool svm = r->device.svm != 0 && (way == 3 || (way == 5 && stream % 2 == 0));
    return svm ? HOLD_SVM : HOLD_OWN + stream;
}

static size_t add_stream(errand *e, size_t stream, const char *name, void *data, size_t bytes,
                         bool returns) {
    const size_t hold = hold_of(e->runner, stream);
    const gcs_cl_hold_kind kind = hold == HOLD_SVM ? GCS_CL_HOLD_SVM
                                  : hold >= HOLD_OWN && e->runner->exact_buffers
                                      ? GCS_CL_HOLD_EXACT
                                      : GCS_CL_HOLD_ROOMY;
    return gcs_cl_freight_add(&e->runner->freight, hold, kind, name, data, bytes, returns);
}

static size_t add_argument(errand *e, size_t hold, const char *name, void *data, size_t bytes,
                           bool returns) {
    const bool exact = e->runner->exact_buffers && e->runner->calls % 2 == 1;
    return gcs_cl_freight_add_alone(&e->runner->freight, hold,
                                    exact ? GCS_CL_HOLD_EXACT : GCS_CL_HOLD_ROOMY, name, data,
                                    bytes, returns);
}

static void add_parts(errand *e, void *const place[GCS_BUFS], size_t items) {
    gcs_opencl_runner *r = e->runner;
    gcs_cl_call_arrays *call = &e->call;
    parts *at = &e->at;
    gcs_cl_freight_clear(&r->freight);
    at->matrices = add_argument(e, HOLD_MATRICES, "the matrices", call->matrices,
                                sizeof call->matrices, false);
    at->work = add_argument(e, HOLD_WORK, "the work", r->work, items * sizeof *r->work, false);
    at->groups =
        add_argument(e, HOLD_GROUPS, "the groups", call->groups, sizeof call->groups, false);
    at->flags = add_argument(e, HOLD_FLAGS, "the flags", call->flags, sizeof call->flags, false);
    at->scratch = add_argument(e, HOLD_SCRATCH, "the scratch memory", r->scratch,
                               (size_t)e->scratch_floats * sizeof *r->scratch, true);
    at->decoy = add_argument(e, HOLD_DECOY, "a buffer that is none of the call's", e->decoy,
                             sizeof e->decoy, false);
    for (int s = 0; s < GCS_OPENCL_STREAMS; s++) {
        const int b = gcs_cl_call_buffer((gcs_opencl_stream)s);
        const gcs_run_buffer *buffer = &e->run->buffer[b];
        const size_t bytes = buffer->used ? (size_t)buffer->count * buffer->size : 0;
        at->streams[s] = add_stream(e, (size_t)s, gcs_buffer_name(b), place[b], bytes, true);
    }
    const bool by_mean = r->kernel->row.view == GCS_VIEW_PART;
    at->mean =
        add_stream(e, GCS_OPENCL_MEANS, "the mean", &e->mean, by_mean ? sizeof e->mean : 0, false);
}

/* Binds the part's buffer. Numbers of own buffers have 5 between them, which has no factor in
 * common with 32. */
static gcs_cl_call_place bind(errand *e, size_t part, size_t stream) {
    const gcs_cl_freight *f = &e->runner->freight;
    const gcs_cl_mem buffer = gcs_cl_freight_buffer(f, part);
    const bool common = hold_of(e->runner, stream) == HOLD_COMMON;
    const size_t number = (e->runner->calls + (common ? 0 : 5 * stream)) % GCS_OPENCL_BINDINGS;
    gcs_cl_call_place place = {gcs_cl_freight_at(f, part), GCS_OPENCL_SVM};
    if (buffer != NULL) {
        place.binding = (uint8_t)number;
        e->bindings[number] = buffer;
    }
    return place;
}

/* The call's arrays, which have places on the device in them. */
static void fill_call(errand *e, bool first_step) {
    gcs_opencl_runner *r = e->runner;
    const gcs_cl_mem decoy = gcs_cl_freight_buffer(&r->freight, e->at.decoy);
    gcs_cl_call_place places[GCS_OPENCL_STREAMS];
    for (int i = 0; i < GCS_OPENCL_BINDINGS; i++)
        e->bindings[i] = decoy;
    for (int s = 0; s < GCS_OPENCL_STREAMS; s++)
        places[s] = bind(e, e->at.streams[s], (size_t)s);
    const bool by_mean = e->at.mean != GCS_CL_NONE;
    gcs_cl_call_place mean = {0, GCS_OPENCL_SVM};
    if (by_mean)
        mean = bind(e, e->at.mean, GCS_OPENCL_MEANS);
    gcs_cl_call_fill(&e->call, e->run, places, by_mean ? &mean : NULL, e->figures.place);
    gcs_opencl_matrix *matrix = &e->call.matrices[GCS_CL_CALL_MATRIX];
    if (e->halved)
        gcs_launch_halve(&r->kernel->row, &matrix->rows, &matrix->cols);
    e->has_flag = r->calls % 2 == 0;
    gcs_cl_call_group(&e->call, e->run, e->has_flag, first_step);
}

/* ---- A call ----------------------------------------------------------------------------------
 */

static bool fail(gcs_opencl_runner *r, gcs_cl_int result, const char *what, char *why,
                 size_t why_size) {
    gcs_opencl_fail(result, "%s", what);
    snprintf(why, why_size, "%s", gcs_last_error());
    r->runner.ended = true; /* most errors are for the rest of the context's life */
    return false;
}

static bool judge(errand *e, void *const place[GCS_BUFS], char *why, size_t why_size) {
    const gcs_opencl_runner *r = e->runner;
    const bool figures = gcs_cl_has_figures(&r->kernel->row);
    if (r->freight.trouble[0])
        snprintf(why, why_size, "%s", r->freight.trouble);
    else if (figures && !gcs_cl_figures_unpack(&e->figures, e->run, place, r->scratch))
        snprintf(why, why_size, "wrote beside the figures");
    else
        return true;
    return false;
}

bool gcs_opencl_errand_run(gcs_runner *runner, const gcs_run *run, void *const place[GCS_BUFS],
                           char *why, size_t why_size) {
    gcs_opencl_runner *r = (gcs_opencl_runner *)runner;
    errand e = {.runner = r, .run = run, .mean = run->mean};
    gcs_run_call host;
    r->calls++;
    gcs_run_arguments(run, place, &host);
    const bool first_step =
        run->kernel->op == GCS_OP_STEP && gcs_hide_first_state(run->kernel->view, &host.args);
    const size_t items = cut_work(&e, &host.args) ? join_work(&e) : 0;
    if (items == 0 || !make_scratch(&e, place)) {
        snprintf(why, why_size, "the work could not be cut");
        return false;
    }
    add_parts(&e, place, items);
    gcs_cl_int result = gcs_cl_freight_place(&r->freight);
    if (result != GCS_CL_SUCCESS)
        return fail(r, result, "no memory on the device", why, why_size);
    fill_call(&e, first_step);
    result = gcs_cl_errand_launch(&e);
    if (result != GCS_CL_SUCCESS)
        return fail(r, result, "the launch went wrong", why, why_size);
    return judge(&e, place, why, why_size);
}
