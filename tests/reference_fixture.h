/* Comparing what the reference says with numbers worked out by hand. */
#ifndef GCSTEP_TESTS_REFERENCE_FIXTURE_H
#define GCSTEP_TESTS_REFERENCE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "reference/reference.h"

/* The numbers are exact in double but for a few last places. */
static inline void assert_close(double got, double want) {
    if (!(fabs(got - want) <= 1e-14 * fmax(1, fabs(want))))
        fail_msg("got %.17g, must be %.17g", got, want);
}

static inline void assert_all_close(const double *got, const double *want, size_t count) {
    for (size_t i = 0; i < count; i++)
        assert_close(got[i], want[i]);
}

#endif
