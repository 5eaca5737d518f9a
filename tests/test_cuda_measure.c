/* gcs_measure of plans for a GPU, on the stand-in for CUDA's driver and with the kernels compiled
 * for the host, against plans of the CPU: the same bits. */
#include "cuda_measure_fixture.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

/* Short rows and long, of which some go by segments, columns of all heights, several matrices,
 * tensors without groups. */
static const gcs_tensor shapes[] = {
    ROWS(40, 9), ROWS(7, 147),     ROWS(3, 2304),  COLS(27, 70),      FLAT(1024), COLS(200, 33),
    FLAT(1025),  GENERAL(3, 5, 7), ROWS(2, 16385), GENERAL(6, 9, 35), ROWS(1, 1), COLS(1, 3)};
static const options plain = {.groups = 3};

static void every_rule_and_centre(void **state) {
    (void)state;
    for (size_t r = 0; r < ALL_RULES; r++) {
        for (int center = GCS_CENTER_NONE; center <= GCS_CENTER_UPDATE; center++) {
            const gcs_spec spec = {
                .rule = all_rules[r], .center = (gcs_center)center, .maximize = r % 2 != 0};
            compare(&spec, shapes, LENGTH(shapes), &plain);
        }
    }
}

static void every_type(void **state) {
    (void)state;
    for (int gradient = GCS_TYPE_F32; gradient <= GCS_TYPE_F16; gradient++) {
        for (int center = GCS_CENTER_NONE; center <= GCS_CENTER_UPDATE; center++) {
            const gcs_spec spec = {.rule = all_rules[(3 * gradient + center) % ALL_RULES],
                                   .center = (gcs_center)center,
                                   .gradient = (gcs_type)gradient,
                                   .copy = GCS_COPY_BF16_STOCHASTIC};
            compare(&spec, shapes, LENGTH(shapes), &plain);
        }
    }
}

/* Sums of sums of segments; columns of more than 64 runs. */
static void long_groups(void **state) {
    (void)state;
    static const gcs_tensor some[] = {ROWS(3, 70000), COLS(4200, 40), ROWS(1, 1100000),
                                      FLAT(1100000),  ROWS(2, 16384), COLS(2500, 37)};
    for (int center = GCS_CENTER_NONE; center <= GCS_CENTER_UPDATE; center++) {
        const gcs_spec spec = {.rule = GCS_RULE_ADAM, .center = (gcs_center)center};
        compare(&spec, some, LENGTH(some), &plain);
    }
}

/* Groups that are cut, with their means and without. */
static void pieces(void **state) {
    (void)state;
    const gcs_tensor some[] = {
        gcs_shard(gcs_rows(20, 100), 150, 1200),   gcs_rows(30, 20),
        gcs_shard(gcs_general(4, 10, 7), 75, 150), gcs_flat(99),
        gcs_shard(gcs_cols(50, 30), 45, 1000),     gcs_shard(gcs_rows(6, 20000), 1000, 78000),
        gcs_shard(gcs_flat(9000), 17, 5000),       gcs_general(3, 20, 9)};
    for (int center = GCS_CENTER_NONE; center <= GCS_CENTER_UPDATE; center++) {
        for (int means = 0; means < 2; means++) {
            const gcs_spec spec = {.rule = GCS_RULE_SGDM, .center = (gcs_center)center};
            const options o = {.groups = 2, .means = means != 0};
            compare(&spec, some, LENGTH(some), &o);
        }
    }
}

/* More than a launch carries. */
static void many_parameter_groups(void **state) {
    (void)state;
    const gcs_spec spec = {.rule = GCS_RULE_ADAMW, .center = GCS_CENTER_UPDATE};
    gcs_tensor some[20];
    for (size_t i = 0; i < LENGTH(some); i++)
        some[i] = shapes[i % LENGTH(shapes)];
    const options o = {.groups = 20};
    compare(&spec, some, LENGTH(some), &o);
}

static const float odd_values[] = {NAN, INFINITY, -INFINITY, 3e38F, 1e25F, 0x1p-149F, -0.0F};
static size_t odd_value;

static void put_odd_value(const fixture *f) {
    for (size_t k = 0; k < f->count; k++) {
        const size_t n = fixture_elements(&f->tensors[k]);
        fixture_gradient(f, k)[n - 1 - k % n] = odd_values[odd_value];
        fixture_gradient(f, k)[n / 2] = odd_values[odd_value];
    }
}

static void values_that_are_not_finite(void **state) {
    (void)state;
    const options o = {.groups = 3, .spoil = put_odd_value};
    for (odd_value = 0; odd_value < LENGTH(odd_values); odd_value++) {
        for (int center = GCS_CENTER_GRADIENT; center <= GCS_CENTER_UPDATE; center++) {
            const gcs_spec spec = {.rule = GCS_RULE_NESTEROV, .center = (gcs_center)center};
            compare(&spec, shapes, LENGTH(shapes), &o);
        }
    }
}

/* ---- The call itself ----------------------------------------------------------------------- */

/* What is measured is what the steps before leave, and the call waits for it, and for all of the
 * sums. */
static void behind_what_is_enqueued(void **state) {
    (void)state;
    const gcs_tensor some[] = {gcs_shard(gcs_cols(50, 30), 45, 1000),
                               gcs_shard(gcs_general(4, 10, 7), 75, 150), gcs_rows(2, 17000)};
    const gcs_spec spec = {.rule = GCS_RULE_SGD, .center = GCS_CENTER_UPDATE};
    gcs_hyper hyper[1];
    fixture cpu = fixture_make(some, LENGTH(some), 5), gpu = fixture_make(some, LENGTH(some), 5);
    measured a = measured_make(&spec, &cpu), b = measured_make(&spec, &gpu);
    open_twin(&gpu);
    standin_register(b.sums, SUM_FLOATS * sizeof(float), STANDIN_DEVICE, 0);
    standin_register(given, sizeof given, STANDIN_DEVICE, 0);
    give_means(&cpu);
    give_means(&gpu);
    gcs_plan *on_cpu = plan_of(gcs_cpu(), &spec, &cpu);
    gcs_plan *on_gpu = plan_of(gcs_cuda(NULL), &spec, &gpu);
    standin_hold();
    set_hyper(hyper, 1, 1);
    hyper[0].found_inf = NULL;
    for (int i = 0; i < 2; i++) {
        assert_ok(gcs_step(on_cpu, hyper, cpu.buffers));
        assert_ok(gcs_step(on_gpu, hyper, gpu.buffers));
        assert_ok(gcs_measure(on_cpu, hyper, cpu.buffers, a.m));
        assert_ok(gcs_measure(on_gpu, hyper, gpu.buffers, b.m));
        assert_same_measures(&a, &b, LENGTH(some));
        assert_same_bits(&cpu, &gpu);
    }
    gcs_plan_destroy(on_cpu);
    gcs_plan_destroy(on_gpu);
    standin_forget(b.sums);
    standin_forget(given);
    standin_forget(gpu.memory);
    free(a.sums);
    free(b.sums);
    fixture_free(&cpu);
    fixture_free(&gpu);
}

/* Weights and state of tensors of which no sums are asked for are not read: here they could not be.
 */
static void what_is_not_asked_for(void **state) {
    (void)state;
    static const gcs_tensor some[] = {ROWS(4, 30), ROWS(3, 17000), ROWS(5, 40), COLS(20, 30),
                                      COLS(30, 20)};
    const gcs_spec spec = {.rule = GCS_RULE_ADAM, .center = GCS_CENTER_UPDATE};
    const gcs_hyper hyper = fixture_hyper(2);
    fixture f = fixture_make(some, LENGTH(some), 5);
    static float *const nowhere = (float *)64;
    gcs_measures m[LENGTH(some)] = {{.norm = 0}};
    float w_sums[4], change_sums[20];
    open_twin(&f);
    standin_register(w_sums, sizeof w_sums, STANDIN_DEVICE, 0);
    standin_register(change_sums, sizeof change_sums, STANDIN_DEVICE, 0);
    m[0].w_sums = w_sums;
    m[4].change_sums = change_sums;
    for (size_t k = 0; k < 4; k++) {
        gcs_buffers *b = &f.buffers[k];
        b->w = k != 0 ? nowhere : b->w;
        b->m = nowhere + 100000;
        b->v = nowhere + 200000;
    }
    gcs_plan *plan = plan_of(gcs_cuda(NULL), &spec, &f);
    assert_ok(gcs_measure(plan, &hyper, f.buffers, m));
    assert_true(m[3].finite && m[3].norm > 0);
    gcs_plan_destroy(plan);
    standin_forget(w_sums);
    standin_forget(change_sums);
    standin_forget(f.memory);
    fixture_free(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_and_centre),
        cmocka_unit_test(every_type),
        cmocka_unit_test(long_groups),
        cmocka_unit_test(pieces),
        cmocka_unit_test(many_parameter_groups),
        cmocka_unit_test(values_that_are_not_finite),
        cmocka_unit_test(behind_what_is_enqueued),
        cmocka_unit_test(what_is_not_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
