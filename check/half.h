/* Numbers of 16 bits, their rounding and the draws, written from docs/arithmetic.md by exact
 * arithmetic in double, with no regard to speed. */
#ifndef GCSTEP_CHECK_HALF_H
#define GCSTEP_CHECK_HALF_H

#include <gcstep/gcstep.h>
#include <stdbool.h>
#include <stdint.h>

/* The value of a bf16 or f16. */
float gcs_half_value(gcs_type type, uint16_t bits);

/* x rounded to the nearest number of that type, ties to even. */
uint16_t gcs_half_nearest(gcs_type type, float x);

/* What stands in the copy for the weight w; draw: 0 to 65,535, for the stochastic ones. */
uint16_t gcs_half_copy(gcs_copy copy, float w, uint32_t draw);

/* The type of a copy's numbers. */
gcs_type gcs_half_type(gcs_copy copy);

/* The draw of the element with that index, and the keys (low, high) of a tensor at a step. */
uint32_t gcs_half_draw(const uint32_t key[2], uint64_t index);
void gcs_half_keys(uint64_t seed, uint64_t t, uint64_t id, uint32_t key[2]);

/* The same bits, or two NaNs. */
bool gcs_half_same(gcs_type type, uint16_t a, uint16_t b);

#endif
