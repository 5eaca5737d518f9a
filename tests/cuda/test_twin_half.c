/* The twin's conversions of binary16 against those of check/half.h, which are by exact arithmetic.
 */
#include "check/half.h"
#include "cuda/twin_half.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka needs the above first */
#include <cmocka.h>

static void every_number_is_widened(void **state) {
    (void)state;
    for (uint32_t bits = 0; bits <= 0xffff; bits++) {
        const float got = twin_float_of_f16((uint16_t)bits);
        const float want = gcs_half_value(GCS_TYPE_F16, (uint16_t)bits);
        if (isnan(want))
            assert_true(isnan(got));
        else
            assert_memory_equal(&got, &want, sizeof got);
    }
}

static void expect_nearest(float x) {
    const uint16_t got = twin_f16_of_float(x), want = gcs_half_nearest(GCS_TYPE_F16, x);
    if (!gcs_half_same(GCS_TYPE_F16, got, want))
        fail_msg("%a becomes 0x%04x, must be 0x%04x", (double)x, got, want);
}

static void expect_around(float x) {
    expect_nearest(nextafterf(x, -INFINITY));
    expect_nearest(x);
    expect_nearest(nextafterf(x, INFINITY));
}

/* Each number, each middle between two, and their neighbours. */
static void narrowing_is_to_nearest(void **state) {
    (void)state;
    for (uint32_t bits = 0; bits < 0x7c00; bits++) {
        const double low = (double)gcs_half_value(GCS_TYPE_F16, (uint16_t)bits);
        const double high =
            bits == 0x7bff ? 65536 : (double)gcs_half_value(GCS_TYPE_F16, (uint16_t)(bits + 1));
        const float middle = (float)((low + high) / 2); /* exactly */
        expect_around((float)low);
        expect_around(-(float)low);
        expect_around(middle);
        expect_around(-middle);
    }
}

static void all_magnitudes_are_narrowed(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 1U << 20; i++) {
        const uint32_t bits = i << 12 | (i * 2654435761U >> 20);
        float x;
        memcpy(&x, &bits, sizeof x);
        expect_nearest(x);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_is_widened),
        cmocka_unit_test(narrowing_is_to_nearest),
        cmocka_unit_test(all_magnitudes_are_narrowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
