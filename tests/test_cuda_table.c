/* What a plan for a GPU takes from tables, on the stand-in for CUDA's driver: the lines of its own
 * GPU and no others, and with which words it says so. */
#include "cuda_fixture.h"
#include "table_fixture.h"

#include "dispatch/cuda/identity.h"
#include "dispatch/plan.h"

#define BLOCK2 "sgdm_grad_rows_f32_cuda_block256_u2"
#define KEEP   "sgdm_grad_rows_f32_cuda_keep512_u2"
#define SPLIT  "sgdm_grad_rows_f32_cuda_split256_u2"
#define ROOM   "sgdm_grad_rows_f32_cuda_cluster256_u2" /* compute capability 9.0 and later */

static char path[512];
static char device_text[GCS_DEVICE_IDENTITY_SIZE], other_text[GCS_DEVICE_IDENTITY_SIZE];

static int before(void **state) {
    (void)state;
    gcs_cuda_device device;
    gcs_device_identity identity;
    standin_reset();
    unsetenv("GCSTEP_TUNED");
    unsetenv("GCSTEP_TABLE");
    assert_int_equal(gcs_cuda_device_at(0, &device), GCS_OK);
    gcs_cuda_identity(&device, &identity);
    gcs_device_identity_format(&identity, device_text, sizeof device_text);
    assert_int_equal(gcs_cuda_device_at(1, &device), GCS_OK); /* another name is another GPU */
    gcs_cuda_identity(&device, &identity);
    gcs_device_identity_format(&identity, other_text, sizeof other_text);
    assert_string_not_equal(device_text, other_text);
    scratch_path(path, "gpu.tsv");
    return 0;
}

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

static void write_table(text *t) {
    write_file(path, t->at, t->size);
    free_text(t);
}

/* The lines of most tests: in the stand-in's L2 of 1 MiB, and beyond. */
static void write_lines(void) {
    text t = {0};
    add(&t, "gcstep-table\t1\nmachine\tany\n");
    add_fields(&t, good_fields());
    add_device(&t, other_text);
    add_line(&t, "64", "300", SPLIT);
    add_device(&t, device_text);
    add_line(&t, "64", "576", KEEP);
    add_line(&t, "64", "1000", SPLIT);
    add_line(&t, "*", "*", SPLIT);
    add_line(&t, "*", "<=32", BLOCK2);
    write_table(&t);
}

static gcs_plan *plan_of(const gcs_target *target, const gcs_tensor *tensors, size_t count) {
    const gcs_spec spec = gcs_spec_sgdm();
    gcs_plan *plan;
    if (gcs_plan_create(&plan, *target, &spec, tensors, count) != GCS_OK)
        fail_msg("%s", gcs_last_error());
    return plan;
}

/* One tensor of rows: its kernel (NULL: whichever), and why; what explain says is in `explained`.
 */
static char explained[1024];
static void expect(const gcs_target *target, uint64_t rows, uint64_t cols, gcs_why why,
                   const char *kernel) {
    const gcs_tensor tensor = gcs_rows(rows, cols);
    gcs_plan *plan = plan_of(target, &tensor, 1);
    gcs_plan_explain(plan, 0, explained, sizeof explained);
    if (gcs_plan_choice(plan, 0)->why != why ||
        (kernel != NULL && strcmp(gcs_plan_kernel(plan, 0), kernel) != 0))
        fail_msg("%s", explained);
    gcs_plan_destroy(plan);
    assert_int_equal(standin_alive(), 0);
}

static gcs_target with_table(const char *table) {
    gcs_target target = gcs_cuda(NULL);
    target.table = table;
    return target;
}

static void the_four_ways(void **state) {
    (void)state;
    write_lines();
    const gcs_target target = with_table(path);
    expect(&target, 64, 576, GCS_WHY_EXACT, KEEP);
    assert_contains(explained,
                    "sgdm_grad f32 rows 64 x 576 on Stand-in 0: " KEEP "; exact: line 7");
    assert_contains(explained, path);
    assert_contains(explained, "; measured 2024-05-06 in 41 rounds: 1234 ns, 0.91 of the ceiling, "
                               "1.08 times the default's speed");
    expect(&target, 64, 600, GCS_WHY_NEAREST, KEEP);
    assert_contains(explained, "nearest, 0.06 octaves away: line 7");
    expect(&target, 64, 900, GCS_WHY_NEAREST, SPLIT);
    /* 64 x 1,365 x 12 bytes are in the L2, 64 x 1,366 are not, and no measured shape is neither. */
    expect(&target, 64, 1365, GCS_WHY_NEAREST, SPLIT);
    expect(&target, 64, 1366, GCS_WHY_DEFAULT_LINE, SPLIT);
    assert_contains(explained, "default: line 9");
    expect(&target, 5, 32, GCS_WHY_DEFAULT_LINE, BLOCK2);
    text t = {0};
    add(&t, "gcstep-table\t1\n");
    add_device(&t, device_text);
    add_line(&t, "64", "576", KEEP);
    write_table(&t);
    expect(&target, 5, 32, GCS_WHY_FIXED_RULE, NULL);
    assert_contains(explained, "fixed rule: no table has a line");
}

static void other_gpus_and_the_cpu(void **state) {
    (void)state;
    text t = {0};
    add(&t, "gcstep-table\t1\nmachine\tany\n");
    add_fields(&t, good_fields());
    add_device(&t, other_text);
    add_line(&t, "64", "576", SPLIT);
    write_table(&t);
    const gcs_target target = with_table(path);
    expect(&target, 64, 576, GCS_WHY_FIXED_RULE, NULL);
    standin_make_current(1);
    expect(&target, 64, 576, GCS_WHY_EXACT, SPLIT);
    standin_make_current(0);
    standin_l2_bytes *= 2; /* another GPU of the same name */
    expect(&target, 64, 576, GCS_WHY_FIXED_RULE, NULL);
}

/* A plan of the CPU sees nothing of the lines for a GPU. */
static void the_cpu_sees_its_own(void **state) {
    (void)state;
    write_lines();
    gcs_target target = gcs_cpu();
    target.table = path;
    target.threads = 1;
    const gcs_tensor tensor = gcs_rows(64, 576);
    gcs_plan *plan = plan_of(&target, &tensor, 1);
    gcs_plan_explain(plan, 0, explained, sizeof explained);
    assert_string_equal(gcs_plan_kernel(plan, 0), rows_kernel(0));
    assert_contains(explained, "exact: line 3");
    gcs_plan_destroy(plan);
}

static void switched_off(void **state) {
    (void)state;
    write_lines();
    const gcs_target off = with_table(""), from_environment = with_table(NULL);
    expect(&off, 64, 576, GCS_WHY_FIXED_RULE, NULL);
    expect(&from_environment, 64, 576, GCS_WHY_FIXED_RULE, NULL);
    setenv("GCSTEP_TABLE", path, 1);
    expect(&from_environment, 64, 576, GCS_WHY_EXACT, KEEP);
    expect(&off, 64, 576, GCS_WHY_FIXED_RULE, NULL);
    setenv("GCSTEP_TUNED", "0", 1);
    expect(&from_environment, 64, 576, GCS_WHY_FIXED_RULE, NULL);
}

static void forced(void **state) {
    (void)state;
    write_lines();
    gcs_target target = with_table(path);
    target.kernel = BLOCK2;
    expect(&target, 64, 576, GCS_WHY_FORCED, BLOCK2);
    expect(&target, 64, 20000, GCS_WHY_DEFAULT_LINE, SPLIT); /* too long for the forced one */
}

/* Safety is not the table's: clusters are beyond what this GPU's kernels were written for. */
static void a_kernel_that_cannot_run(void **state) {
    (void)state;
    text t = {0};
    const gcs_target target = with_table(path);
    add(&t, "gcstep-table\t1\n");
    add_device(&t, device_text);
    add_line(&t, "64", "20000", ROOM);
    write_table(&t);
    expect(&target, 64, 20000, GCS_WHY_EXACT, ROOM);
    standin_code = 80;
    expect(&target, 64, 20000, GCS_WHY_FIXED_RULE, NULL);
}

/* Evidence of another revision is said to be so. */
static void stale(void **state) {
    (void)state;
    text t = {0};
    const gcs_target target = with_table(path);
    table_fields fields = good_fields();
    fields.at[F_THREADS] = "*";
    fields.at[F_KERNEL] = KEEP;
    fields.at[F_IMPL_REV] = "0123456789ab";
    add(&t, "gcstep-table\t1\n");
    add_device(&t, device_text);
    add_fields(&t, fields);
    fields.at[F_ROWS] = "640";
    fields.at[F_IMPL_REV] = gcs_cuda_impl_rev();
    add_fields(&t, fields);
    write_table(&t);
    expect(&target, 64, 576, GCS_WHY_EXACT, KEEP);
    assert_contains(explained, "of another revision of the kernel: 0123456789ab, now ");
    assert_contains(explained, gcs_cuda_impl_rev());
    expect(&target, 640, 576, GCS_WHY_EXACT, KEEP);
    assert_null(strstr(explained, "another revision"));
}

/* Tensors of one shape are looked up once; each has its evidence. What cuts groups has none. */
static void many_tensors(void **state) {
    (void)state;
    write_lines();
    gcs_tensor tensors[] = {gcs_rows(64, 576), gcs_rows(64, 576), gcs_rows(64, 577),
                            gcs_rows(64, 577), gcs_rows(64, 577), gcs_flat(64)};
    tensors[3].offset = 10;
    tensors[3].count = 1000;
    const gcs_target target = with_table(path);
    gcs_plan *plan = plan_of(&target, tensors, 6);
    static const gcs_why whys[] = {GCS_WHY_EXACT,      GCS_WHY_EXACT,   GCS_WHY_NEAREST,
                                   GCS_WHY_FIXED_RULE, GCS_WHY_NEAREST, GCS_WHY_FIXED_RULE};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(gcs_plan_choice(plan, i)->why, whys[i]);
        gcs_plan_explain(plan, i, explained, sizeof explained);
        assert_int_equal(strstr(explained, path) != NULL, whys[i] != GCS_WHY_FIXED_RULE);
    }
    assert_ptr_not_equal(gcs_plan_choice(plan, 0)->line, gcs_plan_choice(plan, 1)->line);
    gcs_plan_destroy(plan);
    assert_int_equal(standin_alive(), 0);
}

/* The ceiling's kernel is no subject of tables. */
static void traffic(void **state) {
    (void)state;
    text t = {0};
    const gcs_spec spec = gcs_spec_sgdm();
    const gcs_tensor tensor = gcs_flat(36864);
    const gcs_target target = with_table(path);
    table_fields fields = {{"line", "sgdm_none", "flat", "f32", "1", "36864", "*",
                            "sgdm_none_flat_f32_cuda_linear256_u1", "-", "quick", "-", "1", "0",
                            "1", "1", "0", "-", "9"}};
    add(&t, "gcstep-table\t1\n");
    add_device(&t, device_text);
    add_fields(&t, fields);
    write_table(&t);
    gcs_plan *plan;
    assert_int_equal(gcs_plan_create_traffic(&plan, target, &spec, &tensor, 1), GCS_OK);
    assert_int_equal(gcs_plan_choice(plan, 0)->why, GCS_WHY_FIXED_RULE);
    gcs_plan_destroy(plan);
    plan = plan_of(&target, &tensor, 1);
    assert_int_equal(gcs_plan_choice(plan, 0)->why, GCS_WHY_EXACT);
    gcs_plan_destroy(plan);
}

#define TEST(name) cmocka_unit_test_setup(name, before)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_four_ways),
        TEST(other_gpus_and_the_cpu),
        TEST(the_cpu_sees_its_own),
        TEST(switched_off),
        TEST(forced),
        TEST(a_kernel_that_cannot_run),
        TEST(stale),
        TEST(many_tensors),
        TEST(traffic),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
