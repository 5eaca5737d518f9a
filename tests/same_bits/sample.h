/* Tensors, values and hashes of the same-bits program. Every value is made from integers by exact
 * operations, so that it does not depend on a compiler either. */
#ifndef GCSTEP_TESTS_SAME_BITS_SAMPLE_H
#define GCSTEP_TESTS_SAME_BITS_SAMPLE_H

#include <gcstep/gcstep.h>
#include <stdbool.h>

/* The tensors of a network and the buffers of one run over them. */
typedef struct gcs_sample {
    const char *name;
    const gcs_tensor *tensors;
    size_t count;
    uint64_t elements; /* of all tensors; the buffers of all lie one after the other */
    int steps;
    float *first;         /* the first weights */
    float *gradients;     /* of step 1, of step 2, ... */
    float *state;         /* w of all tensors, m of all, v of all: what a run changes */
    gcs_buffers *buffers; /* one entry per tensor */
} gcs_sample;

/* Many shapes, with every kind of tail; and a few that are large enough to be cut among threads.
 * Both have tensors of two parameter groups. False when memory ran out. */
bool gcs_sample_small(gcs_sample *sample);
bool gcs_sample_large(gcs_sample *sample);
void gcs_sample_free(gcs_sample *sample);

/* Puts the first weights into w, and NaN into m and v, which a first step must not read. */
void gcs_sample_begin(gcs_sample *sample);

/* Lets the buffers' g be the gradients of step t, among them subnormals and, in some tensors at
 * step 2, Inf and NaN. */
void gcs_sample_gradients(gcs_sample *sample, int t);

/* The hyper-parameters of step t for both parameter groups, the second without decay. */
void gcs_sample_hyper(int t, gcs_hyper hyper[2]);

/* Hash of w, m and v of a tensor; one NaN counts as another. What the rule has none of is skipped.
 */
uint64_t gcs_sample_hash(const gcs_sample *sample, gcs_rule rule, size_t tensor);

uint64_t gcs_hash_add(uint64_t hash, uint64_t value);
#define GCS_HASH_START UINT64_C(14695981039346656037)

#endif
