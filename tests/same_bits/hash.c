/* Hashes of what runs write: see sample.h. */
#include "sample.h"

#include "dispatch/plan.h"

#include <string.h>

uint64_t gcs_hash_add(uint64_t hash, uint64_t value) {
    return (hash ^ value) * UINT64_C(1099511628211) ^ (hash >> 29);
}

static uint64_t hash_floats(uint64_t hash, const float *values, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        hash = gcs_hash_add(hash, (bits & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : bits);
    }
    return hash;
}

static uint64_t hash_double(uint64_t hash, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return gcs_hash_add(hash, value != value ? 0 : bits);
}

static uint64_t hash_copy(uint64_t hash, gcs_copy copy, const uint16_t *values, uint64_t count) {
    const bool bf16 = copy == GCS_COPY_BF16 || copy == GCS_COPY_BF16_STOCHASTIC;
    const unsigned infinity = bf16 ? 0x7f80 : 0x7c00;
    for (uint64_t i = 0; i < count; i++)
        hash = gcs_hash_add(hash, (values[i] & 0x7fffU) > infinity ? 0x7fff : values[i]);
    return hash;
}

uint64_t gcs_sample_hash(const gcs_sample *sample, const gcs_spec *spec, size_t tensor) {
    const gcs_buffers *b = &sample->buffers[tensor];
    const uint64_t n = gcs_sample_elements(&sample->tensors[tensor]);
    uint64_t hash = hash_floats(GCS_HASH_START, b->w, n);
    if (gcs_rule_has_m(spec->rule))
        hash = hash_floats(hash, b->m, n);
    if (gcs_rule_has_v(spec->rule))
        hash = hash_floats(hash, b->v, n);
    if (gcs_rule_has_v_max(spec->rule))
        hash = hash_floats(hash, b->v_max, n);
    if (spec->copy != GCS_COPY_NONE)
        hash = hash_copy(hash, spec->copy, b->copy, n);
    return hash;
}

void gcs_sample_measures(const gcs_sample *sample, const gcs_spec *spec, gcs_measures *measures) {
    float *sums = sample->sums;
    for (size_t i = 0; i < sample->count; i++) {
        const uint64_t groups = gcs_tensor_groups(&sample->tensors[i]);
        measures[i] = (gcs_measures){0};
        if (groups == 0)
            continue;
        measures[i].sums = sums;
        measures[i].w_sums = sums + groups;
        if (spec->center == GCS_CENTER_UPDATE)
            measures[i].change_sums = sums + 2 * groups;
        sums += 3 * groups;
    }
}

uint64_t gcs_sample_hash_measures(uint64_t hash, const gcs_sample *sample, size_t tensor,
                                  const gcs_measures *found) {
    const uint64_t groups = gcs_tensor_groups(&sample->tensors[tensor]);
    if (found->sums != NULL)
        hash = hash_floats(hash, found->sums, groups);
    if (found->w_sums != NULL)
        hash = hash_floats(hash, found->w_sums, groups);
    if (found->change_sums != NULL)
        hash = hash_floats(hash, found->change_sums, groups);
    hash = hash_double(hash_double(hash, found->norm), found->norm_centered);
    hash = hash_floats(hash_floats(hash, &found->max, 1), &found->max_centered, 1);
    return gcs_hash_add(hash, found->finite);
}
