/* Sums of groups over ranks, for the tensors that more than one rank holds. */
#ifndef REDUCTION_H
#define REDUCTION_H

#include "stretch.h"

typedef struct reduction {
    uint64_t *slot; /* for each tensor of the network: where its groups begin, or NOT_SHARED */
    uint64_t slots; /* groups of all shared tensors */
    float *sums;    /* 2 x slots: of g or of the change, and of w */
    uint64_t tensors, groups; /* how many are cut; a group that is cut twice counts twice */
} reduction;

#define NOT_SHARED UINT64_MAX

/* The first element of a rank's stretch; of rank `ranks`: the end. */
uint64_t stretch_begin(const network *net, int rank, int ranks);

/* False where memory is out. */
bool reduction_make(reduction *shared, const network *net, int ranks);
void reduction_free(reduction *shared);

/* Replaces the sums of part's pieces of shared tensors by those over all ranks. */
void reduction_sum(reduction *shared, stretch *part);

/* Bytes that each rank gives to a reduction. */
uint64_t reduction_bytes(const reduction *shared);

#endif
