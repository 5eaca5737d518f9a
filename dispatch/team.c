/* The threads of a plan: how many, and who does what. Each thread has a share of every list of
 * work, the same in each step, so that it finds the pieces of the last phase, and small tensors
 * those of the last step, in its own cache; who is done with his share helps the others. */
#include "dispatch/error.h"
#include "dispatch/machine.h"
#include "dispatch/plan_internal.h"

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

/* How much of a thread's share has been taken. On a cache line of its own. */
struct gcs_progress {
    _Alignas(64) atomic_uint_least64_t taken;
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
    const int allowed = least(gcs_machine_allowed_threads(), MAX_THREADS);
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

gcs_status gcs_team_share(const gcs_plan *plan, gcs_work_list *list) {
    const uint64_t team = (uint64_t)plan->team;
    list->shares = malloc((size_t)(team + 1) * sizeof *list->shares);
    if (list->shares == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
    uint64_t left = 0;
    for (size_t i = 0; i < list->count; i++)
        left += weight_of(&list->items[i]);
    uint64_t at = 0;
    for (uint64_t thread = 0; thread < team; thread++) {
        list->shares[thread] = at;
        /* Half an item over is as good as half an item short. */
        const uint64_t part = left / (team - thread);
        for (uint64_t taken = 0; at < list->count; at++) {
            const uint64_t weight = weight_of(&list->items[at]);
            if (taken + weight / 2 > part)
                break;
            taken += weight;
            left -= weight;
        }
    }
    list->shares[team] = list->count;
    return GCS_OK;
}

gcs_status gcs_team_prepare(gcs_plan *plan) {
    plan->progress =
        aligned_alloc(_Alignof(struct gcs_progress), (size_t)plan->team * sizeof *plan->progress);
    return plan->progress != NULL ? GCS_OK : gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
}

/* ---- Running ------------------------------------------------------------------------------- */

#ifdef _OPENMP
typedef struct team_job {
    const gcs_plan *plan;
    const uint64_t *shares;
    uint64_t count;
    bool backwards;
    gcs_task *task;
    void *arg;
} team_job;

/* Takes tasks of a thread's share until none is left. */
static void run_share(const team_job *job, int thread) {
    atomic_uint_least64_t *taken = &job->plan->progress[thread].taken;
    const uint64_t end = job->shares[thread + 1], last = end < job->count ? end : job->count;
    const uint64_t first = job->shares[thread] < last ? job->shares[thread] : last;
    const uint64_t n = last - first;
    /* Looked at first: all threads come by here when they are done, and reading is cheaper. */
    while (atomic_load_explicit(taken, memory_order_relaxed) < n) {
        const uint64_t k = atomic_fetch_add_explicit(taken, 1, memory_order_relaxed);
        if (k < n)
            job->task(job->arg, job->backwards ? last - 1 - k : first + k);
    }
}

static void run_with_openmp(const team_job *job) {
    const int team = job->plan->team;
    for (int i = 0; i < team; i++)
        atomic_store_explicit(&job->plan->progress[i].taken, 0, memory_order_relaxed);
#pragma omp parallel num_threads(team)
    {
        /* All shares, also where the run time gives fewer threads than it was asked for. */
        const int own = omp_get_thread_num();
        for (int i = 0; i < team; i++)
            run_share(job, (own + i) % team);
    }
}
#endif

void gcs_team_run(const gcs_plan *plan, const gcs_work_list *list, uint64_t count, gcs_order order,
                  gcs_task *task, void *arg) {
    if (plan->team == 1 || count == 1) {
        for (uint64_t i = 0; i < count; i++)
            task(arg, order == GCS_BACKWARDS ? count - 1 - i : i);
        return;
    }
    if (plan->target.parallel_for != NULL) {
        plan->target.parallel_for(plan->target.pool, count, task, arg);
        return;
    }
#ifdef _OPENMP
    run_with_openmp(&(team_job){.plan = plan,
                                .shares = list->shares,
                                .count = count,
                                .backwards = order == GCS_BACKWARDS,
                                .task = task,
                                .arg = arg});
#else
    (void)list;
#endif
}
