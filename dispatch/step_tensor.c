/* gcs_step_tensor: plans of one tensor, made once per (spec, shape) and lent to one call at a time.
 */
#include "dispatch/error.h"
#include "dispatch/plan_internal.h"

#include <pthread.h>
#include <stdlib.h>

/* A plan that no call is using. */
typedef struct kept_plan {
    struct kept_plan *next;
    gcs_spec spec;
    gcs_tensor key;
    gcs_plan *plan;
} kept_plan;

#define BUCKETS 256

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static kept_plan *buckets[BUCKETS]; /* under `lock` */

/* What plans are kept by. The parameter group is not part of it. */
static gcs_tensor key_of(const gcs_tensor *tensor) {
    gcs_tensor key = *tensor;
    key.group = 0;
    key.outer = key.outer != 0 ? key.outer : 1;
    return key;
}

/* By what most differs between the tensors of a network. */
static size_t bucket_of(const gcs_spec *spec, const gcs_tensor *key) {
    const uint64_t odd = 0x9E3779B97F4A7C15U; /* 2^64 / golden ratio: spreads small numbers */
    uint64_t hash = (uint64_t)spec->rule * 4 + (uint64_t)spec->center;
    hash = (hash * 4 + (uint64_t)key->layout) * odd;
    hash = (hash ^ key->rows) * odd;
    hash = (hash ^ key->cols) * odd;
    hash = (hash ^ key->id) * odd;
    return (size_t)(hash >> 56) % BUCKETS;
}

static bool same_spec(const gcs_spec *a, const gcs_spec *b) {
    return a->rule == b->rule && a->center == b->center && a->gradient == b->gradient &&
           a->copy == b->copy && a->maximize == b->maximize && a->authors_form == b->authors_form;
}

static bool same_key(const gcs_tensor *a, const gcs_tensor *b) {
    return a->layout == b->layout && a->rows == b->rows && a->cols == b->cols && a->id == b->id &&
           a->outer == b->outer && a->offset == b->offset && a->count == b->count;
}

static kept_plan *take(const gcs_spec *spec, const gcs_tensor *key) {
    kept_plan *found = NULL;
    pthread_mutex_lock(&lock);
    for (kept_plan **at = &buckets[bucket_of(spec, key)]; *at != NULL; at = &(*at)->next) {
        if (same_spec(&(*at)->spec, spec) && same_key(&(*at)->key, key)) {
            found = *at;
            *at = found->next;
            break;
        }
    }
    pthread_mutex_unlock(&lock);
    return found;
}

static void give_back(kept_plan *kept) {
    kept_plan **bucket = &buckets[bucket_of(&kept->spec, &kept->key)];
    pthread_mutex_lock(&lock);
    kept->next = *bucket;
    *bucket = kept;
    pthread_mutex_unlock(&lock);
}

static gcs_status make(const gcs_spec *spec, const gcs_tensor *key, kept_plan **out) {
    const gcs_status valid = gcs_tensor_check(key, "tensor");
    if (valid != GCS_OK)
        return valid;
    kept_plan *kept = malloc(sizeof *kept);
    if (kept == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    *kept = (kept_plan){.spec = *spec, .key = *key};
    const gcs_status status = gcs_plan_create(&kept->plan, gcs_cpu(), spec, key, 1);
    if (status != GCS_OK) {
        free(kept);
        return status;
    }
    *out = kept;
    return GCS_OK;
}

gcs_status gcs_step_tensor(const gcs_spec *spec, const gcs_tensor *tensor, const gcs_hyper *hyper,
                           const gcs_buffers *buffers) {
    if (spec == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "spec is NULL");
    if (tensor == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "tensor is NULL");
    const gcs_tensor key = key_of(tensor);
    kept_plan *kept = take(spec, &key);
    if (kept == NULL) {
        const gcs_status status = make(spec, &key, &kept);
        if (status != GCS_OK)
            return status;
    }
    const gcs_status status = gcs_step(kept->plan, hyper, buffers);
    give_back(kept);
    return status;
}

void gcs_step_tensor_forget(void) {
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < BUCKETS; i++) {
        while (buckets[i] != NULL) {
            kept_plan *kept = buckets[i];
            buckets[i] = kept->next;
            gcs_plan_destroy(kept->plan);
            free(kept);
        }
    }
    pthread_mutex_unlock(&lock);
}
