/* What plans for an OpenCL device do not take, on a stand-in for its loader: each refusal names the
 * argument, and nothing has been enqueued. And measurements that fail. */
#include "opencl/plan_standin.h"

static const gcs_tensor shapes[] = {ROWS(4, 9), FLAT(15), COLS(27, 7)};
enum { TENSORS = sizeof shapes / sizeof shapes[0] };
static const gcs_spec spec = {
    .rule = GCS_RULE_ADAM, .center = GCS_CENTER_GRADIENT, .copy = GCS_COPY_BF16};

typedef struct given {
    fixture f;
    mirror m;
    gcs_plan *plan;
    gcs_hyper hyper;
    gcs_cl_buffers b[TENSORS]; /* of m; for a test to spoil */
    unsigned writes, launches;
} given;

static given g;
static noted seen;

static int before(void **state) {
    (void)state;
    standin_reset();
    standin_platforms[0].devices[0].svm |= GCS_CL_SVM_FINE_GRAIN_BUFFER;
    assert_true(scene_open(&here));
    seen = (noted){.launches = 0};
    standin_on_launch(note, &seen);
    g.f = fixture_blank(shapes, TENSORS, GCS_TYPE_F32);
    g.m = mirror_make(&here, &g.f, EACH);
    g.hyper = fixture_hyper(1);
    memcpy(g.b, g.m.buffers, sizeof g.b);
    assert_ok(gcs_plan_create(&g.plan, target_of(&here), &spec, shapes, TENSORS));
    return 0;
}

static int after(void **state) {
    (void)state;
    gcs_plan_destroy(g.plan);
    mirror_free(&g.m);
    fixture_free(&g.f);
    scene_close(&here);
    assert_int_equal(standin_alive(STANDIN_ALL), 0);
    return 0;
}

/* The step is refused, twice, with nothing enqueued; that the buffers as they were are taken. */
static void refused_with(const gcs_cl_call *call, gcs_status status, const char *argument,
                         const char *part) {
    const unsigned writes = standin_calls("clEnqueueWriteBuffer"), launches = seen.launches;
    for (int i = 0; i < 2; i++) {
        assert_fails(gcs_step_opencl(g.plan, &g.hyper, g.b, call), status, argument);
        if (strstr(gcs_last_error(), part) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", gcs_last_error(), part);
    }
    assert_int_equal(standin_calls("clEnqueueWriteBuffer"), writes);
    assert_int_equal(seen.launches, launches);
    memcpy(g.b, g.m.buffers, sizeof g.b);
    g.hyper.found_inf = NULL;
    assert_ok(gcs_step_opencl(g.plan, &g.hyper, g.b, NULL));
}

static void refused(const char *argument, const char *part) {
    refused_with(NULL, GCS_INVALID_ARGUMENT, argument, part);
}

/* ---- Buffers ------------------------------------------------------------------------------- */

static void buffers_that_are_not_there(void **state) {
    (void)state;
    g.b[1].w = (gcs_cl_buffer){.mem = NULL};
    refused("w", "buffers[1].w is NULL");
    g.b[2].copy = (gcs_cl_buffer){.mem = NULL, .offset = 8};
    refused("copy", "buffers[2].copy is NULL");
    g.b[0].v.svm = &g;
    refused("v", "buffers[0].v has both a cl_mem and an address");
    g.b[0].g.mem = here.context;
    refused("g", "buffers[0].g is no cl_mem that OpenCL knows: CL_INVALID_MEM_OBJECT");
}

static void sizes(void **state) {
    (void)state;
    g.b[1].v.offset = 4;
    refused("v",
            "buffers[1].v is too small: 60 bytes are needed from byte 4 on, and its cl_mem has "
            "60");
    g.b[0].m.offset = UINT64_MAX - 3;
    refused("m", "buffers[0].m is too small");
    /* The same handle, of less memory. */
    standin_shorten(g.m.buffers[0].m.mem, 100);
    assert_fails(gcs_step_opencl(g.plan, &g.hyper, g.b, NULL), GCS_INVALID_ARGUMENT, "m");
    standin_shorten(g.m.buffers[0].m.mem, 4 * 9 * sizeof(float));
    assert_ok(gcs_step_opencl(g.plan, &g.hyper, g.b, NULL));
}

static void kinds_of_buffers(void **state) {
    (void)state;
    const size_t bytes = 4 * 9 * sizeof(float);
    const gcs_cl_mem constant = memory_make(&here, GCS_CL_MEM_READ_ONLY, bytes);
    const gcs_cl_mem sink = memory_make(&here, GCS_CL_MEM_WRITE_ONLY, bytes);
    const gcs_cl_mem image = memory_make(&here, GCS_CL_MEM_READ_WRITE, bytes);
    standin_make_image(image);
    g.b[0].w.mem = constant;
    refused("w", "buffers[0].w is written, but its cl_mem is CL_MEM_READ_ONLY");
    g.b[0].v.mem = sink;
    refused("v", "buffers[0].v is read, but its cl_mem is CL_MEM_WRITE_ONLY");
    g.b[0].g.mem = sink;
    refused("g", "buffers[0].g is read, but its cl_mem is CL_MEM_WRITE_ONLY");
    g.b[0].g.mem = image;
    refused("g", "buffers[0].g is a cl_mem but no buffer");
    /* As they may be. */
    g.b[0].g.mem = constant;
    g.b[0].copy.mem = sink;
    g.b[0].v_max.mem = image; /* which Adam does not use */
    assert_ok(gcs_step_opencl(g.plan, &g.hyper, g.b, NULL));
    here.cl->mem_release(constant);
    here.cl->mem_release(sink);
    here.cl->mem_release(image);
}

static void another_context(void **state) {
    (void)state;
    scene other = {.context = NULL};
    assert_true(scene_open(&other));
    const gcs_cl_mem foreign = memory_make(&other, GCS_CL_MEM_READ_WRITE, 1000);
    g.b[1].m.mem = foreign;
    refused("m", "buffers[1].m is a buffer of another context than the plan's");
    assert_fails(gcs_plan_set_stream(g.plan, other.queue), GCS_INVALID_ARGUMENT, "stream");
    gcs_plan *plan;
    assert_fails(gcs_plan_create(&plan, gcs_opencl(here.context, here.device.id, other.queue),
                                 &spec, shapes, TENSORS),
                 GCS_INVALID_ARGUMENT, "stream");
    here.cl->mem_release(foreign);
    scene_close(&other);
}

static void overlaps(void **state) {
    (void)state;
    const gcs_cl_mem whole = memory_make(&here, GCS_CL_MEM_READ_WRITE, 4096);
    void *part = standin_part(whole, 1024, 1024);
    g.b[1].w = (gcs_cl_buffer){.mem = whole, .offset = 1024 + 56};
    g.b[1].m = (gcs_cl_buffer){.mem = part};
    refused("m", "buffers[1].w and buffers[1].m overlap");
    g.b[1].w = (gcs_cl_buffer){.mem = whole, .offset = 1024 + 60};
    g.b[1].m = (gcs_cl_buffer){.mem = part};
    assert_ok(gcs_step_opencl(g.plan, &g.hyper, g.b, NULL));
    g.b[2].g = g.b[2].v;
    refused("v", "buffers[2].g and buffers[2].v overlap");
    here.cl->mem_release(part);
    here.cl->mem_release(whole);
}

static void alignment(void **state) {
    (void)state;
    const gcs_cl_mem large = memory_make(&here, GCS_CL_MEM_READ_WRITE, 4096);
    g.b[0].w = (gcs_cl_buffer){.mem = large, .offset = 2};
    refused("w", "buffers[0].w is not aligned for elements of 4 bytes");
    g.b[0].copy = (gcs_cl_buffer){.mem = large, .offset = 1};
    refused("copy", "buffers[0].copy is not aligned for elements of 2 bytes");
    const gcs_cl_buffer flag = {.mem = large, .offset = 6};
    const gcs_cl_call call = {.found_inf = &flag};
    refused_with(&call, GCS_INVALID_ARGUMENT, "found_inf", "call->found_inf[0] is not aligned");
    here.cl->mem_release(large);
}

static void means(void **state) {
    (void)state;
    const gcs_cl_mem few = memory_make(&here, GCS_CL_MEM_READ_WRITE, 3 * sizeof(float));
    g.b[0].means.mem = few;
    g.b[0].means_count = 4;
    refused("means", "buffers[0].means is too small: 16 bytes");
    g.b[2].means.mem = g.b[2].w_means.mem = g.m.one;
    g.b[2].means_count = 6;
    refused("means_count", "lies in 7 groups");
    g.b[0].means.mem = g.m.one;
    g.b[0].means_count = 4;
    refused("w_means", "buffers[0].w_means is NULL");
    g.b[1].means.mem = here.context; /* of what has no groups it is not looked at */
    assert_ok(gcs_step_opencl(g.plan, &g.hyper, g.b, NULL));
    here.cl->mem_release(few);
}

/* ---- The rest of a call -------------------------------------------------------------------- */

static void calls(void **state) {
    (void)state;
    void *event = &event, *none = NULL;
    float flag = 0;
    gcs_cl_call call = {.wait_count = 1, .event = &event};
    refused_with(&call, GCS_INVALID_ARGUMENT, "wait_list", "call->wait_list is NULL");
    assert_null(event);
    call.wait_list = &none;
    refused_with(&call, GCS_INVALID_ARGUMENT, "wait_list", "call->wait_list[0] is NULL");
    g.hyper.found_inf = &flag;
    refused("found_inf", "hyper[0].found_inf is not NULL");
    const gcs_cl_buffer small = {.mem = g.m.one, .offset = UINT64_MAX - 3};
    call = (gcs_cl_call){.found_inf = &small};
    refused_with(&call, GCS_INVALID_ARGUMENT, "found_inf", "call->found_inf[0] is too small");
    assert_fails(gcs_step_opencl(NULL, &g.hyper, g.b, NULL), GCS_INVALID_ARGUMENT, "plan");
    assert_fails(gcs_step_opencl(g.plan, NULL, g.b, NULL), GCS_INVALID_ARGUMENT, "hyper");
    assert_fails(gcs_step_opencl(g.plan, &g.hyper, NULL, NULL), GCS_INVALID_ARGUMENT, "buffers");
    g.hyper.found_inf = NULL;
    g.hyper.lr = -1;
    assert_fails(gcs_step_opencl(g.plan, &g.hyper, g.b, NULL), GCS_INVALID_ARGUMENT, "lr");
}

static void flags_of_two_kinds(void **state) {
    (void)state;
    gcs_tensor two[] = {ROWS(4, 9), ROWS(4, 9)};
    gcs_plan *plan;
    float flag = 0;
    two[1].group = 1;
    assert_ok(gcs_plan_create(&plan, target_of(&here), &spec, two, 2));
    const gcs_cl_buffers b[2] = {g.b[0], g.b[0]};
    const gcs_hyper hyper[2] = {g.hyper, g.hyper};
    const gcs_cl_buffer flags[2] = {{.mem = g.m.one}, {.svm = &flag}};
    const gcs_cl_call call = {.found_inf = flags};
    assert_fails(gcs_step_opencl(plan, hyper, b, &call), GCS_INVALID_ARGUMENT, "found_inf");
    gcs_plan_destroy(plan);
}

static void plans_of_the_cpu(void **state) {
    (void)state;
    gcs_plan *plan;
    gcs_measures measures[TENSORS] = {{.sums = NULL}};
    assert_ok(gcs_plan_create(&plan, gcs_cpu(), &spec, shapes, TENSORS));
    assert_fails(gcs_step_opencl(plan, &g.hyper, g.b, NULL), GCS_INVALID_ARGUMENT, "gcs_opencl");
    assert_fails(gcs_measure_opencl(plan, &g.hyper, g.b, NULL, measures, NULL),
                 GCS_INVALID_ARGUMENT, "gcs_opencl");
    assert_fails(gcs_plan_set_stream(plan, here.queue), GCS_INVALID_ARGUMENT, "gcs_opencl");
    gcs_plan_destroy(plan);
}

/* An address where the device has no SVM; it is asked before any function of it is called. */
static void without_svm(void **state) {
    (void)state;
    gcs_plan *plan;
    gcs_opencl_device old;
    gcs_cl_int result;
    assert_ok(gcs_opencl_device_at(2, &old));
    const gcs_cl_context context = here.cl->context_create(NULL, 1, &old.id, NULL, NULL, &result);
    const gcs_cl_queue queue = here.cl->queue_create(context, old.id, 0, &result);
    assert_ok(gcs_plan_create(&plan, gcs_opencl(context, old.id, queue), &spec, shapes, TENSORS));
    assert_fails(gcs_step(plan, &g.hyper, g.f.buffers), GCS_UNSUPPORTED, "w");
    assert_fails(gcs_plan_set_stream(plan, here.queue), GCS_INVALID_ARGUMENT, "stream");
    gcs_plan_destroy(plan);
    here.cl->queue_release(queue);
    here.cl->context_release(context);
}

/* ---- Targets ------------------------------------------------------------------------------- */

static void targets(void **state) {
    (void)state;
    gcs_plan *plan = g.plan;
    gcs_opencl_device other;
    assert_ok(gcs_opencl_device_at(1, &other));
    const struct {
        gcs_target target;
        gcs_status status;
        const char *argument;
    } wrong[] = {
        {gcs_opencl(NULL, here.device.id, here.queue), GCS_INVALID_ARGUMENT, "context"},
        {gcs_opencl(here.context, NULL, here.queue), GCS_INVALID_ARGUMENT, "device"},
        {gcs_opencl(here.context, here.device.id, NULL), GCS_INVALID_ARGUMENT, "stream"},
        {gcs_opencl(here.queue, here.device.id, here.queue), GCS_DEVICE_ERROR, "context"},
        {gcs_opencl(here.context, other.id, here.queue), GCS_INVALID_ARGUMENT, "device"},
        {gcs_opencl(here.context, here.device.id, here.context), GCS_DEVICE_ERROR, "stream"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_fails(gcs_plan_create(&plan, wrong[i].target, &spec, shapes, TENSORS),
                     wrong[i].status, wrong[i].argument);
        assert_null(plan);
    }
    assert_fails(gcs_plan_set_stream(g.plan, NULL), GCS_INVALID_ARGUMENT, "stream");
    const gcs_cl_queue on_device =
        queue_make(&here, GCS_CL_QUEUE_OUT_OF_ORDER | GCS_CL_QUEUE_ON_DEVICE);
    assert_fails(gcs_plan_set_stream(g.plan, on_device), GCS_INVALID_ARGUMENT, "stream");
    assert_cl(here.cl->queue_release(on_device));
}

static void devices_that_are_too_small(void **state) {
    (void)state;
    gcs_plan *plan;
    standin_platforms[0].devices[0].parameter_bytes = 327;
    assert_fails(gcs_plan_create(&plan, target_of(&here), &spec, shapes, TENSORS), GCS_UNSUPPORTED,
                 "arguments");
    standin_platforms[0].devices[0].parameter_bytes = 328;
    standin_platforms[0].devices[0].max_allocation = 50;
    assert_fails(gcs_plan_create(&plan, target_of(&here), &spec, shapes, TENSORS), GCS_UNSUPPORTED,
                 "bytes");
}

/* ---- Measuring ----------------------------------------------------------------------------- */

static void measurements_that_are_refused(void **state) {
    (void)state;
    gcs_measures measures[TENSORS] = {{.norm = 7}};
    gcs_cl_sums sums[TENSORS] = {{.sums = {.mem = g.m.one}}};
    sums[0].sums.offset = g.f.floats * sizeof(float);
    assert_fails(gcs_measure_opencl(g.plan, &g.hyper, g.b, sums, measures, NULL),
                 GCS_INVALID_ARGUMENT, "sums"); /* 3 floats are left there, and 4 groups */
    sums[0].sums.offset = 0;
    sums[0].change_sums.mem = g.m.one;
    assert_fails(gcs_measure_opencl(g.plan, &g.hyper, g.b, sums, measures, NULL),
                 GCS_INVALID_ARGUMENT, "change_sums");
    sums[0].change_sums.mem = NULL;
    sums[1].sums.mem = g.m.one;
    assert_fails(gcs_measure_opencl(g.plan, &g.hyper, g.b, sums, measures, NULL),
                 GCS_INVALID_ARGUMENT, "sums");
    assert_fails(gcs_measure_opencl(g.plan, &g.hyper, g.b, NULL, NULL, NULL), GCS_INVALID_ARGUMENT,
                 "measures");
    const gcs_cl_call call = {.wait_count = 1};
    assert_fails(gcs_measure_opencl(g.plan, &g.hyper, g.b, NULL, measures, &call),
                 GCS_INVALID_ARGUMENT, "wait_list");
    g.b[0].g.offset = 4;
    assert_fails(gcs_measure_opencl(g.plan, &g.hyper, g.b, NULL, measures, NULL),
                 GCS_INVALID_ARGUMENT, "g");
    assert_true(measures[0].norm == 7);
}

static int finds_nothing(void *context, const standin_launch *l) {
    (void)context;
    (void)l;
    return 0;
}

static void measurements_that_fail(void **state) {
    (void)state;
    static const char *const functions[] = {
        "clCreateBuffer",           "clBuildProgram",       "clCreateKernel",
        "clSetKernelArg",           "clEnqueueWriteBuffer", "clEnqueueNDRangeKernel",
        "clEnqueueReadBuffer",      "clEnqueueCopyBuffer",  "clFinish",
        "clGetKernelWorkGroupInfo", "clWaitForEvents"};
    gcs_measures measures[TENSORS] = {{.sums = NULL}};
    const gcs_cl_sums sums[TENSORS] = {{.sums = {.mem = g.m.one}}};
    void *event;
    unsigned failed = 0;
    standin_on_launch(finds_nothing, NULL);
    assert_cl(here.cl->marker(here.queue, 0, NULL, &event));
    const gcs_cl_call call = {.wait_count = 1, .wait_list = &event};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        for (unsigned n = 0; n < 12; n++) {
            gcs_plan *plan;
            assert_ok(gcs_plan_create(&plan, target_of(&here), &spec, shapes, TENSORS));
            standin_fail(functions[i], GCS_CL_OUT_OF_HOST_MEMORY, n);
            standin_hold(true);
            const gcs_status status =
                gcs_measure_opencl(plan, &g.hyper, g.b, sums, measures, &call);
            standin_hold(false);
            standin_fail(NULL, 0, 0);
            if (strcmp(functions[i], "clFinish") != 0)
                assert_int_equal(standin_pending(), 0); /* nothing reads what the next writes */
            if (status != GCS_OK) {
                failed++;
                assert_string_equal(gcs_status_name(status), "GCS_OUT_OF_MEMORY");
                assert_true(has_word(gcs_last_error(), "CL_OUT_OF_HOST_MEMORY"));
                assert_ok(gcs_measure_opencl(plan, &g.hyper, g.b, sums, measures, &call));
            }
            gcs_plan_destroy(plan);
        }
    }
    assert_true(failed > 40);
    here.cl->event_release(event);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, before, after)
    const struct CMUnitTest tests[] = {
        TEST(buffers_that_are_not_there),
        TEST(sizes),
        TEST(kinds_of_buffers),
        TEST(another_context),
        TEST(overlaps),
        TEST(alignment),
        TEST(means),
        TEST(calls),
        TEST(flags_of_two_kinds),
        TEST(plans_of_the_cpu),
        TEST(without_svm),
        TEST(targets),
        TEST(devices_that_are_too_small),
        TEST(measurements_that_are_refused),
        TEST(measurements_that_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
