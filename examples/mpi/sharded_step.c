/* One network's parameters on several MPI ranks as ZeRO and FSDP share them: all tensors one after
 * the other, cut into equal stretches. A stretch begins and ends inside a tensor, and inside a
 * group of it, so Gradient Centralization needs sums of other ranks: a few kilobytes in each step,
 * beside the one number that clipping by the global norm needs.
 *
 *   mpirun -n 4 sharded_step SHAPES [--without-reduction]
 *
 * It steps SGD with momentum (the gradient and its L2 term centred) and AdamW (the whole change
 * centred). Rank 0 then makes the same steps on whole tensors: the exit status is 1 where a weight
 * differs by more than rounding explains. With --without-reduction each rank takes its own part of
 * a sum for the whole, to show that this is seen. */
#include "compare.h"
#include "reduction.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int rank, ranks;

/* Ends all ranks where something failed; what, has been said. */
static void require(bool fine) {
    if (!fine)
        MPI_Abort(MPI_COMM_WORLD, 1);
}

/* What gcs_measure is to find beside the norms. */
typedef enum wanted { NORMS, SUMS, CHANGE_SUMS } wanted;

static void measure(stretch *part, const gcs_hyper *hyper, wanted what) {
    for (size_t i = 0; i < part->pieces; i++) {
        uint64_t at = part->groups[i];
        part->measures[i] = (gcs_measures){0};
        part->buffers[i].means = part->buffers[i].w_means = NULL; /* those of the last step */
        if (what == NORMS || part->groups[i + 1] == at)
            continue;
        if (what == SUMS) {
            part->measures[i].sums = part->sums + at;
            part->measures[i].w_sums = part->w_sums + at;
        } else {
            part->measures[i].change_sums = part->sums + at;
        }
    }
    require(
        succeeded(gcs_measure(part->plan, hyper, part->buffers, part->measures), "gcs_measure"));
}

/* The norm of the whole network's gradient, from that of each stretch. */
static double global_norm(const stretch *part) {
    double norm = gcs_total_norm(part->measures, part->pieces), square = norm * norm;
    MPI_Allreduce(MPI_IN_PLACE, &square, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return sqrt(square);
}

/* Makes the means from the sums, in their place, and hands them to the step: those of g and of w,
 * or that of the change. */
static void give_means(stretch *part, bool of_change) {
    for (size_t i = 0; i < part->pieces; i++) {
        float *means = part->sums + part->groups[i], *w_means = part->w_sums + part->groups[i];
        part->buffers[i].means_count = part->groups[i + 1] - part->groups[i];
        if (part->buffers[i].means_count == 0)
            continue;
        require(succeeded(gcs_group_means(&part->tensors[i], means, means), "gcs_group_means") &&
                succeeded(gcs_group_means(&part->tensors[i], w_means, w_means), "gcs_group_means"));
        part->buffers[i].means = means;
        part->buffers[i].w_means = of_change ? NULL : w_means;
    }
}

/* One step of this rank's stretch. `shared` is NULL without reduction. */
static void step(stretch *part, const recipe *how, gcs_hyper hyper, reduction *shared) {
    bool of_change = how->spec.center == GCS_CENTER_UPDATE;
    hyper.clip = 0;
    measure(part, &hyper, of_change ? NORMS : SUMS);
    hyper.clip = gcs_clip_factor(global_norm(part), how->max_norm);
    if (of_change) /* depends on the clip factor */
        measure(part, &hyper, CHANGE_SUMS);
    if (shared)
        reduction_sum(shared, part);
    give_means(part, of_change);
    require(succeeded(gcs_step(part->plan, &hyper, part->buffers), "gcs_step"));
}

/* All weights of the network on rank 0; NULL on the others. */
static float *gather(const network *net, const stretch *part) {
    float *all = rank == 0 ? malloc(net->elements * sizeof *all) : NULL;
    int *counts = calloc(2 * (size_t)ranks, sizeof *counts), *begins = counts + ranks;
    require(counts && (all || rank != 0));
    for (int i = 0; i < ranks; i++) {
        begins[i] = (int)stretch_begin(net, i, ranks);
        counts[i] = (int)stretch_begin(net, i + 1, ranks) - begins[i];
    }
    MPI_Gatherv(part->w, counts[rank], MPI_FLOAT, all, counts, begins, MPI_FLOAT, 0,
                MPI_COMM_WORLD);
    free(counts);
    return all;
}

/* Whether the ranks together did what whole tensors do. */
static bool run(const network *net, const recipe *how, reduction *shared) {
    stretch part;
    comparison result;
    uint64_t first = stretch_begin(net, rank, ranks);
    uint64_t count = stretch_begin(net, rank + 1, ranks) - first;
    require(stretch_make(&part, net, first, count, &how->spec));
    for (uint64_t t = 1; t <= how->steps; t++) {
        gcs_hyper hyper = how->hyper;
        hyper.t = t;
        stretch_gradient(&part, t);
        step(&part, how, hyper, shared);
    }
    float *all = gather(net, &part);
    stretch_free(&part);
    if (rank != 0)
        return true;
    require(compare_with_whole(net, how, all, &result));
    free(all);
    bool same = result.difference <= result.allowed;
    printf("%s, %" PRIu64 " steps: largest difference %.1e, rounding allows %.1e; weights moved by "
           "up to %.1e: %s\n",
           how->name, how->steps, result.difference, result.allowed, result.moved,
           same ? "the same" : "NOT THE SAME");
    return same;
}

static recipe sgdm(void) {
    recipe how = {"SGD with momentum, gradient centred", gcs_spec_sgdm(), gcs_hyper_default(), 1000,
                  4};
    how.hyper.lr = 0.1;
    how.hyper.weight_decay = 0.05; /* large, so that the means of w count */
    return how;
}

static recipe adamw(void) {
    recipe how = {"AdamW, change centred", gcs_spec_adamw(), gcs_hyper_default(), 1000, 4};
    how.spec.center = GCS_CENTER_UPDATE;
    how.hyper.weight_decay = 0.05;
    return how;
}

int main(int argc, char **argv) {
    network net;
    reduction shared;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    bool reduce = argc == 2;
    if (argc < 2 || argc > 3 || (argc == 3 && strcmp(argv[2], "--without-reduction") != 0)) {
        if (rank == 0)
            fprintf(stderr, "usage: mpirun -n 4 sharded_step SHAPES [--without-reduction]\n");
        MPI_Finalize();
        return 2;
    }
    require(network_read(argv[1], &net));
    if (net.elements < (uint64_t)ranks || net.elements > INT_MAX) { /* MPI counts in int */
        fprintf(stderr, "%s: fewer elements than ranks, or more than an int holds\n", argv[1]);
        require(false);
    }
    require(reduction_make(&shared, &net, ranks));
    if (rank == 0)
        printf("%zu tensors, %" PRIu64 " parameters on %d ranks\n"
               "cut: %" PRIu64 " tensors, %" PRIu64 " groups; reduced in a step: %" PRIu64
               " bytes of sums, %zu of the norm\n",
               net.count, net.elements, ranks, shared.tensors, shared.groups,
               reduce ? reduction_bytes(&shared) : 0, sizeof(double));

    recipe recipes[] = {sgdm(), adamw()};
    int same = 1;
    for (size_t i = 0; i < sizeof recipes / sizeof recipes[0]; i++)
        same = run(&net, &recipes[i], reduce ? &shared : NULL) && same;
    MPI_Bcast(&same, 1, MPI_INT, 0, MPI_COMM_WORLD);
    reduction_free(&shared);
    network_free(&net);
    MPI_Finalize();
    return same ? 0 : 1;
}
