/* What a launch on a device has that a call of a function has not, whatever the backend: keys that
 * the device makes itself, and work that is cut into units. */
#ifndef GCSTEP_CHECK_LAUNCH_H
#define GCSTEP_CHECK_LAUNCH_H

#include "kernels/kernel.h"

/* The parameter group's `draw` with which a device gets this key for the tensor `id`
 * (docs/arithmetic.md). */
uint64_t gcs_launch_draw_for(const uint32_t key[2], uint32_t id);

/* What a found_inf may be when it is set; it goes round with the number. */
float gcs_launch_found_inf(uint64_t number);

/* Units of so many matrices behind each other: elements (FLAT, and kernels that are given the
 * means), rows, columns, segments (PART). */
typedef struct gcs_launch_units {
    uint32_t slices;
    uint64_t first, last;
} gcs_launch_units;

/* Rows or elements of a whole matrix may be taken as two matrices behind each other. */
bool gcs_launch_can_halve(const gcs_kernel *row, const gcs_args *args);

/* Makes the matrix's rows and columns those of the half. The units are then {2, 0, all of it}. */
gcs_launch_units gcs_launch_halve(const gcs_kernel *row, uint64_t *rows, uint64_t *cols);

/* Else the range is one stretch of units, or several: kernels that are given the means know
 * elements alone, and of a range of columns these are a stretch of each row. */
uint64_t gcs_launch_stretches(const gcs_kernel *row, const gcs_args *args);
gcs_launch_units gcs_launch_stretch(const gcs_kernel *row, const gcs_args *args, uint64_t index);

#endif
