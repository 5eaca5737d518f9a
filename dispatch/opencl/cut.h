/* From a kernel and a matrix to the items of a launch's work. Nothing here needs a device. */
#ifndef GCSTEP_DISPATCH_OPENCL_CUT_H
#define GCSTEP_DISPATCH_OPENCL_CUT_H

#include "kernels/opencl/launch.h"

/* Items of a list, at the most: 4 GiB of them, the work of more memory than a device has. */
#define GCS_OPENCL_MOST_ITEMS ((uint64_t)1 << 27)

typedef struct gcs_opencl_work_list {
    gcs_opencl_work *items; /* to be freed */
    size_t count, room;
} gcs_opencl_work_list;

/* Launches of one kernel: those of GCS_OPENCL_SPLIT kernels have all of them, others the last. */
enum { GCS_OPENCL_SUMS = 0, GCS_OPENCL_FOLDS = 1, GCS_OPENCL_STEPS = 2, GCS_OPENCL_PHASES = 3 };

/* The work of one kernel, of all matrices that it steps. Starts as zeros. */
typedef struct gcs_opencl_cut {
    gcs_opencl_work_list lists[GCS_OPENCL_PHASES];
    uint64_t scratch_floats; /* of the records; 0: none */
} gcs_opencl_cut;

/* Adds what `kernel` has to do for units [first, last), first < last, of each of the `slices`
 * matrices behind each other: FLAT elements, ROWS rows, COLS columns, PART segments; kernels that
 * are given the means: elements of the matrix, whatever their view. Of the matrix only rows and
 * cols are looked at. False: no memory, or more than an item's fields can hold; the lists may have
 * some of the items then. */
bool gcs_opencl_cut_matrix(gcs_opencl_cut *cut, const gcs_opencl_kernel *kernel,
                           uint32_t matrix_index, const gcs_opencl_matrix *matrix, uint64_t slices,
                           uint64_t first, uint64_t last);

/* Units of an item of the kernel, of a matrix with so many columns. */
uint64_t gcs_opencl_units_of_item(const gcs_opencl_kernel *kernel, uint64_t cols);

/* Units that the kernel sees in a whole matrix: see gcs_opencl_cut_matrix. */
uint64_t gcs_opencl_units_of(const gcs_opencl_kernel *kernel, const gcs_opencl_matrix *matrix);

void gcs_opencl_cut_free(gcs_opencl_cut *cut);

#endif
