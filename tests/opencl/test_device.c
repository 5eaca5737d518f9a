/* What is read from a device, which devices are refused, and the numbering over all platforms. */
#include "opencl/opencl_fixture.h"

static standin_device *const first = &standin_platforms[0].devices[0];

static void what_it_tells(void **state) {
    (void)state;
    gcs_opencl_device d;
    assert_ok(gcs_opencl_device_at(0, &d));
    assert_ptr_equal(d.id, first);
    assert_ptr_equal(d.platform, &standin_platforms[0]);
    assert_string_equal(d.name, "Stand-in GPU");
    assert_string_equal(d.vendor, "Nobody");
    assert_string_equal(d.driver_version, "1.2.3");
    assert_string_equal(d.version, "OpenCL 3.0 stand-in");
    assert_string_equal(d.c_version, "OpenCL C 1.2 stand-in");
    assert_string_equal(d.platform_name, "First");
    assert_string_equal(d.platform_version, "OpenCL 3.0 first");
    assert_true(d.major == 3 && d.minor == 0);
    assert_true(d.type == GCS_CL_DEVICE_TYPE_GPU);
    assert_int_equal(d.compute_units, 8);
    assert_int_equal(d.clock_mhz, 1000);
    assert_int_equal(d.max_group, 1024);
    assert_int_equal(d.max_items, 512);
    assert_int_equal(d.local_bytes, 48 << 10);
    assert_true(d.local_is_dedicated && !d.has_host_memory);
    assert_true(d.global_bytes == (uint64_t)8 << 30);
    assert_true(d.max_allocation == (uint64_t)2 << 30);
    assert_int_equal(d.cache_bytes, 4 << 20);
    assert_int_equal(d.cache_line, 128);
    assert_int_equal(d.base_alignment, 1024);
    assert_int_equal(d.parameter_bytes, 4352);
    assert_int_equal(d.address_bits, 64);
    assert_true(d.float_width_native == 1 && d.float_width_preferred == 2);
    assert_true(d.exact && d.rounds_divide_sqrt);
    assert_int_equal(d.svm, GCS_CL_SVM_COARSE_GRAIN_BUFFER);
    assert_int_equal(d.queue, GCS_CL_QUEUE_OUT_OF_ORDER | GCS_CL_QUEUE_PROFILING);
    assert_int_equal(d.timer_ns, 1000);
    assert_true(d.has_subgroups);
    assert_ok(gcs_opencl_device_at(1, &d));
    assert_true(!d.local_is_dedicated && d.has_host_memory);
}

static void in_words(void **state) {
    (void)state;
    gcs_opencl_device d;
    char line[512], cut[10];
    assert_ok(gcs_opencl_device_at(0, &d));
    const size_t length = gcs_opencl_device_format(&d, line, sizeof line);
    assert_string_equal(line, "Stand-in GPU, GPU, OpenCL 3.0, driver 1.2.3, 8 compute units, local "
                              "memory 48 KiB, cache 4.0 MiB, global memory 8.0 GiB, keeps the "
                              "bits: yes");
    assert_int_equal(length, strlen(line));
    assert_int_equal(gcs_opencl_device_format(&d, cut, sizeof cut), length);
    assert_ok(gcs_opencl_device_at(2, &d));
    gcs_opencl_device_format(&d, line, sizeof line);
    assert_contains(line, "Stand-in old, accelerator, OpenCL 1.2,");
    assert_contains(line, "keeps the bits: no");
}

/* They become parts of lines. */
static void texts_of_any_kind(void **state) {
    (void)state;
    gcs_opencl_device d;
    char longest[1000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    first->name = "   Core(TM)\t2\n Duo  ";
    first->vendor = "";
    first->driver_version = longest;
    first->extensions = "";
    assert_ok(gcs_opencl_device_at(0, &d));
    assert_string_equal(d.name, "Core(TM) 2  Duo");
    assert_string_equal(d.vendor, "");
    assert_int_equal(strlen(d.driver_version), GCS_OPENCL_TEXT - 1);
    assert_false(d.has_subgroups);
    first->extensions = "cl_khr_subgroups_x x_cl_khr_subgroups";
    assert_ok(gcs_opencl_device_at(0, &d));
    assert_false(d.has_subgroups);
}

static void whether_it_keeps_the_bits(void **state) {
    (void)state;
    const uint64_t needed = GCS_CL_FP_DENORM | GCS_CL_FP_INF_NAN | GCS_CL_FP_ROUND_TO_NEAREST |
                            GCS_CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT;
    gcs_opencl_device d;
    for (uint64_t bits = 0; bits < 256; bits++) {
        first->float_config = bits;
        assert_ok(gcs_opencl_device_at(0, &d));
        assert_int_equal(d.exact, (bits & needed) == needed);
        assert_int_equal(d.rounds_divide_sqrt, bits >> 7);
    }
}

static void shared_memory(void **state) {
    (void)state;
    gcs_opencl_device d;
    first->version = "OpenCL 1.2";
    assert_ok(gcs_opencl_device_at(0, &d));
    assert_int_equal(d.svm, 0);
    first->version = "OpenCL 2.0";
    assert_ok(gcs_opencl_device_at(0, &d));
    assert_int_equal(d.svm, GCS_CL_SVM_COARSE_GRAIN_BUFFER);
}

/* The reason is told beside the name, and nothing else of the device is needed for it. */
static void refused(const char *reason) {
    gcs_opencl_device d;
    assert_fails(gcs_opencl_device_at(0, &d), GCS_UNSUPPORTED, reason);
    assert_contains(gcs_last_error(), "Stand-in GPU");
    assert_string_equal(d.name, "Stand-in GPU");
    standin_reset();
}

static void devices_that_cannot_be_used(void **state) {
    (void)state;
    first->compiler = 0;
    refused("has no compiler");
    first->little_endian = 0;
    refused("is big-endian");
    first->available = 0;
    refused("is not available");
    first->version = "OpenCL 1.1 old";
    refused("is of OpenCL 1.1: 1.2 is the oldest");
    first->version = "OpenCL 0.9";
    refused("is of OpenCL 0.9");
    first->version = "OpenGL 4.6";
    refused("unknown version: 'OpenGL 4.6'");
    first->version = "";
    refused("unknown version");
    gcs_opencl_device d;
    first->version = "OpenCL 1.2";
    assert_ok(gcs_opencl_device_at(0, &d));
}

static void questions_without_an_answer(void **state) {
    (void)state;
    static const unsigned needed[] = {
        GCS_CL_DEVICE_PLATFORM,
        GCS_CL_DEVICE_NAME,
        GCS_CL_DEVICE_VENDOR,
        GCS_CL_DEVICE_VERSION,
        GCS_CL_DRIVER_VERSION,
        GCS_CL_DEVICE_OPENCL_C_VERSION,
        GCS_CL_DEVICE_EXTENSIONS,
        GCS_CL_PLATFORM_NAME,
        GCS_CL_PLATFORM_VERSION,
        GCS_CL_DEVICE_AVAILABLE,
        GCS_CL_DEVICE_COMPILER_AVAILABLE,
        GCS_CL_DEVICE_ENDIAN_LITTLE,
        GCS_CL_DEVICE_TYPE,
        GCS_CL_DEVICE_MAX_COMPUTE_UNITS,
        GCS_CL_DEVICE_MAX_WORK_GROUP_SIZE,
        GCS_CL_DEVICE_MAX_WORK_ITEM_SIZES,
        GCS_CL_DEVICE_LOCAL_MEM_SIZE,
        GCS_CL_DEVICE_LOCAL_MEM_TYPE,
        GCS_CL_DEVICE_GLOBAL_MEM_SIZE,
        GCS_CL_DEVICE_MAX_MEM_ALLOC_SIZE,
        GCS_CL_DEVICE_GLOBAL_MEM_CACHE_SIZE,
        GCS_CL_DEVICE_GLOBAL_MEM_CACHELINE_SIZE,
        GCS_CL_DEVICE_MEM_BASE_ADDR_ALIGN,
        GCS_CL_DEVICE_MAX_PARAMETER_SIZE,
        GCS_CL_DEVICE_ADDRESS_BITS,
        GCS_CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT,
        GCS_CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT,
        GCS_CL_DEVICE_SINGLE_FP_CONFIG,
        GCS_CL_DEVICE_QUEUE_PROPERTIES,
    };
    static const unsigned optional[] = {
        GCS_CL_DEVICE_MAX_CLOCK_FREQUENCY,
        GCS_CL_DEVICE_HOST_UNIFIED_MEMORY,
        GCS_CL_DEVICE_PROFILING_TIMER_RESOLUTION,
        GCS_CL_DEVICE_SVM_CAPABILITIES,
    };
    gcs_opencl_device d;
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        standin_fail_query(needed[i], -30);
        assert_fails(gcs_opencl_device_at(0, &d), GCS_DEVICE_ERROR, "CL_INVALID_VALUE");
        assert_contains(gcs_last_error(), "does not tell its");
        standin_fail_query(needed[i], -6);
        assert_fails(gcs_opencl_device_at(0, &d), GCS_OUT_OF_MEMORY, "CL_OUT_OF_HOST_MEMORY");
    }
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++) {
        standin_fail_query(optional[i], -30);
        assert_ok(gcs_opencl_device_at(0, &d));
    }
    assert_int_equal(d.svm, 0);
    /* The second call of a text's two, too. */
    standin_fail_query(0, 0);
    standin_fail("clGetDeviceInfo", -30, 2);
    assert_fails(gcs_opencl_device_at(0, &d), GCS_DEVICE_ERROR, "does not tell its name");
}

static void expect_at(int ordinal, const char *name) {
    gcs_opencl_device d;
    assert_ok(gcs_opencl_device_at(ordinal, &d));
    assert_string_equal(d.name, name);
}

static void one_numbering(void **state) {
    (void)state;
    int count;
    gcs_opencl_device d;
    assert_ok(gcs_opencl_device_count(&count));
    assert_int_equal(count, 3);
    expect_at(0, "Stand-in GPU");
    expect_at(1, "Stand-in CPU");
    expect_at(2, "Stand-in old");
    assert_fails(gcs_opencl_device_at(3, &d), GCS_UNSUPPORTED, "no OpenCL device 3: there are 3");
    assert_fails(gcs_opencl_device_at(-1, &d), GCS_UNSUPPORTED, "no OpenCL device -1");
    /* A device that cannot be used keeps its number. */
    first->compiler = 0;
    assert_ok(gcs_opencl_device_count(&count));
    assert_int_equal(count, 3);
    expect_at(1, "Stand-in CPU");
}

static void platforms_without_devices(void **state) {
    (void)state;
    int count;
    gcs_opencl_device d;
    standin_platforms[0].device_count = 0;
    assert_ok(gcs_opencl_device_count(&count));
    assert_int_equal(count, 1);
    expect_at(0, "Stand-in old");
    standin_platforms[1].device_count = 0;
    assert_fails(gcs_opencl_device_count(&count), GCS_UNSUPPORTED, "has no device");
    assert_int_equal(count, 0);
    assert_fails(gcs_opencl_device_at(0, &d), GCS_UNSUPPORTED, "has no device");
    standin_platform_count = 0;
    assert_fails(gcs_opencl_device_count(&count), GCS_UNSUPPORTED, "no platform");
}

/* One platform that fails leaves the others theirs; where there are none its error is told. */
static void platforms_that_fail(void **state) {
    (void)state;
    int count;
    standin_fail("clGetDeviceIDs", -32, 0);
    assert_ok(gcs_opencl_device_count(&count));
    assert_int_equal(count, 1);
    standin_fail("clGetDeviceIDs", -32, 1); /* the list of the first platform's */
    assert_ok(gcs_opencl_device_count(&count));
    assert_int_equal(count, 1);
    standin_fail("clGetDeviceIDs", -32, 2);
    assert_ok(gcs_opencl_device_count(&count));
    assert_int_equal(count, 2);
    standin_platform_count = 1;
    standin_fail("clGetDeviceIDs", -32, 0);
    assert_fails(gcs_opencl_device_count(&count), GCS_DEVICE_ERROR, "CL_INVALID_PLATFORM");
    for (unsigned call = 1; call <= 2; call++) { /* call 0 is of opening */
        standin_fail("clGetPlatformIDs", -6, call);
        assert_fails(gcs_opencl_device_count(&count), GCS_OUT_OF_MEMORY, "cannot be listed");
    }
}

#define TEST(name) cmocka_unit_test_setup(name, standin_before)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_it_tells),
        TEST(in_words),
        TEST(texts_of_any_kind),
        TEST(whether_it_keeps_the_bits),
        TEST(shared_memory),
        TEST(devices_that_cannot_be_used),
        TEST(questions_without_an_answer),
        TEST(one_numbering),
        TEST(platforms_without_devices),
        TEST(platforms_that_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
