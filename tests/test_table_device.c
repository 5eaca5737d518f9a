/* Sections of devices in tables: their identity, whose lines count for whom, and the lookup. */
#include "parse_fixture.h"

#include "dispatch/cuda/identity.h"
#include "dispatch/registry.h"

#define H200   "cuda name=NVIDIA_H200 arch=sm_90 units=132 l2=62914560 bus=6144"
#define OTHER  "cuda name=NVIDIA_H200 arch=sm_90 units=114 l2=62914560 bus=6144"
#define FUTURE "quantum qubits=7"

#define BLOCK  "sgdm_grad_rows_f32_cuda_block128_u2"
#define BLOCK2 "sgdm_grad_rows_f32_cuda_block256_u2"
#define KEEP   "sgdm_grad_rows_f32_cuda_keep512_u2"
#define SPLIT  "sgdm_grad_rows_f32_cuda_split256_u2"

static const gcs_cuda_device h200 = {.name = "NVIDIA H200",
                                     .major = 9,
                                     .minor = 0,
                                     .multiprocessors = 132,
                                     .l2_bytes = 62914560,
                                     .bus_bits = 6144};
static gcs_device_identity device;

static int start(void **state) {
    gcs_cuda_identity(&h200, &device);
    parse_start(state);
    return scratch_make(state);
}

static int stop(void **state) {
    parse_stop(state);
    return scratch_remove(state);
}

/* ---- Identities ---------------------------------------------------------------------------- */

static void to_text_and_back(void **state) {
    (void)state;
    gcs_device_identity read;
    char line[GCS_DEVICE_IDENTITY_SIZE], small[12];
    assert_int_equal(gcs_device_identity_format(&device, line, sizeof line), strlen(H200));
    assert_string_equal(line, H200);
    assert_int_equal(gcs_device_identity_format(&device, small, sizeof small), strlen(H200));
    assert_string_equal(small, "cuda name=N");
    assert_true(gcs_device_identity_parse(H200, &read));
    assert_true(gcs_device_identity_equal(&read, &device));
    assert_int_equal(gcs_device_cache_bytes(&read), 62914560);
    /* The order of the fields is no difference, any value is. */
    assert_true(gcs_device_identity_parse(
        "cuda bus=6144 l2=62914560 units=132 arch=sm_90 name=NVIDIA_H200", &read));
    assert_true(gcs_device_identity_equal(&read, &device));
    assert_true(gcs_device_identity_parse(OTHER, &read));
    assert_false(gcs_device_identity_equal(&read, &device));
    assert_true(gcs_device_identity_parse(FUTURE, &read));
    assert_false(gcs_device_identity_equal(&read, &device));
    assert_int_equal(gcs_device_cache_bytes(&read), 0);
}

/* Whatever a driver says of itself, it is one line of visible ASCII. */
static void what_drivers_say(void **state) {
    (void)state;
    gcs_cuda_device odd = {.l2_bytes = 0, .multiprocessors = -1};
    gcs_device_identity identity, read;
    char line[GCS_DEVICE_IDENTITY_SIZE];
    memset(odd.name, 'x', sizeof odd.name - 1);
    memcpy(odd.name, "A\tB\nC \xc3\xa9=", 9);
    gcs_cuda_identity(&odd, &identity);
    gcs_device_identity_format(&identity, line, sizeof line);
    assert_memory_equal(line, "cuda name=A_B_C___=xxx", 22);
    assert_contains(line, " arch=sm_00 units=0 l2=0 bus=0");
    assert_true(gcs_device_identity_parse(line, &read));
    assert_true(gcs_device_identity_equal(&read, &identity));
    odd.name[0] = '\0';
    gcs_cuda_identity(&odd, &identity);
    gcs_device_identity_format(&identity, line, sizeof line);
    assert_memory_equal(line, "cuda name=- ", 12);
}

static void malformed(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "cuda",
        "any",
        "cuda ",
        "CUDA name=N arch=a units=1 l2=1 bus=1",
        "cuda name=N arch=a units=1 l2=1",
        "cuda name=N arch=a units=1 l2=1 bus=1 more=1",
        "cuda name=N arch=a units=1 l2=1 bus=1 bus=1",
        "cuda name=N arch=a units=1 l2=1 bus=1 ",
        "cuda  name=N arch=a units=1 l2=1 bus=1",
        "cuda name= arch=a units=1 l2=1 bus=1",
        "cuda name=N arch=a units=x l2=1 bus=1",
        "cuda name=N arch=a units=1 l2=-1 bus=1",
        "cuda name=N arch=a units=1 l2=18446744073709551616 bus=1",
        "cuda name=N\tM arch=a units=1 l2=1 bus=1",
        "cuda name=N arch=a units=1 l2=1 bus",
        "cuda name=01234567890123456789012345678901234567890123456789012345678901234567 arch=a "
        "units=1 l2=1 bus=1",
        "quantum",
        "quantum a=1 a=2",
        "quantum =1",
        "quantum A=1",
        "quantum a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1",
        "a_backend_of_a_long_name a=1",
    };
    gcs_device_identity read;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (gcs_device_identity_parse(bad[i], &read))
            fail_msg("'%s' is taken", bad[i]);
    }
    assert_true(gcs_device_identity_parse("cuda name=N arch=a units=1 l2=1 bus=1", &read));
}

/* ---- Whose lines count --------------------------------------------------------------------- */

static void add_device(text *t, const char *identity) {
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

/* Reads the text for the device, for the CPU (NULL), or as a tool does. */
static void parse_for(const text *t, const gcs_device_identity *reader, bool whole) {
    const gcs_table_file file = {.text = t->at, .size = t->size, .device = reader, .whole = whole};
    entries.count = 0;
    assert_true(gcs_table_parse(&file, &machine, &entries, &report));
}

static void each_has_its_own(void **state) {
    (void)state;
    text t = {0};
    add_head(&t, machine_text);
    add_fields(&t, good_fields());
    add_device(&t, OTHER);
    add_line(&t, "64", "576", KEEP);
    add_device(&t, H200);
    add_line(&t, "64", "576", BLOCK);
    add_line(&t, "*", "*", SPLIT);
    add_device(&t, FUTURE);
    add_line(&t, "64", "576", "sgdm_grad_rows_f32_quantum_q7");
    add(&t, "machine\tany\n");
    add_changed(&t, F_ROWS, "65");
    parse_for(&t, NULL, false);
    assert_false(report.refused);
    assert_int_equal(report.passed_over, 0);
    assert_int_equal(entries.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(entries.items[i].line.kernel, rows_kernel(0));
        assert_false(entries.items[i].of_device);
    }
    parse_for(&t, &device, false);
    assert_false(report.refused);
    assert_int_equal(report.passed_over, 0);
    assert_int_equal(entries.count, 2);
    assert_string_equal(entries.items[0].line.kernel, BLOCK);
    assert_string_equal(entries.items[1].line.kernel, SPLIT);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(entries.items[i].line.key.threads, 0);
        assert_true(entries.items[i].of_device && entries.items[i].current);
        assert_false(entries.items[i].any_machine);
        assert_memory_equal(t.at + entries.items[i].identity, H200 "\n", strlen(H200) + 1);
    }
    parse_for(&t, NULL, true);
    assert_int_equal(report.passed_over, 0);
    assert_int_equal(entries.count, 6);
    free_text(&t);
}

/* A machine has many devices, and a table need not have all. */
static void a_file_without_the_reader(void **state) {
    (void)state;
    text t = {0};
    add(&t, "gcstep-table\t1\n");
    add_device(&t, OTHER);
    add_line(&t, "64", "576", BLOCK);
    parse_for(&t, NULL, false);
    assert_false(report.refused);
    assert_int_equal(report.first_line, 0);
    assert_int_equal(entries.count, 0);
    parse_for(&t, &device, false);
    assert_false(report.refused);
    assert_int_equal(entries.count, 0);
    add(&t, "machine\tx86_64 Nobody family=1 model=1 cores=1 l1d=1 l2=1 l3=1 isa=portable\n");
    parse_for(&t, &device, false);
    assert_false(report.refused);
    parse_for(&t, NULL, false);
    assert_true(report.refused);
    assert_string_equal(report.first, "is of another machine");
    free_text(&t);
}

static void the_revision(void **state) {
    (void)state;
    text t = {0};
    table_fields fields = good_fields();
    fields.at[F_THREADS] = "*";
    fields.at[F_KERNEL] = BLOCK;
    fields.at[F_IMPL_REV] = gcs_cuda_backend.impl_rev();
    add(&t, "gcstep-table\t1\n");
    add_device(&t, H200);
    add_fields(&t, fields);
    fields.at[F_IMPL_REV] = "0123456789ab";
    fields.at[F_ROWS] = "65";
    add_fields(&t, fields);
    parse_for(&t, &device, false);
    assert_int_equal(entries.count, 2);
    assert_true(entries.items[0].current);
    assert_false(entries.items[1].current);
    free_text(&t);
}

/* One line behind a device of this name has this problem. */
static void refuses(const char *identity, table_fields fields, const char *problem) {
    text t = {0};
    add(&t, "gcstep-table\t1\n");
    add_device(&t, identity);
    add_fields(&t, fields);
    parse_for(&t, &device, false);
    free_text(&t);
    assert_int_equal(report.passed_over, 1);
    assert_int_equal(entries.count, 0);
    assert_contains(report.first, problem);
}

static void bad_lines(void **state) {
    (void)state;
    table_fields fields = good_fields();
    fields.at[F_KERNEL] = BLOCK;
    refuses(H200, fields, "threads '1' is not '*'");
    fields.at[F_THREADS] = "0";
    refuses(H200, fields, "threads '0' is not '*'");
    fields.at[F_THREADS] = "*";
    fields.at[F_KERNEL] = rows_kernel(0);
    refuses(H200, fields, "is not in this build"); /* the CPU's are no kernels of a GPU */
    fields.at[F_KERNEL] = "adam_grad_rows_f32_cuda_block128_u2";
    refuses(H200, fields, "is not one for this spec and shape");
    fields.at[F_KERNEL] = BLOCK;
    fields.at[F_COLS] = "99999";
    refuses(H200, fields, "is not one for this spec and shape");
    fields.at[F_ROWS] = fields.at[F_COLS] = "*";
    refuses(H200, fields, "is not one for this spec and shape"); /* not for rows of any length */
    refuses("cuda name=NVIDIA_H200", good_fields(), "device is malformed");
    /* And the CPU's lines name no kernel of a GPU. */
    text t = {0};
    add_head(&t, machine_text);
    add_changed(&t, F_KERNEL, BLOCK);
    parse_for(&t, NULL, false);
    assert_contains(report.first, "is not in this build");
    free_text(&t);
}

/* A section that cannot be read hides its lines from everybody. */
static void a_malformed_section(void **state) {
    (void)state;
    text t = {0};
    add_head(&t, machine_text);
    add_device(&t, "cuda name=N");
    add_fields(&t, good_fields());
    add_line(&t, "64", "576", BLOCK);
    for (int whole = 0; whole <= 1; whole++) {
        parse_for(&t, NULL, whole);
        assert_false(report.refused);
        assert_int_equal(report.passed_over, 1);
        assert_int_equal(entries.count, 0);
    }
    free_text(&t);
}

/* ---- Lookup -------------------------------------------------------------------------------- */

static gcs_tables *tables;

static void open_tables(text *t, bool tuned) {
    const gcs_environment env = {.isa_cap = GCS_ISA_PORTABLE, .tuned = tuned};
    char path[512];
    setenv("XDG_CONFIG_HOME", scratch_path(path, "none"), 1);
    setenv("XDG_CONFIG_DIRS", scratch_path(path, "none"), 1);
    write_file(scratch_path(path, "device.tsv"), t->at, t->size);
    free_text(t);
    gcs_tables_close(tables);
    tables = gcs_tables_open_for_device(&env, &device, path);
    assert_non_null(tables);
}

static bool find_for(uint64_t rows, uint64_t cols, gcs_choice *choice) {
    const gcs_table_key key = rows_key(GCS_RULE_SGDM, rows, cols, 0);
    return gcs_tables_find(tables, &key, true, NULL, NULL, choice);
}

static void expect(uint64_t rows, uint64_t cols, gcs_why why, const char *kernel) {
    gcs_choice choice;
    assert_true(find_for(rows, cols, &choice));
    assert_int_equal(choice.why, why);
    assert_string_equal(choice.kernel->name, kernel);
    assert_true(choice.octaves >= 0 && choice.octaves <= 1);
}

static void looked_up(void **state) {
    (void)state;
    text t = {0};
    gcs_choice choice;
    add_head(&t, machine_text);
    add_fields(&t, good_fields());
    add_device(&t, OTHER);
    add_line(&t, "64", "900", KEEP);
    add_device(&t, H200);
    add_line(&t, "64", "576", BLOCK);
    add_line(&t, "100", "800", BLOCK2);
    add_line(&t, "4096", "1024", KEEP); /* 50 MB: in the L2 of 60 MiB; 63 MB is not */
    open_tables(&t, true);
    assert_int_equal(gcs_tables_lines(tables), 3);
    expect(64, 576, GCS_WHY_EXACT, BLOCK);
    expect(64, 500, GCS_WHY_NEAREST, BLOCK);
    expect(110, 800, GCS_WHY_NEAREST, BLOCK2);
    expect(4096, 1100, GCS_WHY_NEAREST, KEEP);
    assert_false(find_for(5120, 1030, &choice)); /* nearer, but in memory */
    assert_false(find_for(64, 1800, &choice));
    gcs_tables_close(tables);
    tables = NULL;
}

static void regimes(void **state) {
    (void)state;
    gcs_table_key key = rows_key(GCS_RULE_SGDM, 1, 62914560 / 12, 0);
    assert_int_equal(gcs_table_device_regime(&device, &key), 1);
    key.cols++;
    assert_int_equal(gcs_table_device_regime(&device, &key), 2);
}

/* Default lines, which hold with GCSTEP_TUNED=0 too where they are built in. */
static void defaults(void **state) {
    (void)state;
    text t = {0};
    gcs_choice choice;
    add(&t, "gcstep-table\t1\n");
    add_device(&t, H200);
    add_line(&t, "*", "*", SPLIT);
    add_line(&t, "*", "<=64", BLOCK);
    add_line(&t, "64", "576", KEEP);
    open_tables(&t, true);
    expect(9, 64, GCS_WHY_DEFAULT_LINE, BLOCK);
    expect(9, 65, GCS_WHY_DEFAULT_LINE, SPLIT);
    expect(64, 576, GCS_WHY_EXACT, KEEP);
    add(&t, "gcstep-table\t1\n");
    add_device(&t, H200);
    add_line(&t, "*", "*", SPLIT);
    open_tables(&t, false); /* no file is read then, and nothing is built in */
    assert_false(find_for(9, 64, &choice));
    gcs_tables_close(tables);
    tables = NULL;
}

/* Two lines of one shape: the current kernel's, and the file is told to have it twice. */
static void conflicts(void **state) {
    (void)state;
    text t = {0};
    table_fields fields = good_fields();
    fields.at[F_THREADS] = "*";
    fields.at[F_KERNEL] = KEEP;
    fields.at[F_IMPL_REV] = "0123456789ab";
    add(&t, "gcstep-table\t1\n");
    add_device(&t, H200);
    add_fields(&t, fields);
    add_line(&t, "64", "576", BLOCK);
    open_tables(&t, true);
    expect(64, 576, GCS_WHY_EXACT, BLOCK);
    assert_contains(gcs_tables_source(tables, 0)->warning, "line 4 is taken");
    gcs_tables_close(tables);
    tables = NULL;
}

/* What a device's line is written as is read again. */
static void written_and_read(void **state) {
    (void)state;
    text t = {0}, again = {0};
    char line[1024];
    add(&t, "gcstep-table\t1\n");
    add_device(&t, H200);
    add_line(&t, "64", "576", BLOCK);
    parse_for(&t, &device, false);
    gcs_table_format_line(&entries.items[0].line, line, sizeof line);
    add(&again, "gcstep-table\t1\n");
    add_device(&again, H200);
    add(&again, "%s", line);
    assert_string_equal(again.at, t.at);
    free_text(&again);
    free_text(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(to_text_and_back),
        cmocka_unit_test(what_drivers_say),
        cmocka_unit_test(malformed),
        cmocka_unit_test(each_has_its_own),
        cmocka_unit_test(a_file_without_the_reader),
        cmocka_unit_test(the_revision),
        cmocka_unit_test(bad_lines),
        cmocka_unit_test(a_malformed_section),
        cmocka_unit_test(looked_up),
        cmocka_unit_test(regimes),
        cmocka_unit_test(defaults),
        cmocka_unit_test(conflicts),
        cmocka_unit_test(written_and_read),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
