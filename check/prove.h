/* A canonical kernel against the double reference. */
#ifndef GCSTEP_CHECK_PROVE_H
#define GCSTEP_CHECK_PROVE_H

#include "check/bound.h"
#include "check/run.h"
#include "reference/reference.h"

/* What the group's mean of a VIEW_PART trial is, from the reference's formula. The whole row is in
 * the stage's inputs, its state not stepped yet. */
double gcs_prove_row_mean(const gcs_run *run);

/* Whether all that the kernel wrote (at place[], the whole tensor) is within the bound of rounding.
 * A result without a bound is let pass only in classes with extreme values. */
bool gcs_prove(const gcs_run *run, void *const place[GCS_BUFS], double *worst, char *why,
               size_t why_size);

/* ---- Shared by prove.c and prove_sums.c -------------------------------------------------------
 */

/* What stays the same over the elements of a run. */
typedef struct gcs_judge {
    const gcs_run *run;
    void *const *place;
    gcs_tensor tensor;
    gcs_reference_in in;
    gcs_bound_coef coef;
    double *worst;
    char *why;
    size_t why_size;
} gcs_judge;

/* A group: `length` elements from `start`, `stride` apart. */
typedef struct gcs_judged_group {
    uint64_t start, length, stride;
    bool contiguous;
} gcs_judged_group;

uint64_t gcs_judge_groups(const gcs_judge *judge);
gcs_judged_group gcs_judge_group(const gcs_judge *judge, uint64_t number);

/* The sum of what the centre takes the mean of. */
gcs_bounded_sum gcs_judge_sum(const gcs_judge *judge, const gcs_judged_group *group);

/* old: what the message states the change from. */
bool gcs_judge_value(const gcs_judge *judge, const char *buffer, uint64_t i, double old, float got,
                     double want, const gcs_bounded *bound);

/* Of the element's new state; where the rule has none of it, true. */
bool gcs_judge_state(const gcs_judge *judge, uint64_t i, const gcs_bound_element *bound);

/* Element i before the step. */
gcs_bound_old gcs_judge_old(const gcs_judge *judge, uint64_t i);

/* Fills the stage's exact[] by the reference. */
void gcs_judge_reference(const gcs_judge *judge);

bool gcs_prove_sums(const gcs_judge *judge);
bool gcs_prove_changes(const gcs_judge *judge);
bool gcs_prove_measured(const gcs_judge *judge);

#endif
