/* How far rounding may take a float kernel from the reference: the operations that
 * docs/arithmetic.md lists, in the arithmetic of bounded.h. The error that comes out is the unit in
 * which an error is stated: a kernel's error divided by it is at most 1, but for products of
 * roundings, which are below 2^-12 of it. */
#ifndef GCSTEP_CHECK_BOUND_H
#define GCSTEP_CHECK_BOUND_H

#include "check/bounded.h"
#include <gcstep/gcstep.h>

/* The largest error that passes, in these units. */
#define GCS_BOUND_LIMIT (1 + 0x1p-10)

/* How much further away than a correctly rounded one a device's quotient and root may be, in
 * roundings (2^-24 of the result); zeros: not at all. */
typedef struct gcs_bound_loose {
    double divide, root;
} gcs_bound_loose;

/* The coefficients, each rounded once, and the rule they are for. */
typedef struct gcs_bound_coef {
    gcs_rule rule;
    gcs_center center;
    gcs_bounded scale, step, decay, mu, damp, nesterov, beta1, comp1, beta2, comp2, eps, rsqrt_c2;
    gcs_bound_loose loose; /* as gcs_bound_coefficients makes them: zeros */
} gcs_bound_coef;

/* One element's values before the step; what there is none of is 0. */
typedef struct gcs_bound_old {
    double w, g, m, v, v_max;
} gcs_bound_old;

/* Its new values, and the change of w before a mean is taken off it. */
typedef struct gcs_bound_element {
    gcs_bounded w, m, v, v_max, change;
} gcs_bound_element;

gcs_bound_coef gcs_bound_coefficients(const gcs_spec *spec, const gcs_hyper *hyper);

/* What the mean is taken of: the gradient term, or with CENTER_UPDATE the change. */
gcs_bounded gcs_bound_term(const gcs_bound_coef *coef, const gcs_bound_old *old);

/* The mean of g, or of the change, that the caller gives; w_mean: 0 where there is none. */
gcs_bounded gcs_bound_given_mean(const gcs_bound_coef *coef, double mean, double w_mean);

/* mean: not looked at where nothing is centred. */
gcs_bound_element gcs_bound_step(const gcs_bound_coef *coef, const gcs_bound_old *old,
                                 gcs_bounded mean);

#endif
