/* Plans for a GPU: what is refused, and that nothing is left of a plan that could not be made. */
#include "cuda_fixture.h"

#include <stdio.h>

static const gcs_tensor tensors[] = {ROWS(64, 147), COLS(3000, 70), ROWS(3, 300000),
                                     FLAT(77),      ROWS(2, 20000), ROWS(1, 600000)};
enum { TENSORS = sizeof tensors / sizeof tensors[0] };

static gcs_status create(gcs_plan **plan, const gcs_target *target, const gcs_spec *spec) {
    *plan = (gcs_plan *)plan; /* not NULL */
    const gcs_status status = gcs_plan_create(plan, *target, spec, tensors, TENSORS);
    assert_int_equal(status == GCS_OK, *plan != NULL);
    return status;
}

/* With today's stand-in. */
static gcs_status create_default(gcs_plan **plan) {
    const gcs_target target = gcs_cuda(NULL);
    const gcs_spec spec = gcs_spec_sgdm();
    return create(plan, &target, &spec);
}

static int reset(void **state) {
    (void)state;
    standin_reset();
    return 0;
}

static void what_a_plan_tells(void **state) {
    (void)state;
    gcs_plan *plan;
    assert_ok(create_default(&plan));
    assert_int_equal(gcs_plan_tensors(plan), TENSORS);
    assert_int_equal(gcs_plan_groups(plan), 1);
    assert_int_equal(gcs_plan_threads(plan), 1);
    for (size_t i = 0; i < TENSORS; i++) {
        char text[400];
        const char *name = gcs_plan_kernel(plan, i);
        assert_non_null(strstr(name, "_cuda_"));
        assert_true(gcs_plan_explain(plan, i, text, sizeof text) < sizeof text);
        assert_non_null(strstr(text, name));
        assert_non_null(strstr(text, "on Stand-in 0: "));
        assert_non_null(strstr(text, "fixed rule"));
    }
    gcs_plan_destroy(plan);
    assert_int_equal(standin_alive(), 0);
}

/* Each call to the driver that making a plan needs, failing. */
static void each_call_fails(void **state) {
    (void)state;
    static const char *const functions[] = {
        "cuInit",
        "cuCtxGetCurrent",
        "cuCtxGetDevice",
        "cuDeviceGetName",
        "cuDeviceGetAttribute",
        "cuStreamGetCtx",
        "cuModuleLoadData",
        "cuModuleGetFunction",
        "cuFuncSetAttribute",
        "cuFuncLoad",
        "cuMemAlloc_v2",
        "cuMemHostAlloc",
        "cuStreamCreate",
        "cuMemcpyHtoDAsync_v2",
        "cuMemsetD32Async",
        "cuStreamSynchronize",
    };
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        standin_reset();
        standin_fail(functions[i], 700, 0);
        gcs_plan *plan;
        const gcs_status status = create_default(&plan);
        if (status == GCS_OK) {
            gcs_plan_destroy(plan);
            fail_msg("the plan could be made although %s failed", functions[i]);
        }
        assert_fails(status, GCS_DEVICE_ERROR, "CUDA_ERROR_ILLEGAL_ADDRESS");
        assert_int_equal(standin_alive(), 0);
    }
}

static void status_of_results(void **state) {
    (void)state;
    static const struct {
        const char *function;
        int result;
        gcs_status status;
        const char *name;
    } cases[] = {
        {"cuInit", 100, GCS_UNSUPPORTED, "CUDA_ERROR_NO_DEVICE"},
        {"cuInit", 34, GCS_UNSUPPORTED, "CUDA_ERROR_STUB_LIBRARY"},
        {"cuInit", 3, GCS_DEVICE_ERROR, "CUDA_ERROR_NOT_INITIALIZED"},
        {"cuModuleLoadData", 209, GCS_UNSUPPORTED, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
        {"cuModuleLoadData", 222, GCS_UNSUPPORTED, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"},
        {"cuMemAlloc_v2", 2, GCS_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
        {"cuMemHostAlloc", 2, GCS_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
        {"cuStreamGetCtx", 400, GCS_DEVICE_ERROR, "CUDA_ERROR_INVALID_HANDLE"},
        {"cuMemAlloc_v2", 9999, GCS_DEVICE_ERROR, "unknown"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        standin_reset();
        standin_fail(cases[i].function, cases[i].result, 0);
        gcs_plan *plan;
        assert_fails(create_default(&plan), cases[i].status, cases[i].name);
        assert_int_equal(standin_alive(), 0);
    }
}

static void a_kernel_is_missing(void **state) {
    (void)state;
    gcs_plan *plan;
    assert_ok(create_default(&plan));
    const char *name = gcs_plan_kernel(plan, 0);
    standin_without_kernel(name);
    gcs_plan_destroy(plan);
    assert_fails(create_default(&plan), GCS_DEVICE_ERROR, "CUDA_ERROR_NOT_FOUND");
    assert_non_null(strstr(gcs_last_error(), name));
    assert_int_equal(standin_alive(), 0);
}

static void contexts_and_streams(void **state) {
    (void)state;
    gcs_plan *plan;
    gcs_spec spec = gcs_spec_adam();
    void *own = standin_stream(0), *foreign = standin_stream(1);
    const gcs_target target = gcs_cuda(own), wrong = gcs_cuda(foreign);
    standin_make_current(-1);
    assert_fails(create(&plan, &target, &spec), GCS_DEVICE_ERROR, "CUDA_ERROR_INVALID_CONTEXT");
    standin_make_current(0);
    assert_fails(create(&plan, &wrong, &spec), GCS_DEVICE_ERROR, "stream");
    assert_non_null(strstr(gcs_last_error(), "CUDA_ERROR_INVALID_CONTEXT"));
    assert_ok(create(&plan, &target, &spec));
    assert_fails(gcs_plan_set_stream(plan, foreign), GCS_DEVICE_ERROR, "stream");
    assert_ok(gcs_plan_set_stream(plan, NULL));
    assert_ok(gcs_plan_set_stream(plan, own));
    assert_fails(gcs_plan_set_stream(NULL, own), GCS_INVALID_ARGUMENT, "plan");
    gcs_plan *on_cpu;
    assert_ok(gcs_plan_create(&on_cpu, gcs_cpu(), &spec, tensors, TENSORS));
    assert_fails(gcs_plan_set_stream(on_cpu, own), GCS_INVALID_ARGUMENT, "plan");
    gcs_plan_destroy(on_cpu);
    gcs_plan_destroy(plan);
    assert_int_equal(standin_alive(), 0);
}

/* On a thread without a context, with another one, and after the context's end. */
static void destroying(void **state) {
    (void)state;
    gcs_plan *plan;
    const unsigned before = standin_alive();
    for (int current = -1; current <= 1; current++) {
        standin_make_current(0);
        assert_ok(create_default(&plan));
        standin_make_current(current);
        gcs_plan_destroy(plan);
        assert_int_equal(standin_alive(), before);
    }
    standin_make_current(0);
    assert_ok(create_default(&plan));
    standin_destroy_context(0);
    const unsigned left = standin_alive();
    gcs_plan_destroy(plan);
    assert_int_equal(standin_alive(), left);
}

static void arguments(void **state) {
    (void)state;
    gcs_plan *plan;
    gcs_spec spec = gcs_spec_sgdm();
    gcs_target target = gcs_cuda(NULL);
    target.kernel = "no_such_kernel";
    assert_fails(create(&plan, &target, &spec), GCS_UNSUPPORTED, "target");
    target.kernel = "sgdm_grad_rows_f32_portable_pipe_u1"; /* the CPU's, if anybody's */
    assert_fails(create(&plan, &target, &spec), GCS_UNSUPPORTED, "target");
    target = gcs_cuda(NULL);
    target.backend = (gcs_backend)7;
    assert_fails(create(&plan, &target, &spec), GCS_INVALID_ARGUMENT, "backend");
    spec.rule = (gcs_rule)99;
    target = gcs_cuda(NULL);
    assert_fails(create(&plan, &target, &spec), GCS_INVALID_ARGUMENT, "spec");
}

/* By name, wherever it fits. */
static void a_forced_kernel(void **state) {
    (void)state;
    const gcs_spec spec = gcs_spec_sgdm();
    for (size_t i = 0; i < gcs_cuda_kernel_count; i++) {
        const gcs_cuda_kernel *kernel = &gcs_cuda_kernels[i];
        if (kernel->row.op != GCS_OP_STEP || kernel->row.means_given)
            continue;
        gcs_plan *plan;
        gcs_target target = gcs_cuda(NULL);
        target.kernel = kernel->row.name;
        assert_ok(create(&plan, &target, &spec));
        for (size_t k = 0; k < TENSORS; k++) {
            const gcs_layout layout = tensors[k].layout;
            const gcs_need need = {.op = GCS_OP_STEP,
                                   .form = gcs_spec_form(&spec, layout != GCS_LAYOUT_FLAT),
                                   .view = (gcs_view)layout,
                                   .length = layout == GCS_LAYOUT_COLS ? tensors[k].rows
                                                                       : tensors[k].cols};
            const gcs_cuda_device device = {.shared_bytes = 227 * 1024, .major = 9};
            if (gcs_cuda_fits(kernel, &need, &device))
                assert_string_equal(gcs_plan_kernel(plan, k), kernel->row.name);
        }
        gcs_plan_destroy(plan);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_a_plan_tells, reset),
        cmocka_unit_test_setup(each_call_fails, reset),
        cmocka_unit_test_setup(status_of_results, reset),
        cmocka_unit_test_setup(a_kernel_is_missing, reset),
        cmocka_unit_test_setup(arguments, reset),
        cmocka_unit_test_setup(a_forced_kernel, reset),
        cmocka_unit_test_setup(contexts_and_streams, reset),
        cmocka_unit_test_setup(destroying, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
