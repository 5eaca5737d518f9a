/* The ways in which a spec's steps are run over a sample, each held to the first. */
#ifndef GCSTEP_TESTS_SAME_BITS_WAYS_H
#define GCSTEP_TESTS_SAME_BITS_WAYS_H

#include "sample.h"

/* What is run, and the hashes that the first way gave. Measures are those of plans alone. */
typedef struct gcs_ways {
    gcs_sample *sample;
    gcs_spec spec;
    bool given; /* the caller gives the means */
    bool few;   /* a way of each sort alone, where the program is slow */
    bool known, measured_known;
    uint64_t hash[GCS_SAMPLE_MAX_TENSORS], measured[GCS_SAMPLE_MAX_TENSORS];
    unsigned count;
} gcs_ways;

/* Each returns false and says so where a way did not give the bits of the first. */

/* Plans of 1, 2, 3 and 8 threads with the built-in table; with default lines, and with no table. */
bool gcs_ways_tables(gcs_ways *ways);

/* Plans on a thread pool of the caller. */
bool gcs_ways_pools(gcs_ways *ways);

/* Each kernel that fits: called directly, whole and in pieces, and forced in a plan. */
bool gcs_ways_kernels(gcs_ways *ways);

/* For a large sample: one plan, and the kernels for parts of rows. */
bool gcs_ways_large(gcs_ways *ways);

/* ---- Shared by the ways -------------------------------------------------------------------- */

/* One plan with three threads where `kernel` is forced, which has to step a tensor of it. */
bool gcs_ways_forced(gcs_ways *ways, const char *kernel);

/* Holds the tensors that were stepped (NULL: all) to the first way. */
bool gcs_ways_compare(gcs_ways *ways, const bool *stepped, const char *way);

/* "adamw_grad_f32-bf16, means given" */
const char *gcs_ways_name(const gcs_ways *ways);

#endif
