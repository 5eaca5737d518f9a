/* The tuner's jobs: the distinct (spec, shape) pairs of networks, and how often each occurs. */
#ifndef GCSTEP_TUNE_SHAPES_H
#define GCSTEP_TUNE_SHAPES_H

#include "dispatch/table.h"
#include "models/model.h"

typedef struct gcs_job {
    gcs_spec spec; /* centre NONE where the tensor is flat */
    gcs_tensor tensor;
    gcs_table_key key;
    uint64_t occurrences; /* tensors of this shape in all networks asked for */
} gcs_job;

typedef struct gcs_jobs {
    gcs_job *jobs;
    size_t count;
    size_t split; /* tensors left out: threads share their few long rows by pieces, with kernels
                   * that no table chooses (gcs_tensor_is_split) */
} gcs_jobs;

/* The key under which a step of `tensor` is looked up: what is not centred is one flat vector. */
gcs_table_key gcs_key_of(const gcs_spec *spec, const gcs_tensor *tensor, uint32_t threads);
bool gcs_key_equal(const gcs_table_key *a, const gcs_table_key *b);

gcs_form gcs_key_form(const gcs_table_key *key);
gcs_spec gcs_key_spec(const gcs_table_key *key);

/* "sgdm_grad rows 512x4608", "sgdm_none flat 512", in text[size]. */
void gcs_key_text(const gcs_table_key *key, char *text, size_t size);

/* Bytes that one step over the tensor must move. */
uint64_t gcs_job_bytes(const gcs_job *job);

/* Adds the shapes of a network for one spec. `threads` 0: of a device. False when memory ran out.
 */
bool gcs_jobs_add(gcs_jobs *jobs, const gcs_spec *spec, const gcs_model *model, uint32_t threads);

/* The largest share of a network's step first, so that a run that is cut short has measured what
 * counts most. */
void gcs_jobs_sort(gcs_jobs *jobs);
void gcs_jobs_free(gcs_jobs *jobs);

#endif
