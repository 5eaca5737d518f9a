/* From the figures of groups, and of segments, to those of tensors. */
#include "dispatch/measure_internal.h"

#include <math.h>
#include <string.h>

float gcs_largest(const float *values, uint64_t n) {
    uint32_t most = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        most = bits > most ? bits : most;
    }
    float value;
    memcpy(&value, &most, sizeof value);
    return value;
}

void gcs_measured_sums(const gcs_plan *plan, size_t index, const float *figures, float *to) {
    const gcs_measured_tensor *tensor = &plan->measuring->tensors[index];
    if (tensor->in_order) {
        memcpy(to, figures + tensor->place, tensor->entries * sizeof *to);
        return;
    }
    for (uint64_t group = 0; group < plan->tensors[index].groups; group++)
        to[group] = 0;
    for (size_t i = 0; i < tensor->count; i++) {
        const gcs_measured_block *b = &tensor->blocks[i];
        for (uint64_t k = 0; k < b->block.cols * b->block.slices; k++)
            to[b->block.group + k] += figures[b->place + k];
    }
}

/* The root of the sum of a tensor's squares, which are overwritten. */
static double norm_of(const gcs_plan *plan, size_t index, float *squares) {
    const gcs_measured_tensor *tensor = &plan->measuring->tensors[index];
    if (tensor->in_order)
        return sqrt((double)gcs_sum_in_place(plan, squares + tensor->place, tensor->entries));
    gcs_measured_sums(plan, index, squares, plan->measuring->combined);
    return sqrt(
        (double)gcs_sum_in_place(plan, plan->measuring->combined, plan->tensors[index].groups));
}

void gcs_measured_tensor_write(const gcs_plan *plan, size_t index, double grad_scale,
                               gcs_centring centring, gcs_measures *m) {
    const gcs_measured_tensor *tensor = &plan->measuring->tensors[index];
    const gcs_measured *figures = &plan->measuring->figures;
    const double scale = grad_scale != 0 ? fabs(grad_scale) : 1;
    const float max = gcs_largest(figures->max + tensor->place, tensor->entries);
    m->finite = isfinite(max);
    m->max = (float)(scale * (double)max);
    m->norm = scale * norm_of(plan, index, figures->square);
    switch (centring) {
    case GCS_NOT_CENTRED:
        m->norm_centered = m->norm;
        m->max_centered = m->max;
        break;
    case GCS_UNKNOWN_MEANS:
        m->norm_centered = (double)NAN;
        m->max_centered = NAN;
        break;
    case GCS_OWN_MEANS:
    case GCS_GIVEN_MEANS:
        m->norm_centered = scale * norm_of(plan, index, figures->square_centered);
        m->max_centered = (float)(scale * (double)gcs_largest(figures->max_centered + tensor->place,
                                                              tensor->entries));
        break;
    }
}
