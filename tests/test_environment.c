/* The GCSTEP_* switches, through gcs_plan_create: what each does, that an unknown value is an error
 * that names the variable and what it may be, and that nothing is printed unless asked for. */
#include "table_fixture.h"

#include "dispatch/environment.h"
#include "dispatch/plan.h"
#include "dispatch/registry.h"
#include "models/model.h"

#define FORCED rows_kernel(1) /* a portable one, and not the first that fits */

static const char *const variables[] = {"GCSTEP_ISA",         "GCSTEP_KERNEL", "GCSTEP_TUNED",
                                        "GCSTEP_TABLE",       "GCSTEP_RECORD", "GCSTEP_LOG",
                                        "GCSTEP_OPENCL_CACHE"};

static int before(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
    return 0;
}

static int start(void **state) {
    if (scratch_make(state) != 0)
        return -1;
    setenv("XDG_CONFIG_HOME", scratch, 1); /* no user's table */
    setenv("XDG_CONFIG_DIRS", scratch, 1);
    return 0;
}

static gcs_status make(gcs_plan **plan) {
    const gcs_spec spec = gcs_spec_sgdm();
    const gcs_tensor tensors[] = {gcs_rows(64, 576), gcs_cols(30, 50), gcs_flat(64),
                                  gcs_rows(64, 576)};
    return gcs_plan_create(plan, gcs_cpu(), &spec, tensors, 4);
}

static gcs_plan *made(void) {
    gcs_plan *plan = NULL;
    if (make(&plan) != GCS_OK)
        fail_msg("%s", gcs_last_error());
    return plan;
}

/* ---- Errors ------------------------------------------------------------------------------ */

static void expect_error(const char *variable, const char *value, gcs_status status,
                         const char *accepted) {
    gcs_plan *plan = (gcs_plan *)&plan;
    setenv(variable, value, 1);
    assert_string_equal(gcs_status_name(make(&plan)), gcs_status_name(status));
    assert_null(plan);
    assert_contains(gcs_last_error(), variable);
    assert_contains(gcs_last_error(), value);
    assert_contains(gcs_last_error(), accepted);
    unsetenv(variable);
}

/* The ISAs of this architecture, and one of another. */
#if defined(__x86_64__)
static const char known_isas[] = "portable or avx2 or avx512", foreign_isa[] = "neon";
#elif defined(__aarch64__)
static const char known_isas[] = "portable or neon", foreign_isa[] = "avx2";
#else
static const char known_isas[] = "portable", foreign_isa[] = "neon";
#endif

static void unknown_values(void **state) {
    (void)state;
    expect_error("GCSTEP_ISA", "sse9", GCS_BAD_ENVIRONMENT, known_isas);
    expect_error("GCSTEP_ISA", "PORTABLE", GCS_BAD_ENVIRONMENT, known_isas);
    expect_error("GCSTEP_ISA", foreign_isa, GCS_BAD_ENVIRONMENT, known_isas);
    expect_error("GCSTEP_KERNEL", "fastest", GCS_BAD_ENVIRONMENT, "name of a kernel");
    expect_error("GCSTEP_TUNED", "yes", GCS_BAD_ENVIRONMENT, "0 or 1");
    expect_error("GCSTEP_TUNED", "00", GCS_BAD_ENVIRONMENT, "0 or 1");
    expect_error("GCSTEP_OPENCL_CACHE", "1", GCS_BAD_ENVIRONMENT, "0 or the path of a folder");
    expect_error("GCSTEP_OPENCL_CACHE", "off", GCS_BAD_ENVIRONMENT, "0 or the path of a folder");
    expect_error("GCSTEP_LOG", "verbose", GCS_BAD_ENVIRONMENT, "off, warn, info or debug");
    expect_error("GCSTEP_LOG", "1", GCS_BAD_ENVIRONMENT, "off, warn, info or debug");
}

static void an_empty_value_counts_as_unset(void **state) {
    (void)state;
    gcs_environment unset, empty;
    assert_int_equal(gcs_environment_read(&unset), GCS_OK);
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        setenv(variables[i], "", 1);
    assert_int_equal(gcs_environment_read(&empty), GCS_OK);
    assert_true(empty.isa_cap == unset.isa_cap && empty.isa_cap == GCS_ISA_COUNT - 1);
    assert_true(empty.tuned && unset.tuned);
    assert_true(empty.log == GCS_LOG_OFF && unset.log == GCS_LOG_OFF);
    assert_true(!empty.kernel && !empty.table && !empty.record && !empty.opencl_cache);
    gcs_plan_destroy(made());
}

static void a_kernel_above_the_cap(void **state) {
    (void)state;
    const gcs_kernel_list *list = gcs_registry_list(1); /* behind portable */
    if (!list)
        skip();
    setenv("GCSTEP_ISA", "portable", 1);
    expect_error("GCSTEP_KERNEL", list->kernels[0].name, GCS_UNSUPPORTED,
                 gcs_cpu_allows(list->isa) ? "GCSTEP_ISA=portable" : "this CPU");
}

/* ---- What the switches do ---------------------------------------------------------------- */

static void the_cap(void **state) {
    (void)state;
    setenv("GCSTEP_ISA", "portable", 1);
    gcs_plan *plan = made();
    for (size_t i = 0; i < gcs_plan_tensors(plan); i++)
        assert_contains(gcs_plan_kernel(plan, i), "_portable_");
    gcs_plan_destroy(plan);
    const gcs_kernel_list *second = gcs_registry_list(1);
    if (!second)
        skip();
    /* A cap, no demand: right on any CPU. */
    setenv("GCSTEP_ISA", second->isa_name, 1);
    gcs_plan *capped = made();
    const gcs_kernel_list *last = gcs_registry_list(gcs_registry_lists() - 1);
    setenv("GCSTEP_ISA", last->isa_name, 1); /* the last one caps nothing */
    gcs_plan *uncapped = made();
    unsetenv("GCSTEP_ISA");
    gcs_plan *plain = made();
    const char *expected = gcs_cpu_allows(second->isa) ? second->isa_name : "portable";
    for (size_t i = 0; i < gcs_plan_tensors(plain); i++) {
        assert_string_equal(gcs_plan_kernel(uncapped, i), gcs_plan_kernel(plain, i));
        assert_contains(gcs_plan_kernel(capped, i), expected);
    }
    gcs_plan_destroy(uncapped);
    gcs_plan_destroy(capped);
    gcs_plan_destroy(plain);
}

static void a_forced_kernel(void **state) {
    (void)state;
    setenv("GCSTEP_KERNEL", FORCED, 1);
    gcs_plan *plan = made();
    assert_string_equal(gcs_plan_kernel(plan, 0), FORCED);
    assert_int_equal(gcs_plan_choice(plan, 0)->why, GCS_WHY_FORCED);
    assert_contains(gcs_plan_kernel(plan, 1), "_grad_cols_"); /* it does not fit there */
    assert_contains(gcs_plan_kernel(plan, 2), "sgdm_none_flat");
    gcs_plan_destroy(plan);
}

/* A table with a line for the shape, which GCSTEP_TUNED=0 must not look at. */
static void tables_on_and_off(void **state) {
    (void)state;
    char path[512];
    text t = {0};
    table_fields fields = good_fields();
    fields.at[F_KERNEL] = FORCED;
    add_head(&t, "any");
    for (int threads = 1; threads <= 64; threads++) {
        char number[16];
        snprintf(number, sizeof number, "%d", threads);
        fields.at[F_THREADS] = number;
        add_fields(&t, fields);
    }
    write_file(scratch_path(path, "tuned.tsv"), t.at, t.size);
    free_text(&t);
    setenv("GCSTEP_TABLE", path, 1);
    setenv("GCSTEP_TUNED", "1", 1);
    gcs_plan *plan = made();
    assert_string_equal(gcs_plan_kernel(plan, 0), FORCED);
    assert_int_equal(gcs_plan_choice(plan, 0)->why, GCS_WHY_EXACT);
    gcs_plan_destroy(plan);
    setenv("GCSTEP_TUNED", "0", 1);
    plan = made();
    assert_true(gcs_plan_choice(plan, 0)->why == GCS_WHY_DEFAULT_LINE ||
                gcs_plan_choice(plan, 0)->why == GCS_WHY_FIXED_RULE);
    gcs_plan_destroy(plan);
}

/* ---- The log ----------------------------------------------------------------------------- */

static char *output_of_a_plan(const char *level) {
    if (level)
        setenv("GCSTEP_LOG", level, 1);
    catch_stderr();
    gcs_plan *plan = NULL;
    const gcs_status status = make(&plan);
    char *output = release_stderr();
    assert_int_equal(status, GCS_OK);
    gcs_plan_destroy(plan);
    return output;
}

static void the_log(void **state) {
    (void)state;
    char path[512];
    setenv("GCSTEP_TABLE", scratch_path(path, "missing.tsv"), 1);
    static const char *const silent[] = {NULL, "off"};
    for (size_t i = 0; i < 2; i++) {
        char *output = output_of_a_plan(silent[i]);
        assert_string_equal(output, "");
        free(output);
    }
    char *warned = output_of_a_plan("warn");
    assert_int_equal(count_lines(warned), 1);
    assert_int_equal(strncmp(warned, "gcstep: ", 8), 0);
    assert_contains(warned, path);
    free(warned);
    char *informed = output_of_a_plan("info");
    assert_true(count_lines(informed) > 1);
    free(informed);
}

static void a_long_line_of_the_log(void **state) {
    (void)state;
    const gcs_environment env = {.log = GCS_LOG_WARN};
    char *words = malloc(9000);
    assert_non_null(words);
    memset(words, 'x', 8999);
    words[8999] = '\0';
    catch_stderr();
    gcs_log(&env, GCS_LOG_WARN, "%s", words);
    gcs_log(&env, GCS_LOG_INFO, "not to be seen");
    char *output = release_stderr();
    assert_int_equal(count_lines(output), 1);
    assert_int_equal(strlen(output), 4096 - 1);
    free(output);
    free(words);
}

/* ---- Recorded shapes --------------------------------------------------------------------- */

static void expect_tensor(const gcs_model_tensor *tensor, gcs_tensor wanted) {
    const gcs_tensor got = gcs_model_as_tensor(tensor);
    assert_int_equal(got.layout, wanted.layout);
    assert_int_equal(got.rows, wanted.rows);
    assert_int_equal(got.cols, wanted.cols);
}

static void recorded_shapes(void **state) {
    (void)state;
    char path[512], error[512];
    gcs_model model;
    setenv("GCSTEP_RECORD", scratch_path(path, "shapes.txt"), 1);
    gcs_plan_destroy(made());
    char *bytes = read_file(path);
    assert_string_equal(bytes, "# recorded by gcstep\n"
                               "shape_64\t64\tbias\tflat\n"
                               "shape_64x576\t64x576\tlinear\trows\n"
                               "shape_30x50\t30x50\tlinear\tcols\n");
    free(bytes);
    if (!gcs_model_read(&model, path, error, sizeof error))
        fail_msg("%s", error);
    assert_int_equal(model.count, 3);
    expect_tensor(&model.tensors[0], gcs_flat(64));
    expect_tensor(&model.tensors[1], gcs_rows(64, 576));
    expect_tensor(&model.tensors[2], gcs_cols(30, 50));
    gcs_model_free(&model);
    /* A second plan is appended, without a second header. */
    gcs_plan_destroy(made());
    if (!gcs_model_read(&model, path, error, sizeof error))
        fail_msg("%s", error);
    assert_int_equal(model.count, 6);
    gcs_model_free(&model);
    bytes = read_file(path);
    assert_null(strstr(bytes + 1, "# recorded"));
    free(bytes);
}

/* What a table is asked for: one matrix, whole, once; of a vector the piece. */
static void recorded_matrices_of_pieces(void **state) {
    (void)state;
    char path[512];
    setenv("GCSTEP_RECORD", scratch_path(path, "pieces.txt"), 1);
    const gcs_tensor tensors[] = {gcs_general(3, 30, 50), gcs_shard(gcs_rows(64, 576), 100, 1000),
                                  gcs_shard(gcs_flat(64), 10, 20), gcs_cols(30, 50),
                                  gcs_shard(gcs_general(3, 30, 50), 7, 9)};
    const gcs_spec spec = gcs_spec_sgdm();
    gcs_plan *plan;
    assert_int_equal(gcs_plan_create(&plan, gcs_cpu(), &spec, tensors, 5), GCS_OK);
    gcs_plan_destroy(plan);
    char *bytes = read_file(path);
    assert_string_equal(bytes, "# recorded by gcstep\n"
                               "shape_20\t20\tbias\tflat\n"
                               "shape_64x576\t64x576\tlinear\trows\n"
                               "shape_30x50\t30x50\tlinear\tcols\n");
    free(bytes);
}

/* A file that cannot be written is a warning, and the plan is made all the same. */
static void shapes_that_cannot_be_recorded(void **state) {
    (void)state;
    char path[512], fifo[512];
    scratch_path(fifo, "fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    const char *const paths[] = {scratch_path(path, "no/such/folder"), scratch, fifo};
    for (size_t i = 0; i < 3; i++) {
        setenv("GCSTEP_RECORD", paths[i], 1);
        char *output = output_of_a_plan("warn");
        assert_int_equal(count_lines(output), 1);
        assert_contains(output, "GCSTEP_RECORD");
        assert_contains(output, paths[i]);
        free(output);
    }
}

static void the_cache_of_opencl(void **state) {
    (void)state;
    gcs_environment env;
    static const char *const values[] = {"0", "/some/folder", "./folder"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        setenv("GCSTEP_OPENCL_CACHE", values[i], 1);
        assert_int_equal(gcs_environment_read(&env), GCS_OK);
        assert_string_equal(env.opencl_cache, values[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, before, before)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(unknown_values),
        TEST(an_empty_value_counts_as_unset),
        TEST(a_kernel_above_the_cap),
        TEST(the_cap),
        TEST(a_forced_kernel),
        TEST(tables_on_and_off),
        TEST(the_log),
        TEST(a_long_line_of_the_log),
        TEST(recorded_shapes),
        TEST(recorded_matrices_of_pieces),
        TEST(shapes_that_cannot_be_recorded),
        TEST(the_cache_of_opencl),
    };
    return cmocka_run_group_tests(tests, start, scratch_remove);
}
