/* Which line counts: the order of the tables, conflicts within and between them, and the lookup by
 * exact shape, nearest shape and default. */
#include "table_fixture.h"

#include "dispatch/registry.h"
#include "dispatch/table.h"

#include <math.h>

/* A machine that no test runs on: 1 MiB of L2 and 32 MiB of L3. */
static const gcs_machine machine = {.arch = "x86_64",
                                    .vendor = "TestVendor",
                                    .family = 25,
                                    .model = 1,
                                    .cores = 4,
                                    .l1d = 32768,
                                    .l2 = 1 << 20,
                                    .l3 = 1 << 25,
                                    .isa = "portable"};
static char machine_text[256];

/* Four kernels for rows of any length, of which nothing counts here but that they differ. */
static const char *kernel_a, *kernel_b, *kernel_c, *kernel_d;

#define ANY_LENGTH ((uint64_t)1 << 40)

#define STALE "0123456789ab"

#define BUILTIN_LINE(cols, kernel)                                                                 \
    "line\tsgdm_grad\trows\tf32\t*\t" cols "\t*\t" kernel "\t-\tnone\t-\t0\t0\t0\t0\t0\t-\t0\n"

/* Takes the place of tables/builtin.tsv in this program, since that changes with what was
 * measured. */
#define BUILTIN_SHORT "sgdm_grad_rows_f32_portable_block_u16"
const char gcs_table_builtin[] =
    "gcstep-table\t1\nmachine\tany\n" BUILTIN_LINE("*", "sgdm_grad_rows_f32_portable_pipe_u32")
        BUILTIN_LINE("<=12", BUILTIN_SHORT);

static gcs_environment env;
static gcs_tables *tables;

/* Takes the place of dispatch/features.c's in this program: no kernel is run here. */
bool gcs_cpu_allows(gcs_isa isa) {
    (void)isa;
    return true;
}

/* The last one: of another ISA than the first where the build has several. */
static const char *last_kernel(void) {
    const gcs_need need = {.op = GCS_OP_STEP,
                           .form = {.rule = GCS_RULE_SGDM, .center = GCS_CENTER_GRADIENT},
                           .view = GCS_VIEW_ROWS,
                           .length = ANY_LENGTH};
    size_t n = 3;
    while (nth_kernel(&need, n + 1) != NULL)
        n++;
    return nth_kernel(&need, n)->name;
}

static int start(void **state) {
    kernel_a = kernel_for(GCS_OP_STEP, GCS_RULE_SGDM, GCS_VIEW_ROWS, ANY_LENGTH, 0);
    kernel_b = kernel_for(GCS_OP_STEP, GCS_RULE_SGDM, GCS_VIEW_ROWS, ANY_LENGTH, 1);
    kernel_c = kernel_for(GCS_OP_STEP, GCS_RULE_SGDM, GCS_VIEW_ROWS, ANY_LENGTH, 2);
    kernel_d = last_kernel();
    gcs_machine_format(&machine, machine_text, sizeof machine_text);
    return scratch_make(state);
}

/* No table but those that a test makes. */
static int before(void **state) {
    (void)state;
    char path[512];
    env = (gcs_environment){.isa_cap = (gcs_isa)(GCS_ISA_COUNT - 1), .tuned = true};
    setenv("XDG_CONFIG_HOME", scratch_path(path, "user"), 1);
    setenv("XDG_CONFIG_DIRS", scratch_path(path, "system"), 1);
    return 0;
}

static int after(void **state) {
    char path[512];
    (void)state;
    gcs_tables_close(tables);
    tables = NULL;
    remove_tree(scratch_path(path, "user"));
    remove_tree(scratch_path(path, "system"));
    return 0;
}

/* A line for the shape; the other fields as in good_fields. */
static void add_line(text *t, const char *rows, const char *cols, const char *threads,
                     const char *kernel) {
    table_fields fields = good_fields();
    fields.at[F_ROWS] = rows;
    fields.at[F_COLS] = cols;
    fields.at[F_THREADS] = threads;
    fields.at[F_KERNEL] = kernel;
    add_fields(t, fields);
}

static void write_table(const char *name, text *t) {
    char path[512];
    write_file(scratch_path(path, name), t->at, t->size);
    free_text(t);
}

/* A file with one line of the shape 64 x 576. */
static void write_one(const char *name, const char *kernel, const char *impl_rev) {
    text t = {0};
    table_fields fields = good_fields();
    fields.at[F_KERNEL] = kernel;
    fields.at[F_IMPL_REV] = impl_rev;
    add_head(&t, machine_text);
    add_fields(&t, fields);
    write_table(name, &t);
}

static void open_tables(const char *override) {
    gcs_tables_close(tables);
    tables = gcs_tables_open(&env, &machine, override);
    assert_non_null(tables);
}

static void open_text(text *t) {
    char path[512];
    write_table("one.tsv", t);
    open_tables(scratch_path(path, "one.tsv"));
}

static bool find(uint64_t rows, uint64_t cols, uint32_t threads, gcs_choice *choice) {
    const gcs_table_key key = rows_key(GCS_RULE_SGDM, rows, cols, threads);
    return gcs_tables_find(tables, &key, true, NULL, NULL, choice);
}

static void expect(uint64_t rows, uint64_t cols, uint32_t threads, gcs_why why,
                   const char *kernel) {
    gcs_choice choice;
    assert_true(find(rows, cols, threads, &choice));
    assert_int_equal(choice.why, why);
    assert_string_equal(choice.kernel->name, kernel);
    assert_string_equal(choice.line->kernel, kernel);
}

static const gcs_table_source *source_of(const char *part) {
    for (size_t i = 0; i < gcs_tables_sources(tables); i++) {
        const gcs_table_source *source = gcs_tables_source(tables, i);
        if (strstr(source->path, part))
            return source;
    }
    fail_msg("no source %s", part);
    return NULL;
}

/* ---- Order and conflicts ----------------------------------------------------------------- */

static void make_folders(void) {
    static const char *const names[] = {"user", "user/gcstep", "system", "system/gcstep"};
    char path[512];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(mkdir(scratch_path(path, names[i]), 0700), 0);
}

static void order_of_the_tables(void **state) {
    (void)state;
    char override[512], named[512], path[512];
    make_folders();
    write_one("override.tsv", kernel_a, "-");
    write_one("named.tsv", kernel_b, "-");
    write_one("user/gcstep/table.tsv", kernel_c, "-");
    write_one("system/gcstep/table.tsv", kernel_d, "-");
    env.table = scratch_path(named, "named.tsv");
    open_tables(scratch_path(override, "override.tsv"));
    expect(64, 576, 1, GCS_WHY_EXACT, kernel_a);
    assert_string_equal(gcs_tables_source(tables, 0)->path, override);
    assert_string_equal(gcs_tables_source(tables, 1)->path, named);
    assert_string_equal(gcs_tables_source(tables, gcs_tables_sources(tables) - 1)->path,
                        "built-in");
    open_tables(NULL);
    expect(64, 576, 1, GCS_WHY_EXACT, kernel_b);
    env.table = NULL;
    open_tables(NULL);
    expect(64, 576, 1, GCS_WHY_EXACT, kernel_c);
    unlink(scratch_path(path, "user/gcstep/table.tsv"));
    open_tables(NULL);
    expect(64, 576, 1, GCS_WHY_EXACT, kernel_d);
    assert_true(source_of("system/gcstep")->used);
    assert_int_equal(source_of("system/gcstep")->lines, 1);
    /* XDG_CONFIG_HOME that is relative does not count, HOME does. */
    setenv("XDG_CONFIG_HOME", "relative", 1);
    setenv("HOME", scratch, 1);
    open_tables(NULL);
    assert_false(source_of("/.config/gcstep/table.tsv")->found);
    assert_null(source_of("/.config/gcstep/table.tsv")->warning);
}

static void merged_line_by_line(void **state) {
    (void)state;
    char path[512];
    make_folders();
    write_one("user/gcstep/table.tsv", kernel_c, "-");
    text t = {0};
    add_head(&t, machine_text);
    add_line(&t, "1000", "576", "1", kernel_b);
    write_table("override.tsv", &t);
    open_tables(scratch_path(path, "override.tsv"));
    expect(1000, 576, 1, GCS_WHY_EXACT, kernel_b);
    expect(64, 576, 1, GCS_WHY_EXACT, kernel_c);
}

static void a_stale_revision_loses(void **state) {
    (void)state;
    char path[512];
    make_folders();
    write_one("override.tsv", kernel_a, STALE);
    write_one("user/gcstep/table.tsv", kernel_c,
              gcs_registry_impl_rev(gcs_registry_find(kernel_c)));
    open_tables(scratch_path(path, "override.tsv"));
    expect(64, 576, 1, GCS_WHY_EXACT, kernel_c);
    /* Both stale: the order of the tables again. A stale line alone still counts. */
    write_one("user/gcstep/table.tsv", kernel_c, STALE);
    open_tables(scratch_path(path, "override.tsv"));
    expect(64, 576, 1, GCS_WHY_EXACT, kernel_a);
    assert_null(source_of("override")->warning);
}

/* Two lines of one shape in one file, the given fields changed in the second one. */
static void expect_of_two(size_t field, const char *value, bool second_wins) {
    text t = {0};
    table_fields fields = good_fields();
    add_head(&t, machine_text);
    add_fields(&t, fields);
    fields.at[field] = value;
    fields.at[F_KERNEL] = kernel_b;
    add_fields(&t, fields);
    open_text(&t);
    expect(64, 576, 1, GCS_WHY_EXACT, second_wins ? kernel_b : kernel_a);
    const gcs_table_source *source = gcs_tables_source(tables, 0);
    assert_int_equal(source->lines, 1);
    assert_contains(source->warning, "one.tsv:4: ");
    assert_contains(source->warning, "line 3");
    assert_contains(source->warning, "1 line is passed over");
}

static void conflicts_in_one_file(void **state) {
    (void)state;
    expect_of_two(F_IMPL_REV, STALE, false);
    expect_of_two(F_RIGOR, "exhaustive", true);
    expect_of_two(F_RIGOR, "quick", false);
    expect_of_two(F_DATE, "2024-05-07", true);
    expect_of_two(F_DATE, "2023-12-31", false);
    expect_of_two(F_DATE, "-", false);
    expect_of_two(F_MEDIAN_NS, "1", false); /* never the smaller time */
    expect_of_two(F_VS_DEFAULT, "9", false);
}

static void this_machine_before_any(void **state) {
    (void)state;
    text t = {0};
    add_head(&t, "any");
    add_line(&t, "64", "576", "1", kernel_b);
    add(&t, "machine\t%s\n", machine_text);
    add_line(&t, "64", "576", "1", kernel_d);
    open_text(&t);
    expect(64, 576, 1, GCS_WHY_EXACT, kernel_d);
    assert_null(gcs_tables_source(tables, 0)->warning);
}

static void not_tuned(void **state) {
    (void)state;
    char path[512];
    write_one("named.tsv", kernel_b, "-");
    env.table = scratch_path(path, "named.tsv");
    env.tuned = false;
    open_tables(env.table);
    assert_int_equal(gcs_tables_sources(tables), 1);
    for (size_t i = 0; i < gcs_tables_lines(tables); i++)
        assert_int_equal(gcs_tables_line(tables, i)->key.rows, 0);
}

static void files_that_are_missing(void **state) {
    (void)state;
    char path[512], override[512];
    env.table = scratch_path(path, "nowhere/named.tsv");
    open_tables(scratch_path(override, "missing.tsv"));
    assert_contains(source_of("missing.tsv")->warning, "missing.tsv: no such file");
    assert_contains(source_of("named.tsv")->warning, "named.tsv: no such file");
    assert_false(source_of("named.tsv")->found);
    assert_null(source_of("user/gcstep")->warning);
    assert_null(source_of("/etc/gcstep")->warning);
    /* The same file under both names is read, and complained about, once. */
    open_tables(env.table);
    assert_string_equal(gcs_tables_source(tables, 0)->path, path);
    assert_null(strstr(gcs_tables_source(tables, 1)->path, "named.tsv"));
}

/* ---- Lookup ------------------------------------------------------------------------------ */

static void nearest_shape(void **state) {
    (void)state;
    gcs_choice choice;
    text t = {0};
    add_head(&t, machine_text);
    add_line(&t, "64", "1000", "1", kernel_a);
    add_line(&t, "100", "1100", "1", kernel_b);
    add_line(&t, "*", "*", "*", kernel_c);
    open_text(&t);
    expect(64, 1000, 1, GCS_WHY_EXACT, kernel_a);
    expect(65, 1000, 1, GCS_WHY_NEAREST, kernel_a);
    expect(98, 1000, 1, GCS_WHY_NEAREST, kernel_b);
    assert_true(find(100, 1000, 1, &choice));
    assert_true(fabs(choice.octaves - log2(1.1)) < 1e-12);
    /* Exactly one octave is near, more is not, in either direction. */
    assert_true(find(32, 1000, 1, &choice));
    assert_true(choice.octaves == 1);
    expect(32, 500, 1, GCS_WHY_NEAREST, kernel_a);
    expect(31, 1000, 1, GCS_WHY_DEFAULT_LINE, kernel_c);
    expect(64, 499, 1, GCS_WHY_DEFAULT_LINE, kernel_c);
    expect(200, 1100, 1, GCS_WHY_NEAREST, kernel_b);
    expect(201, 1100, 1, GCS_WHY_DEFAULT_LINE, kernel_c);
}

/* Of equally near lines it is always the same one, however the file is ordered: the smaller
 * shape. */
static void ties_of_distance(void **state) {
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        text t = {0};
        add_head(&t, machine_text);
        add_line(&t, turn ? "64" : "256", "100", "1", turn ? kernel_a : kernel_b);
        add_line(&t, turn ? "256" : "64", "100", "1", turn ? kernel_b : kernel_a);
        open_text(&t);
        expect(128, 100, 1, GCS_WHY_NEAREST, kernel_a);
    }
}

static void the_same_regime_only(void **state) {
    (void)state;
    text t = {0};
    add_head(&t, machine_text);
    add_line(&t, "100", "800", "1", kernel_a);   /* 12 x 80,000 bytes: in L2 */
    add_line(&t, "1000", "2000", "1", kernel_b); /* 24 MB: in L3 */
    add_line(&t, "2000", "2000", "1", kernel_d); /* 48 MB: beyond */
    add_line(&t, "*", "*", "*", kernel_c);
    open_text(&t);
    expect(100, 870, 1, GCS_WHY_NEAREST, kernel_a);      /* 1,044,000 bytes */
    expect(100, 880, 1, GCS_WHY_DEFAULT_LINE, kernel_c); /* 1,056,000 bytes */
    expect(1390, 2000, 1, GCS_WHY_NEAREST, kernel_b);    /* nearer to kernel_b ... */
    expect(1400, 2000, 1, GCS_WHY_NEAREST, kernel_d);    /* ... also in octaves, but beyond L3 */
    const gcs_table_key key = rows_key(GCS_RULE_ADAM, 64, 1024, 1);
    gcs_table_key other = key;
    assert_int_equal(gcs_table_regime(&machine, &key), 0); /* 16 bytes x 65,536 = 1 MiB */
    other.rows = 65;
    assert_int_equal(gcs_table_regime(&machine, &other), 1);
    other.threads = 2;
    assert_int_equal(gcs_table_regime(&machine, &other), 0);
    other.threads = 1;
    other.rows = 2048;
    assert_int_equal(gcs_table_regime(&machine, &other), 1);
    other.rows = 2049;
    assert_int_equal(gcs_table_regime(&machine, &other), 2);
    other.rule = GCS_RULE_AMSGRAD; /* 20 bytes x 1,677,721 is just below 32 MiB */
    other.rows = 1;
    other.cols = 1677721;
    assert_int_equal(gcs_table_regime(&machine, &other), 1);
    other.cols++;
    assert_int_equal(gcs_table_regime(&machine, &other), 2);
    other.gradient = GCS_TYPE_BF16; /* 18 */
    assert_int_equal(gcs_table_regime(&machine, &other), 1);
    other.gradient = GCS_TYPE_F32;
    other.copy = GCS_COPY_F16; /* 22 */
    other.cols = 1525201;
    assert_int_equal(gcs_table_regime(&machine, &other), 1);
    other.cols++;
    assert_int_equal(gcs_table_regime(&machine, &other), 2);
    other.rule = GCS_RULE_ADAGRAD; /* 14 */
    assert_int_equal(gcs_table_regime(&machine, &other), 1);
    other = key;
    other.rows = 2049;
    other.rule = GCS_RULE_SGD;
    assert_int_equal(gcs_table_regime(&machine, &other), 1);
    other.rows = other.cols = UINT32_MAX;
    assert_int_equal(gcs_table_regime(&machine, &other), 2);
}

static void other_thread_counts(void **state) {
    (void)state;
    gcs_choice choice;
    text t = {0};
    add_head(&t, machine_text);
    add_line(&t, "64", "100", "2", kernel_a);
    add_line(&t, "100", "100", "4", kernel_b);
    open_text(&t);
    /* Lines of the same thread count go first, even where another one is nearer in shape. */
    expect(80, 100, 4, GCS_WHY_NEAREST, kernel_b);
    expect(64, 100, 4, GCS_WHY_NEAREST, kernel_b);
    expect(64, 100, 1, GCS_WHY_NEAREST, kernel_a);
    assert_true(find(64, 100, 1, &choice));
    assert_true(choice.octaves == 1);
    expect(100, 100, 8, GCS_WHY_NEAREST, kernel_b);
    assert_false(find(64, 100, 9, &choice) && choice.why != GCS_WHY_DEFAULT_LINE);
}

static void default_lines(void **state) {
    (void)state;
    text t = {0};
    add_head(&t, machine_text);
    add_line(&t, "*", "*", "*", kernel_a);
    add_line(&t, "*", "*", "2", kernel_b);
    open_text(&t);
    expect(64, 100, 2, GCS_WHY_DEFAULT_LINE, kernel_b);
    expect(64, 100, 3, GCS_WHY_DEFAULT_LINE, kernel_a);
    const gcs_table_key key = rows_key(GCS_RULE_SGDM, 64, 100, 2);
    gcs_choice choice;
    assert_true(gcs_tables_find(tables, &key, false, NULL, NULL, &choice));
    assert_int_equal(choice.why, GCS_WHY_DEFAULT_LINE);
}

static void default_lines_for_short_rows(void **state) {
    (void)state;
    text t = {0};
    add_head(&t, machine_text);
    add_line(&t, "*", "<=100", "*", kernel_b);
    add_line(&t, "*", "*", "*", kernel_a);
    add_line(&t, "*", "<=64", "*", kernel_c);
    open_text(&t);
    expect(50, 101, 1, GCS_WHY_DEFAULT_LINE, kernel_a);
    expect(50, 100, 1, GCS_WHY_DEFAULT_LINE, kernel_b);
    expect(50, 65, 1, GCS_WHY_DEFAULT_LINE, kernel_b);
    expect(50, 64, 1, GCS_WHY_DEFAULT_LINE, kernel_c);
    expect(50, 13, 1, GCS_WHY_DEFAULT_LINE, kernel_c);
    expect(50, 12, 1, GCS_WHY_DEFAULT_LINE, BUILTIN_SHORT);
}

/* The bound comes first, then the number of threads. */
static void default_bounds_and_threads(void **state) {
    (void)state;
    text t = {0};
    add_head(&t, machine_text);
    add_line(&t, "*", "*", "2", kernel_a);
    add_line(&t, "*", "<=12", "*", kernel_b);
    add_line(&t, "*", "<=12", "3", kernel_c);
    open_text(&t);
    expect(50, 12, 2, GCS_WHY_DEFAULT_LINE, kernel_b);
    expect(50, 12, 3, GCS_WHY_DEFAULT_LINE, kernel_c);
    expect(50, 13, 2, GCS_WHY_DEFAULT_LINE, kernel_a);
}

/* What GCSTEP_ISA rules out hides no line of a table that counts less. */
static void lines_above_the_cap(void **state) {
    (void)state;
    const gcs_kernel *above = gcs_registry_find(kernel_d);
    if (above->isa == GCS_ISA_PORTABLE)
        skip();
    env.isa_cap = GCS_ISA_PORTABLE;
    write_one("override.tsv", kernel_d, "-");
    write_one("named.tsv", kernel_a, "-");
    char path[512], named[512];
    env.table = scratch_path(named, "named.tsv");
    open_tables(scratch_path(path, "override.tsv"));
    expect(64, 576, 1, GCS_WHY_EXACT, kernel_a);
}

static bool not_named(const void *context, const gcs_kernel *kernel) {
    const char *const *names = context;
    for (; *names; names++) {
        if (strcmp(*names, kernel->name) == 0)
            return false;
    }
    return true;
}

static void the_filter(void **state) {
    (void)state;
    text t = {0};
    add_head(&t, machine_text);
    add_line(&t, "64", "100", "1", kernel_a);
    add_line(&t, "70", "100", "1", kernel_b);
    add_line(&t, "64", "100", "2", kernel_d);
    add_line(&t, "*", "*", "*", kernel_c);
    open_text(&t);
    const char *refused[5] = {kernel_a};
    const struct {
        gcs_why why;
        const char *kernel;
    } steps[] = {
        {GCS_WHY_NEAREST, kernel_b}, {GCS_WHY_NEAREST, kernel_d}, {GCS_WHY_DEFAULT_LINE, kernel_c}};
    const gcs_table_key key = rows_key(GCS_RULE_SGDM, 64, 100, 1);
    gcs_choice choice;
    for (size_t i = 0; i < 3; i++) {
        assert_true(gcs_tables_find(tables, &key, true, not_named, refused, &choice));
        assert_int_equal(choice.why, steps[i].why);
        assert_string_equal(choice.kernel->name, steps[i].kernel);
        refused[i + 1] = steps[i].kernel;
    }
    assert_false(gcs_tables_find(tables, &key, true, not_named, refused, &choice));
}

/* No line but the built-in default ones. */
static void expect_miss(const gcs_table_key *key) {
    gcs_choice choice;
    assert_false(gcs_tables_find(tables, key, true, NULL, NULL, &choice) &&
                 choice.why != GCS_WHY_DEFAULT_LINE);
}

static void another_class_is_a_miss(void **state) {
    (void)state;
    text t = {0};
    add_head(&t, machine_text);
    add_line(&t, "64", "100", "1", kernel_a);
    open_text(&t);
    const gcs_table_key key = rows_key(GCS_RULE_SGDM, 64, 100, 1);
    gcs_choice choice;
    assert_true(gcs_tables_find(tables, &key, true, NULL, NULL, &choice));
    assert_int_equal(choice.why, GCS_WHY_EXACT);
    gcs_table_key other = key;
    other.layout = GCS_LAYOUT_COLS;
    expect_miss(&other);
    other = rows_key(GCS_RULE_SGD, 64, 100, 1);
    expect_miss(&other);
    other = key;
    other.center = GCS_CENTER_RAW_GRADIENT;
    expect_miss(&other);
    other = key;
    other.gradient = GCS_TYPE_F16;
    expect_miss(&other);
    other = key;
    other.copy = GCS_COPY_BF16;
    expect_miss(&other);
}

/* Lines of one shape that differ in centre and types alone, of general kernels. */
static void each_class_has_its_line(void **state) {
    (void)state;
    static const gcs_form forms[] = {
        {GCS_RULE_AMSGRAD, GCS_CENTER_UPDATE, GCS_TYPE_BF16, GCS_COPY_BF16_STOCHASTIC},
        {GCS_RULE_AMSGRAD, GCS_CENTER_UPDATE, GCS_TYPE_BF16, GCS_COPY_BF16},
        {GCS_RULE_AMSGRAD, GCS_CENTER_UPDATE, GCS_TYPE_F32, GCS_COPY_BF16},
        {GCS_RULE_AMSGRAD, GCS_CENTER_RAW_GRADIENT, GCS_TYPE_F32, GCS_COPY_BF16},
        {GCS_RULE_AMSGRADW, GCS_CENTER_GRADIENT, GCS_TYPE_F32, GCS_COPY_BF16},
    };
    enum { FORMS = sizeof forms / sizeof forms[0] };
    const gcs_kernel *kernels[FORMS];
    text t = {0};
    add_head(&t, machine_text);
    for (size_t i = 0; i < FORMS; i++) {
        const gcs_need need = {
            .op = GCS_OP_STEP, .form = forms[i], .view = GCS_VIEW_ROWS, .length = 576};
        kernels[i] = nth_kernel(&need, i % 2);
        assert_non_null(kernels[i]);
        char spec[64];
        snprintf(spec, sizeof spec, "%s_%s", gcs_rule_name(forms[i].rule),
                 gcs_center_name(forms[i].center));
        table_fields fields = good_fields();
        fields.at[F_SPEC] = spec;
        fields.at[F_TYPES] = gcs_types_name(forms[i].gradient, forms[i].copy);
        fields.at[F_KERNEL] = kernels[i]->name;
        add_fields(&t, fields);
    }
    open_text(&t);
    assert_null(gcs_tables_source(tables, 0)->warning);
    for (size_t i = 0; i < FORMS; i++) {
        gcs_table_key key = rows_key(forms[i].rule, 64, 576, 1);
        key.center = forms[i].center;
        key.gradient = forms[i].gradient;
        key.copy = forms[i].copy;
        gcs_choice choice;
        assert_true(gcs_tables_find(tables, &key, true, NULL, NULL, &choice));
        assert_int_equal(choice.why, GCS_WHY_EXACT);
        assert_ptr_equal(choice.kernel, kernels[i]);
        assert_int_equal(choice.line->number, 3 + i);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, before, after)

static bool has_kernels_for_any_length(size_t count) {
    const gcs_need need = {.op = GCS_OP_STEP,
                           .form = {.rule = GCS_RULE_SGDM, .center = GCS_CENTER_GRADIENT},
                           .view = GCS_VIEW_ROWS,
                           .length = ANY_LENGTH};
    return nth_kernel(&need, count - 1) != NULL;
}

int main(void) {
    const int skipped = 77;
    if (!has_kernels_for_any_length(4)) {
        puts("skipped: this build has fewer than four kernels for rows of any length");
        return skipped;
    }
    const struct CMUnitTest tests[] = {
        TEST(order_of_the_tables),
        TEST(merged_line_by_line),
        TEST(a_stale_revision_loses),
        TEST(conflicts_in_one_file),
        TEST(this_machine_before_any),
        TEST(not_tuned),
        TEST(files_that_are_missing),
        TEST(nearest_shape),
        TEST(ties_of_distance),
        TEST(the_same_regime_only),
        TEST(other_thread_counts),
        TEST(default_lines),
        TEST(default_lines_for_short_rows),
        TEST(default_bounds_and_threads),
        TEST(lines_above_the_cap),
        TEST(the_filter),
        TEST(another_class_is_a_miss),
        TEST(each_class_has_its_line),
    };
    return cmocka_run_group_tests(tests, start, scratch_remove);
}
