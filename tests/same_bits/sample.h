/* Tensors, values and hashes of the same-bits program. Every value is made from integers by exact
 * operations, so that it does not depend on a compiler either. */
#ifndef GCSTEP_TESTS_SAME_BITS_SAMPLE_H
#define GCSTEP_TESTS_SAME_BITS_SAMPLE_H

#include <gcstep/gcstep.h>
#include <stdbool.h>

enum { GCS_SAMPLE_MAX_TENSORS = 64 };

/* The tensors of a network and the buffers of one run over them. */
typedef struct gcs_sample {
    const char *name;
    const gcs_tensor *tensors;
    size_t count;
    uint64_t elements, groups; /* of all tensors; the buffers of all lie one after the other */
    int steps;
    float *first;     /* the first weights */
    float *gradients; /* of step 1, of step 2, ... */
    uint16_t *narrow; /* as many of 16 bits, which are finite as bf16 and as f16 */
    float *state;     /* w of all tensors, m, v and v_max of all: what a run changes */
    uint16_t *copy;
    float *means, *w_means; /* that a caller may give */
    float *sums;            /* three per group, for measuring */
    gcs_buffers *buffers;   /* one entry per tensor */
} gcs_sample;

/* Many shapes, with every kind of tail; and a few that are large enough to be cut among threads.
 * Both have tensors of two parameter groups. False when memory ran out. */
bool gcs_sample_small(gcs_sample *sample);
bool gcs_sample_large(gcs_sample *sample);
void gcs_sample_free(gcs_sample *sample);

uint64_t gcs_sample_elements(const gcs_tensor *tensor);

/* Puts the first weights into w, and NaN into the state, which a first step must not read. given:
 * the buffers have means. */
void gcs_sample_begin(gcs_sample *sample, bool given);

/* Lets the buffers' g be the gradients of step t, among them subnormals and, in some tensors at
 * step 2, Inf and NaN. */
void gcs_sample_gradients(gcs_sample *sample, gcs_type type, int t);

/* The hyper-parameters of step t for both parameter groups, the second without decay. */
void gcs_sample_hyper(int t, gcs_hyper hyper[2]);

/* Hash of what the spec writes of a tensor; one NaN counts as another. */
uint64_t gcs_sample_hash(const gcs_sample *sample, const gcs_spec *spec, size_t tensor);

/* Where a measuring of each tensor's groups goes; what there is none of is NULL. */
void gcs_sample_measures(const gcs_sample *sample, const gcs_spec *spec, gcs_measures *measures);

/* Adds what was found of a tensor to a hash. */
uint64_t gcs_sample_hash_measures(uint64_t hash, const gcs_sample *sample, size_t tensor,
                                  const gcs_measures *measures);

uint64_t gcs_hash_add(uint64_t hash, uint64_t value);
#define GCS_HASH_START UINT64_C(14695981039346656037)

#endif
