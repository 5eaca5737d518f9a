/* From a run of check/ to launches on an OpenCL device: see errand.h. */
#include "check/opencl/errand.h"

#include "check/first_step.h"
#include "check/opencl/call.h"
#include "check/opencl/figures.h"

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

/* What a call has in device memory, as numbers of the freight's parts. */
typedef struct parts {
    size_t matrices, work, groups, flags, scratch, decoy, mean, streams[GCS_OPENCL_STREAMS];
} parts;

/* A call. */
typedef struct errand {
    gcs_opencl_runner *runner;
    const gcs_run *run;
    gcs_cl_call_arrays call;
    parts at;
    gcs_cl_figures figures;
    uint64_t scratch_floats;
    size_t before; /* items of the work that are none of the launch */
    gcs_cl_mem bindings[GCS_OPENCL_BINDINGS];
    float decoy[8], mean;
    bool halved, has_flag;
} errand;

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

/* ---- Launches --------------------------------------------------------------------------------
 */

/* Sets the arguments one by one; the first error stays. */
typedef struct arguments {
    const gcs_opencl_runner *runner;
    gcs_cl_int result;
} arguments;

static void set(arguments *to, gcs_cl_uint index, size_t size, const void *value) {
    if (to->result == GCS_CL_SUCCESS)
        to->result = to->runner->driver->kernel_argument(to->runner->function, index, size, value);
}

static void set_part(arguments *to, gcs_cl_uint index, size_t part, size_t other) {
    const gcs_cl_freight *f = &to->runner->freight;
    const gcs_cl_mem buffer = gcs_cl_freight_buffer(f, part != GCS_CL_NONE ? part : other);
    set(to, index, sizeof buffer, &buffer);
}

static gcs_cl_int set_arguments(errand *e) {
    gcs_opencl_runner *r = e->runner;
    const gcs_form *form = &e->run->form;
    const uint32_t form_number =
        r->any_form ? GCS_OPENCL_FORM(form->rule, form->center, form->gradient, form->copy)
                    : 0xa5a5a5a5;
    const gcs_cl_ulong stride = e->figures.stride;
    const uint64_t length = gcs_cl_call_length(&r->kernel->row, e->run->trial);
    void *svm[GCS_CL_HOLDS];
    arguments to = {r, GCS_CL_SUCCESS};
    set_part(&to, GCS_OPENCL_ARG_MATRICES, e->at.matrices, e->at.decoy);
    set_part(&to, GCS_OPENCL_ARG_WORK, e->at.work, e->at.decoy);
    set_part(&to, GCS_OPENCL_ARG_GROUPS, e->at.groups, e->at.decoy);
    set_part(&to, GCS_OPENCL_ARG_FLAGS, e->at.flags, e->at.decoy);
    set(&to, GCS_OPENCL_ARG_FORM, sizeof form_number, &form_number);
    set_part(&to, GCS_OPENCL_ARG_SCRATCH, e->at.scratch, e->at.decoy);
    set(&to, GCS_OPENCL_ARG_STRIDE, sizeof stride, &stride);
    set(&to, GCS_OPENCL_ARG_LOCAL, (size_t)gcs_opencl_local_bytes(r->kernel, length), NULL);
    for (gcs_cl_uint i = 0; i < GCS_OPENCL_BINDINGS; i++)
        set(&to, GCS_OPENCL_ARG_BINDING + i, sizeof e->bindings[i], &e->bindings[i]);
    const gcs_cl_uint shared = gcs_cl_freight_svm(&r->freight, svm);
    if (shared > 0 && to.result == GCS_CL_SUCCESS)
        to.result = r->driver->kernel_exec_info(r->function, GCS_CL_KERNEL_EXEC_INFO_SVM_PTRS,
                                                shared * sizeof *svm, svm);
    return to.result;
}

static gcs_cl_int launch_items(const errand *e, size_t first, size_t count) {
    const gcs_opencl_runner *r = e->runner;
    const gcs_cl_uint begin = (gcs_cl_uint)first;
    const size_t local = r->kernel->threads, global = count * local;
    arguments to = {r, GCS_CL_SUCCESS};
    set(&to, GCS_OPENCL_ARG_FIRST, sizeof begin, &begin);
    if (to.result != GCS_CL_SUCCESS || count == 0)
        return to.result;
    return r->driver->launch(r->queue, r->function, 1, NULL, &global, &local, 0, NULL, NULL);
}

/* A list by one launch, or by two. */
static gcs_cl_int launch(const errand *e) {
    const gcs_opencl_runner *r = e->runner;
    gcs_cl_int result = GCS_CL_SUCCESS;
    size_t first = e->before;
    for (int i = 0; i < GCS_OPENCL_PHASES && result == GCS_CL_SUCCESS; i++) {
        const size_t count = r->cut.lists[i].count, some = r->calls % 7 == 0 ? count / 3 : 0;
        result = launch_items(e, first, some);
        if (result == GCS_CL_SUCCESS)
            result = launch_items(e, first + some, count - some);
        first += count;
    }
    return result;
}

/* Some calls are made twice, first with found_inf: nothing may change then, and what does, spoils
 * the launch that counts. */
static bool begins_with_found_inf(errand *e) {
    const uint64_t calls = e->runner->calls;
    const bool found = e->has_flag && calls % 4 == 0;
    if (e->has_flag)
        e->call.flags[GCS_CL_CALL_FLAG] = found ? gcs_launch_found_inf(calls / 4) : 0;
    return found;
}

static gcs_cl_int clear_flag(errand *e) {
    static const float none = 0;
    const gcs_opencl_runner *r = e->runner;
    e->call.flags[GCS_CL_CALL_FLAG] = none;
    return r->driver->write(r->queue, gcs_cl_freight_buffer(&r->freight, e->at.flags), GCS_CL_FALSE,
                            GCS_CL_CALL_FLAG * sizeof none, sizeof none, &none, 0, NULL, NULL);
}

static gcs_cl_int run_on_device(errand *e) {
    gcs_opencl_runner *r = e->runner;
    const bool found_inf = begins_with_found_inf(e);
    gcs_cl_int result = gcs_cl_freight_send(&r->freight);
    if (result == GCS_CL_SUCCESS)
        result = set_arguments(e);
    if (result == GCS_CL_SUCCESS && found_inf)
        result = launch(e);
    if (result == GCS_CL_SUCCESS && found_inf)
        result = clear_flag(e);
    if (result == GCS_CL_SUCCESS)
        result = launch(e);
    if (result == GCS_CL_SUCCESS)
        return gcs_cl_freight_fetch(&r->freight);
    r->driver->finish(r->queue); /* what was enqueued reads what the freight has */
    return result;
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
    result = run_on_device(&e);
    if (result != GCS_CL_SUCCESS)
        return fail(r, result, "the launch went wrong", why, why_size);
    return judge(&e, place, why, why_size);
}
