/* A stretch of the flat parameters with its optimizer's state and plan: what one rank holds, or all
 * of a network. */
#ifndef STRETCH_H
#define STRETCH_H

#include "network.h"

typedef struct stretch {
    uint64_t first, count; /* elements [first, first + count) of the network */
    float *w, *g, *m, *v;
    gcs_plan *plan;
    /* The pieces of tensors that it consists of; the arrays have an entry for each. */
    size_t pieces;
    size_t first_tensor; /* piece i is of tensor first_tensor + i of the network */
    gcs_tensor *tensors;
    gcs_buffers *buffers;
    gcs_measures *measures;
    uint64_t *groups; /* pieces + 1 entries: where the groups of each piece begin in the next two */
    float *sums;      /* sums, and then means, of g or of the change */
    float *w_sums;    /* of w */
} stretch;

/* Makes the plan and the first weights. Returns false after a message on stderr. */
bool stretch_make(stretch *part, const network *net, uint64_t first, uint64_t count,
                  const gcs_spec *spec);
void stretch_free(stretch *part);

/* What element `index` of the network is before the first step. */
float first_weight(uint64_t index);

/* Stands for a backward pass: the gradient of step t, in [-0.5, 1) so that no group's mean is near
 * 0. Which rank holds an element makes no difference to it. */
void stretch_gradient(stretch *part, uint64_t t);

/* Says on stderr what gcstep said, if it failed. */
bool succeeded(gcs_status status, const char *call);

#endif
