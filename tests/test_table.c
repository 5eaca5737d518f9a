/* The parser of tables: what is taken, what is refused, and with which words. */
#include "parse_fixture.h"

#include "dispatch/registry.h"

/* Takes the place of dispatch/features.c's in this program, so that a CPU without an ISA can be
 * played. */
static bool hide_portable, allow_all;
bool gcs_cpu_allows(gcs_isa isa) {
    return allow_all || (isa == GCS_ISA_PORTABLE && !hide_portable);
}

/* ---- What is taken ----------------------------------------------------------------------- */

static void a_whole_table(void **state) {
    (void)state;
    text t = {0};
    char head[1024];
    assert_true(gcs_table_format_header(&machine, "gcstep 0.1.0", "2024-05-06", head, sizeof head) <
                sizeof head);
    add(&t, "%s# a comment\n\n", head);
    add_fields(&t, good_fields());
    table_fields whole = good_fields();
    whole.at[F_ROWS] = whole.at[F_COLS] = whole.at[F_THREADS] = "*";
    add_fields(&t, whole);
    parse(&t);
    assert_false(report.refused);
    assert_int_equal(report.first_line, 0);
    assert_int_equal(report.passed_over, 0);
    assert_int_equal(entries.count, 2);
    const gcs_table_line *line = &entries.items[0].line;
    assert_int_equal(line->key.rule, GCS_RULE_SGDM);
    assert_int_equal(line->key.center, GCS_CENTER_GRADIENT);
    assert_int_equal(line->key.layout, GCS_LAYOUT_ROWS);
    assert_int_equal(line->key.rows, 64);
    assert_int_equal(line->key.cols, 576);
    assert_int_equal(line->key.threads, 1);
    assert_string_equal(line->kernel, rows_kernel(0));
    assert_string_equal(line->impl_rev, "-");
    assert_int_equal(line->rigor, GCS_RIGOR_NORMAL);
    assert_string_equal(line->date, "2024-05-06");
    assert_true(line->evidence.median_ns == 1234.5 && line->evidence.spread == 0.02);
    assert_true(line->evidence.ceiling == 0.91 && line->evidence.vs_default == 1.08);
    assert_true(line->evidence.runner_up_gap == 0.03);
    assert_string_equal(line->evidence.ties, "-");
    assert_int_equal(line->evidence.rounds, 41);
    assert_int_equal(line->source, 3);
    assert_int_equal(line->number, 8);
    assert_true(entries.items[0].current);
    assert_int_equal(entries.items[1].line.key.rows, 0);
    assert_int_equal(entries.items[1].line.key.threads, 0);
}

/* The n-th kernel of that general kind, by a form that no specialised one does. */
static const gcs_kernel *general_kernel(gcs_center center, gcs_view view, bool means_given) {
    const gcs_need need = {.op = GCS_OP_STEP,
                           .form = {GCS_RULE_ADAGRAD, center, GCS_TYPE_F16, GCS_COPY_BF16},
                           .means_given = means_given,
                           .view = view,
                           .length = 576};
    const gcs_kernel *kernel = nth_kernel(&need, 0);
    assert_non_null(kernel);
    assert_true(kernel->general);
    return kernel;
}

/* Whether a line for 64 x 576 (flat: 1 x 576) names a kernel that is one for it. */
static bool takes(const char *spec, const char *layout, const char *types,
                  const gcs_kernel *kernel) {
    text t = {0};
    table_fields fields = good_fields();
    fields.at[F_SPEC] = spec;
    fields.at[F_LAYOUT] = layout;
    fields.at[F_TYPES] = types;
    fields.at[F_KERNEL] = kernel->name;
    if (strcmp(layout, "flat") == 0)
        fields.at[F_ROWS] = "1";
    add_head(&t, machine_text);
    add_fields(&t, fields);
    parse(&t);
    if (entries.count == 0)
        assert_contains(report.first, "not one for this spec");
    return entries.count == 1;
}

/* A general kernel is one for any rule and types, but for its own centre and view alone. */
static void general_kernels(void **state) {
    (void)state;
    const gcs_kernel *grad = general_kernel(GCS_CENTER_GRADIENT, GCS_VIEW_ROWS, false);
    assert_true(
        takes("sgdm_grad", "rows", "f32", grad)); /* also where there is a specialised one */
    assert_true(takes("adamw_grad", "rows", "bf16-f16s", grad));
    assert_true(takes("adagrad_raw", "rows", "f16", grad));
    assert_false(takes("adagrad_update", "rows", "f16", grad));
    assert_false(takes("adagrad_grad", "cols", "f16", grad));
    assert_false(takes("adagrad_none", "flat", "f16", grad));
    const gcs_kernel *update = general_kernel(GCS_CENTER_UPDATE, GCS_VIEW_COLS, false);
    assert_true(takes("nesterovw_update", "cols", "f32-f16", update));
    assert_false(takes("nesterovw_grad", "cols", "f32-f16", update));
    const gcs_kernel *none = general_kernel(GCS_CENTER_NONE, GCS_VIEW_FLAT, false);
    assert_true(takes("amsgradw_none", "flat", "f32-bf16s", none));
    /* Whether the caller gives the means is nothing that a table knows. */
    assert_false(takes("sgdm_grad", "rows", "f32",
                       general_kernel(GCS_CENTER_GRADIENT, GCS_VIEW_ROWS, true)));
}

static void rule_centre_and_types(void **state) {
    (void)state;
    text t = {0};
    table_fields fields = good_fields();
    fields.at[F_SPEC] = "sgdmw_update";
    fields.at[F_TYPES] = "bf16-f16s";
    fields.at[F_KERNEL] = general_kernel(GCS_CENTER_UPDATE, GCS_VIEW_ROWS, false)->name;
    add_head(&t, machine_text);
    add_fields(&t, fields);
    parse(&t);
    assert_int_equal(entries.count, 1);
    const gcs_table_key *key = &entries.items[0].line.key;
    assert_int_equal(key->rule, GCS_RULE_SGDMW);
    assert_int_equal(key->center, GCS_CENTER_UPDATE);
    assert_int_equal(key->gradient, GCS_TYPE_BF16);
    assert_int_equal(key->copy, GCS_COPY_F16_STOCHASTIC);
}

static void sections_of_machines(void **state) {
    (void)state;
    text t = {0};
    add_head(&t, "any");
    add_fields(&t, good_fields());
    add(&t, "machine\tx86_64 Other family=1 model=1 cores=1 l1d=1 l2=1 l3=0 isa=portable\n");
    add_changed(&t, F_ROWS, "65");
    add_changed(&t, F_ROWS, "nonsense of another machine is not looked at");
    add(&t, "machine\t%s\n", machine_text);
    add_changed(&t, F_ROWS, "66");
    parse(&t);
    assert_int_equal(report.first_line, 0);
    assert_int_equal(entries.count, 2);
    assert_true(entries.items[0].any_machine);
    assert_int_equal(entries.items[0].line.key.rows, 64);
    assert_false(entries.items[1].any_machine);
    assert_int_equal(entries.items[1].line.key.rows, 66);
}

static void the_revision_of_the_kernel(void **state) {
    (void)state;
    text t = {0};
    const gcs_kernel *kernel = gcs_registry_find(good_fields().at[F_KERNEL]);
    assert_non_null(kernel);
    add_head(&t, machine_text);
    add_changed(&t, F_IMPL_REV, gcs_registry_impl_rev(kernel));
    add_changed(&t, F_IMPL_REV, "0123456789ab");
    parse(&t);
    assert_int_equal(entries.count, 2);
    assert_true(entries.items[0].current);
    assert_false(entries.items[1].current);
}

static void the_built_in_table(void **state) {
    (void)state;
    parse_bytes(gcs_table_builtin, strlen(gcs_table_builtin), true);
    assert_false(report.refused);
    assert_string_equal(report.first, "");
    /* The same as a user's file: this CPU is one without AVX2, which is a problem only there. */
    parse_bytes(gcs_table_builtin, strlen(gcs_table_builtin), false);
    assert_false(report.refused);
    assert_true(report.passed_over > 0);
    if (gcs_registry_isa(GCS_ISA_AVX2) == NULL)
        return;
    /* On a CPU that has everything each line counts, so each names a kernel that exists. */
    allow_all = true;
    parse_bytes(gcs_table_builtin, strlen(gcs_table_builtin), false);
    allow_all = false;
    assert_string_equal(report.first, "");
    assert_true(entries.count > 0);
}

/* ---- Files that are refused -------------------------------------------------------------- */

static void expect_refused(const char *bytes, size_t size, uint32_t number, const char *words) {
    parse_bytes(bytes, size, false);
    assert_true(report.refused);
    assert_int_equal(report.first_line, number);
    assert_contains(report.first, words);
}

static void bad_files(void **state) {
    (void)state;
    static const char nul[] = "gcstep-table\t1\nmachine\tany\nto\0ol\tx\n";
    expect_refused("", 0, 1, "is empty");
    expect_refused(nul, sizeof nul - 1, 3, "NUL");
#define REFUSED(bytes, number, words) expect_refused(bytes, sizeof(bytes) - 1, number, words)
    REFUSED("\x7f"
            "ELF\n",
            1, "gcstep-table");
    REFUSED("\n\n", 1, "gcstep-table");
    REFUSED("gcstep-table 1\n", 1, "gcstep-table");
    REFUSED(" gcstep-table\t1\n", 1, "gcstep-table");
    REFUSED("gcstep-table\t2\nmachine\tany\n", 1, "schema");
    REFUSED("gcstep-table\t\nmachine\tany\n", 1, "schema");
    REFUSED("gcstep-table\t1 \nmachine\tany\n", 1, "schema");
    REFUSED("gcstep-table\t01\nmachine\tany\n", 1, "schema");
    REFUSED("gcstep-table\t1\r\nmachine\tany\r\n", 1, "schema");
    REFUSED("gcstep-table\t1", 1, "schema");
    REFUSED("gcstep-table\t1\n", 1, "names no machine");
    REFUSED("gcstep-table\t1\ntool\tx\n", 2, "names no machine");
    REFUSED("gcstep-table\t1\ntool\tx\nmachine\tnonsense\n", 3, "another machine");
#undef REFUSED
    text t = {0};
    gcs_machine other = machine;
    char other_text[256];
    other.l3 = 0;
    gcs_machine_format(&other, other_text, sizeof other_text);
    add_head(&t, other_text);
    add_fields(&t, good_fields());
    expect_refused(t.at, t.size, 2, "another machine");
    free_text(&t);
}

/* ---- Lines that are passed over ---------------------------------------------------------- */

/* The bad line stands between two good ones, which are taken. */
static void expect_passed_over(const char *bad, const char *words) {
    text t = {0};
    add_head(&t, machine_text);
    add_fields(&t, good_fields());
    add(&t, "%s\n", bad);
    add_changed(&t, F_ROWS, "65");
    parse(&t);
    assert_false(report.refused);
    if (report.passed_over != 1)
        fail_msg("taken: \"%s\"", bad);
    assert_int_equal(report.first_line, 4);
    assert_contains(report.first, words);
    assert_int_equal(entries.count, 2);
}

static void expect_field_refused(size_t field, const char *value, const char *words) {
    text t = {0};
    add_changed(&t, field, value);
    t.at[t.size - 1] = '\0';
    expect_passed_over(t.at, words);
    free_text(&t);
}

static char long_word[2000];

static void bad_lines(void **state) {
    (void)state;
    expect_passed_over("note\tx", "no word of the format");
    expect_passed_over("line", "no word of the format");
    expect_passed_over("Line\tx", "no word of the format");
    expect_passed_over(" ", "no word of the format");
    expect_passed_over("\tline", "begins with a tab");
    expect_passed_over("gcstep-table\t1", "no word of the format");
    expect_passed_over("date\t2024-13-01", "date");
    expect_passed_over("date\tyesterday", "date");
    expect_passed_over("line\tsgdm_grad\trows", "fewer than 18");
    memset(long_word, 'x', sizeof long_word - 1);
    expect_passed_over(long_word, "too long");
    text t = {0};
    add_fields(&t, good_fields());
    t.at[t.size - 1] = '\t';
    expect_passed_over(t.at, "more than 18");
    free_text(&t);
}

static void bad_names(void **state) {
    (void)state;
    static const char *const specs[] = {
        "", "sgdm", "sgdm_", "sgdn_grad", "sgdm_gradient", "sgdm_grad_f32", "*", "sgdm_grad_"};
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
        expect_field_refused(F_SPEC, specs[i], "spec");
    expect_field_refused(F_SPEC, "adamw_raw", "looked up as _grad");
    expect_field_refused(F_LAYOUT, "part", "layout");
    expect_field_refused(F_LAYOUT, "", "layout");
    expect_field_refused(F_LAYOUT, "flat", "no groups");
    static const char *const types[] = {"",     "f64",     "bf16s",    "f32-", "f32-f32",
                                        "none", "f32_f16", "bf16-bf1", "F32",  "-bf16"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        expect_field_refused(F_TYPES, types[i], "types");
    expect_field_refused(F_RIGOR, "sloppy", "rigor");
    static const char *const dates[] = {"",           "2024-5-6",    "2024-00-10",
                                        "2024-10-32", "20240506",    "2024-05-0x",
                                        "2024/05/06", "2024-05-061", "--------"};
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++)
        expect_field_refused(F_DATE, dates[i], "date");
    long_word[100] = '\0';
    expect_field_refused(F_KERNEL, long_word, "kernel");
    expect_field_refused(F_KERNEL, "", "kernel");
    expect_field_refused(F_KERNEL, "sgdm\x1b[2J", "kernel 'sgdm?[2J'");
    expect_field_refused(F_IMPL_REV, long_word, "impl_rev");
    expect_field_refused(F_IMPL_REV, "", "impl_rev");
    memset(long_word, 'x', 300);
    long_word[300] = '\0';
    expect_field_refused(F_TIES, long_word, "ties");
    expect_field_refused(F_TIES, "", "ties");
    expect_field_refused(F_TIES, "a b", "ties");
}

static void bad_numbers(void **state) {
    (void)state;
    static const char *const whole[] = {"",
                                        "0",
                                        "-1",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1.0",
                                        "1e3",
                                        "0x10",
                                        "01",
                                        "18446744073709551616",
                                        "99999999999999999999999",
                                        "1,0",
                                        "*",
                                        "nan"};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        expect_field_refused(F_ROWS, whole[i], "rows");
        expect_field_refused(F_COLS, whole[i], "cols");
        expect_field_refused(F_THREADS, whole[i], "threads");
        if (strcmp(whole[i], "0") != 0)
            expect_field_refused(F_ROUNDS, whole[i], "rounds");
    }
    expect_field_refused(F_THREADS, "4294967296", "threads");
    expect_field_refused(F_ROUNDS, "4294967296", "rounds");
    expect_field_refused(F_ROWS, "9223372036854775808", "2^64");
    static const char *const decimals[] = {
        "",    ".",   ".5",  "1.",    "-0",   "-1", "+1",           "1,5",
        "1e5", "inf", "nan", "0x1p3", "1.0 ", " 1", "1.0000000001", "1234567890123456",
        "00"};
    for (size_t i = 0; i < sizeof decimals / sizeof decimals[0]; i++) {
        expect_field_refused(F_MEDIAN_NS, decimals[i], "median_ns");
        expect_field_refused(F_SPREAD, decimals[i], "spread");
        expect_field_refused(F_CEILING, decimals[i], "ceiling");
        expect_field_refused(F_VS_DEFAULT, decimals[i], "vs_default");
        if (strcmp(decimals[i], "-0") != 0)
            expect_field_refused(F_GAP, decimals[i], "runner_up_gap");
    }
}

static void bad_bounds(void **state) {
    (void)state;
    static const char *const bounds[] = {"<=", "<=0", "<64", "<=-1", "<= 64", "<=64 ", "<=*", "64"};
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        text t = {0};
        add_head(&t, machine_text);
        table_fields fields = good_fields();
        fields.at[F_ROWS] = fields.at[F_THREADS] = "*";
        fields.at[F_COLS] = bounds[i];
        add_fields(&t, fields);
        parse(&t);
        assert_int_equal(entries.count, 0);
        assert_contains(report.first, "cols");
    }
}

static void bad_kernels(void **state) {
    (void)state;
    expect_field_refused(F_KERNEL, "sgdm_grad_rows_f32_abacus_pipe_u4", "not in this build");
    const char *const others[] = {
        kernel_for(GCS_OP_STEP, GCS_RULE_SGD, GCS_VIEW_ROWS, 576, 0),
        kernel_for(GCS_OP_STEP, GCS_RULE_SGDM, GCS_VIEW_COLS, 64, 0),
        kernel_for(GCS_OP_STEP, GCS_RULE_SGDM, GCS_VIEW_FLAT, 576, 0),
        kernel_for(GCS_OP_STEP, GCS_RULE_SGDM, GCS_VIEW_PART, 576, 0),
        kernel_for(GCS_OP_TRAFFIC, GCS_RULE_SGDM, GCS_VIEW_FLAT, 576, 0),
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        expect_field_refused(F_KERNEL, others[i], "not one for this spec");
    /* A specialised kernel is for f32 without a copy and for its own centre alone. */
    expect_field_refused(F_TYPES, "bf16", "not one for this spec");
    expect_field_refused(F_TYPES, "f32-bf16", "not one for this spec");
    expect_field_refused(F_SPEC, "sgdm_update", "not one for this spec");
    expect_field_refused(F_SPEC, "nesterov_grad", "not one for this spec");
    /* Kernels for short rows alone, in lines for longer ones and for all. */
    const char *bounded = NULL;
    for (size_t n = 0; bounded == NULL; n++) {
        const char *name = kernel_for(GCS_OP_STEP, GCS_RULE_SGDM, GCS_VIEW_ROWS, 1, n);
        bounded = gcs_registry_find(name)->max_length != 0 ? name : NULL;
    }
    expect_field_refused(F_KERNEL, bounded, "not one for this spec and shape");
    text bound = {0};
    add_head(&bound, machine_text);
    table_fields fields = good_fields();
    fields.at[F_KERNEL] = bounded;
    fields.at[F_ROWS] = fields.at[F_THREADS] = fields.at[F_COLS] = "*";
    add_fields(&bound, fields);
    fields.at[F_COLS] = "<=12";
    add_fields(&bound, fields);
    parse(&bound);
    assert_int_equal(report.passed_over, 1);
    assert_int_equal(entries.count, 1);
    assert_int_equal(entries.items[0].line.key.cols, 12);
    text t = {0};
    add_head(&t, machine_text);
    add_fields(&t, good_fields());
    hide_portable = true;
    parse(&t);
    hide_portable = false;
    assert_int_equal(entries.count, 0);
    assert_int_equal(report.first_line, 3);
    assert_contains(report.first, "cannot run on this CPU");
}

static void the_first_problem_is_told(void **state) {
    (void)state;
    text t = {0};
    add(&t, "gcstep-table\t1\n");
    add_fields(&t, good_fields());
    add(&t, "machine\t%s\n", machine_text);
    add_changed(&t, F_ROWS, "x");
    add(&t, "line"); /* cut off */
    parse(&t);
    assert_int_equal(report.passed_over, 3);
    assert_int_equal(report.first_line, 2);
    assert_contains(report.first, "before the first machine");
    add_head(&t, machine_text);
    add_fields(&t, good_fields());
    t.size--; /* its newline */
    t.at[t.size] = '\0';
    parse(&t);
    assert_int_equal(entries.count, 0);
    assert_int_equal(report.first_line, 3);
    assert_contains(report.first, "no newline");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_table),
        cmocka_unit_test(rule_centre_and_types),
        cmocka_unit_test(general_kernels),
        cmocka_unit_test(sections_of_machines),
        cmocka_unit_test(the_revision_of_the_kernel),
        cmocka_unit_test(the_built_in_table),
        cmocka_unit_test(bad_files),
        cmocka_unit_test(bad_lines),
        cmocka_unit_test(bad_names),
        cmocka_unit_test(bad_numbers),
        cmocka_unit_test(bad_bounds),
        cmocka_unit_test(bad_kernels),
        cmocka_unit_test(the_first_problem_is_told),
    };
    return cmocka_run_group_tests(tests, parse_start, parse_stop);
}
