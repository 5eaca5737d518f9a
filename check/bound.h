/* How far rounding may take a float kernel from the reference: a running error analysis, in double,
 * of the operations that docs/arithmetic.md lists.
 *
 * Each operation adds its own rounding, 2^-24 of the magnitude of its result, to what its operands
 * bring along. The result is the unit in which an error is stated: a kernel's error divided by it
 * is at most 1, but for products of roundings, which are below 2^-12 of it. */
#ifndef GCSTEP_CHECK_BOUND_H
#define GCSTEP_CHECK_BOUND_H

#include <gcstep/gcstep.h>
#include <stdbool.h>
#include <stdint.h>

/* The largest error that passes, in these units. */
#define GCS_BOUND_LIMIT (1 + 0x1p-10)

/* A value and how far the float value may be from it. */
typedef struct gcs_bounded {
    double value;
    double error;
    bool lost; /* no bound: floats may overflow here, or divide by what may be zero */
} gcs_bounded;

/* The mean of a group, built up element by element. */
typedef struct gcs_bound_sum {
    gcs_bounded sum;
    double magnitude; /* sum of |y| */
} gcs_bound_sum;

/* The coefficients, each rounded once. */
typedef struct gcs_bound_coef {
    gcs_bounded step, decay, mu, damp, beta1, comp1, beta2, comp2, eps, rsqrt_c2;
} gcs_bound_coef;

/* One element's new w, m and v. */
typedef struct gcs_bound_element {
    gcs_bounded w, m, v;
} gcs_bound_element;

gcs_bound_coef gcs_bound_coefficients(gcs_rule rule, const gcs_hyper *hyper);

/* The gradient term: what is centred. */
gcs_bounded gcs_bound_gradient(gcs_rule rule, const gcs_bound_coef *coef, float w, float g);

void gcs_bound_sum_add(gcs_bound_sum *sum, gcs_bounded y);

/* S, when each element goes through `depth` rounded additions, and S divided by n. */
gcs_bounded gcs_bound_sum_total(const gcs_bound_sum *sum, uint64_t depth);
gcs_bounded gcs_bound_mean(const gcs_bound_sum *sum, uint64_t n, uint64_t depth);

/* A mean that the caller gives: `value` rounded once. */
gcs_bounded gcs_bound_given(double value);

/* mean: NULL where nothing is centred. m and v are the old state, 0 where there is none. */
gcs_bound_element gcs_bound_step(gcs_rule rule, const gcs_bound_coef *coef, gcs_bounded gradient,
                                 const gcs_bounded *mean, float w, float m, float v);

#endif
