/* Plans for an OpenCL device on a stand-in for its loader: what is launched steps each element
 * once, in few launches; what is given is checked; calls that fail leave nothing behind. */
#include "opencl/plan_standin.h"

#include "dispatch/plan_internal.h"

#include <math.h>

enum { LARGEST = 40 };

static noted seen;

static int before(void **state) {
    (void)state;
    standin_reset();
    standin_platforms[0].devices[0].svm |= GCS_CL_SVM_FINE_GRAIN_BUFFER;
    standin_platforms[0].devices[1].svm |= GCS_CL_SVM_FINE_GRAIN_BUFFER;
    seen = (noted){.launches = 0};
    assert_true(scene_open(&here));
    standin_on_launch(note, &seen);
    return 0;
}

static int after(void **state) {
    (void)state;
    scene_close(&here);
    assert_int_equal(standin_alive(STANDIN_ALL), 0);
    return 0;
}

/* In a queue of its own, which it keeps. */
static gcs_plan *plan_in(gcs_cl_flags properties, const gcs_spec *spec, const fixture *f) {
    gcs_plan *plan;
    const gcs_cl_queue own = queue_make(&here, properties);
    assert_ok(gcs_plan_create(&plan, gcs_opencl(here.context, here.device.id, own), spec,
                              f->tensors, f->count));
    assert_cl(here.cl->queue_release(own));
    return plan;
}

static gcs_plan *plan_of(const gcs_spec *spec, const fixture *f) {
    return plan_in(0, spec, f);
}

static void use_device(int number) {
    scene_close(&here);
    assert_ok(gcs_opencl_device_at(number, &here.device));
    gcs_cl_int result;
    here.context = here.cl->context_create(NULL, 1, &here.device.id, NULL, NULL, &result);
    assert_cl(result);
    here.queue = queue_make(&here, 0);
}

static gcs_status step(gcs_plan *plan, const mirror *m) {
    const gcs_hyper hyper = fixture_hyper(1);
    return m->how == SHARED ? gcs_step(plan, &hyper, m->pointers)
                            : gcs_step_opencl(plan, &hyper, m->buffers, NULL);
}

static const gcs_tensor shapes[] = {ROWS(40, 9),      ROWS(7, 147),    ROWS(3, 2304), ROWS(2, 5000),
                                    ROWS(1, 70000),   COLS(27, 70),    COLS(700, 33), FLAT(1500),
                                    GENERAL(3, 5, 7), ROWS(3, 200000), ROWS(1, 1),    COLS(5000, 3),
                                    GENERAL(2, 9, 70)};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };
static const gcs_spec adam = {.rule = GCS_RULE_ADAM, .center = GCS_CENTER_GRADIENT};

/* ---- What is launched ---------------------------------------------------------------------- */

static void each_element_once(void **state) {
    (void)state;
    for (int device = 0; device < 2; device++) {
        use_device(device);
        for (int how = 0; how < WAYS; how++) {
            for (int order = 0; order < 2; order++) {
                fixture f = fixture_blank(shapes, SHAPES, GCS_TYPE_F32);
                mirror m = mirror_make(&here, &f, (way)how);
                mirror_send(&m);
                gcs_plan *plan = plan_in(order != 0 ? 0 : GCS_CL_QUEUE_OUT_OF_ORDER, &adam, &f);
                for (int i = 1; i <= 3; i++) {
                    assert_ok(step(plan, &m));
                    assert_counted(&m, (float)i);
                }
                gcs_plan_destroy(plan);
                assert_int_equal(standin_unordered, 0);
                mirror_free(&m);
                fixture_free(&f);
            }
        }
    }
}

/* The same once more where the means of some tensors between others are given. */
static void given_means(void **state) {
    (void)state;
    fixture f = fixture_blank(shapes, SHAPES, GCS_TYPE_F32);
    mirror m = mirror_make(&here, &f, ONE);
    m.means = memory_make(&here, GCS_CL_MEM_READ_ONLY, 1 << 20);
    mirror_send(&m);
    gcs_plan *plan = plan_of(&adam, &f);
    for (unsigned i = 1; i <= 4; i++) {
        for (size_t k = 0; k < SHAPES; k++) {
            const bool given = (k + i) % i == 0 && shapes[k].layout != GCS_LAYOUT_FLAT && i > 1;
            m.buffers[k].means.mem = given ? m.means : NULL;
            m.buffers[k].w_means.mem = given ? m.means : NULL;
            m.buffers[k].means_count = gcs_tensor_groups(&shapes[k]);
        }
        seen.given = 0;
        assert_ok(step(plan, &m));
        assert_counted(&m, (float)i);
        assert_int_equal(seen.given != 0, i > 1);
    }
    gcs_plan_destroy(plan);
    mirror_free(&m);
    fixture_free(&f);
}

/* A flag for the third parameter group; the others' tensors are stepped. */
static void flags(void **state) {
    (void)state;
    gcs_tensor tensors[6];
    for (uint32_t i = 0; i < 6; i++) {
        tensors[i] = gcs_rows(3, 10 + i);
        tensors[i].group = i % 3;
    }
    for (int how = 0; how < WAYS; how++) {
        fixture f = fixture_blank(tensors, 6, GCS_TYPE_F32);
        mirror m = mirror_make(&here, &f, (way)how);
        gcs_cl_mem flag = memory_make(&here, GCS_CL_MEM_READ_ONLY, 2 * sizeof(float));
        float shared = 0, *in_memory = (float *)standin_data(flag) + 1;
        const gcs_cl_buffer given[3] = {[2] = {.mem = flag, .offset = sizeof(float)}};
        const gcs_cl_call call = {.found_inf = given};
        mirror_send(&m);
        gcs_plan *plan = plan_of(&adam, &f);
        for (int i = 0; i < 4; i++) {
            gcs_hyper hyper[3] = {fixture_hyper(1), fixture_hyper(1), fixture_hyper(1)};
            shared = *in_memory = i % 2 == 0 ? 0 : NAN;
            if (how == SHARED) {
                hyper[2].found_inf = &shared;
                assert_ok(gcs_step(plan, hyper, m.pointers));
            } else {
                assert_ok(gcs_step_opencl(plan, hyper, m.buffers, &call));
            }
        }
        mirror_fetch(&m);
        for (size_t k = 0; k < 6; k++)
            assert_true(f.buffers[k].w[0] == (tensors[k].group == 2 ? 2.0F : 4.0F));
        gcs_plan_destroy(plan);
        here.cl->mem_release(flag);
        mirror_free(&m);
        fixture_free(&f);
    }
}

/* ---- How much is launched, and sent -------------------------------------------------------- */

static void few_launches(void **state) {
    (void)state;
    gcs_tensor tensors[LARGEST];
    const gcs_spec sgd = {.rule = GCS_RULE_SGD, .center = GCS_CENTER_GRADIENT};
    for (size_t i = 0; i < LARGEST; i++)
        tensors[i] = gcs_rows(3 + i, 10 + i % 7);
    static const struct {
        way how;
        unsigned launches;
    } cases[] = {{ONE, 1}, {SHARED, 1}, {MIXED, 1}, {EACH, 3}}; /* 2 cl_mems each, 32 a launch */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture f = fixture_blank(tensors, LARGEST, GCS_TYPE_F32);
        mirror m = mirror_make(&here, &f, cases[i].how);
        mirror_send(&m);
        gcs_plan *plan = plan_of(&sgd, &f);
        unsigned writes = standin_calls("clEnqueueWriteBuffer");
        seen.launches = 0;
        assert_ok(step(plan, &m));
        assert_int_equal(seen.launches, cases[i].launches);
        assert_int_equal(standin_calls("clEnqueueWriteBuffer") - writes, 2);
        writes = standin_calls("clEnqueueWriteBuffer");
        const unsigned asked = standin_calls("clGetMemObjectInfo");
        assert_ok(step(plan, &m)); /* all as before */
        assert_int_equal(standin_calls("clEnqueueWriteBuffer"), writes);
        const unsigned memories = m.how == SHARED ? 0 : m.how == EACH ? 2 * LARGEST : 1;
        assert_int_equal(standin_calls("clGetMemObjectInfo") - asked, memories);
        assert_counted(&m, 2);
        gcs_plan_destroy(plan);
        mirror_free(&m);
        fixture_free(&f);
    }
}

/* From 32 cl_mems to two: of those that a launch does not need none is looked at. */
static void fewer_buffers_than_before(void **state) {
    (void)state;
    fixture f = fixture_blank(shapes, 6, GCS_TYPE_F32);
    mirror each = mirror_make(&here, &f, EACH), one = mirror_make(&here, &f, ONE);
    mirror shared = mirror_make(&here, &f, SHARED);
    mirror_send(&one);
    gcs_plan *plan = plan_of(&adam, &f);
    assert_ok(step(plan, &each));
    for (size_t i = 0; i < 6 * FIXTURE_BUFFERS; i++) {
        here.cl->mem_release(each.each[i]);
        each.each[i] = NULL;
    }
    assert_ok(step(plan, &one));
    assert_ok(step(plan, &shared));
    assert_ok(step(plan, &one)); /* after which the kernels know of no address */
    assert_counted(&one, 2);
    gcs_plan_destroy(plan);
    mirror_free(&each);
    mirror_free(&one);
    mirror_free(&shared);
    fixture_free(&f);
}

/* Eight copies may be under way; and what was sent is what the step meant, however late. */
static void a_host_that_is_ahead(void **state) {
    (void)state;
    fixture f = fixture_blank(shapes, 1, GCS_TYPE_F32);
    mirror m = mirror_make(&here, &f, ONE);
    mirror_send(&m);
    gcs_plan *plan = plan_of(&adam, &f);
    assert_ok(step(plan, &m));
    standin_hold(true);
    const unsigned waits = standin_calls("clWaitForEvents");
    for (uint64_t t = 2; t < 12; t++) {
        const gcs_hyper hyper = fixture_hyper(t);
        assert_ok(gcs_step_opencl(plan, &hyper, m.buffers, NULL));
        assert_int_equal(standin_calls("clWaitForEvents") > waits, t - 2 >= 8);
    }
    assert_int_equal(standin_calls("clFinish"), 0);
    assert_counted(&m, 11);
    gcs_plan_destroy(plan);
    mirror_free(&m);
    fixture_free(&f);
}

static void events(void **state) {
    (void)state;
    for (int order = 0; order < 2; order++) {
        fixture f = fixture_blank(shapes, 5, GCS_TYPE_F32);
        mirror m = mirror_make(&here, &f, ONE);
        mirror_send(&m);
        gcs_plan *plan = plan_in(order != 0 ? 0 : GCS_CL_QUEUE_OUT_OF_ORDER, &adam, &f);
        void *event = NULL, *list[2];
        const gcs_hyper hyper = fixture_hyper(1);
        assert_cl(here.cl->marker(here.queue, 0, NULL, &list[0]));
        assert_cl(here.cl->marker(here.queue, 1, &list[0], &list[1]));
        standin_hold(true);
        standin_unordered = 0;
        const gcs_cl_call call = {.wait_count = 2, .wait_list = list, .event = &event};
        assert_ok(gcs_step_opencl(plan, &hyper, m.buffers, &call));
        assert_non_null(event);
        assert_int_equal(standin_unordered, 0);
        assert_cl(here.cl->events_wait(1, &event));
        standin_hold(false);
        assert_counted(&m, 1);
        gcs_plan_destroy(plan);
        assert_cl(here.cl->event_release(event));
        assert_cl(here.cl->event_release(list[0]));
        assert_cl(here.cl->event_release(list[1]));
        mirror_free(&m);
        fixture_free(&f);
    }
}

static void another_queue(void **state) {
    (void)state;
    fixture f = fixture_blank(shapes, 3, GCS_TYPE_F32);
    mirror m = mirror_make(&here, &f, ONE);
    mirror_send(&m);
    gcs_plan *plan = plan_of(&adam, &f);
    const gcs_cl_queue second = queue_make(&here, 0);
    assert_ok(step(plan, &m));
    assert_ok(gcs_plan_set_stream(plan, second));
    for (unsigned i = 0; i < 2; i++) { /* the first waits for what is in the other queue */
        const unsigned waited = standin_waited;
        assert_ok(step(plan, &m));
        assert_int_equal(standin_waited - waited, 1 - i);
    }
    assert_counted(&m, 3);
    /* The plan keeps what it needs. */
    assert_cl(here.cl->queue_release(second));
    const unsigned queues = standin_alive(STANDIN_QUEUE);
    assert_ok(step(plan, &m));
    gcs_plan_destroy(plan);
    assert_int_equal(standin_alive(STANDIN_QUEUE), queues - 1);
    mirror_free(&m);
    fixture_free(&f);
}

/* ---- Kernels that the device cannot run ---------------------------------------------------- */

static void a_device_with_small_groups(void **state) {
    (void)state;
    fixture f = fixture_blank(shapes, SHAPES, GCS_TYPE_F32);
    mirror m = mirror_make(&here, &f, ONE);
    mirror_send(&m);
    standin_group_limit = 1;
    gcs_plan *plan = plan_of(&adam, &f);
    for (size_t i = 0; i < SHAPES; i++)
        assert_int_equal(gcs_opencl_find(gcs_plan_kernel(plan, i))->threads, 1);
    assert_ok(step(plan, &m));
    assert_counted(&m, 1);
    gcs_plan_destroy(plan);
    standin_platforms[0].devices[0].local_bytes = 1;
    gcs_plan *none;
    assert_fails(gcs_plan_create(&none, target_of(&here), &adam, f.tensors, f.count),
                 GCS_UNSUPPORTED, "kernel");
    assert_null(none);
    mirror_free(&m);
    fixture_free(&f);
}

/* What a kernel needs is no more when it has been launched. */
static void measured_again_with_little_local_memory(void **state) {
    (void)state;
    static const gcs_tensor some[] = {ROWS(7, 147), COLS(700, 33), ROWS(1, 70000)};
    gcs_measures measures[3] = {{.sums = NULL}};
    const gcs_hyper hyper = fixture_hyper(1);
    standin_on_launch(NULL, NULL); /* which counts steps */
    standin_platforms[0].devices[0].local_bytes = 32 << 10;
    use_device(0);
    fixture f = fixture_blank(some, 3, GCS_TYPE_F32);
    mirror m = mirror_make(&here, &f, EACH);
    mirror_send(&m);
    gcs_plan *plan = plan_of(&adam, &f);
    for (int i = 0; i < 3; i++)
        assert_ok(gcs_measure_opencl(plan, &hyper, m.buffers, NULL, measures, NULL));
    gcs_plan_destroy(plan);
    mirror_free(&m);
    fixture_free(&f);
}

static void explained(void **state) {
    (void)state;
    char text[512];
    fixture f = fixture_blank(shapes, 1, GCS_TYPE_F32);
    gcs_plan *plan = plan_of(&adam, &f);
    gcs_plan_explain(plan, 0, text, sizeof text);
    assert_non_null(strstr(text, " on Stand-in GPU: any_grad_rows_any_opencl_"));
    gcs_plan_destroy(plan);
    use_device(2); /* which has no subnormals */
    plan = plan_of(&adam, &f);
    gcs_plan_explain(plan, 0, text, sizeof text);
    assert_non_null(strstr(text, " on Stand-in old, which does not keep the bits: "));
    gcs_plan_destroy(plan);
    fixture_free(&f);
}

static void a_kernel_by_name(void **state) {
    (void)state;
    static const char name[] = "any_grad_rows_any_opencl_again256x1_u4";
    fixture f = fixture_blank(shapes, 3, GCS_TYPE_F32);
    gcs_target target = target_of(&here);
    gcs_plan *plan;
    target.kernel = name;
    assert_ok(gcs_plan_create(&plan, target, &adam, f.tensors, f.count));
    assert_string_equal(gcs_plan_kernel(plan, 0), name);
    gcs_plan_destroy(plan);
    target.kernel = "sgdm_grad_rows_f32_portable_block_u1";
    assert_fails(gcs_plan_create(&plan, target, &adam, f.tensors, f.count), GCS_UNSUPPORTED,
                 "target");
    setenv("GCSTEP_KERNEL", name, 1);
    plan = plan_of(&adam, &f);
    assert_string_equal(gcs_plan_kernel(plan, 1), name);
    gcs_plan_destroy(plan);
    unsetenv("GCSTEP_KERNEL");
    fixture_free(&f);
}

/* ---- Calls that fail ----------------------------------------------------------------------- */

static const char *const functions[] = {"clGetContextInfo",
                                        "clGetDeviceInfo",
                                        "clRetainContext",
                                        "clGetCommandQueueInfo",
                                        "clRetainCommandQueue",
                                        "clCreateBuffer",
                                        "clCreateProgramWithSource",
                                        "clBuildProgram",
                                        "clCreateKernel",
                                        "clSetKernelArg",
                                        "clGetKernelWorkGroupInfo",
                                        "clGetMemObjectInfo",
                                        "clEnqueueWriteBuffer",
                                        "clEnqueueCopyBuffer",
                                        "clEnqueueNDRangeKernel",
                                        "clEnqueueReadBuffer",
                                        "clSetKernelExecInfo",
                                        "clEnqueueSVMMemcpy",
                                        "clSVMAlloc",
                                        "clGetEventInfo",
                                        "clRetainEvent"};

/* Each call of a plan's making. */
static void plans_that_cannot_be_made(void **state) {
    (void)state;
    gcs_plan *plan;
    fixture f = fixture_blank(shapes, SHAPES, GCS_TYPE_F32);
    const unsigned alive = standin_alive(STANDIN_ALL);
    unsigned failed = 0;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        for (unsigned call = 0; call < 10; call++) {
            standin_fail(functions[i], GCS_CL_OUT_OF_RESOURCES, call);
            const gcs_status status =
                gcs_plan_create(&plan, target_of(&here), &adam, f.tensors, f.count);
            gcs_plan_destroy(plan);
            assert_int_equal(standin_alive(STANDIN_ALL), alive);
            if (status == GCS_OK) /* there are not so many calls */
                continue;
            failed++;
            assert_string_equal(gcs_status_name(status), "GCS_DEVICE_ERROR");
            assert_true(has_word(gcs_last_error(), "CL_OUT_OF_RESOURCES"));
            assert_null(plan);
        }
    }
    standin_fail(NULL, 0, 0);
    assert_true(failed > 30);
    fixture_free(&f);
}

/* Each call of a step: the next one does what there was to do. */
static void steps_that_fail(void **state) {
    (void)state;
    unsigned failed = 0;
    fixture f = fixture_blank(shapes, 7, GCS_TYPE_F32);
    gcs_cl_mem flag = memory_make(&here, GCS_CL_MEM_READ_ONLY, sizeof(float));
    memset(standin_data(flag), 0, sizeof(float));
    float shared_flag = 0;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        for (int how = 0; how < WAYS; how++) {
            for (unsigned call = 0; call < 12; call++) {
                const gcs_cl_buffer given = {.mem = flag};
                void *event = NULL;
                const gcs_cl_call with = {.found_inf = &given, .event = &event};
                gcs_hyper hyper = fixture_hyper(1);
                mirror m = mirror_make(&here, &f, (way)how);
                memset(f.memory, 0, f.floats * sizeof(float));
                mirror_send(&m);
                gcs_plan *plan = plan_of(&adam, &f);
                hyper.found_inf = how == SHARED ? &shared_flag : NULL;
                const unsigned before_launches = seen.launches;
                standin_fail(functions[i], GCS_CL_OUT_OF_RESOURCES, call);
                const gcs_status status = how == SHARED
                                              ? gcs_step(plan, &hyper, m.pointers)
                                              : gcs_step_opencl(plan, &hyper, m.buffers, &with);
                standin_fail(NULL, 0, 0);
                if (event != NULL)
                    here.cl->event_release(event);
                const bool launched = seen.launches != before_launches;
                if (status != GCS_OK) {
                    failed++;
                    assert_null(event);
                    if (!launched)
                        assert_counted(&m, 0);
                    memset(f.memory, 0, f.floats * sizeof(float));
                    mirror_send(&m);
                    assert_ok(how == SHARED ? gcs_step(plan, &hyper, m.pointers)
                                            : gcs_step_opencl(plan, &hyper, m.buffers, NULL));
                }
                assert_counted(&m, 1);
                gcs_plan_destroy(plan);
                mirror_free(&m);
                if (status == GCS_OK)
                    break;
            }
        }
    }
    assert_true(failed > 50);
    here.cl->mem_release(flag);
    fixture_free(&f);
}

/* A kernel that fails when it runs is told of by a later step, which waits for what it sent. */
static void a_device_that_fails(void **state) {
    (void)state;
    fixture f = fixture_blank(shapes, 1, GCS_TYPE_F32);
    mirror m = mirror_make(&here, &f, ONE);
    mirror_send(&m);
    gcs_plan *plan = plan_of(&adam, &f);
    assert_ok(step(plan, &m));
    standin_fail_query(GCS_CL_EVENT_COMMAND_EXECUTION_STATUS, GCS_CL_OUT_OF_RESOURCES);
    gcs_status status = GCS_OK;
    for (uint64_t t = 2; t < 12 && status == GCS_OK; t++) {
        const gcs_hyper hyper = fixture_hyper(t);
        status = gcs_step_opencl(plan, &hyper, m.buffers, NULL);
    }
    assert_string_equal(gcs_status_name(status), "GCS_DEVICE_ERROR");
    assert_non_null(strstr(gcs_last_error(), "an earlier step failed: CL_OUT_OF_RESOURCES"));
    standin_fail_query(0, 0);
    assert_ok(step(plan, &m));
    gcs_plan_destroy(plan);
    mirror_free(&m);
    fixture_free(&f);
}

static void a_compiler_that_refuses(void **state) {
    (void)state;
    gcs_plan *plan;
    fixture f = fixture_blank(shapes, 1, GCS_TYPE_F32);
    standin_build_log = "kernels/opencl/rows.clh:7: error: too clever\n";
    standin_fail("clBuildProgram", GCS_CL_BUILD_PROGRAM_FAILURE, 0);
    assert_fails(gcs_plan_create(&plan, target_of(&here), &adam, f.tensors, f.count),
                 GCS_UNSUPPORTED, "clever");
    assert_null(plan);
    fixture_free(&f);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, before, after)
    const struct CMUnitTest tests[] = {
        TEST(each_element_once),
        TEST(given_means),
        TEST(flags),
        TEST(few_launches),
        TEST(fewer_buffers_than_before),
        TEST(a_host_that_is_ahead),
        TEST(events),
        TEST(another_queue),
        TEST(a_device_with_small_groups),
        TEST(measured_again_with_little_local_memory),
        TEST(explained),
        TEST(a_kernel_by_name),
        TEST(plans_that_cannot_be_made),
        TEST(steps_that_fail),
        TEST(a_device_that_fails),
        TEST(a_compiler_that_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
