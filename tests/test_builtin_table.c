/* A built-in table with a default line for each ISA, the best ISA's first: each machine, and each
 * cap of GCSTEP_ISA, gets the first one that it can run, and nobody is warned of the others. */
#include "step_fixture.h"
#include "table_fixture.h"

#define BEST_AVX2     "sgdm_grad_rows_f32_avx2_pass2_u8"
#define BEST_PORTABLE "sgdm_grad_rows_f32_portable_pass2_u32"
#define SHORT_AVX2    "sgdm_grad_rows_f32_avx2_block_u4"

#define LINE(cols, kernel)                                                                         \
    "line\tsgdm_grad\trows\tf32\t*\t" cols "\t*\t" kernel "\t-\tnone\t-\t0\t0\t0\t0\t0\t-\t0\n"

/* Takes the place of tables/builtin.tsv in this program. None of its kernels is one that the fixed
 * rule would take. */
const char gcs_table_builtin[] =
    "gcstep-table\t1\nmachine\tany\n" LINE("*", "sgdm_grad_rows_f32_nosuchisa_pipe_u4")
        LINE("<=12", SHORT_AVX2) LINE("*", BEST_AVX2) LINE("*", BEST_PORTABLE);

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

static int start(void **state) {
    static const char *const unset[] = {"GCSTEP_KERNEL", "GCSTEP_TUNED", "GCSTEP_RECORD",
                                        "GCSTEP_TABLE"};
    if (scratch_make(state) != 0)
        return -1;
    for (size_t i = 0; i < sizeof unset / sizeof unset[0]; i++)
        unsetenv(unset[i]);
    setenv("XDG_CONFIG_HOME", scratch, 1);
    setenv("XDG_CONFIG_DIRS", scratch, 1);
    setenv("GCSTEP_LOG", "warn", 1);
    return 0;
}

static void expect(const gcs_tensor *tensor, const char *kernel, const char *why) {
    const gcs_spec spec = gcs_spec_sgdm();
    gcs_plan *plan = NULL;
    char reason[1024];
    catch_stderr();
    const gcs_status status = gcs_plan_create(&plan, gcs_cpu(), &spec, tensor, 1);
    char *log = release_stderr();
    assert_ok(status);
    assert_string_equal(log, "");
    assert_string_equal(gcs_plan_kernel(plan, 0), kernel);
    gcs_plan_explain(plan, 0, reason, sizeof reason);
    assert_contains(reason, why);
    gcs_plan_destroy(plan);
    free(log);
}

static const gcs_tensor long_row = ROWS(40, 500), short_row = ROWS(40, 9);

static void the_best_isa_first(void **state) {
    (void)state;
    hide_avx2 = false;
    if (!gcs_cpu_allows(GCS_ISA_AVX2) || !gcs_registry_isa(GCS_ISA_AVX2))
        skip();
    unsetenv("GCSTEP_ISA");
    expect(&long_row, BEST_AVX2, "default: line 5 of built-in");
    expect(&short_row, SHORT_AVX2, "default: line 4 of built-in");
}

static void the_cap_gives_way_to_the_next_line(void **state) {
    (void)state;
    hide_avx2 = false;
    setenv("GCSTEP_ISA", "portable", 1);
    expect(&long_row, BEST_PORTABLE, "default: line 6 of built-in");
    expect(&short_row, BEST_PORTABLE, "default: line 6 of built-in");
    unsetenv("GCSTEP_ISA");
}

static void a_cpu_without_the_isa_gets_the_next_line(void **state) {
    (void)state;
    unsetenv("GCSTEP_ISA");
    hide_avx2 = true;
    expect(&long_row, BEST_PORTABLE, "default: line 6 of built-in");
    expect(&short_row, BEST_PORTABLE, "default: line 6 of built-in");
    hide_avx2 = false;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_isa_first),
        cmocka_unit_test(the_cap_gives_way_to_the_next_line),
        cmocka_unit_test(a_cpu_without_the_isa_gets_the_next_line),
    };
    return cmocka_run_group_tests(tests, start, scratch_remove);
}
