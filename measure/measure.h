/* What the tuner and the benches share for measuring: buffers that a step finds cold, a clock, and
 * the statistics of paired ratios. How to time on a noisy machine: CONTRIBUTING.md. */
#ifndef GCSTEP_MEASURE_MEASURE_H
#define GCSTEP_MEASURE_MEASURE_H

#include <gcstep/gcstep.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Buffers ----------------------------------------------------------------------------- */

/* Several sets of the buffers of a list of tensors. Going from set to set, a step finds its
 * tensors in memory and not in a cache, as a trainer's step does. */
typedef struct gcs_buffer_sets gcs_buffer_sets;

/* As many sets as it takes to hold at least `min_bytes` in all (1 set: the hot regime when
 * min_bytes is 0). Values are of a trainer's size: w about 0.05, g about 0.01, state far from
 * subnormals. NULL when memory ran out or the sizes overflow. */
gcs_buffer_sets *gcs_buffer_sets_create(const gcs_spec *spec, const gcs_tensor *tensors,
                                        size_t count, uint64_t min_bytes);
void gcs_buffer_sets_destroy(gcs_buffer_sets *sets);

size_t gcs_buffer_sets_count(const gcs_buffer_sets *sets);
uint64_t gcs_buffer_sets_bytes(const gcs_buffer_sets *sets); /* of one set */

/* The next set, in turn; valid until the sets are destroyed. */
const gcs_buffers *gcs_buffer_sets_next(gcs_buffer_sets *sets);

/* Puts the first values back into the set that gcs_buffer_sets_next gave last. Call it outside
 * the timed span, after the step, so that the set is cold again when its turn comes. */
void gcs_buffer_sets_restore(gcs_buffer_sets *sets);

/* Bytes of buffers beyond which every access is cold on this machine: a multiple of the last-level
 * cache. */
uint64_t gcs_cold_bytes(void);

/* ---- Time and chance --------------------------------------------------------------------- */

uint64_t gcs_now_ns(void); /* monotonic */

typedef struct gcs_random {
    uint64_t state;
} gcs_random;
uint64_t gcs_random_next(gcs_random *random);
void gcs_shuffle(gcs_random *random, size_t *order, size_t count); /* order[i] = i, shuffled */

/* ---- Statistics -------------------------------------------------------------------------- */

/* All sort `values` in place; count > 0. */
double gcs_median(double *values, size_t count);
double gcs_interquartile_range(double *values, size_t count);

/* Median of a[i] / b[i]; false when count is 0 or memory ran out. `spread` (may be NULL) is the
 * interquartile range of the ratios. */
bool gcs_paired_ratio(const double *a, const double *b, size_t count, double *median,
                      double *spread);

#endif
