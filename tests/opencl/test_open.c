/* Opening OpenCL's loader, and what its results are called. A loader that is absent or old:
 * loaders.sh. */
#include "opencl/opencl_fixture.h"

#include <pthread.h>

static void a_loader(void **state) {
    (void)state;
    const gcs_opencl_driver *driver;
    assert_ok(gcs_opencl_open(&driver));
    assert_non_null(driver->launch);
    assert_non_null(driver->svm_alloc);
    assert_int_equal(standin_calls("clGetPlatformIDs"), 1);
    assert_int_equal(driver->platforms(0, NULL, NULL), 0);
    assert_int_equal(standin_calls("clGetPlatformIDs"), 2);
}

static void platforms(void **state) {
    (void)state;
    const gcs_opencl_driver *driver;
    standin_platform_count = 0;
    assert_fails(gcs_opencl_open(&driver), GCS_UNSUPPORTED, "CL_PLATFORM_NOT_FOUND_KHR");
    assert_null(driver);
    standin_fail("clGetPlatformIDs", -1001, 0);
    assert_fails(gcs_opencl_open(&driver), GCS_UNSUPPORTED, "no driver for OpenCL is installed");
    assert_null(driver);
    standin_fail("clGetPlatformIDs", -6, 0);
    assert_fails(gcs_opencl_open(&driver), GCS_OUT_OF_MEMORY, "CL_OUT_OF_HOST_MEMORY");
    standin_fail("clGetPlatformIDs", -30, 0);
    assert_fails(gcs_opencl_open(&driver), GCS_DEVICE_ERROR, "CL_INVALID_VALUE");
    assert_null(driver);
    /* None of this is kept. */
    standin_reset();
    assert_ok(gcs_opencl_open(&driver));
}

static void results(void **state) {
    (void)state;
    assert_string_equal(gcs_opencl_result_name(0), "CL_SUCCESS");
    assert_string_equal(gcs_opencl_result_name(-5), "CL_OUT_OF_RESOURCES");
    assert_string_equal(gcs_opencl_result_name(-11), "CL_BUILD_PROGRAM_FAILURE");
    assert_string_equal(gcs_opencl_result_name(-72), "CL_MAX_SIZE_RESTRICTION_EXCEEDED");
    assert_string_equal(gcs_opencl_result_name(-1001), "CL_PLATFORM_NOT_FOUND_KHR");
    /* OpenCL has numbers without gaps but for -20 to -29, and none beyond -72. */
    for (int result = 0; result >= -80; result--) {
        const bool none = (result <= -20 && result >= -29) || result < -72;
        assert_int_equal(gcs_opencl_result_name(result) == NULL, none);
    }
    assert_fails(gcs_opencl_fail(-54, "row %d", 3), GCS_DEVICE_ERROR, "row 3: CL_INVALID_WORK_GRO");
    assert_string_equal(gcs_last_error(), "row 3: CL_INVALID_WORK_GROUP_SIZE");
    assert_fails(gcs_opencl_fail(-9999, "x"), GCS_DEVICE_ERROR, "an unknown OpenCL error, -9999");
    static const struct {
        gcs_cl_int result;
        gcs_status status;
    } cases[] = {
        {-1, GCS_UNSUPPORTED},   {-3, GCS_UNSUPPORTED},    {-4, GCS_OUT_OF_MEMORY},
        {-5, GCS_DEVICE_ERROR},  {-6, GCS_OUT_OF_MEMORY},  {-11, GCS_UNSUPPORTED},
        {-36, GCS_DEVICE_ERROR}, {-1001, GCS_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_fails(gcs_opencl_fail(cases[i].result, "it"), cases[i].status,
                     gcs_opencl_result_name(cases[i].result));
}

/* The name of the result is there however long the sentence is. */
static void a_long_sentence(void **state) {
    (void)state;
    char longest[1000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_fails(gcs_opencl_fail(-30, "%s", longest), GCS_DEVICE_ERROR, "xxx: CL_INVALID_VALUE");
}

static void *open_it(void *unused) {
    (void)unused;
    const gcs_opencl_driver *driver;
    return gcs_opencl_open(&driver) == GCS_OK && driver->finish != NULL ? (void *)(uintptr_t)driver
                                                                        : NULL;
}

static void by_many_threads(void **state) {
    (void)state;
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    void *first = NULL;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_it, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *found;
        pthread_join(threads[i], &found);
        assert_non_null(found);
        assert_true(first == NULL || found == first);
        first = found;
    }
}

#define TEST(name) cmocka_unit_test_setup(name, standin_before)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(by_many_threads), /* before the process opens it itself */
        TEST(a_loader),        TEST(platforms), TEST(results), TEST(a_long_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
