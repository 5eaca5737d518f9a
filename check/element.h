/* One element of a step in floats, each operation of docs/arithmetic.md rounded once. */
#ifndef GCSTEP_CHECK_ELEMENT_H
#define GCSTEP_CHECK_ELEMENT_H

#include "kernels/kernel.h"
#include <stdbool.h>

/* The state of one element; what the rule has none of is 0. */
typedef struct gcs_state {
    float m, v, v_max;
} gcs_state;

/* Element i of g as a float. */
float gcs_element_gradient(const gcs_form *form, const gcs_args *args, uint64_t i);

/* What the rule's centre takes the mean of where it centres the gradient. */
float gcs_element_term(const gcs_form *form, const gcs_args *args, uint64_t i);

/* x, that the rule sees; mean: 0 where none is taken off the gradient. */
float gcs_element_x(const gcs_form *form, const gcs_args *args, uint64_t i, float mean);

/* The state in the buffers, and writing it there. */
gcs_state gcs_element_state(const gcs_form *form, const gcs_args *args, uint64_t i);
void gcs_element_keep(const gcs_form *form, const gcs_args *args, uint64_t i, gcs_state state);

/* The state after the step. */
gcs_state gcs_element_advance(const gcs_form *form, const gcs_coef *coef, float x, gcs_state state);

/* The change u of the old weight w, from the new state. */
float gcs_element_change(const gcs_form *form, const gcs_coef *coef, float x, float w,
                         gcs_state state);

/* The buffers of the rule. */
bool gcs_element_has_m(gcs_rule rule);
bool gcs_element_has_v(gcs_rule rule);
bool gcs_element_has_v_max(gcs_rule rule);

#endif
