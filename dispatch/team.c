/* The threads of a plan: how many, and who does what. Each thread has a share of every stage of the
 * work, the same in each step, so that it finds the pieces of the last phase, and small tensors
 * those of the last step, in its own cache; who is done with his share helps the others. */
#include "dispatch/error.h"
#include "dispatch/machine.h"
#include "dispatch/plan_internal.h"

#include <sched.h>
#include <stdlib.h>

#ifdef _OPENMP
#include <omp.h>
#endif

/* More threads than any machine has; a run time that is asked for too many aborts the process. */
#define MAX_THREADS 1024

/* A step that moves less is done before a second thread is awake (docs/decisions.md). */
#define SHARED_STEP_BYTES ((uint64_t)1 << 20)

/* What calling a kernel costs, in elements that it could step meanwhile. */
#define CALL_ELEMENTS 64

/* Looks at a counter before a waiting thread gives way to others: about as long as waking one. */
#define PATIENCE 10000

/* How many items of a thread's share have been taken; behind the threads' the one of the stage: how
 * many are done, and 1 more when its end is. Each on a cache line of its own. */
struct gcs_progress {
    _Alignas(64) atomic_uint_least64_t count;
};

/* ---- How many threads ---------------------------------------------------------------------- */

static int least(int a, int b) {
    return a < b ? a : b;
}

#ifdef _OPENMP
static const bool have_openmp = true;

static int openmp_threads(void) {
    return omp_get_max_threads();
}
#else
static const bool have_openmp = false;

static int openmp_threads(void) {
    return 1;
}
#endif

/* One thread or all of them, not a few: an OpenMP run time that is asked for another number than
 * the last time ends threads and starts others. */
void gcs_team_choose(gcs_plan *plan, uint64_t bytes) {
    const bool pool = plan->target.parallel_for != NULL, small = bytes < SHARED_STEP_BYTES;
    const int allowed =
        least(pool ? gcs_machine_pool_threads() : gcs_machine_allowed_threads(), MAX_THREADS);
    const int asked = plan->target.threads;
    if (asked > 0)
        plan->threads = least(asked, MAX_THREADS);
    else if (small)
        plan->threads = 1;
    else
        plan->threads = pool ? allowed : least(allowed, openmp_threads());
    if (small || !(pool || have_openmp))
        plan->team = 1;
    else
        plan->team = pool ? plan->threads : least(plan->threads, allowed);
}

/* ---- Shares -------------------------------------------------------------------------------- */

static uint64_t weight_of(const gcs_work *work) {
    const gcs_block *b = &work->block;
    const uint64_t n = work->last - work->first;
    switch (work->kernel->view) {
    case GCS_VIEW_ROWS:
        return n * b->cols + CALL_ELEMENTS;
    case GCS_VIEW_COLS:
        return (n * b->rows + CALL_ELEMENTS) * b->slices;
    case GCS_VIEW_FLAT:
    case GCS_VIEW_PART:
        break;
    }
    return n + CALL_ELEMENTS;
}

gcs_status gcs_team_share(const gcs_plan *plan, gcs_stage *stage) {
    const uint64_t team = (uint64_t)plan->team;
    stage->shares = malloc((size_t)(team + 1) * sizeof *stage->shares);
    if (stage->shares == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    uint64_t left = 0;
    for (size_t i = 0; i < stage->count; i++)
        left += weight_of(&stage->items[i]);
    uint64_t at = 0;
    for (uint64_t thread = 0; thread < team; thread++) {
        stage->shares[thread] = at;
        /* Half an item over is as good as half an item short, but for the first. */
        const uint64_t part = left / (team - thread);
        for (uint64_t taken = 0; at < stage->count; at++) {
            const uint64_t weight = weight_of(&stage->items[at]);
            if (taken != 0 && taken + weight / 2 > part)
                break;
            taken += weight;
            left -= weight;
        }
    }
    stage->shares[team] = stage->count;
    return GCS_OK;
}

gcs_status gcs_team_prepare(gcs_plan *plan) {
    const size_t entries = plan->stage_count * ((size_t)plan->team + 1);
    plan->progress = aligned_alloc(_Alignof(struct gcs_progress), entries * sizeof *plan->progress);
    return plan->progress != NULL ? GCS_OK : gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
}

/* ---- Running ------------------------------------------------------------------------------- */

typedef struct team_job {
    const gcs_plan *plan;
    const gcs_stage *stages;
    size_t count;
    gcs_stage_task *task;
    gcs_stage_end *end;
    void *arg;
} team_job;

static void run_end(const team_job *job, const gcs_stage *stage) {
    if (stage->has_end)
        job->end(job->arg, stage);
}

static void run_alone(const team_job *job, const gcs_stage *stage) {
    for (size_t i = 0; i < stage->count; i++)
        job->task(job->arg, &stage->items[stage->backwards ? stage->count - 1 - i : i]);
}

#ifdef _OPENMP
/* Takes items of a thread's share until none is left. Returns how many it took. */
static uint64_t run_share(const team_job *job, const gcs_stage *stage, atomic_uint_least64_t *taken,
                          int thread) {
    const uint64_t end = stage->shares[thread + 1], last = end < stage->count ? end : stage->count;
    const uint64_t first = stage->shares[thread] < last ? stage->shares[thread] : last;
    const uint64_t n = last - first;
    uint64_t done = 0;
    /* Looked at first: all threads come by here when they are done, and reading is cheaper. */
    while (atomic_load_explicit(taken, memory_order_relaxed) < n) {
        const uint64_t k = atomic_fetch_add_explicit(taken, 1, memory_order_relaxed);
        if (k >= n)
            break;
        job->task(job->arg, &stage->items[stage->backwards ? last - 1 - k : first + k]);
        done++;
    }
    return done;
}

/* Until the stage and its end are done. The items that are left are in other threads' hands; a
 * thread that has not begun holds nobody up. */
static void await(const gcs_stage *stage, atomic_uint_least64_t *done) {
    unsigned looks = 0;
    while (atomic_load_explicit(done, memory_order_acquire) <= stage->count) {
        if (++looks > PATIENCE)
            sched_yield();
    }
}

static void run_stage(const team_job *job, size_t index, int own) {
    const gcs_stage *stage = &job->stages[index];
    const int team = job->plan->team;
    struct gcs_progress *progress = job->plan->progress + index * ((size_t)team + 1);
    uint64_t done = 0;
    for (int i = 0; i < team; i++) {
        const int thread = (own + i) % team;
        done += run_share(job, stage, &progress[thread].count, thread);
    }
    atomic_uint_least64_t *all = &progress[team].count;
    if (done == 0 ||
        atomic_fetch_add_explicit(all, done, memory_order_acq_rel) + done != stage->count)
        return;
    run_end(job, stage);
    atomic_fetch_add_explicit(all, 1, memory_order_release);
}

static void run_with_openmp(const team_job *job) {
    const int team = job->plan->team;
    const size_t row = (size_t)team + 1;
    struct gcs_progress *progress = job->plan->progress;
    for (size_t i = 0; i < job->count * row; i++)
        atomic_store_explicit(&progress[i].count, 0, memory_order_relaxed);
#pragma omp parallel num_threads(team)
    {
        /* All shares, also where the run time gives fewer threads than it was asked for. */
        const int own = omp_get_thread_num();
        for (size_t i = 0; i < job->count; i++) {
            if (job->stages[i].waits)
                await(&job->stages[i - 1], &progress[(i - 1) * row + (size_t)team].count);
            run_stage(job, i, own);
        }
    }
}
#endif

/* A stage as a caller's pool sees it. */
typedef struct pool_stage {
    const team_job *job;
    const gcs_stage *stage;
} pool_stage;

static void run_item(void *arg, uint64_t index) {
    const pool_stage *p = arg;
    p->job->task(p->job->arg, &p->stage->items[index]);
}

static void run_with_pool(const team_job *job) {
    const gcs_target *target = &job->plan->target;
    for (size_t i = 0; i < job->count; i++) {
        pool_stage p = {.job = job, .stage = &job->stages[i]};
        if (p.stage->count == 1)
            run_alone(job, p.stage);
        else
            target->parallel_for(target->pool, p.stage->count, run_item, &p);
        run_end(job, p.stage);
    }
}

void gcs_team_run(const gcs_plan *plan, const gcs_stage *stages, size_t count, gcs_stage_task *task,
                  gcs_stage_end *end, void *arg) {
    const team_job job = {
        .plan = plan, .stages = stages, .count = count, .task = task, .end = end, .arg = arg};
    const bool one_item = count == 1 && stages->count == 1;
    if (plan->team > 1 && !one_item && plan->target.parallel_for != NULL) {
        run_with_pool(&job);
        return;
    }
#ifdef _OPENMP
    if (plan->team > 1 && !one_item) {
        run_with_openmp(&job);
        return;
    }
#endif
    for (size_t i = 0; i < count; i++) {
        run_alone(&job, &stages[i]);
        run_end(&job, &stages[i]);
    }
}
