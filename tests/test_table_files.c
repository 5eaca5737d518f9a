/* Tables that are broken in every way, through gcs_plan_create and gcs_step: the step gives the
 * same bits as without any table, and each bad file is one warning that names file and line. */
#include "step_fixture.h"
#include "table_fixture.h"

#include "dispatch/plan.h"
#include "dispatch/registry.h"

#include <pthread.h>
#include <stdatomic.h>

#define KERNEL_A rows_kernel(0) /* both portable */
#define KERNEL_B rows_kernel(1)
#define NO_LINE  0 /* the file cannot be read, so no line of it has a number */

/* Takes the place of dispatch/features.c's in this program, so that a CPU without AVX2 can be
 * played. */
static bool hide_avx2;
bool gcs_cpu_allows(gcs_isa isa) {
#if defined(__x86_64__)
    if (isa == GCS_ISA_AVX2)
        return !hide_avx2 && __builtin_cpu_supports("avx2");
#endif
    return isa == GCS_ISA_PORTABLE;
}

static const gcs_tensor tensors[] = {ROWS(40, 50), COLS(70, 20), FLAT(100)};
#define COUNT (sizeof tensors / sizeof tensors[0])

static fixture initial, wanted;
static char machine_text[256];
static char table_path[512];

/* ---- Plans and steps --------------------------------------------------------------------- */

/* Asserts nothing, so that stderr may be caught meanwhile. */
static gcs_status try_plan(gcs_plan **plan, const char *table) {
    const gcs_spec spec = gcs_spec_sgdm();
    gcs_target target = gcs_cpu();
    target.threads = 1;
    target.table = table;
    return gcs_plan_create(plan, target, &spec, tensors, COUNT);
}

static void step(gcs_plan *plan, fixture *f) {
    gcs_hyper hyper = gcs_hyper_default();
    hyper.lr = 0.1;
    hyper.weight_decay = 0.01;
    for (hyper.t = 1; hyper.t <= 3; hyper.t++)
        assert_ok(gcs_step(plan, &hyper, f->buffers));
}

static void expect_wanted_bits(gcs_plan *plan) {
    fixture f = fixture_make(tensors, COUNT, 5);
    step(plan, &f);
    assert_same_bits(&f, &wanted);
    fixture_free(&f);
}

static int start(void **state) {
    if (scratch_make(state) != 0)
        return -1;
    setenv("XDG_CONFIG_HOME", scratch, 1);
    setenv("XDG_CONFIG_DIRS", scratch, 1);
    static const char *const unset[] = {"GCSTEP_ISA", "GCSTEP_KERNEL", "GCSTEP_TUNED",
                                        "GCSTEP_RECORD", "GCSTEP_TABLE"};
    for (size_t i = 0; i < sizeof unset / sizeof unset[0]; i++)
        unsetenv(unset[i]);
    setenv("GCSTEP_LOG", "warn", 1);
    gcs_machine machine;
    gcs_machine_read(&machine);
    gcs_machine_format(&machine, machine_text, sizeof machine_text);
    initial = fixture_make(tensors, COUNT, 5);
    wanted = fixture_make(tensors, COUNT, 5);
    gcs_plan *plan = NULL;
    assert_ok(try_plan(&plan, ""));
    step(plan, &wanted);
    gcs_plan_destroy(plan);
    assert_memory_not_equal(wanted.memory, initial.memory, wanted.floats * sizeof(float));
    setenv("GCSTEP_TABLE", scratch_path(table_path, "table.tsv"), 1);
    return 0;
}

static int stop(void **state) {
    fixture_free(&initial);
    fixture_free(&wanted);
    return scratch_remove(state);
}

/* Makes a plan with the table as it lies there, and returns what was logged. */
static gcs_plan *plan_with_log(char **log) {
    gcs_plan *plan = NULL;
    catch_stderr();
    const gcs_status status = try_plan(&plan, NULL);
    *log = release_stderr();
    assert_ok(status);
    return plan;
}

/* One warning with the path, ":<number>:" and the words; none at all where words is NULL. */
static void expect_log(const char *log, const char *path, uint32_t number, const char *words) {
    char place[600];
    if (!words) {
        assert_string_equal(log, "");
        return;
    }
    if (count_lines(log) != 1)
        fail_msg("not one line: \"%s\"", log);
    if (number == NO_LINE)
        snprintf(place, sizeof place, " %s: ", path);
    else
        snprintf(place, sizeof place, " %s:%u: ", path, number);
    assert_contains(log, place);
    assert_contains(log, words);
}

static void expect_of_file(uint32_t number, const char *words) {
    char *log;
    gcs_plan *plan = plan_with_log(&log);
    expect_log(log, table_path, number, words);
    expect_wanted_bits(plan);
    gcs_plan_destroy(plan);
    free(log);
}

static void expect_of_text(text *t, uint32_t number, const char *words) {
    write_file(table_path, t->at, t->size);
    free_text(t);
    expect_of_file(number, words);
}

static void add_kernel(text *t, const char *kernel) {
    table_fields fields = good_fields();
    fields.at[F_ROWS] = "40";
    fields.at[F_COLS] = "50";
    fields.at[F_KERNEL] = kernel;
    add_fields(t, fields);
}

static text valid_table(const char *kernel) {
    text t = {0};
    add_head(&t, machine_text);
    add(&t, "tool\ttest\ndate\t2024-05-06\n");
    add_kernel(&t, kernel);
    return t;
}

/* The kernel of the tensor that the tables here are about, by their line or by another way. */
static const char *kernel_by(bool line) {
    char *log;
    gcs_plan *plan = plan_with_log(&log);
    assert_int_equal(gcs_plan_choice(plan, 0)->why == GCS_WHY_EXACT, line);
    const char *name = gcs_plan_choice(plan, 0)->kernel->name; /* the registry's */
    gcs_plan_destroy(plan);
    free(log);
    return name;
}

/* ---- Text that is wrong ------------------------------------------------------------------ */

static void a_valid_table(void **state) {
    (void)state;
    text t = valid_table(KERNEL_A);
    expect_of_text(&t, 0, NULL);
    assert_string_equal(kernel_by(true), KERNEL_A);
    t = valid_table(KERNEL_B);
    expect_of_text(&t, 0, NULL);
    assert_string_equal(kernel_by(true), KERNEL_B);
}

/* Cut behind a whole line, a table is a shorter table, once it has named its machine. */
static void truncated(void **state) {
    (void)state;
    text t = valid_table(KERNEL_A);
    uint32_t number = 1;
    for (size_t size = 0; size < t.size; size++) {
        const bool whole = size > 0 && t.at[size - 1] == '\n';
        write_file(table_path, t.at, size);
        if (whole && number >= 3)
            expect_of_file(0, NULL);
        else
            expect_of_file(whole ? number - 1 : number, number < 3 ? "" : "no newline");
        number += t.at[size] == '\n';
    }
    free_text(&t);
}

static void wrong_heads(void **state) {
    (void)state;
    text t = {0};
    expect_of_text(&t, 1, "is empty");
    add(&t, "gcstep-table\t2\nmachine\tany\n");
    add_kernel(&t, KERNEL_A);
    expect_of_text(&t, 1, "schema");
    add_head(&t, "x86_64 Nobody family=1 model=2 cores=3 l1d=4 l2=5 l3=6 isa=portable");
    add_kernel(&t, KERNEL_B);
    expect_of_text(&t, 2, "another machine");
    assert_string_not_equal(kernel_by(false), KERNEL_B);
}

static void wrong_kernels(void **state) {
    (void)state;
    text t = valid_table("sgdm_grad_rows_f32_abacus_pipe_u2");
    expect_of_text(&t, 5, "not in this build");
    t = valid_table(kernel_for(GCS_OP_STEP, GCS_RULE_ADAM, GCS_VIEW_ROWS, 50, 0));
    expect_of_text(&t, 5, "not one for this spec and shape");
    if (!gcs_registry_isa(GCS_ISA_AVX2))
        return;
    hide_avx2 = true;
    t = valid_table(gcs_registry_isa(GCS_ISA_AVX2)->kernels[0].name);
    expect_of_text(&t, 5, "cannot run on this CPU");
    char *log;
    gcs_plan *plan = plan_with_log(&log);
    for (size_t i = 0; i < COUNT; i++)
        assert_contains(gcs_plan_kernel(plan, i), "_portable_");
    gcs_plan_destroy(plan);
    free(log);
    hide_avx2 = false;
}

static void duplicates(void **state) {
    (void)state;
    text t = valid_table(KERNEL_A);
    add_kernel(&t, KERNEL_A);
    expect_of_text(&t, 6, "same shape as line 5");
    t = valid_table(KERNEL_A);
    add_kernel(&t, KERNEL_B); /* contradicts it */
    add_kernel(&t, KERNEL_B);
    expect_of_text(&t, 6, "2 lines are passed over");
    assert_string_equal(kernel_by(true), KERNEL_A);
}

static uint64_t noise_state = 0x2545F4914F6CDD1Du;

static unsigned char noise(void) {
    noise_state ^= noise_state << 13;
    noise_state ^= noise_state >> 7;
    noise_state ^= noise_state << 17;
    return (unsigned char)(noise_state >> 32);
}

static void binary_noise(void **state) {
    (void)state;
    unsigned char bytes[3000];
    for (int round = 0; round < 200; round++) {
        const size_t size = 1 + (size_t)noise() * 11;
        for (size_t i = 0; i < size; i++)
            bytes[i] = noise();
        write_file(table_path, bytes, size);
        const unsigned char *nul = memchr(bytes, 0, size);
        uint32_t number = 1;
        for (const unsigned char *at = bytes; nul && at < nul; at++)
            number += *at == '\n';
        expect_of_file(number, "the file is not used");
    }
    for (int round = 0; round < 200; round++) { /* behind a good beginning */
        text t = valid_table(KERNEL_A);
        char line[64];
        for (size_t i = 0; i < sizeof line - 1; i++)
            line[i] = (char)(noise() | 0x80); /* neither NUL nor newline */
        line[sizeof line - 1] = '\0';
        add(&t, "%s\n", line);
        expect_of_text(&t, 6, "1 line is passed over");
    }
}

/* ---- Files that are wrong ---------------------------------------------------------------- */

static void a_large_file(void **state) {
    (void)state;
    text t = valid_table(KERNEL_A);
    write_file(table_path, t.at, t.size);
    free_text(&t);
    assert_int_equal(truncate(table_path, 100 << 20), 0); /* sparse */
    expect_of_file(NO_LINE, "too large");
    assert_int_equal(truncate(table_path, (off_t)GCS_TABLE_MAX_BYTES + 1), 0);
    expect_of_file(NO_LINE, "too large");
    assert_int_equal(truncate(table_path, (off_t)GCS_TABLE_MAX_BYTES), 0);
    expect_of_file(6, "NUL byte");
}

static void an_unreadable_file(void **state) {
    (void)state;
    const uid_t nobody = 65534;
    const bool root = geteuid() == 0;
    text t = valid_table(KERNEL_A);
    write_file(table_path, t.at, t.size);
    free_text(&t);
    assert_int_equal(chmod(table_path, 0), 0);
    catch_stderr();
    /* Nothing is unreadable to root. */
    const bool able = !root || (chmod(scratch, 0755) == 0 && seteuid(nobody) == 0);
    gcs_plan *plan = NULL;
    const gcs_status status = try_plan(&plan, NULL);
    const bool back = !root || seteuid(0) == 0;
    char *log = release_stderr();
    assert_true(back);
    assert_ok(status);
    unlink(table_path);
    if (able) {
        expect_log(log, table_path, NO_LINE, "permission denied");
        expect_wanted_bits(plan);
    }
    gcs_plan_destroy(plan);
    free(log);
    if (!able)
        skip();
}

static void no_regular_file(void **state) {
    (void)state;
    unlink(table_path);
    expect_of_file(NO_LINE, "no such file");
    assert_int_equal(mkdir(table_path, 0700), 0);
    expect_of_file(NO_LINE, "not a regular file");
    rmdir(table_path);
    assert_int_equal(mkfifo(table_path, 0600), 0);
    alarm(60); /* ends the test where the FIFO is waited for */
    expect_of_file(NO_LINE, "not a regular file");
    alarm(0);
    unlink(table_path);
    assert_int_equal(symlink("table.tsv", table_path), 0); /* to itself */
    expect_of_file(NO_LINE, "cannot be opened");
    unlink(table_path);
}

/* Each of several bad files has a warning of its own. */
static void two_bad_files(void **state) {
    (void)state;
    char path[512], *log;
    text t = {0};
    assert_int_equal(mkdir(scratch_path(path, "gcstep"), 0700), 0);
    write_file(scratch_path(path, "gcstep/table.tsv"), "noise\n", 6);
    add(&t, "gcstep-table\t1\nmachine\tany\nnoise\n");
    write_file(table_path, t.at, t.size);
    free_text(&t);
    gcs_plan *plan = plan_with_log(&log);
    assert_int_equal(count_lines(log), 2);
    assert_contains(log, "/table.tsv:3: ");
    assert_contains(log, "/gcstep/table.tsv:1: ");
    expect_wanted_bits(plan);
    gcs_plan_destroy(plan);
    free(log);
    unlink(path);
    scratch_path(path, "gcstep");
    rmdir(path);
}

/* ---- Replaced while it is read ----------------------------------------------------------- */

static atomic_bool done;
static atomic_uint turns;

/* Renames the two versions over each other. Returns NULL, or anything else where it could not:
 * cmocka's assertions are not for other threads. */
static void *replace(void *versions) {
    const text *t = versions;
    char path[512];
    scratch_path(path, "next.tsv");
    for (unsigned turn = 0; !atomic_load(&done); turn++) {
        FILE *file = fopen(path, "wb");
        const text *version = &t[turn % 2];
        const bool written = file && fwrite(version->at, 1, version->size, file) == version->size;
        if (!file || fclose(file) != 0 || !written || rename(path, table_path) != 0)
            return versions;
        atomic_fetch_add(&turns, 1);
    }
    return NULL;
}

static void replaced_while_read(void **state) {
    (void)state;
    /* Of different lengths, and long enough for several reads. */
    text versions[2] = {valid_table(KERNEL_A), valid_table(KERNEL_B)};
    for (int i = 0; i < 400; i++)
        add(&versions[1], "# a comment that makes one version longer than the other\n");
    write_file(table_path, versions[0].at, versions[0].size);
    pthread_t thread;
    void *failed = NULL;
    size_t seen[2] = {0, 0}, plans = 0;
    atomic_store(&done, false);
    assert_int_equal(pthread_create(&thread, NULL, replace, versions), 0);
    catch_stderr();
    gcs_plan *plan = NULL;
    bool known = true;
    while (known && plans < 20000 && (plans < 300 || seen[0] == 0 || seen[1] == 0)) {
        gcs_plan_destroy(plan);
        if (try_plan(&plan, NULL) != GCS_OK)
            break;
        const char *name = gcs_plan_kernel(plan, 0);
        const bool a = strcmp(name, KERNEL_A) == 0, b = strcmp(name, KERNEL_B) == 0;
        seen[0] += a;
        seen[1] += b;
        known = a || b;
        plans++;
    }
    char *log = release_stderr();
    atomic_store(&done, true);
    pthread_join(thread, &failed);
    assert_null(failed);
    assert_string_equal(log, "");
    assert_non_null(plan);
    assert_true(known);
    assert_true(seen[0] > 0 && seen[1] > 0 && atomic_load(&turns) > 1);
    expect_wanted_bits(plan);
    gcs_plan_destroy(plan);
    free(log);
    free_text(&versions[0]);
    free_text(&versions[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_valid_table),       cmocka_unit_test(truncated),
        cmocka_unit_test(wrong_heads),         cmocka_unit_test(wrong_kernels),
        cmocka_unit_test(duplicates),          cmocka_unit_test(binary_noise),
        cmocka_unit_test(a_large_file),        cmocka_unit_test(an_unreadable_file),
        cmocka_unit_test(no_regular_file),     cmocka_unit_test(two_bad_files),
        cmocka_unit_test(replaced_while_read),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
