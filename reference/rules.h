/* One element of a step, from the formulas of <gcstep/gcstep.h>. */
#ifndef GCSTEP_REFERENCE_RULES_H
#define GCSTEP_REFERENCE_RULES_H

#include "reference/reference.h"

/* What stays the same over the elements of a call. */
typedef struct gcs_reference_call {
    gcs_spec spec;
    const gcs_tensor *tensor;
    const gcs_hyper *hyper;
    const gcs_reference_in *in;
    double correction1, correction2; /* 1 - beta1^t, 1 - beta2^t */
} gcs_reference_call;

/* The new state of one element and the change of its weight, before a mean is taken off that. */
typedef struct gcs_reference_element {
    double m, v, v_max, change;
} gcs_reference_element;

gcs_reference_call gcs_reference_begin(const gcs_spec *spec, const gcs_tensor *tensor,
                                       const gcs_hyper *hyper, const gcs_reference_in *in);

/* What g is multiplied by before anything else. */
double gcs_reference_factor(const gcs_reference_call *call);

/* lambda w, in the rules that add it to the gradient. */
double gcs_reference_l2_term(const gcs_reference_call *call, double w);

/* x is the gradient that the rule sees. */
gcs_reference_element gcs_reference_rule(const gcs_reference_call *call, uint64_t i, double x);

#endif
