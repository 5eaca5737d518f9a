/* The tuner's default lines, and the regret of a table with each shape left out, from results that
 * are made up. */
#include "table_fixture.h"

#include "dispatch/machine.h"
#include "dispatch/plan_internal.h"
#include "tune/lookup.h"
#include "tune/regret.h"

/* Takes the place of tables/builtin.tsv in this program, since that changes with what was
 * measured. */
const char gcs_table_builtin[] = "gcstep-table\t1\nmachine\tany\n";

/* Of kernels that take rows of any length. */
static const char *kernels[3];
static const char *block; /* what the fixed rule takes for short rows, and only for such */

static const gcs_machine machine = {.arch = "x86_64", .l2 = 1 << 20, .l3 = 1 << 25};
static gcs_results results;

static const char *general(gcs_view view, uint64_t length, size_t n) {
    const gcs_need need = {.op = GCS_OP_STEP,
                           .form = {GCS_RULE_AMSGRAD, GCS_CENTER_GRADIENT, GCS_TYPE_F32, 0},
                           .view = view,
                           .length = length};
    const gcs_kernel *kernel = nth_kernel(&need, n);
    assert_non_null(kernel);
    return kernel->name;
}

static int start(void **state) {
    static const char *const unset[] = {"GCSTEP_ISA",    "GCSTEP_KERNEL", "GCSTEP_TUNED",
                                        "GCSTEP_RECORD", "GCSTEP_TABLE",  "GCSTEP_LOG"};
    (void)state;
    for (size_t i = 0; i < sizeof unset / sizeof unset[0]; i++)
        unsetenv(unset[i]);
    for (size_t i = 0; i < 2; i++)
        kernels[i] = general(GCS_VIEW_ROWS, 4096, i);
    const gcs_need short_rows = {.op = GCS_OP_STEP,
                                 .form = {GCS_RULE_AMSGRAD, GCS_CENTER_GRADIENT, GCS_TYPE_F32, 0},
                                 .view = GCS_VIEW_ROWS,
                                 .length = 63};
    const gcs_kernel *kernel = gcs_kernel_for(&short_rows, (gcs_isa)(GCS_ISA_COUNT - 1));
    assert_true(kernel != NULL && kernel->max_length != 0);
    block = kernel->name;
    return 0;
}

static int clear(void **state) {
    (void)state;
    gcs_results_free(&results);
    return 0;
}

static void add_candidate(gcs_shape_result *result, const char *kernel, gcs_fate fate, double ratio,
                          double range) {
    gcs_candidate_result *c = gcs_result_add(result);
    assert_non_null(c);
    snprintf(c->kernel, sizeof c->kernel, "%s", kernel);
    c->fate = fate;
    c->median = ratio;
    c->lower_quartile = ratio - range / 2;
    c->upper_quartile = ratio + range / 2;
    c->rounds = 64;
}

/* A result for AMSGrad on rows x cols: the default is kernels[0] (or, for rows of at most 63, the
 * block), the others have these ratios to it, and the winner is the `winner`th of the three. */
static void add_result(uint64_t rows, uint64_t cols, double second, double third, size_t winner,
                       double range) {
    gcs_shape_result result = {.key = rows_key(GCS_RULE_AMSGRAD, rows, cols, 1),
                               .rigor = GCS_RIGOR_NORMAL,
                               .date = "2024-05-06",
                               .winner = winner};
    const bool is_short = cols <= 63;
    add_candidate(&result, is_short ? block : kernels[0], GCS_FATE_DEFAULT, 1, 0);
    add_candidate(&result, kernels[1], GCS_FATE_FINAL, second, range);
    if (third > 0)
        add_candidate(&result, is_short ? kernels[0] : block, GCS_FATE_RACED, third, range);
    assert_true(gcs_results_put(&results, &result));
}

static void expect_regret(size_t index, double regret, double beyond_noise) {
    gcs_left_out lost;
    assert_true(gcs_leave_out(&results, &results.results[index], &machine, &lost));
    assert_true(lost.regret > regret - 1e-9 && lost.regret < regret + 1e-9);
    assert_true(lost.beyond_noise > beyond_noise - 1e-9 && lost.beyond_noise < beyond_noise + 1e-9);
}

/* Far from each other, so that none is near another. */
static void the_default_line_has_the_least_regret(void **state) {
    (void)state;
    gcs_table_line lines[GCS_MOST_DEFAULT_LINES];
    add_result(64, 100, 0.5, 0, 1, 0);
    add_result(64, 1000, 0.9, 0, 1, 0);
    add_result(64, 10000, 1.2, 0, 0, 0);
    assert_true(gcs_default_lines_of(&results, &results.results[0].key, NULL, lines) >= 1);
    assert_string_equal(lines[0].kernel, kernels[1]); /* regrets 0, 0, 0.2; the default's 1, 1/9 */
    assert_int_equal(lines[0].key.rows, 0);
    assert_int_equal(lines[0].key.cols, 0);
    assert_int_equal(lines[0].key.threads, 1);
    expect_regret(0, 1,
                  1); /* the other two: 0.2 against 1/9, so the default stays, and loses half */
    expect_regret(2, 0.2, 0.2);
}

static void no_line_where_the_default_is_best(void **state) {
    (void)state;
    gcs_table_line lines[GCS_MOST_DEFAULT_LINES];
    add_result(64, 100, 0.9, 0, 1, 0);
    add_result(64, 1000, 1.5, 0, 0, 0);
    assert_int_equal(gcs_default_lines_of(&results, &results.results[0].key, NULL, lines), 0);
}

/* Without a line for short rows in the built-in table, the line for all rows would take them from
 * the block, which the fixed rule gives them. */
static void short_rows_are_kept_from_the_line_for_all(void **state) {
    (void)state;
    gcs_table_line lines[GCS_MOST_DEFAULT_LINES];
    add_result(64, 100, 0.5, 0, 1, 0);
    add_result(64, 1000, 0.9, 0, 1, 0);
    add_result(64, 9, 3, 3, 0, 0);
    assert_int_equal(gcs_default_lines_of(&results, &results.results[0].key, NULL, lines), 2);
    assert_int_equal(lines[1].key.cols, 63);
    assert_int_equal(lines[1].key.rows, 0);
    assert_string_equal(lines[1].kernel, block);
    assert_int_equal(lines[1].evidence.rounds, 0);
    expect_regret(2, 0, 0);
}

static void a_near_shape_counts_before_the_default_line(void **state) {
    (void)state;
    add_result(64, 100, 0.5, 0, 1, 0);
    add_result(64, 110, 1.25, 0, 0, 0);
    expect_regret(0, 1, 1);
    expect_regret(1, 0.25, 0.25);
}

static void a_tie_is_no_regret_beyond_the_noise(void **state) {
    (void)state;
    add_result(64, 100, 0.5, 0, 1, 0);
    add_result(64, 110, 1.04, 0, 0, 0.2); /* 99 % interval: 1.04 +- 2.393 * 0.2 / 8 = 0.06 */
    expect_regret(1, 0.04, 0);
    results.results[1].candidates[1].lower_quartile = 1.04 - 0.05; /* +- 0.03 */
    results.results[1].candidates[1].upper_quartile = 1.04 + 0.05;
    expect_regret(1, 0.04, 0.04);
}

/* The winner is the yardstick, and a kernel that ties with it may have the lower median. */
static void a_lower_median_than_the_winners_is_no_regret(void **state) {
    (void)state;
    assert_true(gcs_regret(0.98, 1) == 0);
    assert_true(gcs_regret(1, 0.8) > 0.2499 && gcs_regret(1, 0.8) < 0.2501);
}

/* The set for kernels up to an ISA leaves out the machines that were not measured with it, and
 * compares with the best kernel of those. */
static void sets_by_isa(void **state) {
    (void)state;
    gcs_loss loss;
    add_result(64, 100, 0.5, 0, 1, 0);
    add_result(64, 1000, 0.9, 0, 1, 0);
    gcs_evidence_set set = {.machines = &results,
                            .machine_count = 1,
                            .class = results.results[0].key,
                            .isa = gcs_isa_in_name(kernels[1])};
    assert_true(gcs_loss_of(&set, kernels[0], &loss));
    assert_int_equal(loss.shapes, 2);
    assert_true(loss.sum > 1 + 1 / 9. - 1e-9 && loss.sum < 1 + 1 / 9. + 1e-9);
    assert_true(loss.worst > 1 - 1e-9 && loss.worst < 1 + 1e-9);
    assert_false(gcs_loss_of(&set, "sgdm_grad_rows_f32_portable_nosuchshape_u1", &loss));
    set.up_to = 500;
    assert_true(gcs_loss_of(&set, kernels[0], &loss));
    assert_int_equal(loss.shapes, 1);
    set.above = 100;
    assert_true(gcs_loss_of(&set, kernels[0], &loss));
    assert_int_equal(loss.shapes, 0);
    set.above = set.up_to = 0;
    set.threads = 2;
    assert_true(gcs_loss_of(&set, kernels[0], &loss));
    assert_int_equal(loss.shapes, 0);
    set.threads = 0;
    set.isa = GCS_ISA_COUNT - 1;
    assert_true(gcs_loss_of(&set, kernels[0], &loss));
    assert_int_equal(loss.shapes, gcs_isa_in_name(kernels[1]) == GCS_ISA_COUNT - 1 ? 2 : 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, clear)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_default_line_has_the_least_regret),
        TEST(no_line_where_the_default_is_best),
        TEST(short_rows_are_kept_from_the_line_for_all),
        TEST(a_near_shape_counts_before_the_default_line),
        TEST(a_tie_is_no_regret_beyond_the_noise),
        TEST(a_lower_median_than_the_winners_is_no_regret),
        TEST(sets_by_isa),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
