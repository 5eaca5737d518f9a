/* What the files of the twin's runner have of each other. */
#ifndef GCSTEP_TESTS_CUDA_TWIN_INTERNAL_H
#define GCSTEP_TESTS_CUDA_TWIN_INTERNAL_H

#include "cuda/twin.h"
#include "cuda/twin_fiber.h"
#include "cuda/twin_run.h"

enum { TWIN_LANES = 32, TWIN_WARPS = 32, TWIN_THREADS = TWIN_LANES * TWIN_WARPS };

struct twin_block;

enum twin_state { TWIN_GOES_ON, TWIN_AT_BARRIER, TWIN_AT_WARP, TWIN_WAITS, TWIN_RETURNED };

/* A thread of a block. */
struct twin_thread {
    twin_fiber *fiber;
    twin_block *block;
    unsigned index;
    twin_state state;
    twin_place place; /* where it waits */
    /* What orders memory between blocks needs a fence behind the last barrier; and what is read
     * from a counter orders only what comes behind a fence. */
    bool fenced;
    void *counted;
};

struct twin_warp {
    uint32_t ready;   /* lanes that can go on */
    uint32_t arrived; /* at the shuffle or barrier of the warp */
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
    unsigned returned, arrived, turn;
    uint32_t ready_warps;
    unsigned favourite; /* warp that goes ahead: TWIN_UNEVEN */
    float *shared;
    char order[3]; /* two for the barriers, one for the block's begin */
};

/* The launch. */
struct twin_run {
    bool running;
    twin_kernel *kernel;
    const gcs_cuda_launch *launch;
    twin_options options;
    unsigned grid, threads, begun, resident;
    size_t shared_bytes;
    uint64_t random, progress; /* progress: counts what a waiting thread may wait for */
    twin_thread *now;          /* the thread that runs; NULL: the launcher */
    twin_fiber launcher;
    twin_block block[TWIN_RESIDENT];
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

/* When nobody can go on: lets threads that wait for other blocks look again, where there is reason
 * to. False: there is none. */
bool twin_wake_waiting();

/* Says why nobody can go on. */
void twin_explain_standstill();

/* The end of a path, and a name for where a thread waits. */
const char *twin_file(const twin_place &place);

#endif
