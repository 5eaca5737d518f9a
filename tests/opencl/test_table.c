/* What OpenCL's choice takes from tables: the lines of its own device, of kernels that fit and that
 * are not refused. Nothing here needs a device; plans are in test_tune.sh. */
#include "../table_fixture.h"

#include "dispatch/opencl/choice.h"
#include "dispatch/opencl/identity.h"
#include "dispatch/opencl/source.h"

#define PIPE  "any_grad_rows_any_opencl_pipe1x16_u4"
#define AGAIN "any_grad_rows_any_opencl_again1x16_u4"
#define WIDE  "any_grad_rows_any_opencl_again256x1_u4" /* the device has no such work-groups */

#define NAME "some device(R) of a name that is longer than a table has room for"

static const gcs_opencl_device device = {.name = NAME,
                                         .vendor = "",
                                         .driver_version = "3.1 beta",
                                         .type = GCS_CL_DEVICE_TYPE_CPU,
                                         .compute_units = 2,
                                         .max_group = 128,
                                         .max_items = 128,
                                         .local_bytes = 32 << 10,
                                         .cache_bytes = 1 << 20,
                                         .float_width_native = 16};

static char path[512];

static void text_of(const gcs_opencl_device *of, char words[GCS_DEVICE_IDENTITY_SIZE]) {
    gcs_device_identity identity;
    gcs_opencl_identity(of, &identity);
    gcs_device_identity_format(&identity, words, GCS_DEVICE_IDENTITY_SIZE);
}

static int before(void **state) {
    (void)state;
    scratch_path(path, "opencl.tsv");
    return 0;
}

static void identities(void **state) {
    (void)state;
    char words[GCS_DEVICE_IDENTITY_SIZE];
    gcs_device_identity identity, read;
    text_of(&device, words);
    assert_string_equal(
        words, "opencl name=some_device(R)_of_a_name_that_is_longer_than_a_table_has_room_f"
               " vendor=- type=CPU units=2 local=32768 cache=1048576 driver=3.1_beta");
    gcs_opencl_identity(&device, &identity);
    assert_true(gcs_device_identity_parse(words, &read));
    assert_true(gcs_device_identity_equal(&identity, &read));
    assert_int_equal(gcs_device_cache_bytes(&read), 1 << 20);
    assert_string_equal(gcs_device_impl_rev(&read, NULL), gcs_opencl_impl_rev());
    assert_ptr_equal(gcs_device_kernel(&read, PIPE), &gcs_opencl_find(PIPE)->row);
    assert_null(gcs_device_kernel(&read, rows_kernel(0)));
    assert_false(gcs_device_identity_parse(
        "opencl name=a vendor=b type=CPU units=2 local=1 cache=1", &read));
    assert_false(gcs_device_identity_parse(
        "opencl name=a vendor=b type=CPU units=2 local=1 cache=big driver=3", &read));
    /* Another driver makes other code. */
    gcs_opencl_device other = device;
    strcpy(other.driver_version, "3.2");
    gcs_opencl_identity(&other, &read);
    assert_false(gcs_device_identity_equal(&identity, &read));
}

static void add_section(text *t, const gcs_opencl_device *of) {
    char identity[GCS_DEVICE_IDENTITY_SIZE];
    text_of(of, identity);
    add(t, "device\t%s\n", identity);
}

static void add_line(text *t, const char *rows, const char *cols, const char *kernel) {
    table_fields fields = good_fields();
    fields.at[F_ROWS] = rows;
    fields.at[F_COLS] = cols;
    fields.at[F_THREADS] = "*";
    fields.at[F_KERNEL] = kernel;
    add_fields(t, fields);
}

static void write_table(text *t) {
    write_file(path, t->at, t->size);
    free_text(t);
}

/* For 64 rows of 576. */
static gcs_choice chosen(const bool *refused, const gcs_opencl_kernel *forced, bool tuned) {
    const gcs_environment env = {.isa_cap = GCS_ISA_COUNT - 1, .tuned = true};
    const gcs_need need = {
        .op = GCS_OP_STEP,
        .form = {GCS_RULE_SGDM, GCS_CENTER_GRADIENT, GCS_TYPE_F32, GCS_COPY_NONE},
        .view = GCS_VIEW_ROWS,
        .length = 576};
    gcs_device_identity identity;
    gcs_choice choice;
    gcs_opencl_identity(&device, &identity);
    gcs_tables *tables = gcs_tables_open_for_device(&env, &identity, path);
    assert_non_null(tables);
    const gcs_table_question question = {
        .tables = tables, .key = rows_key(GCS_RULE_SGDM, 64, 576, 0), .tuned = tuned};
    assert_true(gcs_opencl_choose(&need, 64, &device, refused, forced, &question, &choice));
    gcs_tables_close(tables);
    choice.line = NULL; /* it is gone */
    return choice;
}

static void expect(gcs_choice choice, gcs_why why, const char *kernel) {
    assert_int_equal(choice.why, why);
    if (kernel != NULL)
        assert_string_equal(choice.kernel->name, kernel);
}

static void lines_of_this_device(void **state) {
    (void)state;
    const gcs_opencl_kernel *forced = gcs_opencl_find(PIPE);
    text t = {0};
    add(&t, "gcstep-table\t1\n");
    add_section(&t, &device);
    add_line(&t, "64", "576", AGAIN);
    write_table(&t);
    expect(chosen(NULL, NULL, true), GCS_WHY_EXACT, AGAIN);
    expect(chosen(NULL, forced, true), GCS_WHY_FORCED, PIPE);
    expect(chosen(NULL, NULL, false), GCS_WHY_FIXED_RULE, NULL);
}

static void lines_of_another_device(void **state) {
    (void)state;
    gcs_opencl_device other = device;
    other.compute_units = 4;
    text t = {0};
    add(&t, "gcstep-table\t1\n");
    add_section(&t, &other);
    add_line(&t, "64", "576", AGAIN);
    write_table(&t);
    const gcs_choice choice = chosen(NULL, NULL, true);
    expect(choice, GCS_WHY_FIXED_RULE, NULL);
    assert_string_not_equal(choice.kernel->name, AGAIN);
}

/* The exact line's kernel is refused, or does not fit; then the nearest's, and so on. */
static void what_cannot_run_is_passed_over(void **state) {
    (void)state;
    bool refused[256] = {false};
    assert_true(gcs_opencl_kernel_count <= 256);
    text t = {0};
    add(&t, "gcstep-table\t1\n");
    add_section(&t, &device);
    add_line(&t, "64", "576", AGAIN);
    add_line(&t, "64", "600", PIPE);
    write_table(&t);
    refused[gcs_opencl_find(AGAIN) - gcs_opencl_kernels] = true;
    expect(chosen(refused, NULL, true), GCS_WHY_NEAREST, PIPE);
    refused[gcs_opencl_find(PIPE) - gcs_opencl_kernels] = true;
    const gcs_choice choice = chosen(refused, NULL, true);
    expect(choice, GCS_WHY_FIXED_RULE, NULL);
    assert_false(refused[gcs_opencl_kernel_of(choice.kernel) - gcs_opencl_kernels]);

    add(&t, "gcstep-table\t1\n");
    add_section(&t, &device);
    add_line(&t, "64", "576", WIDE);
    write_table(&t);
    assert_non_null(gcs_opencl_find(WIDE));
    expect(chosen(NULL, NULL, true), GCS_WHY_FIXED_RULE, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities),
        cmocka_unit_test_setup(lines_of_this_device, before),
        cmocka_unit_test_setup(lines_of_another_device, before),
        cmocka_unit_test_setup(what_cannot_run_is_passed_over, before),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
