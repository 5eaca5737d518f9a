/* Steps of a plan for a GPU that are refused, and those in which a call fails: nothing is launched.
 */
#include "cuda_fixture.h"

static gcs_plan *plan_of(const gcs_tensor *of, size_t count, gcs_spec spec, void *stream) {
    gcs_plan *plan;
    assert_ok(gcs_plan_create(&plan, gcs_cuda(stream), &spec, of, count));
    return plan;
}

static void refused(noted *n, gcs_plan *plan, const gcs_hyper *hyper, const gcs_buffers *buffers,
                    gcs_status status, const char *argument, const char *name) {
    assert_fails(gcs_step(plan, hyper, buffers), status, argument);
    if (name != NULL && strstr(gcs_last_error(), name) == NULL)
        fail_msg("\"%s\" does not say %s", gcs_last_error(), name);
    assert_int_equal(n->launches, 0);
}

static void bad_pointers(void **state) {
    (void)state;
    static const gcs_tensor some[] = {ROWS(6, 10), FLAT(20)};
    fixture f = fixture_make(some, 2, 7);
    noted n = noted_open(&f);
    standin_set_hook(note, &n);
    gcs_plan *plan = plan_of(some, 2, gcs_spec_sgdm(), NULL);
    gcs_hyper hyper = fixture_hyper(1);
    const unsigned copied = copies();
    float *elsewhere = malloc(100 * sizeof *elsewhere);
    gcs_buffers bad[2];
    static const struct {
        int kind, device;
        const char *name;
    } kinds[] = {
        {-1, 0, "CUDA_ERROR_INVALID_VALUE"},
        {STANDIN_DEVICE, 1, "CUDA_ERROR_INVALID_DEVICE"},
        {STANDIN_PINNED_ELSEWHERE, 0, "CUDA_ERROR_INVALID_VALUE"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].kind >= 0)
            standin_register(elsewhere, 100 * sizeof *elsewhere, kinds[i].kind, kinds[i].device);
        memcpy(bad, f.buffers, sizeof bad);
        bad[1].m = elsewhere;
        refused(&n, plan, &hyper, bad, GCS_INVALID_ARGUMENT, "buffers[1].m", kinds[i].name);
        memcpy(bad, f.buffers, sizeof bad);
        bad[0].g = elsewhere;
        refused(&n, plan, &hyper, bad, GCS_INVALID_ARGUMENT, "buffers[0].g", kinds[i].name);
        hyper.found_inf = elsewhere;
        refused(&n, plan, &hyper, f.buffers, GCS_INVALID_ARGUMENT, "hyper[0].found_inf",
                kinds[i].name);
        hyper.found_inf = NULL;
        standin_forget(elsewhere);
    }
    assert_int_equal(copies(), copied);
    /* What the device does reach. */
    static const int good[] = {STANDIN_DEVICE, STANDIN_MANAGED, STANDIN_PINNED};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const int device = good[i] == STANDIN_DEVICE ? 0 : 1;
        standin_register(elsewhere, 100 * sizeof *elsewhere, good[i], device);
        memcpy(bad, f.buffers, sizeof bad);
        bad[1].m = elsewhere;
        hyper.found_inf = elsewhere + 50;
        assert_ok(gcs_step(plan, &hyper, bad));
        assert_ok(gcs_step(plan, &hyper, f.buffers));
        standin_forget(elsewhere);
    }
    gcs_plan_destroy(plan);
    free(elsewhere);
    noted_close(&n);
    fixture_free(&f);
}

/* What a plan of the CPU refuses too. */
static void bad_arguments(void **state) {
    (void)state;
    static const gcs_tensor some[] = {ROWS(6, 10), FLAT(20)};
    fixture f = fixture_make(some, 2, 8);
    noted n = noted_open(&f);
    standin_set_hook(note, &n);
    gcs_plan *plan = plan_of(some, 2, gcs_spec_sgdm(), NULL);
    const gcs_hyper good = fixture_hyper(1);
    gcs_hyper hyper = good;
    gcs_buffers bad[2];
    memcpy(bad, f.buffers, sizeof bad);
    refused(&n, NULL, &hyper, bad, GCS_INVALID_ARGUMENT, "plan", NULL);
    refused(&n, plan, NULL, bad, GCS_INVALID_ARGUMENT, "hyper", NULL);
    refused(&n, plan, &hyper, NULL, GCS_INVALID_ARGUMENT, "buffers", NULL);
    hyper.momentum = 1;
    refused(&n, plan, &hyper, bad, GCS_INVALID_ARGUMENT, "momentum", NULL);
    hyper = good;
    hyper.found_inf = (const float *)(const void *)((const char *)f.memory + 1);
    refused(&n, plan, &hyper, bad, GCS_INVALID_ARGUMENT, "found_inf", NULL);
    hyper = good;
    bad[0].m = NULL;
    refused(&n, plan, &hyper, bad, GCS_INVALID_ARGUMENT, "m", NULL);
    bad[0].m = bad[0].w + 59;
    refused(&n, plan, &hyper, bad, GCS_INVALID_ARGUMENT, "m", NULL);
    gcs_plan_destroy(plan);
    noted_close(&n);
    fixture_free(&f);
}

static void calls_that_fail(void **state) {
    (void)state;
    static const gcs_tensor some[] = {ROWS(6, 10), ROWS(7, 10)};
    fixture f = fixture_make(some, 2, 9);
    noted n = noted_open(&f);
    standin_set_hook(note, &n);
    gcs_plan *plan = plan_of(some, 2, gcs_spec_sgdm(), NULL);
    const gcs_hyper hyper = fixture_hyper(1);
    static const char *const functions[] = {"cuCtxGetCurrent", "cuStreamIsCapturing",
                                            "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2",
                                            "cuLaunchKernelEx"};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        standin_fail(functions[i], 700, 0);
        refused(&n, plan, &hyper, f.buffers, GCS_DEVICE_ERROR, "CUDA_ERROR_ILLEGAL_ADDRESS", NULL);
    }
    standin_fail("cuPointerGetAttributes", 700, 0);
    f.buffers[0].g = f.buffers[1].g;
    refused(&n, plan, &hyper, f.buffers, GCS_INVALID_ARGUMENT, "CUDA_ERROR_ILLEGAL_ADDRESS", NULL);
    standin_make_current(1);
    refused(&n, plan, &hyper, f.buffers, GCS_DEVICE_ERROR, "CUDA_ERROR_INVALID_CONTEXT", NULL);
    standin_make_current(-1);
    refused(&n, plan, &hyper, f.buffers, GCS_DEVICE_ERROR, "CUDA_ERROR_INVALID_CONTEXT", NULL);
    standin_make_current(0);
    f.buffers[0].g = fixture_gradient(&f, 0);
    assert_ok(gcs_step(plan, &hyper, f.buffers));
    assert_stepped(&n, 1);
    gcs_plan_destroy(plan);
    noted_close(&n);
    fixture_free(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_pointers),
        cmocka_unit_test(bad_arguments),
        cmocka_unit_test(calls_that_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
