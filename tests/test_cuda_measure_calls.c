/* gcs_measure of plans for a GPU where a call of the driver fails: the failure is told, nothing is
 * left behind, and the next call is as if nothing had been. */
#include "cuda_measure_scene.h"

/* Each call of a function in turn, until there is none left to fail; behind each failure it is
 * measured. Returns the number of calls. */
static unsigned each_fails(const char *function, int result, gcs_status status, const char *name) {
    for (unsigned call = 0;; call++) {
        scene s = scene_make(GCS_RULE_ADAM);
        standin_fail(function, result, call);
        const gcs_status got = measure(&s);
        if (got == GCS_OK) {
            standin_fail("none", 0, 0);
            scene_end(&s);
            return call;
        }
        assert_string_equal(gcs_status_name(got), gcs_status_name(status));
        if (strstr(gcs_last_error(), name) == NULL)
            fail_msg("\"%s\" does not say %s", gcs_last_error(), name);
        assert_ok(measure(&s));
        scene_end(&s);
    }
}

static void calls_that_fail(void **state) {
    (void)state;
    static const struct {
        const char *function;
        int result;
        gcs_status status;
        const char *name;
        unsigned least; /* so many calls there are */
    } each[] = {
        {"cuCtxGetCurrent", 700, GCS_DEVICE_ERROR, "CUDA_ERROR_ILLEGAL_ADDRESS", 1},
        {"cuStreamIsCapturing", 700, GCS_DEVICE_ERROR, "CUDA_ERROR_ILLEGAL_ADDRESS", 1},
        {"cuPointerGetAttributes", 700, GCS_INVALID_ARGUMENT, "CUDA_ERROR_ILLEGAL_ADDRESS", 2},
        {"cuModuleGetFunction", 500, GCS_DEVICE_ERROR, "CUDA_ERROR_NOT_FOUND", 5},
        {"cuFuncLoad", 700, GCS_DEVICE_ERROR, "CUDA_ERROR_ILLEGAL_ADDRESS", 5},
        {"cuMemAlloc_v2", 2, GCS_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", 1},
        {"cuMemcpyHtoDAsync_v2", 700, GCS_DEVICE_ERROR, "CUDA_ERROR_ILLEGAL_ADDRESS", 5 + 4 + 12},
        {"cuMemcpyDtoHAsync_v2", 700, GCS_DEVICE_ERROR, "CUDA_ERROR_ILLEGAL_ADDRESS", 4},
        {"cuLaunchKernelEx", 701, GCS_DEVICE_ERROR, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", 3 + 1},
        {"cuStreamSynchronize", 700, GCS_DEVICE_ERROR, "CUDA_ERROR_ILLEGAL_ADDRESS", 1 + 4 + 1},
    };
    for (size_t i = 0; i < sizeof each / sizeof each[0]; i++) {
        const unsigned calls =
            each_fails(each[i].function, each[i].result, each[i].status, each[i].name);
        if (calls < each[i].least)
            fail_msg("%s is called %u times", each[i].function, calls);
    }
}

static void a_kernel_is_missing(void **state) {
    (void)state;
    static const char *const names[] = {
        "any_none_part_any_cuda_measure256_u1", "any_none_rows_any_cuda_measure256_u1",
        "any_none_cols_any_cuda_measure256_u1", "any_update_rows_any_cuda_change256_u1",
        "any_update_cols_any_cuda_change256_u1"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        scene s = scene_make(GCS_RULE_ADAM);
        standin_without_kernel(names[i]);
        refused(&s, GCS_DEVICE_ERROR, names[i], "CUDA_ERROR_NOT_FOUND");
        assert_int_equal(standin_alive(), s.alive);
        standin_without_kernel(NULL);
        assert_ok(measure(&s));
        scene_end(&s);
    }
}

/* Memory is allocated at the first call alone; a destroyed context has nothing left to free. */
static void memory(void **state) {
    (void)state;
    scene s = scene_make(GCS_RULE_ADAM);
    assert_ok(measure(&s));
    const unsigned allocations = standin_calls("cuMemAlloc_v2");
    assert_int_equal(standin_alive(), s.alive + 1);
    assert_ok(measure(&s));
    assert_int_equal(standin_calls("cuMemAlloc_v2"), allocations);
    scene_end(&s);
    s = scene_make(GCS_RULE_ADAM);
    assert_ok(measure(&s));
    standin_destroy_context(0);
    const unsigned freed = standin_calls("cuMemFree_v2");
    gcs_plan_destroy(s.plan);
    assert_int_equal(standin_calls("cuMemFree_v2"), freed);
    standin_forget(sums);
    standin_forget(s.f.memory);
    fixture_free(&s.f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_that_fail),
        cmocka_unit_test(a_kernel_is_missing),
        cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
