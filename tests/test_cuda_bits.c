/* Whole steps of plans for a GPU, on the stand-in for CUDA's driver and with the kernels compiled
 * for the host, against plans of the CPU: the same bits. That each kernel has them in all cases is
 * check_cuda's to show; here it is that a plan gives the kernels what belongs to them. */
#include "cuda_twin_fixture.h"

/* Each group of tensors is of parameter group 0, 1, 2 by turns. */
enum { GROUPS = 3, MOST = 16 };

static void set_hyper(gcs_hyper hyper[GROUPS], uint64_t t) {
    for (size_t i = 0; i < GROUPS; i++) {
        hyper[i] = fixture_hyper(t);
        hyper[i].lr = 0.1 + 0.05 * (double)i;
        hyper[i].weight_decay = i == 1 ? 0 : 0.3;
        hyper[i].seed = 17 + i;
        hyper[i].grad_scale = 0.5;
    }
}

static gcs_plan *plan_of(gcs_target target, const gcs_spec *spec, const gcs_tensor *tensors,
                         size_t count) {
    gcs_plan *plan;
    assert_ok(gcs_plan_create(&plan, target, spec, tensors, count));
    return plan;
}

/* Means of g and of w, of as many groups as a tensor here has. */
static float given[2][512];

static void give_means(const gcs_tensor *tensor, gcs_buffers *b) {
    for (size_t i = 0; i < 512; i++) {
        given[0][i] = 0.1F * fixture_value(70, i);
        given[1][i] = 0.1F * fixture_value(71, i);
    }
    b->means_count = gcs_tensor_groups(tensor);
    assert_true(b->means_count <= 512);
    b->means = b->means_count != 0 ? given[0] : NULL;
    b->w_means = b->means_count != 0 ? given[1] : NULL;
}

/* Three steps from t = 1 on, in the second of which one group's flag is set. */
static void same_bits(const gcs_spec *spec, const gcs_tensor *of, size_t count, bool means) {
    gcs_tensor tensors[MOST];
    for (size_t i = 0; i < count; i++) {
        tensors[i] = of[i];
        tensors[i].group = (uint32_t)(i % GROUPS);
    }
    fixture cpu = fixture_make_typed(tensors, count, 5, spec->gradient);
    fixture gpu = fixture_make_typed(tensors, count, 5, spec->gradient);
    float found = 0;
    open_twin(&gpu);
    standin_register(&found, sizeof found, STANDIN_DEVICE, 0);
    standin_register(given, sizeof given, STANDIN_DEVICE, 0);
    for (size_t i = 0; means && i < count; i++) {
        give_means(&tensors[i], &cpu.buffers[i]);
        give_means(&tensors[i], &gpu.buffers[i]);
    }
    gcs_plan *on_cpu = plan_of(gcs_cpu(), spec, tensors, count);
    gcs_plan *on_gpu = plan_of(gcs_cuda(NULL), spec, tensors, count);
    for (uint64_t t = 1; t <= 3; t++) {
        gcs_hyper hyper[GROUPS];
        set_hyper(hyper, t);
        found = t == 2;
        hyper[2].found_inf = &found;
        assert_ok(gcs_step(on_cpu, hyper, cpu.buffers));
        assert_ok(gcs_step(on_gpu, hyper, gpu.buffers));
        assert_same_bits(&cpu, &gpu);
    }
    standin_forget(&found);
    standin_forget(given);
    standin_forget(gpu.memory);
    gcs_plan_destroy(on_cpu);
    gcs_plan_destroy(on_gpu);
    fixture_free(&cpu);
    fixture_free(&gpu);
}

/* Of each loop shape: short rows and long, pieces of rows, columns of all heights, several
 * matrices. */
static const gcs_tensor shapes[] = {ROWS(40, 9),  ROWS(7, 147),  ROWS(3, 2304),    ROWS(2, 5000),
                                    COLS(27, 70), COLS(700, 33), GENERAL(3, 5, 7), FLAT(1500),
                                    ROWS(1, 1),   COLS(1, 3)};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static void every_rule_and_centre(void **state) {
    (void)state;
    for (size_t r = 0; r < ALL_RULES; r++) {
        for (int center = GCS_CENTER_NONE; center <= GCS_CENTER_UPDATE; center++) {
            const gcs_spec spec = {.rule = all_rules[r], .center = (gcs_center)center};
            same_bits(&spec, shapes, SHAPES, false);
        }
    }
}

static void every_type(void **state) {
    (void)state;
    for (int gradient = GCS_TYPE_F32; gradient <= GCS_TYPE_F16; gradient++) {
        for (int copy = GCS_COPY_NONE; copy <= GCS_COPY_F16_STOCHASTIC; copy++) {
            const gcs_spec spec = {.rule = all_rules[(3 * gradient + copy) % ALL_RULES],
                                   .center = GCS_CENTER_GRADIENT,
                                   .gradient = (gcs_type)gradient,
                                   .copy = (gcs_copy)copy,
                                   .maximize = copy == GCS_COPY_F16};
            same_bits(&spec, shapes, SHAPES, false);
        }
    }
}

/* Too long for one block: several blocks of a cluster, or two launches. */
static void long_groups(void **state) {
    (void)state;
    static const gcs_tensor some[] = {ROWS(2, 70000), COLS(4200, 40), ROWS(1, 60001),
                                      COLS(2500, 37)};
    for (int center = GCS_CENTER_GRADIENT; center <= GCS_CENTER_UPDATE; center++) {
        const gcs_spec spec = {.rule = GCS_RULE_ADAM, .center = (gcs_center)center};
        same_bits(&spec, some, sizeof some / sizeof some[0], false);
    }
}

static void pieces_and_means(void **state) {
    (void)state;
    const gcs_tensor some[] = {gcs_shard(gcs_rows(20, 100), 150, 1200),   gcs_rows(30, 20),
                               gcs_shard(gcs_general(4, 10, 7), 75, 150), gcs_flat(99),
                               gcs_shard(gcs_cols(50, 30), 45, 1000),     gcs_general(3, 20, 9)};
    for (int center = GCS_CENTER_GRADIENT; center <= GCS_CENTER_UPDATE; center++) {
        const gcs_spec spec = {
            .rule = GCS_RULE_SGDM, .center = (gcs_center)center, .copy = GCS_COPY_BF16_STOCHASTIC};
        same_bits(&spec, some, sizeof some / sizeof some[0], true);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_and_centre),
        cmocka_unit_test(every_type),
        cmocka_unit_test(long_groups),
        cmocka_unit_test(pieces_and_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
