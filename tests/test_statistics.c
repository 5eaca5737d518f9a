/* Measuring: medians, quartiles, paired ratios and their intervals, random order, buffer sets. */
#include "dispatch/plan.h"
#include "measure/measure.h"
#include "measure/statistics.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_near(double got, double want) {
    if (!(fabs(got - want) <= 1e-12 * fabs(want)))
        fail_msg("got %.17g, want %.17g", got, want);
}

static void median_of_odd_and_even_counts(void **state) {
    (void)state;
    double one[] = {7}, odd[] = {9, 1, 5}, even[] = {4, 1, 3, 2};
    assert_near(gcs_median(one, 1), 7);
    assert_near(gcs_median(odd, 3), 5);
    assert_near(gcs_median(even, 4), 2.5);
}

/* Of 1 .. 5 the quartiles are 2 and 4; of 1 .. 4 they are 1.75 and 3.25, linear between. */
static void interquartile_range(void **state) {
    (void)state;
    double five[] = {5, 3, 1, 4, 2}, four[] = {4, 3, 2, 1}, one[] = {3};
    assert_near(gcs_interquartile_range(five, 5), 2);
    assert_near(gcs_interquartile_range(four, 4), 1.5);
    assert_true(gcs_interquartile_range(one, 1) == 0);
}

static void quantile_ends(void **state) {
    (void)state;
    double values[] = {3, 1, 2};
    assert_near(gcs_quantile(values, 3, 0), 1);
    assert_near(gcs_quantile(values, 3, 1), 3);
}

/* A machine that slows down sixfold in the middle changes no ratio; the ratio of the medians would
 * be 12 / 10. */
static void paired_ratio_ignores_what_slows_both(void **state) {
    (void)state;
    const double a[] = {12, 12, 72, 72, 12}, b[] = {10, 10, 60, 60, 10};
    double median, spread;
    assert_true(gcs_paired_ratio(a, b, 5, &median, &spread));
    assert_near(median, 1.2);
    assert_true(fabs(spread) < 1e-12);
    const double c[] = {10, 20, 30}, d[] = {10, 10, 10};
    assert_true(gcs_paired_ratio(c, d, 3, &median, &spread));
    assert_near(median, 2);
    assert_near(spread, 1);
    assert_true(gcs_paired_ratio(c, d, 3, &median, NULL));
    assert_false(gcs_paired_ratio(c, d, 0, &median, NULL));
}

static void ratio_leaves_out_what_was_not_timed(void **state) {
    (void)state;
    const double a[] = {2, 0, 6, 8}, b[] = {1, 1, 0, 2};
    gcs_ratio ratio;
    assert_true(gcs_ratio_of(a, b, 4, &ratio));
    assert_int_equal(ratio.count, 2);
    assert_near(ratio.median, 3);
    const double never[] = {0, 0};
    assert_false(gcs_ratio_of(never, b, 2, &ratio));
    assert_false(gcs_ratio_of(a, b, 0, &ratio));
}

static gcs_ratio ratio_of_ramp(size_t count) {
    double a[100], b[100];
    gcs_ratio ratio;
    for (size_t i = 0; i < count; i++) {
        a[i] = (double)(i + 1);
        b[i] = 1;
    }
    assert_true(gcs_ratio_of(a, b, count, &ratio));
    return ratio;
}

/* Tables of the sign test: for the median of n values at 99 % the interval goes from the k-th
 * smallest to the k-th largest with k = 1 for n = 8, 3 for 15, 5 for 23, 16 for 50, 37 for 100. */
static void interval_of_the_median(void **state) {
    (void)state;
    static const struct {
        size_t count, rank;
    } known[] = {{8, 1}, {15, 3}, {23, 5}, {50, 16}, {100, 37}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        gcs_ratio ratio = ratio_of_ramp(known[i].count);
        assert_near(ratio.low, (double)known[i].rank);
        assert_near(ratio.high, (double)(known[i].count + 1 - known[i].rank));
    }
    gcs_ratio few = ratio_of_ramp(7);
    assert_true(isinf(few.low) && few.low < 0);
    assert_true(isinf(few.high) && few.high > 0);
}

static void shuffle_is_a_permutation(void **state) {
    (void)state;
    enum { COUNT = 37 };
    size_t order[COUNT];
    gcs_random random = {1};
    for (int round = 0; round < 100; round++) {
        bool seen[COUNT] = {false};
        gcs_shuffle(&random, order, COUNT);
        for (size_t i = 0; i < COUNT; i++) {
            assert_true(order[i] < COUNT);
            assert_false(seen[order[i]]);
            seen[order[i]] = true;
        }
    }
    gcs_shuffle(&random, order, 0);
}

/* Each of 3! orders about 1,000 times in 6,000; the standard deviation is 29. */
static void shuffle_gives_all_orders_alike(void **state) {
    (void)state;
    size_t order[3], times[27] = {0}, orders = 0;
    gcs_random random = {2};
    for (int i = 0; i < 6000; i++) {
        gcs_shuffle(&random, order, 3);
        times[order[0] * 9 + order[1] * 3 + order[2]]++;
    }
    for (size_t i = 0; i < 27; i++) {
        if (times[i] == 0)
            continue;
        orders++;
        assert_in_range(times[i], 850, 1150);
    }
    assert_int_equal(orders, 6);
}

static void random_numbers_depend_on_the_seed_alone(void **state) {
    (void)state;
    gcs_random a = {5}, b = {5}, c = {6};
    uint64_t first = gcs_random_next(&a);
    assert_true(first == gcs_random_next(&b));
    assert_true(first != gcs_random_next(&c));
    assert_true(first != gcs_random_next(&a));
}

static void clock_goes_forward(void **state) {
    (void)state;
    uint64_t before = gcs_now_ns();
    assert_true(before > 0);
    assert_true(gcs_now_ns() >= before);
}

/* ---- Buffer sets --------------------------------------------------------------------------- */

static const gcs_tensor tensors[] = {
    {.layout = GCS_LAYOUT_ROWS, .rows = 3, .cols = 1000},
    {.layout = GCS_LAYOUT_FLAT, .rows = 1, .cols = 17},
};
#define ELEMENTS (3 * 1000 + 17)

static void sets_hold_the_bytes_asked_for(void **state) {
    (void)state;
    gcs_spec sgd = gcs_spec_sgd(), adam = gcs_spec_adam();
    gcs_buffer_sets *hot = gcs_buffer_sets_create(&sgd, tensors, 2, 0);
    gcs_buffer_sets *cold = gcs_buffer_sets_create(&adam, tensors, 2, ELEMENTS * 16 * 3 + 1);
    assert_non_null(hot);
    assert_non_null(cold);
    assert_int_equal(gcs_buffer_sets_count(hot), 1);
    assert_int_equal(gcs_buffer_sets_bytes(hot), ELEMENTS * 8);
    assert_int_equal(gcs_buffer_sets_count(cold), 4);
    assert_int_equal(gcs_buffer_sets_bytes(cold), ELEMENTS * 16);
    assert_null(gcs_buffer_sets_next(hot)->m);
    assert_non_null(gcs_buffer_sets_next(cold)->v);
    gcs_buffer_sets_destroy(hot);
    gcs_buffer_sets_destroy(cold);
    gcs_buffer_sets_destroy(NULL);
}

static void sets_come_in_turn(void **state) {
    (void)state;
    gcs_spec spec = gcs_spec_sgdm();
    gcs_buffer_sets *sets = gcs_buffer_sets_create(&spec, tensors, 2, ELEMENTS * 12 * 2 + 1);
    assert_non_null(sets);
    assert_int_equal(gcs_buffer_sets_count(sets), 3);
    const gcs_buffers *a = gcs_buffer_sets_next(sets), *b = gcs_buffer_sets_next(sets),
                      *c = gcs_buffer_sets_next(sets);
    assert_true(a != b && b != c && a != c);
    assert_true(a[0].w != b[0].w && b[0].w != c[0].w);
    assert_ptr_equal(gcs_buffer_sets_next(sets), a);
    gcs_buffer_sets_destroy(sets);
}

static void restore_brings_the_first_values_back(void **state) {
    (void)state;
    gcs_spec spec = gcs_spec_adam();
    gcs_buffer_sets *sets = gcs_buffer_sets_create(&spec, tensors, 2, 0);
    assert_non_null(sets);
    const gcs_buffers *b = gcs_buffer_sets_next(sets);
    float w[1000], m[17], v[17];
    memcpy(w, b[0].w + 2000, sizeof w);
    memcpy(m, b[1].m, sizeof m);
    memcpy(v, b[1].v, sizeof v);
    for (size_t i = 0; i < 3000; i++)
        b[0].w[i] = b[0].m[i] = b[0].v[i] = NAN;
    for (size_t i = 0; i < 17; i++)
        b[1].w[i] = b[1].m[i] = b[1].v[i] = NAN;
    gcs_buffer_sets_restore(sets);
    assert_memory_equal(w, b[0].w + 2000, sizeof w);
    assert_memory_equal(m, b[1].m, sizeof m);
    assert_memory_equal(v, b[1].v, sizeof v);
    for (size_t i = 0; i < 3000; i++)
        assert_true(fabsf(b[0].w[i]) <= 0.05f && fabsf(b[0].m[i]) <= 0.01f && b[0].v[i] > 1e-5f);
    gcs_buffer_sets_destroy(sets);
}

/* Every buffer that a spec has, of its size, apart from the others. */
static void sets_have_the_buffers_of_the_spec(void **state) {
    (void)state;
    const gcs_spec spec = {.rule = GCS_RULE_AMSGRADW,
                           .center = GCS_CENTER_UPDATE,
                           .gradient = GCS_TYPE_F16,
                           .copy = GCS_COPY_BF16_STOCHASTIC};
    const gcs_tensor three[] = {gcs_general(2, 5, 7), gcs_shard(gcs_rows(9, 9), 5, 33),
                                gcs_flat(17)};
    const uint64_t elements[] = {70, 33, 17};
    gcs_buffer_sets *sets = gcs_buffer_sets_create(&spec, three, 3, 0);
    assert_non_null(sets);
    assert_int_equal(gcs_buffer_sets_bytes(sets), (70 + 33 + 17) * (4 * 4 + 2 + 2));
    const gcs_buffers *b = gcs_buffer_sets_next(sets);
    for (size_t i = 0; i < 3; i++) {
        const char *at[] = {(char *)b[i].w,     b[i].g,   (char *)b[i].m, (char *)b[i].v,
                            (char *)b[i].v_max, b[i].copy};
        for (size_t s = 0; s < 6; s++) {
            assert_non_null(at[s]);
            assert_int_equal((uintptr_t)at[s] % 64, 0);
            if (s > 0)
                assert_true((uint64_t)(at[s] - at[s - 1]) >= elements[i] * (s == 2 ? 2 : 4));
        }
    }
    gcs_buffer_sets_destroy(sets);
    const gcs_spec adagrad = {.rule = GCS_RULE_ADAGRAD};
    sets = gcs_buffer_sets_create(&adagrad, three, 1, 0);
    assert_non_null(sets);
    b = gcs_buffer_sets_next(sets);
    assert_non_null(b->v);
    assert_true(b->m == NULL && b->v_max == NULL && b->copy == NULL);
    gcs_buffer_sets_destroy(sets);
}

/* Sixteen bits hold numbers of a gradient's size, no zeros and no subnormals. */
static void narrow_gradients_are_normal(void **state) {
    (void)state;
    const gcs_tensor tensor = gcs_flat(5000);
    for (int type = GCS_TYPE_BF16; type <= GCS_TYPE_F16; type++) {
        const gcs_spec spec = {.rule = GCS_RULE_SGD, .gradient = (gcs_type)type};
        const unsigned exponent_bits = type == GCS_TYPE_BF16 ? 7 : 10;
        /* The bits of 0.01, and of 2^-14, which is the smallest normal f16. */
        const unsigned most = type == GCS_TYPE_BF16 ? 0x3c23 : 0x211e;
        gcs_buffer_sets *sets = gcs_buffer_sets_create(&spec, &tensor, 1, 0);
        assert_non_null(sets);
        const uint16_t *g = gcs_buffer_sets_next(sets)->g;
        size_t large = 0, negative = 0;
        for (size_t i = 0; i < 5000; i++) {
            const unsigned magnitude = g[i] & 0x7fff;
            assert_true(magnitude >> exponent_bits > 0);
            assert_true(magnitude <= most);
            large += magnitude > most - (1U << exponent_bits); /* above half of it */
            negative += g[i] >> 15;
        }
        assert_in_range(large, 2000, 3000);
        assert_in_range(negative, 2000, 3000);
        gcs_buffer_sets_destroy(sets);
    }
}

/* A step reads all buffers and writes the state: it must find them apart and aligned. */
static void a_step_takes_the_buffers(void **state) {
    (void)state;
    static const gcs_spec specs[] = {
        {.rule = GCS_RULE_ADAMW, .center = GCS_CENTER_GRADIENT},
        {.rule = GCS_RULE_AMSGRAD,
         .center = GCS_CENTER_UPDATE,
         .gradient = GCS_TYPE_BF16,
         .copy = GCS_COPY_F16},
    };
    gcs_hyper hyper = gcs_hyper_default();
    hyper.t = 2;
    for (size_t s = 0; s < sizeof specs / sizeof specs[0]; s++) {
        gcs_plan *plan;
        assert_int_equal(gcs_plan_create(&plan, gcs_cpu(), &specs[s], tensors, 2), GCS_OK);
        gcs_buffer_sets *sets = gcs_buffer_sets_create(&specs[s], tensors, 2, 1 << 20);
        assert_non_null(sets);
        for (size_t i = 0; i < gcs_buffer_sets_count(sets); i++)
            assert_int_equal(gcs_step(plan, &hyper, gcs_buffer_sets_next(sets)), GCS_OK);
        gcs_buffer_sets_destroy(sets);
        gcs_plan_destroy(plan);
    }
}

static void sets_refuse_what_no_memory_holds(void **state) {
    (void)state;
    gcs_spec spec = gcs_spec_sgd();
    gcs_tensor wraps = {.layout = GCS_LAYOUT_ROWS, .rows = (uint64_t)1 << 33, .cols = 1u << 31};
    gcs_tensor bytes_wrap = {.layout = GCS_LAYOUT_FLAT, .rows = 1, .cols = UINT64_MAX / 4 + 2};
    gcs_tensor outer_wraps = {
        .layout = GCS_LAYOUT_COLS, .rows = 1u << 31, .cols = 1u << 31, .outer = 8};
    gcs_tensor sum[] = {gcs_flat(UINT64_MAX / 600), gcs_flat(UINT64_MAX / 600)};
    assert_null(gcs_buffer_sets_create(&spec, &wraps, 1, 0));
    assert_null(gcs_buffer_sets_create(&spec, &bytes_wrap, 1, 0));
    assert_null(gcs_buffer_sets_create(&spec, &outer_wraps, 1, 0));
    assert_null(gcs_buffer_sets_create(&spec, sum, 2, 0));
    assert_null(gcs_buffer_sets_create(&spec, tensors, 0, 0));
}

static void cold_is_more_than_any_cache(void **state) {
    (void)state;
    gcs_machine machine;
    gcs_machine_read(&machine);
    assert_true(gcs_cold_bytes() >= 2 * machine.l3);
    assert_true(gcs_cold_bytes() >= 2 * machine.l2);
    assert_true(gcs_cold_bytes() >= (uint64_t)64 << 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(median_of_odd_and_even_counts),
        cmocka_unit_test(interquartile_range),
        cmocka_unit_test(quantile_ends),
        cmocka_unit_test(paired_ratio_ignores_what_slows_both),
        cmocka_unit_test(ratio_leaves_out_what_was_not_timed),
        cmocka_unit_test(interval_of_the_median),
        cmocka_unit_test(shuffle_is_a_permutation),
        cmocka_unit_test(shuffle_gives_all_orders_alike),
        cmocka_unit_test(random_numbers_depend_on_the_seed_alone),
        cmocka_unit_test(clock_goes_forward),
        cmocka_unit_test(sets_hold_the_bytes_asked_for),
        cmocka_unit_test(sets_come_in_turn),
        cmocka_unit_test(restore_brings_the_first_values_back),
        cmocka_unit_test(sets_have_the_buffers_of_the_spec),
        cmocka_unit_test(narrow_gradients_are_normal),
        cmocka_unit_test(a_step_takes_the_buffers),
        cmocka_unit_test(sets_refuse_what_no_memory_holds),
        cmocka_unit_test(cold_is_more_than_any_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
