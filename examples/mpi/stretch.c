/* A stretch's pieces, buffers and plan: see stretch.h. */
#include "stretch.h"

#include <stdio.h>
#include <stdlib.h>

/* In [-0.5, 1): a number for each (t, index), by splitmix64. */
static float number(uint64_t t, uint64_t index) {
    uint64_t z = (index + (t << 40)) * 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (float)(z >> 40) * 0x1.8p-24F - 0.5F;
}

float first_weight(uint64_t index) {
    return 0.1F * number(0, index);
}

void stretch_gradient(stretch *part, uint64_t t) {
    for (uint64_t i = 0; i < part->count; i++)
        part->g[i] = number(t, part->first + i);
}

bool succeeded(gcs_status status, const char *call) {
    if (status != GCS_OK)
        fprintf(stderr, "%s: %s\n", call, gcs_last_error());
    return status == GCS_OK;
}

/* Cuts the tensors that the stretch lies in, and finds each piece's place in the buffers. */
static void cut(stretch *part, const network *net) {
    uint64_t last = part->first + part->count;
    for (size_t i = 0; i < part->pieces; i++) {
        size_t tensor = part->first_tensor + i;
        uint64_t begin = net->begin[tensor], end = net->begin[tensor + 1];
        uint64_t from = begin > part->first ? begin : part->first, to = end < last ? end : last;
        uint64_t at = from - part->first;
        part->tensors[i] = gcs_shard(net->tensors[tensor], from - begin, to - from);
        part->buffers[i] = (gcs_buffers){
            .w = part->w + at, .g = part->g + at, .m = part->m + at, .v = part->v + at};
        part->groups[i + 1] = part->groups[i] + gcs_tensor_groups(&part->tensors[i]);
    }
}

static void find_pieces(stretch *part, const network *net) {
    while (net->begin[part->first_tensor + 1] <= part->first)
        part->first_tensor++;
    size_t last = part->first_tensor;
    while (net->begin[last + 1] < part->first + part->count)
        last++;
    part->pieces = last - part->first_tensor + 1;
}

static bool allocate(stretch *part) {
    size_t bytes = part->count * sizeof(float);
    part->w = malloc(bytes);
    part->g = malloc(bytes);
    part->m = malloc(bytes);
    part->v = malloc(bytes);
    part->tensors = calloc(part->pieces, sizeof *part->tensors);
    part->buffers = calloc(part->pieces, sizeof *part->buffers);
    part->measures = calloc(part->pieces, sizeof *part->measures);
    part->groups = calloc(part->pieces + 1, sizeof *part->groups);
    return part->w && part->g && part->m && part->v && part->tensors && part->buffers &&
           part->measures && part->groups;
}

bool stretch_make(stretch *part, const network *net, uint64_t first, uint64_t count,
                  const gcs_spec *spec) {
    *part = (stretch){.first = first, .count = count};
    find_pieces(part, net);
    if (!allocate(part)) {
        fprintf(stderr, "out of memory\n");
        return false;
    }
    cut(part, net);
    uint64_t groups = part->groups[part->pieces];
    part->sums = calloc(groups + 1, sizeof *part->sums); /* + 1: there may be none */
    part->w_sums = calloc(groups + 1, sizeof *part->w_sums);
    if (!part->sums || !part->w_sums) {
        fprintf(stderr, "out of memory\n");
        return false;
    }
    for (uint64_t i = 0; i < count; i++)
        part->w[i] = first_weight(first + i);
    gcs_target target = gcs_cpu();
    target.threads = 1; /* the ranks share one machine here */
    return succeeded(gcs_plan_create(&part->plan, target, spec, part->tensors, part->pieces),
                     "gcs_plan_create");
}

void stretch_free(stretch *part) {
    gcs_plan_destroy(part->plan);
    free(part->w);
    free(part->g);
    free(part->m);
    free(part->v);
    free(part->tensors);
    free(part->buffers);
    free(part->measures);
    free(part->groups);
    free(part->sums);
    free(part->w_sums);
}
