/* Verifies compiled kernels: the one harness of the tests, `gcstep verify`, the tuner and the
 * benches. What is compared with what: check/README.md. */
#ifndef GCSTEP_CHECK_CHECK_H
#define GCSTEP_CHECK_CHECK_H

#include "kernels/kernel.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What became of one kernel. */
typedef struct gcs_check_report {
    uint64_t cases;
    uint64_t failures;      /* cases that failed */
    bool against_reference; /* compared with the double reference, so `worst` means something */
    double worst;           /* largest error seen, in units of what rounding can cause (bound.h) */
    char why[512];          /* the first failure: case, buffer, index, got, want; "" if none */
} gcs_check_report;

/* No more cases are run when so many have failed. */
#define GCS_CHECK_ENOUGH 100

/* Runs the kernel through all cases. True when none failed. The kernel must be one that this
 * machine can run (gcs_cpu_allows). Deterministic; not to be called from two threads at once. */
bool gcs_check_kernel(const gcs_kernel *kernel, gcs_check_report *report);

/* Verifies the kernel on the one form and shape on which it is about to be timed: against the
 * canonical portable kernel, bit for bit. `form` is looked at for general kernels alone, else it
 * may be NULL. Takes about 20 ms, some tenths of a second where one group has millions of elements.
 * Of a big tensor: the groups at the start, in the middle and at the end; of a big COLS matrix: one
 * with fewer columns, and beyond 16,384 rows with fewer rows, of the same remainders. False:
 * why[why_size] says what was wrong. */
bool gcs_check_shape(const gcs_kernel *kernel, const gcs_form *form, uint64_t rows, uint64_t cols,
                     char *why, size_t why_size);

/* The same of a kernel that is no function of this process (runner.h; NULL: it is one). */
struct gcs_runner;
bool gcs_check_kernel_by(struct gcs_runner *runner, const gcs_kernel *kernel,
                         gcs_check_report *report);
bool gcs_check_shape_by(struct gcs_runner *runner, const gcs_kernel *kernel, const gcs_form *form,
                        uint64_t rows, uint64_t cols, char *why, size_t why_size);

/* The portable kernel whose bits are the contract for kernels like this one; NULL: none. */
const gcs_kernel *gcs_check_canonical(const gcs_kernel *kernel);

#endif
