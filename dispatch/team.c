/* The threads of a plan: every one takes the next task until none is left. */
#include "dispatch/plan_internal.h"

#ifdef _OPENMP
static void run_with_openmp(int team, uint64_t count, gcs_task *task, void *arg) {
    atomic_uint_least64_t next = 0;
#pragma omp parallel num_threads(team)
    for (;;) {
        const uint64_t i = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed);
        if (i >= count)
            break;
        task(arg, i);
    }
}
#endif

void gcs_team_run(const gcs_plan *plan, uint64_t count, gcs_task *task, void *arg) {
    if (plan->target.parallel_for != NULL) {
        plan->target.parallel_for(plan->target.pool, count, task, arg);
        return;
    }
#ifdef _OPENMP
    /* Always as many threads: to change their number, an OpenMP run time ends some and starts
     * others. */
    if (plan->team > 1) {
        run_with_openmp(plan->team, count, task, arg);
        return;
    }
#endif
    for (uint64_t i = 0; i < count; i++)
        task(arg, i);
}
