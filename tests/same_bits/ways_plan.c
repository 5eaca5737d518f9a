/* The ways that go through a plan, with a measuring before each step: see ways.h. */
#include "ways.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_THREADS = 8 };

static int thread_counts[] = {1, 2, 3, MAX_THREADS};

/* ---- A pool of the caller ---------------------------------------------------------------- */

typedef struct batch {
    gcs_task *task;
    void *arg;
    uint64_t count;
    atomic_ullong next;
} batch;

static void *worker(void *arg) {
    batch *b = arg;
    for (uint64_t i; (i = atomic_fetch_add(&b->next, 1)) < b->count;)
        b->task(b->arg, i);
    return NULL;
}

/* `pool` is the number of threads. */
static void pool_for(void *pool, uint64_t count, gcs_task *task, void *arg) {
    batch b = {.task = task, .arg = arg, .count = count};
    pthread_t threads[MAX_THREADS];
    int started = 0;
    while (started < *(int *)pool && pthread_create(&threads[started], NULL, worker, &b) == 0)
        started++;
    if (started == 0)
        worker(&b);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

/* ---- Running ----------------------------------------------------------------------------- */

/* Holds the measuring of each tensor to that of the first plan. */
static bool compare_measures(gcs_ways *ways, const uint64_t *measured, const char *way) {
    if (!ways->measured_known)
        memcpy(ways->measured, measured, sizeof ways->measured);
    ways->measured_known = true;
    bool same = true;
    for (size_t i = 0; i < ways->sample->count; i++) {
        if (measured[i] == ways->measured[i])
            continue;
        fprintf(stderr, "%s, %s, %s: what is measured of tensor %zu differs\n", gcs_ways_name(ways),
                ways->sample->name, way, i);
        same = false;
    }
    return same;
}

static bool measure_and_step(gcs_ways *ways, gcs_plan *plan, int t, uint64_t *measured) {
    gcs_sample *sample = ways->sample;
    gcs_measures found[GCS_SAMPLE_MAX_TENSORS];
    gcs_hyper hyper[2];
    gcs_sample_gradients(sample, ways->spec.gradient, t);
    gcs_sample_hyper(t, hyper);
    gcs_sample_measures(sample, &ways->spec, found);
    if (gcs_measure(plan, hyper, sample->buffers, found) != GCS_OK ||
        gcs_step(plan, hyper, sample->buffers) != GCS_OK) {
        fprintf(stderr, "%s: %s\n", gcs_ways_name(ways), gcs_last_error());
        return false;
    }
    for (size_t i = 0; i < sample->count; i++)
        measured[i] = gcs_sample_hash_measures(measured[i], sample, i, &found[i]);
    return true;
}

static bool run_plan(gcs_ways *ways, gcs_plan *plan, const char *way) {
    uint64_t measured[GCS_SAMPLE_MAX_TENSORS] = {0};
    gcs_sample_begin(ways->sample, ways->given);
    for (int t = 1; t <= ways->sample->steps; t++) {
        if (!measure_and_step(ways, plan, t, measured))
            return false;
    }
    bool same = compare_measures(ways, measured, way);
    return gcs_ways_compare(ways, NULL, way) && same;
}

static bool kernel_is_used(const gcs_plan *plan, const char *name) {
    for (size_t i = 0; i < gcs_plan_tensors(plan); i++) {
        if (strcmp(gcs_plan_kernel(plan, i), name) == 0)
            return true;
    }
    fprintf(stderr, "%s was forced, but steps no tensor\n", name);
    return false;
}

static bool try_plan(gcs_ways *ways, gcs_target target, const char *what) {
    gcs_plan *plan;
    char way[192];
    snprintf(way, sizeof way, "plan, %s, %d threads%s", what, target.threads,
             target.parallel_for ? " of the caller" : "");
    if (gcs_plan_create(&plan, target, &ways->spec, ways->sample->tensors, ways->sample->count) !=
        GCS_OK) {
        fprintf(stderr, "%s, %s: %s\n", gcs_ways_name(ways), way, gcs_last_error());
        return false;
    }
    bool good =
        (target.kernel == NULL || kernel_is_used(plan, target.kernel)) && run_plan(ways, plan, way);
    gcs_plan_destroy(plan);
    return good;
}

/* ---- Ways -------------------------------------------------------------------------------- */

bool gcs_ways_tables(gcs_ways *ways) {
    bool good = true;
    gcs_target target = gcs_cpu();
    for (size_t i = 0; !ways->few && i < sizeof thread_counts / sizeof thread_counts[0]; i++) {
        target.threads = thread_counts[i];
        good &= try_plan(ways, target, "built-in table");
    }
    target.threads = 3;
    if (ways->few)
        return try_plan(ways, target, "built-in table");
    setenv("GCSTEP_TUNED", "0", 1);
    good &= try_plan(ways, target, "default lines");
    unsetenv("GCSTEP_TUNED");
    target.table = "";
    return try_plan(ways, target, "no table") && good;
}

bool gcs_ways_pools(gcs_ways *ways) {
    bool good = true;
    const size_t last = ways->few ? 2 : sizeof thread_counts / sizeof thread_counts[0];
    for (size_t i = 1; i < last; i++) {
        gcs_target target = gcs_cpu();
        target.threads = thread_counts[i];
        target.parallel_for = pool_for;
        target.pool = &thread_counts[i];
        good &= try_plan(ways, target, "built-in table");
    }
    return good;
}

bool gcs_ways_forced(gcs_ways *ways, const char *kernel) {
    gcs_target target = gcs_cpu();
    target.kernel = kernel;
    target.threads = 3;
    return try_plan(ways, target, kernel);
}
