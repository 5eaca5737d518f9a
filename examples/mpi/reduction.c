/* Which groups' sums other ranks have a part of, and their reduction: see reduction.h. */
#include "reduction.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

uint64_t stretch_begin(const network *net, int rank, int ranks) {
    uint64_t of = (uint64_t)ranks, part = (uint64_t)rank;
    return net->elements / of * part + net->elements % of * part / of;
}

static uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* How many groups of the tensor, of so many elements, have some before its element `at` and some
 * behind. */
static uint64_t groups_cut(const gcs_tensor *tensor, uint64_t elements, uint64_t at) {
    if (tensor->layout == GCS_LAYOUT_ROWS)
        return at % tensor->cols != 0;
    if (tensor->layout == GCS_LAYOUT_COLS)
        return smaller(tensor->cols, smaller(at, elements - at));
    return 0;
}

static void find_shared(reduction *shared, const network *net, int ranks) {
    int boundary = 1; /* the next one between two ranks */
    for (size_t i = 0; i < net->count; i++) {
        uint64_t begin = net->begin[i], end = net->begin[i + 1], groups = 0;
        bool cut = false;
        for (; boundary < ranks && stretch_begin(net, boundary, ranks) < end; boundary++) {
            uint64_t at = stretch_begin(net, boundary, ranks) - begin;
            cut = cut || at > 0;
            groups += groups_cut(&net->tensors[i], end - begin, at);
        }
        shared->slot[i] = cut ? shared->slots : NOT_SHARED;
        shared->slots += cut ? gcs_tensor_groups(&net->tensors[i]) : 0;
        shared->tensors += cut;
        shared->groups += groups;
    }
}

bool reduction_make(reduction *shared, const network *net, int ranks) {
    *shared = (reduction){.slot = calloc(net->count, sizeof *shared->slot)};
    if (!shared->slot)
        return false;
    find_shared(shared, net, ranks);
    shared->sums = calloc(2 * shared->slots + 1, sizeof *shared->sums);
    return shared->sums != NULL;
}

void reduction_free(reduction *shared) {
    free(shared->slot);
    free(shared->sums);
}

/* Between the sums of a piece and their place among all groups of its tensor: there, or back. */
static void move_sums(reduction *shared, stretch *part, size_t piece, bool back) {
    uint64_t slot = shared->slot[part->first_tensor + piece], at = part->groups[piece];
    size_t bytes = (part->groups[piece + 1] - at) * sizeof(float);
    if (slot == NOT_SHARED || bytes == 0)
        return;
    float *all = shared->sums + slot + gcs_tensor_first_group(&part->tensors[piece]);
    memcpy(back ? part->sums + at : all, back ? all : part->sums + at, bytes);
    all += shared->slots;
    memcpy(back ? part->w_sums + at : all, back ? all : part->w_sums + at, bytes);
}

void reduction_sum(reduction *shared, stretch *part) {
    memset(shared->sums, 0, reduction_bytes(shared));
    for (size_t i = 0; i < part->pieces; i++)
        move_sums(shared, part, i, false);
    MPI_Allreduce(MPI_IN_PLACE, shared->sums, (int)(2 * shared->slots), MPI_FLOAT, MPI_SUM,
                  MPI_COMM_WORLD);
    for (size_t i = 0; i < part->pieces; i++)
        move_sums(shared, part, i, true);
}

uint64_t reduction_bytes(const reduction *shared) {
    return 2 * shared->slots * sizeof *shared->sums;
}
