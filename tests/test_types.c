/* Numbers of 16 bits: every one is read exactly, and every weight is rounded to the nearest, by the
 * kernels of every ISA. */
#include "types_fixture.h"

#include "check/half.h"
#include "reference/reference.h"
#include <math.h>
#include <string.h>

enum { ALL = 65536 };

static const gcs_type narrow[] = {GCS_TYPE_BF16, GCS_TYPE_F16};
static const gcs_copy plain_copy[] = {GCS_COPY_BF16, GCS_COPY_F16};

static uint16_t every[ALL];

static int set_up(void **state) {
    (void)state;
    for (unsigned bits = 0; bits < ALL; bits++)
        every[bits] = (uint16_t)bits;
    return 0;
}

static bool same_float(float a, double b) {
    return (isnan(a) && isnan(b)) || ((double)a == b && !signbit(a) == !signbit(b));
}

/* ---- Reading ------------------------------------------------------------------------------- */

static void a_few_numbers_by_hand(void **state) {
    (void)state;
    const struct {
        gcs_type type;
        uint16_t bits;
        double value;
    } numbers[] = {
        {GCS_TYPE_BF16, 0x3f80, 1},          {GCS_TYPE_BF16, 0xc049, -3.140625},
        {GCS_TYPE_BF16, 0x0001, 0x1p-133},   {GCS_TYPE_BF16, 0x7f7f, 0x1.fep127},
        {GCS_TYPE_BF16, 0x8000, -0.0},       {GCS_TYPE_BF16, 0xff80, -INFINITY},
        {GCS_TYPE_F16, 0x3c00, 1},           {GCS_TYPE_F16, 0xc248, -3.140625},
        {GCS_TYPE_F16, 0x0001, 0x1p-24},     {GCS_TYPE_F16, 0x03ff, 1023 * 0x1p-24},
        {GCS_TYPE_F16, 0x0400, 0x1p-14},     {GCS_TYPE_F16, 0x7bff, 65504},
        {GCS_TYPE_F16, 0x8000, -0.0},        {GCS_TYPE_F16, 0x7c00, INFINITY},
        {GCS_TYPE_F16, 0x7c01, (double)NAN}, {GCS_TYPE_BF16, 0x7f81, (double)NAN},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        float read = gcs_half_value(numbers[i].type, numbers[i].bits);
        assert_true(same_float(read, numbers[i].value));
        assert_true(same_float(read, gcs_reference_number(numbers[i].type, &numbers[i].bits, 0)));
    }
}

/* The two ways in which check/ and reference/ read them. */
static void check_and_reference_read_alike(void **state) {
    (void)state;
    for (size_t t = 0; t < 2; t++)
        for (unsigned bits = 0; bits < ALL; bits++)
            assert_true(same_float(gcs_half_value(narrow[t], (uint16_t)bits),
                                   gcs_reference_number(narrow[t], every, bits)));
}

static void kernels_read_every_number_exactly(void **state) {
    (void)state;
    static float w[ALL];
    const gcs_kernel *kernel;
    size_t kernels = 0;
    FOR_EACH_PLAIN_KERNEL(kernel) {
        for (size_t t = 0; t < 2; t++) {
            memset(w, 0, sizeof w);
            step_plainly(kernel, narrow[t], GCS_COPY_NONE, ALL, w, every, NULL, NULL);
            for (unsigned bits = 0; bits < ALL; bits++) {
                double want = 0 - gcs_reference_number(narrow[t], every, bits);
                if (!same_float(w[bits], want))
                    fail_msg("%s reads 0x%04x of %s as %.9g", kernel->name, bits,
                             gcs_type_name(narrow[t]), (double)-w[bits]);
            }
        }
        kernels++;
    }
    assert_true(kernels >= 4);
}

/* Rows of one element: its sum is the element, its largest magnitude too. */
static void measuring_reads_every_number_exactly(void **state) {
    (void)state;
    static float sum[ALL], square[ALL], max[ALL];
    const gcs_measured measured = {.sum = sum, .square = square, .max = max};
    for (size_t l = 0; l < gcs_registry_lists(); l++) {
        const gcs_kernel_list *list = gcs_registry_list(l);
        for (size_t k = 0; gcs_cpu_allows(list->isa) && k < list->count; k++) {
            const gcs_kernel *kernel = &list->kernels[k];
            for (size_t t = 0; kernel->op == GCS_OP_MEASURE && t < 2; t++) {
                const bool rows = kernel->view == GCS_VIEW_ROWS;
                const gcs_form form = {GCS_RULE_SGD, GCS_CENTER_NONE, narrow[t], GCS_COPY_NONE};
                if (kernel->view == GCS_VIEW_PART)
                    continue;
                kernel->run(&(gcs_args){.g = every,
                                        .rows = rows ? ALL : 1,
                                        .cols = rows ? 1 : ALL,
                                        .last = ALL,
                                        .form = &form,
                                        .measured = &measured});
                for (unsigned bits = 0; bits < ALL; bits++) {
                    double want = gcs_reference_number(narrow[t], every, bits);
                    assert_true(same_float(sum[bits], 0 + want));
                    assert_true(same_float(max[bits], fabs(want)));
                }
            }
        }
    }
}

/* ---- Writing, to nearest ------------------------------------------------------------------- */

/* Runs every kernel on weights and holds the copies to check/ and to the reference. */
static void write_and_compare(gcs_copy copy, float *w, uint64_t count) {
    float *g = calloc((size_t)count, sizeof *g);
    uint16_t *to = malloc((size_t)count * sizeof *to);
    assert_non_null(g);
    assert_non_null(to);
    const gcs_kernel *kernel;
    FOR_EACH_PLAIN_KERNEL(kernel) {
        step_plainly(kernel, GCS_TYPE_F32, copy, count, w, g, to, NULL);
        for (uint64_t i = 0; i < count; i++) {
            uint16_t want = gcs_half_copy(copy, w[i], 0);
            if (!gcs_half_same(gcs_half_type(copy), to[i], want) ||
                !gcs_reference_copy_fits(copy, w[i], to[i]))
                fail_msg("%s makes 0x%04x of %a, must be 0x%04x", kernel->name, (unsigned)to[i],
                         (double)w[i], (unsigned)want);
        }
    }
    free(g);
    free(to);
}

/* What is a number of the format already stays it. */
static void every_number_comes_back(void **state) {
    (void)state;
    static float w[ALL], g[ALL];
    static uint16_t to[ALL];
    const gcs_kernel *kernel;
    FOR_EACH_PLAIN_KERNEL(kernel) {
        for (size_t t = 0; t < 2; t++) {
            for (unsigned bits = 0; bits < ALL; bits++)
                w[bits] = (float)gcs_reference_number(narrow[t], every, bits);
            step_plainly(kernel, GCS_TYPE_F32, plain_copy[t], ALL, w, g, to, NULL);
            for (unsigned bits = 0; bits < ALL; bits++)
                assert_true(gcs_half_same(narrow[t], to[bits], (uint16_t)bits));
        }
    }
}

/* Between every two neighbours: the tie, and a float to either side of it and of the neighbours. */
static void every_tie_goes_to_even(void **state) {
    (void)state;
    enum { EACH = 6 };
    float *w = malloc(ALL * EACH * sizeof *w);
    assert_non_null(w);
    for (size_t t = 0; t < 2; t++) {
        uint64_t count = 0;
        for (unsigned bits = 0; bits + 1 < ALL; bits++) {
            double a = gcs_reference_number(narrow[t], every, bits);
            double b = gcs_reference_number(narrow[t], every, bits + 1);
            if (!isfinite(a))
                continue;
            if (isinf(b)) /* what would follow the largest number */
                b = copysign(narrow[t] == GCS_TYPE_BF16 ? 0x1p128 : 0x1p16, a);
            float tie = (float)((a + b) / 2);
            float next = (float)a;
            w[count++] = tie;
            w[count++] = nextafterf(tie, 0);
            w[count++] = nextafterf(tie, copysignf(INFINITY, tie));
            w[count++] = nextafterf(next, 0);
            w[count++] = nextafterf(next, copysignf(INFINITY, next));
            w[count++] = nextafterf(nextafterf(tie, 0), 0);
        }
        write_and_compare(plain_copy[t], w, count);
    }
    free(w);
}

static void roundings_by_hand(void **state) {
    (void)state;
    const struct {
        gcs_copy copy;
        float w;
        uint16_t bits;
    } numbers[] = {
        {GCS_COPY_F16, 65519.99609375F, 0x7bff}, /* below half a unit above the largest */
        {GCS_COPY_F16, 65520, 0x7c00},           /* half a unit */
        {GCS_COPY_F16, -1e30F, 0xfc00},
        {GCS_COPY_F16, 0x1p-25F, 0x0000}, /* half the smallest: a tie, 0 is even */
        {GCS_COPY_F16, 0x1.000002p-25F, 0x0001},
        {GCS_COPY_F16, 0x1.8p-24F, 0x0002},   /* a tie between 1 and 2 units */
        {GCS_COPY_F16, 0x1.ffcp-15F, 0x0400}, /* a tie between 1,023 and 1,024 units */
        {GCS_COPY_F16, 0x1.002p0F, 0x3c00},   /* ties: down, and up */
        {GCS_COPY_F16, 0x1.006p0F, 0x3c02},
        {GCS_COPY_F16, 0x1.ffep0F, 0x4000},
        {GCS_COPY_F16, -0x1p-149F, 0x8000},
        {GCS_COPY_BF16, 0x1.01p0F, 0x3f80}, /* ties: down, and up */
        {GCS_COPY_BF16, 0x1.03p0F, 0x3f82},
        {GCS_COPY_BF16, 0x1.010002p0F, 0x3f81},
        {GCS_COPY_BF16, 0x1.fefffep127F, 0x7f7f}, /* below half a unit above the largest */
        {GCS_COPY_BF16, 0x1.ffp127F, 0x7f80},
        {GCS_COPY_BF16, 0x1p-134F, 0x0000}, /* half the smallest */
        {GCS_COPY_BF16, 0x1.8p-133F, 0x0002},
        {GCS_COPY_BF16, -INFINITY, 0xff80},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        float w = numbers[i].w;
        assert_int_equal(gcs_half_copy(numbers[i].copy, w, 0), numbers[i].bits);
        write_and_compare(numbers[i].copy, &w, 1);
    }
}

static void nan_stays_nan(void **state) {
    (void)state;
    /* One in each bit of the fraction, of both signs. */
    float w[46];
    for (unsigned i = 0; i < 46; i++) {
        uint32_t bits = 0x7f800000U | 1U << i / 2 | (i % 2) << 31;
        memcpy(&w[i], &bits, sizeof bits);
    }
    for (gcs_copy copy = GCS_COPY_BF16; copy <= GCS_COPY_F16_STOCHASTIC; copy++)
        write_and_compare(copy, w, 46);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_few_numbers_by_hand),
        cmocka_unit_test(check_and_reference_read_alike),
        cmocka_unit_test(kernels_read_every_number_exactly),
        cmocka_unit_test(measuring_reads_every_number_exactly),
        cmocka_unit_test(every_number_comes_back),
        cmocka_unit_test(every_tie_goes_to_even),
        cmocka_unit_test(roundings_by_hand),
        cmocka_unit_test(nan_stays_nan),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
