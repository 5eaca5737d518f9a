/* Stochastic rounding: the draws are those of docs/arithmetic.md, each result is a neighbour of the
 * weight, and their mean is the weight; by the kernels of every ISA. */
#include "types_fixture.h"

#include "check/half.h"
#include "dispatch/coefficients.h"
#include "reference/reference.h"
#include <math.h>

static const gcs_copy stochastic[] = {GCS_COPY_BF16_STOCHASTIC, GCS_COPY_F16_STOCHASTIC};

/* From another implementation of the page's lines; 0xe220a8397b1dcdaf is the known first output of
 * splitmix64 from 0. */
static void keys_are_those_of_the_page(void **state) {
    (void)state;
    const struct {
        uint64_t seed, t, id, key;
    } keys[] = {
        {0, 1, 1, 0x465391958fc61f13},
        {1, 2, 3, 0xd0734750fde362b3},
        {0xfedcba9876543210, (uint64_t)1 << 40, 7, 0x59f40f960dcb2fb2},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        uint32_t host[2], check[2];
        gcs_draw_keys(keys[i].seed, keys[i].t, keys[i].id, host);
        gcs_half_keys(keys[i].seed, keys[i].t, keys[i].id, check);
        for (int half = 0; half < 2; half++) {
            assert_int_equal(host[half], (uint32_t)(keys[i].key >> 32 * half));
            assert_int_equal(check[half], (uint32_t)(keys[i].key >> 32 * half));
        }
    }
}

static void draws_are_those_of_the_page(void **state) {
    (void)state;
    const uint32_t none[2] = {0, 0}, key[2] = {0x12345678, 0x9abcdef0};
    assert_int_equal(gcs_half_draw(none, 0), 0);
    assert_int_equal(gcs_half_draw(none, 1), 22773);
    assert_int_equal(gcs_half_draw(key, 5), 18245);
    assert_int_equal(gcs_half_draw(key, ((uint64_t)3 << 32) + 5), 43173);
}

/* What a weight becomes with a draw. */
static const struct {
    gcs_copy copy;
    float w;
    uint32_t draw;
    uint16_t bits;
} known[] = {
    /* A quarter of a unit above 1: up from a draw of 3/4 on. */
    {GCS_COPY_BF16_STOCHASTIC, 1 + 0x1p-9F, 0xbfff, 0x3f80},
    {GCS_COPY_BF16_STOCHASTIC, 1 + 0x1p-9F, 0xc000, 0x3f81},
    {GCS_COPY_F16_STOCHASTIC, -1 - 0x1p-12F, 0x17ff, 0xbc00},
    {GCS_COPY_F16_STOCHASTIC, -1 - 0x1p-12F, 0x1800, 0xbc01},
    {GCS_COPY_F16_STOCHASTIC, -1 - 0x1p-12F, 0x3800, 0xbc01}, /* 13 bits of it count */
    {GCS_COPY_F16_STOCHASTIC, 1, 0xffff, 0x3c00},
    /* Below 2^-14, a quarter of 2^-24: up where that is above the draw. */
    {GCS_COPY_F16_STOCHASTIC, 0x1p-26F, 0x3fff, 0x0001},
    {GCS_COPY_F16_STOCHASTIC, 0x1p-26F, 0x4000, 0x0000},
    {GCS_COPY_F16_STOCHASTIC, -0x1p-149F, 0, 0x8001},
    {GCS_COPY_F16_STOCHASTIC, -0x1p-149F, 1, 0x8000},
    {GCS_COPY_F16_STOCHASTIC, 0x1.ffffp-15F, 0, 0x0400},
    {GCS_COPY_F16_STOCHASTIC, 0x1p-20F, 0, 0x0010}, /* a number of the format */
    {GCS_COPY_BF16_STOCHASTIC, 0x1p-133F, 0xffff, 0x0001},
    /* The largest numbers. */
    {GCS_COPY_BF16_STOCHASTIC, 0x1.fffffep127F, 0xffff, 0x7f7f},
    {GCS_COPY_F16_STOCHASTIC, 0x1.fffffep15F, 0xffff, 0x7bff},
    {GCS_COPY_F16_STOCHASTIC, 65536, 0, 0x7c00},
    {GCS_COPY_F16_STOCHASTIC, INFINITY, 0, 0x7c00},
};

static void roundings_by_hand(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_int_equal(gcs_half_copy(known[i].copy, known[i].w, known[i].draw), known[i].bits);
}

/* An index whose draw is that one. */
static uint64_t index_of(const uint32_t key[2], uint32_t draw) {
    uint64_t index = 0;
    while (gcs_half_draw(key, index) != draw)
        index++;
    return index;
}

static void kernels_round_so_too(void **state) {
    (void)state;
    gcs_draw draw = {.key = {0x9e3779b9, 0x7f4a7c15}};
    const gcs_kernel *kernel;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        draw.index = index_of(draw.key, known[i].draw);
        FOR_EACH_PLAIN_KERNEL(kernel) {
            float w = known[i].w, g = 0;
            uint16_t to = 0;
            step_plainly(kernel, GCS_TYPE_F32, known[i].copy, 1, &w, &g, &to, &draw);
            if (to != known[i].bits)
                fail_msg("%s makes 0x%04x of %a, must be 0x%04x", kernel->name, (unsigned)to,
                         (double)known[i].w, (unsigned)known[i].bits);
        }
    }
}

/* ---- What kernels write -------------------------------------------------------------------- */

enum { DRAWS = 1 << 16 };

static float w[DRAWS], g[DRAWS];
static uint16_t to[DRAWS];

static void fill(float value) {
    for (size_t i = 0; i < DRAWS; i++)
        w[i] = value;
}

/* Of every size, on numbers of the format and anywhere between two. */
static const float weights[] = {1.1F,       -0.7F,     3.0517578e-5F, 1e-30F,   -2e-7F,
                                5.1e-6F,    60000.1F,  0x1.0001p0F,   -123.45F, 0x1.fffffep15F,
                                0x1p-25F,   1e38F,     0x1p-140F,     -0.0F,    1.5F,
                                6.1035e-5F, 0x1p-149F, -65520.0F};

static void every_result_is_a_neighbour(const gcs_kernel *kernel, gcs_copy copy, float value) {
    for (size_t i = 0; i < DRAWS; i++) {
        if (!gcs_reference_copy_fits(copy, value, to[i]))
            fail_msg("%s: 0x%04x is no neighbour of %a", kernel->name, (unsigned)to[i],
                     (double)value);
    }
}

/* The distance of the mean from the weight, in units of the gap between its neighbours, is within
 * five standard deviations; below 2^-14 an f16 may be off by the grain of the draws. */
static void mean_is_the_weight(const gcs_kernel *kernel, gcs_copy copy, float value) {
    const gcs_type type = gcs_half_type(copy);
    double low = INFINITY, high = -INFINITY, sum = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        double result = gcs_reference_number(type, to, i);
        low = fmin(low, result);
        high = fmax(high, result);
        sum += result - (double)value;
    }
    if (low == high) {
        /* Either a number of the format, or one so near that no draw of these reaches beyond. */
        double gap = fabs((double)value - low);
        double unit = fabs(low - gcs_reference_number(type, &(uint16_t){to[0] ^ 1}, 0));
        assert_true(gap <= 6.0 / DRAWS * unit);
        return;
    }
    const double gap = high - low, part = ((double)value - low) / gap;
    const double grain = 0x1p-16;
    const double deviation = sqrt((part * (1 - part) + grain) / DRAWS);
    if (!(fabs(sum / DRAWS / gap) <= 5 * deviation + grain))
        fail_msg("%s: the mean is %.3g of a gap beside %a", kernel->name, sum / DRAWS / gap,
                 (double)value);
}

/* Values beyond the largest number are clamped, and biased. */
static bool is_within(gcs_copy copy, float value) {
    return copy == GCS_COPY_BF16_STOCHASTIC ? fabsf(value) <= 0x1.fep127F : fabsf(value) <= 65504;
}

static void copies_are_unbiased(void **state) {
    (void)state;
    const gcs_draw draw = {.key = {0x2545f491, 0x4f6cdd1d}, .index = ((uint64_t)1 << 32) - 777};
    const gcs_kernel *kernel;
    FOR_EACH_PLAIN_KERNEL(kernel) {
        for (size_t c = 0; c < 2; c++) {
            for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++) {
                fill(weights[i]);
                step_plainly(kernel, GCS_TYPE_F32, stochastic[c], DRAWS, w, g, to, &draw);
                every_result_is_a_neighbour(kernel, stochastic[c], weights[i]);
                if (is_within(stochastic[c], weights[i]))
                    mean_is_the_weight(kernel, stochastic[c], weights[i]);
            }
        }
    }
}

/* Each of seed, step, tensor and index gives other draws. */
static void draws_differ(void **state) {
    (void)state;
    uint32_t key[4][2];
    gcs_draw_keys(1, 1, 1, key[0]);
    gcs_draw_keys(2, 1, 1, key[1]);
    gcs_draw_keys(1, 2, 1, key[2]);
    gcs_draw_keys(1, 1, 2, key[3]);
    for (int other = 1; other <= 4; other++) {
        unsigned same = 0;
        for (uint64_t i = 0; i < DRAWS; i++) {
            const uint64_t far = other == 4 ? (uint64_t)1 << 32 : 0;
            same += gcs_half_draw(key[0], i) >> 8 == gcs_half_draw(key[other % 4], i + far) >> 8;
        }
        /* 256 on average, with a deviation of 16. */
        assert_in_range(same, 256 - 5 * 16, 256 + 5 * 16);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_those_of_the_page), cmocka_unit_test(draws_are_those_of_the_page),
        cmocka_unit_test(roundings_by_hand),          cmocka_unit_test(kernels_round_so_too),
        cmocka_unit_test(copies_are_unbiased),        cmocka_unit_test(draws_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
