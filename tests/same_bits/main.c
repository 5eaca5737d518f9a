/* Steps fixed inputs in every way that this machine allows and prints one hash of the results for
 * each spec. All ways must agree, else the program says which one did not and exits with 1;
 * same_bits.sh compares the hashes of several compilers and flags.
 *
 * The ways: plans with 1, 2, 3 and 8 threads, by OpenMP (where built with it) and by a pool of the
 * caller, with the built-in table, with default lines only, with no table and with each kernel
 * forced; and each kernel of the registry called directly, its range whole and cut into pieces. */
#include "direct.h"
#include "dispatch/registry.h"
#include "sample.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TENSORS = 64, MAX_THREADS = 8 };

static int thread_counts[] = {1, 2, 3, MAX_THREADS};

/* The hashes that the first way gave, which the others are held to. */
typedef struct baseline {
    bool known;
    uint64_t hash[MAX_TENSORS];
    unsigned ways;
} baseline;

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

/* ---- Comparing --------------------------------------------------------------------------- */

static bool compare_tensor(const gcs_sample *sample, const gcs_spec *spec, size_t i,
                           const baseline *base, const char *way) {
    uint64_t hash = gcs_sample_hash(sample, spec->rule, i);
    if (hash == base->hash[i])
        return true;
    const gcs_tensor *t = &sample->tensors[i];
    fprintf(stderr, "%s_%s, %s, %s: tensor %zu (layout %d, %" PRIu64 " x %" PRIu64 ") differs\n",
            gcs_rule_name(spec->rule), gcs_center_name(spec->center), sample->name, way, i,
            (int)t->layout, t->rows, t->cols);
    return false;
}

static bool compare_all(const gcs_sample *sample, const gcs_spec *spec, baseline *base,
                        const char *way) {
    bool same = true;
    if (!base->known)
        for (size_t i = 0; i < sample->count; i++)
            base->hash[i] = gcs_sample_hash(sample, spec->rule, i);
    base->known = true;
    base->ways++;
    for (size_t i = 0; i < sample->count; i++)
        same &= compare_tensor(sample, spec, i, base, way);
    return same;
}

/* ---- Ways -------------------------------------------------------------------------------- */

static bool kernel_is_used(const gcs_plan *plan, const char *name) {
    for (size_t i = 0; i < gcs_plan_tensors(plan); i++)
        if (strcmp(gcs_plan_kernel(plan, i), name) == 0)
            return true;
    fprintf(stderr, "%s was forced, but steps no tensor\n", name);
    return false;
}

static bool run_plan(gcs_sample *sample, const gcs_spec *spec, gcs_plan *plan) {
    gcs_sample_begin(sample);
    for (int t = 1; t <= sample->steps; t++) {
        gcs_hyper hyper[2];
        gcs_sample_gradients(sample, t);
        gcs_sample_hyper(t, hyper);
        if (gcs_step(plan, hyper, sample->buffers) != GCS_OK) {
            fprintf(stderr, "%s: %s\n", gcs_rule_name(spec->rule), gcs_last_error());
            return false;
        }
    }
    return true;
}

static bool try_plan(gcs_sample *sample, const gcs_spec *spec, gcs_target target, baseline *base,
                     const char *what) {
    gcs_plan *plan;
    char way[192];
    snprintf(way, sizeof way, "plan, %s, %d threads%s", what, target.threads,
             target.parallel_for ? " of the caller" : "");
    if (gcs_plan_create(&plan, target, spec, sample->tensors, sample->count) != GCS_OK) {
        fprintf(stderr, "%s: %s\n", way, gcs_last_error());
        return false;
    }
    bool good = (target.kernel == NULL || kernel_is_used(plan, target.kernel)) &&
                run_plan(sample, spec, plan) && compare_all(sample, spec, base, way);
    gcs_plan_destroy(plan);
    return good;
}

/* Each number of threads, with each kind of table. */
static bool try_tables(gcs_sample *sample, const gcs_spec *spec, baseline *base) {
    bool good = true;
    for (size_t i = 0; i < sizeof thread_counts / sizeof thread_counts[0]; i++) {
        gcs_target target = gcs_cpu();
        target.threads = thread_counts[i];
        good &= try_plan(sample, spec, target, base, "built-in table");
        setenv("GCSTEP_TUNED", "0", 1);
        good &= try_plan(sample, spec, target, base, "default lines");
        unsetenv("GCSTEP_TUNED");
        target.table = "";
        good &= try_plan(sample, spec, target, base, "no table");
    }
    return good;
}

static bool try_pools(gcs_sample *sample, const gcs_spec *spec, baseline *base) {
    bool good = true;
    for (size_t i = 0; i < sizeof thread_counts / sizeof thread_counts[0]; i++) {
        gcs_target target = gcs_cpu();
        target.threads = thread_counts[i];
        target.parallel_for = pool_for;
        target.pool = &thread_counts[i];
        good &= try_plan(sample, spec, target, base, "built-in table");
    }
    return good;
}

static bool fits_some(const gcs_sample *sample, const gcs_spec *spec, const gcs_kernel *kernel) {
    for (size_t i = 0; i < sample->count; i++)
        if (gcs_direct_accepts(kernel, spec, &sample->tensors[i]))
            return true;
    return false;
}

static bool try_forced(gcs_sample *sample, const gcs_spec *spec, const gcs_kernel *kernel,
                       baseline *base) {
    gcs_target target = gcs_cpu();
    target.kernel = kernel->name;
    target.threads = 3;
    return try_plan(sample, spec, target, base, kernel->name);
}

/* Steps the tensors that the kernel accepts and compares those. */
static bool try_direct(gcs_sample *sample, const gcs_spec *spec, const gcs_kernel *kernel,
                       uint64_t pieces, baseline *base) {
    bool accepted[MAX_TENSORS];
    char way[192];
    snprintf(way, sizeof way, "%s called directly, %" PRIu64 " pieces", kernel->name, pieces);
    gcs_sample_begin(sample);
    for (int t = 1; t <= sample->steps; t++) {
        gcs_hyper hyper[2];
        gcs_sample_gradients(sample, t);
        gcs_sample_hyper(t, hyper);
        for (size_t i = 0; i < sample->count; i++) {
            const gcs_tensor *tensor = &sample->tensors[i];
            accepted[i] = gcs_direct_accepts(kernel, spec, tensor);
            if (accepted[i] && !gcs_direct_step(kernel, spec, tensor, &hyper[tensor->group],
                                                &sample->buffers[i], pieces)) {
                fprintf(stderr, "%s: could not be called\n", way);
                return false;
            }
        }
    }
    bool same = true;
    for (size_t i = 0; i < sample->count; i++)
        same &= !accepted[i] || compare_tensor(sample, spec, i, base, way);
    base->ways++;
    return same;
}

/* Each kernel that fits: called directly, whole and in pieces, and forced in a plan. */
static bool try_kernels(gcs_sample *sample, const gcs_spec *spec, baseline *base) {
    bool good = true;
    for (size_t l = 0; l < gcs_registry_lists(); l++) {
        const gcs_kernel_list *list = gcs_registry_list(l);
        for (size_t k = 0; gcs_cpu_allows(list->isa) && k < list->count; k++) {
            const gcs_kernel *kernel = &list->kernels[k];
            if (!fits_some(sample, spec, kernel))
                continue;
            good &= try_direct(sample, spec, kernel, 1, base);
            good &= try_direct(sample, spec, kernel, 4, base);
            if (kernel->view != GCS_VIEW_PART) /* a plan takes these by itself where it cuts rows */
                good &= try_forced(sample, spec, kernel, base);
        }
    }
    return good;
}

/* The large network takes its time at -O0, so only two rules go through it, and only plans: their
 * kernels differ from the small one's in where they are cut. */
static bool try_large(gcs_sample *sample, const gcs_spec *spec, baseline *base) {
    gcs_target target = gcs_cpu();
    target.threads = 3;
    bool good = try_plan(sample, spec, target, base, "built-in table");
    for (size_t l = 0; l < gcs_registry_lists(); l++) {
        const gcs_kernel_list *list = gcs_registry_list(l);
        for (size_t k = 0; gcs_cpu_allows(list->isa) && k < list->count; k++) {
            const gcs_kernel *kernel = &list->kernels[k];
            if (kernel->view == GCS_VIEW_PART && fits_some(sample, spec, kernel))
                good &= try_direct(sample, spec, kernel, 4, base);
        }
    }
    return good & try_pools(sample, spec, base);
}

static uint64_t hash_all(const gcs_sample *sample, const baseline *base) {
    uint64_t hash = GCS_HASH_START;
    for (size_t i = 0; i < sample->count; i++)
        hash = gcs_hash_add(hash, base->hash[i]);
    return hash;
}

static void print_hash(const gcs_sample *sample, const gcs_spec *spec, const baseline *base) {
    printf("%s_%s %s %016" PRIx64 "\n", gcs_rule_name(spec->rule), gcs_center_name(spec->center),
           sample->name, hash_all(sample, base));
    fprintf(stderr, "%s_%s %s: %u ways\n", gcs_rule_name(spec->rule), gcs_center_name(spec->center),
            sample->name, base->ways);
}

static bool try_spec(gcs_sample *small, gcs_sample *large, const gcs_spec *spec) {
    baseline of_small = {0}, of_large = {0};
    bool good = try_tables(small, spec, &of_small) && try_pools(small, spec, &of_small) &&
                try_kernels(small, spec, &of_small);
    print_hash(small, spec, &of_small);
    if (spec->center == GCS_CENTER_GRADIENT &&
        (spec->rule == GCS_RULE_SGD || spec->rule == GCS_RULE_ADAMW)) {
        good &= try_large(large, spec, &of_large);
        print_hash(large, spec, &of_large);
    }
    return good;
}

int main(void) {
    static const char *const switches[] = {"GCSTEP_ISA",   "GCSTEP_KERNEL", "GCSTEP_TUNED",
                                           "GCSTEP_TABLE", "GCSTEP_RECORD", "GCSTEP_LOG"};
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
        unsetenv(switches[i]);
    gcs_sample small, large;
    if (!gcs_sample_small(&small) || !gcs_sample_large(&large)) {
        fprintf(stderr, "out of memory\n");
        return 1;
    }
    bool good = true;
    for (int rule = GCS_RULE_SGD; rule <= GCS_RULE_ADAMW; rule++)
        for (int center = GCS_CENTER_NONE; center <= GCS_CENTER_GRADIENT; center++)
            good &= try_spec(&small, &large, &(gcs_spec){(gcs_rule)rule, (gcs_center)center});
    gcs_sample_free(&small);
    gcs_sample_free(&large);
    return good ? 0 : 1;
}
