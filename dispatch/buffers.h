/* Checks of what the caller hands over for a tensor, before anything is written. */
#ifndef GCSTEP_DISPATCH_BUFFERS_H
#define GCSTEP_DISPATCH_BUFFERS_H

#include "dispatch/plan_internal.h"

/* Some memory of the caller's. */
typedef struct gcs_area {
    const char *array, *field; /* named in errors as array[index].field */
    const void *start;
    uint64_t bytes;
    unsigned alignment; /* a power of two */
    bool written;
} gcs_area;

/* What is written overlaps nothing else; no pointer is NULL or misaligned. `index` is the tensor's
 * for errors. */
gcs_status gcs_areas_check(const gcs_area *areas, size_t count, size_t index);

/* The areas that a step of tensor `index` uses, means excepted. Returns their number. */
#define GCS_STEP_AREAS 6
size_t gcs_step_areas(const gcs_plan *plan, size_t index, const gcs_buffers *b,
                      gcs_area areas[GCS_STEP_AREAS]);

/* The same for the means that the caller gives: those of g (or of the change), and where the step
 * is asked about and needs them those of w. Checks their count and adds to *count. */
#define GCS_MEANS_AREAS 2
gcs_status gcs_add_means_areas(const gcs_plan *plan, size_t index, const gcs_buffers *b,
                               bool for_step, gcs_area *areas, size_t *count);

#endif
