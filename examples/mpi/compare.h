/* The same steps on whole tensors, on one rank, and how far the sharded weights are from them. */
#ifndef COMPARE_H
#define COMPARE_H

#include "stretch.h"

/* What is stepped, and how: hyper.clip is found in each step. */
typedef struct recipe {
    const char *name;
    gcs_spec spec;
    gcs_hyper hyper;
    double max_norm;
    uint64_t steps;
} recipe;

/* How the sharded weights differ from the whole ones. */
typedef struct comparison {
    double difference; /* the largest; infinite where one is not a number */
    double allowed;    /* what rounding may come to */
    double moved;      /* how far a weight went at most since the start */
} comparison;

/* Makes all steps of the recipe on the whole tensors, nothing reduced and no mean given, and
 * compares `sharded`, the weights of the whole network. False after a message on stderr. */
bool compare_with_whole(const network *net, const recipe *how, const float *sharded,
                        comparison *result);

#endif
