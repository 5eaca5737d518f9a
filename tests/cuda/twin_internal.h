/* What the files of the twin's runner have of each other. */
#ifndef GCSTEP_TESTS_CUDA_TWIN_INTERNAL_H
#define GCSTEP_TESTS_CUDA_TWIN_INTERNAL_H

#include "cuda/twin.h"
#include "cuda/twin_fiber.h"
#include "cuda/twin_run.h"

enum { TWIN_LANES = 32, TWIN_WARPS = 32, TWIN_THREADS = TWIN_LANES * TWIN_WARPS };

struct twin_block;

struct twin_cluster;

enum twin_state { TWIN_GOES_ON, TWIN_AT_BARRIER, TWIN_AT_WARP, TWIN_AT_CLUSTER, TWIN_RETURNED };

/* A thread of a block. */
struct twin_thread {
    twin_fiber *fiber;
    twin_block *block;
    unsigned index;
    twin_state state;
    twin_place place; /* where it waits */
    /* A counter publishes what stands before a fence of all threads that a barrier may follow, or
     * of its own; what was read from one orders only what comes behind a fence. */
    unsigned fenced; /* 2: in this interval between barriers, 1: in the one before */
    void *counted;
    unsigned cluster_arrived, cluster_waited; /* how often, at the cluster's barrier */
};

struct twin_warp {
    uint32_t ready;   /* lanes that can go on */
    uint32_t arrived; /* at the shuffle or barrier of the warp */
    unsigned first;   /* thread of these */
    unsigned turn;    /* of these */
    float value[2][TWIN_LANES];
    char order[2]; /* addresses for twin_order_... */
};

/* A place for a block that runs, with fibers of its own that serve one block after the other. */
struct twin_block {
    twin_fiber fiber[TWIN_THREADS];
    unsigned fibers; /* that have been made */
    twin_thread thread[TWIN_THREADS];
    twin_warp warp[TWIN_WARPS];
    bool used;
    unsigned number; /* blockIdx.x */
    twin_cluster *cluster;
    unsigned returned;
    unsigned arrived, first, turn; /* at the barrier; the first thread of these */
    uint32_t ready_warps;
    unsigned favourite; /* warp that goes ahead: TWIN_UNEVEN */
    float *shared;
    char order[3]; /* two for the barriers, one for the block's begin */
};

/* Blocks that run at the same time. */
struct twin_cluster {
    unsigned blocks;                  /* that have not ended; 0: this place is free */
    twin_block *block[TWIN_RESIDENT]; /* NULL: it has ended */
    unsigned arrived, turn;
    twin_place place; /* of those that have arrived */
    char order[2];
};

/* The launch. */
struct twin_run {
    bool running;
    twin_kernel *kernel;
    const gcs_cuda_launch *launch;
    twin_options options;
    unsigned grid, threads, begun, resident; /* the last two: blocks */
    size_t shared_bytes;
    uint64_t random;
    twin_thread *now; /* the thread that runs; NULL: the launcher */
    twin_fiber launcher;
    twin_block block[TWIN_RESIDENT];
    twin_cluster cluster[TWIN_RESIDENT];
    bool failed;
    char why[512];
    char order_begin, order_end;
};

extern twin_run twin;

/* The thread that the order wants next; NULL: none can go on. */
twin_thread *twin_pick();

/* Random numbers below `limit`. */
unsigned twin_draw(unsigned limit);

/* Marks as able to go on. */
void twin_make_ready(twin_thread *thread);

/* Lets others run until `now` is ready and its turn. */
void twin_give_way();

/* Says what is wrong and leaves the launch. The second says it of `now`. */
void twin_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
[[noreturn]] void twin_fail_here(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says why nobody can go on. */
void twin_explain_standstill();

bool twin_same_place(const twin_place &a, const twin_place &b);

/* The end of a path. */
const char *twin_file(const twin_place &place);

#endif
