/* The launches of a call: see errand.h. */
#include "check/opencl/errand_internal.h"

typedef gcs_cl_errand errand;

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

gcs_cl_int gcs_cl_errand_launch(gcs_cl_errand *e) {
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
