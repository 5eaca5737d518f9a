/* The loader that is installed here, with whatever is behind it (PoCL in the checks): every device
 * is read, builds the library's kernels, and takes them from the cache. Skipped where there is
 * none. */
#include "table_fixture.h"

#include "dispatch/environment.h"
#include "dispatch/opencl/program.h"
#include "dispatch/opencl/source.h"

static const gcs_opencl_driver *driver;
static int count;

#define assert_ok(call)                                                                            \
    do {                                                                                           \
        const gcs_status got_ = (call);                                                            \
        if (got_ != GCS_OK)                                                                        \
            fail_msg("%s: %s", gcs_status_name(got_), gcs_last_error());                           \
    } while (0)

/* Its limits are such that a kernel could run, and such as it says twice. */
static void what_devices_tell(void **state) {
    (void)state;
    for (int i = 0; i < count; i++) {
        gcs_opencl_device d, again;
        char line[1024];
        assert_ok(gcs_opencl_device_at(i, &d));
        assert_ok(gcs_opencl_device_read(driver, d.id, &again));
        assert_string_equal(d.name, again.name);
        assert_true(gcs_opencl_device_format(&d, line, sizeof line) < sizeof line);
        print_message("%s\n", line);
        assert_true(d.name[0] != '\0' && d.version[0] != '\0' && d.platform_name[0] != '\0');
        assert_true(d.major >= 1 && d.compute_units > 0 && d.max_group > 0 && d.max_items > 0);
        assert_true(d.local_bytes >= 1024 && d.global_bytes > 0 && d.parameter_bytes >= 256);
        assert_true(d.max_allocation > 0 && d.max_allocation <= d.global_bytes);
        assert_true(d.address_bits == 32 || d.address_bits == 64);
        assert_true(d.type != 0 && d.float_config != 0);
        /* PoCL is a device of the processor that keeps the promise. */
        if (strncmp(d.platform_name, "Portable Computing Language", 27) == 0 &&
            (d.type & GCS_CL_DEVICE_TYPE_CPU) != 0)
            assert_true(d.exact && d.has_host_memory);
    }
}

static gcs_status build(const gcs_opencl_device *device, const char *program_text,
                        const char *options, const gcs_environment *env, unsigned *kernels) {
    gcs_cl_int result;
    gcs_cl_program program;
    gcs_cl_uint made = 0;
    const gcs_cl_context context =
        driver->context_create(NULL, 1, &device->id, NULL, NULL, &result);
    assert_int_equal(result, 0);
    const gcs_status status =
        gcs_opencl_program(driver, context, device, program_text, options, env, &program);
    if (status == GCS_OK) {
        const gcs_cl_kernel kernel = driver->kernel_create(program, "thirds", &result);
        made = result == 0;
        if (made)
            driver->kernel_release(kernel);
        driver->program_release(program);
    }
    *kernels = made;
    driver->context_release(context);
    return status;
}

/* The first time from source, the second from the file, with its kernel. */
static void the_cache(void **state) {
    (void)state;
    static const char program_text[] =
        "#pragma OPENCL FP_CONTRACT OFF\n"
        "__kernel void thirds(__global float *x) {\n"
        "    x[get_global_id(0)] = sqrt(x[get_global_id(0)]) / DIVISOR;\n"
        "}\n";
    char folder[512];
    const gcs_environment env = {.opencl_cache = scratch_path(folder, "cache"),
                                 .log = GCS_LOG_DEBUG};
    for (int i = 0; i < count; i++) {
        static const char *const expected[] = {".bin written\n", ".bin used\n"};
        gcs_opencl_device d;
        assert_ok(gcs_opencl_device_at(i, &d));
        for (int j = 0; j < 2; j++) {
            unsigned kernels;
            catch_stderr();
            const gcs_status status = build(&d, program_text, "-DDIVISOR=3.0f", &env, &kernels);
            char *log = release_stderr();
            assert_ok(status);
            assert_int_equal(kernels, 1);
            assert_contains(log, expected[j]);
            free(log);
        }
    }
}

/* The compiler's own words, with the name and the line of the file. */
static void a_source_that_is_refused(void **state) {
    (void)state;
    const gcs_environment env = {.opencl_cache = "0"};
    for (int i = 0; i < count; i++) {
        gcs_opencl_device d;
        unsigned kernels;
        assert_ok(gcs_opencl_device_at(i, &d));
        catch_stderr(); /* some compilers count their errors there */
        const gcs_status status = build(&d,
                                        "#line 40 \"kernels/opencl/wrong.cl\"\n"
                                        "__kernel void thirds(__global float *x) { x[0] = "
                                        "undeclared_name; }\n",
                                        NULL, &env, &kernels);
        free(release_stderr());
        assert_string_equal(gcs_status_name(status), "GCS_UNSUPPORTED");
        assert_contains(gcs_last_error(), "undeclared_name");
        assert_contains(gcs_last_error(), "wrong.cl:40");
    }
}

static void the_kernels(void **state) {
    (void)state;
    assert_true(strlen(gcs_opencl_source) > 0);
    assert_int_equal(strlen(gcs_opencl_impl_rev()), 12);
    assert_non_null(strstr(gcs_opencl_source, "FP_CONTRACT OFF"));
    assert_null(strstr(gcs_opencl_source, "#include \""));
}

int main(void) {
    if (gcs_opencl_open(&driver) != GCS_OK || gcs_opencl_device_count(&count) != GCS_OK) {
        printf("skipped: %s\n", gcs_last_error());
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_devices_tell),
        cmocka_unit_test(the_cache),
        cmocka_unit_test(a_source_that_is_refused),
        cmocka_unit_test(the_kernels),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
