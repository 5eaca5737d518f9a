/* How many threads a plan's steps use, and which of them does what. */
#if defined(__linux__)
#define _GNU_SOURCE /* sched_setaffinity */
#endif
#include "step_fixture.h"

#include "dispatch/machine.h"
#include "dispatch/plan_internal.h"
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#if defined(GCSTEP_HAVE_OPENMP)
#define HAVE_OPENMP true
#else
#define HAVE_OPENMP false
#endif

/* SGDM moves 20 bytes per element: 52,428 of them are less than 1 MiB, 52,429 are more. */
#define MOST_OF_A_SMALL_STEP  52428
#define LEAST_OF_A_LARGE_STEP 52429

static gcs_plan *plan_for(gcs_target target, const gcs_tensor *tensors, size_t count) {
    const gcs_spec spec = gcs_spec_sgdm();
    gcs_plan *plan = NULL;
    assert_ok(gcs_plan_create(&plan, target, &spec, tensors, count));
    return plan;
}

static void step(gcs_plan *plan, const fixture *f) {
    const gcs_hyper hyper = gcs_hyper_default();
    assert_ok(gcs_step(plan, &hyper, f->buffers));
}

/* ---- How many ---------------------------------------------------------------------------- */

/* A pool that counts its calls and runs everything on the calling thread. */
static void counting_for(void *pool, uint64_t count, gcs_task *task, void *arg) {
    ++*(int *)pool;
    for (uint64_t i = 0; i < count; i++)
        task(arg, i);
}

static void a_small_step_wakes_nobody(void **state) {
    (void)state;
    const gcs_tensor small[] = {gcs_flat(1000), gcs_flat(MOST_OF_A_SMALL_STEP - 1000)};
    const gcs_tensor large[] = {gcs_flat(1000), gcs_flat(LEAST_OF_A_LARGE_STEP - 1000)};
    for (int threads = 0; threads <= 3; threads += 3) {
        int calls = 0;
        gcs_target target = gcs_cpu();
        target.threads = threads;
        target.parallel_for = counting_for;
        target.pool = &calls;
        fixture f = fixture_make(large, 2, 1);
        gcs_plan *plan = plan_for(target, small, 2);
        assert_int_equal(gcs_plan_threads(plan), threads == 0 ? 1 : 3);
        assert_int_equal(gcs_plan_team(plan), 1);
        step(plan, &f);
        assert_int_equal(calls, 0);
        gcs_plan_destroy(plan);

        plan = plan_for(target, large, 2);
        const int expected = threads == 0 ? gcs_machine_pool_threads() : 3;
        assert_int_equal(gcs_plan_threads(plan), expected);
        assert_int_equal(gcs_plan_team(plan), expected);
        step(plan, &f);
        assert_int_equal(calls, expected > 1 ? 1 : 0);
        gcs_plan_destroy(plan);
        fixture_free(&f);
    }
}

/* There is nothing to share in a single column. */
static void one_piece_wakes_nobody(void **state) {
    (void)state;
    int calls = 0;
    const gcs_tensor column = gcs_cols(LEAST_OF_A_LARGE_STEP, 1);
    gcs_target target = gcs_cpu();
    target.threads = 3;
    target.parallel_for = counting_for;
    target.pool = &calls;
    fixture f = fixture_make(&column, 1, 1);
    gcs_plan *plan = plan_for(target, &column, 1);
    step(plan, &f);
    assert_int_equal(gcs_plan_team(plan), 3);
    assert_int_equal(calls, 0);
    gcs_plan_destroy(plan);
    fixture_free(&f);
}

#if defined(__linux__)
static int threads_of_process(void) {
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    assert_non_null(tasks);
    for (const struct dirent *entry; (entry = readdir(tasks)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

/* OpenMP's threads stay when a region is over. */
static void openmp_starts_as_many_as_are_used(void **state) {
    (void)state;
    const gcs_tensor small = gcs_flat(MOST_OF_A_SMALL_STEP), large = gcs_flat(1000000);
    fixture f = fixture_make(&large, 1, 1);
    const int before = threads_of_process();
    gcs_target target = gcs_cpu();
    for (target.threads = 0; target.threads <= 64; target.threads += 64) {
        gcs_plan *plan = plan_for(target, &small, 1);
        assert_int_equal(gcs_plan_team(plan), 1);
        step(plan, &f);
        gcs_plan_destroy(plan);
    }
    assert_int_equal(threads_of_process(), before);
    target.threads = 0;
    gcs_plan *plan = plan_for(target, &large, 1);
    const int team = gcs_plan_team(plan);
    step(plan, &f);
    assert_int_equal(threads_of_process(), before + team - 1);
    gcs_plan_destroy(plan);
    if (!HAVE_OPENMP)
        assert_int_equal(team, 1);
    else if (getenv("OMP_NUM_THREADS") == NULL && getenv("OMP_THREAD_LIMIT") == NULL)
        assert_int_equal(team, gcs_machine_allowed_threads());
    fixture_free(&f);
}

static cpu_set_t affinity_of_caller(void) {
    cpu_set_t set;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    return set;
}

static cpu_set_t one_of(const cpu_set_t *set, bool last) {
    cpu_set_t one;
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, set) && (last || CPU_COUNT(&one) == 0)) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
        }
    }
    return one;
}

/* Also where the caller asks for more. A pool of the caller's is his affair. */
static void no_more_than_the_affinity_allows(void **state) {
    (void)state;
    gcs_machine machine;
    gcs_machine_read(&machine);
    if (machine.emulated) /* its threads are threads of this process too, and on any processor */
        skip();
    const cpu_set_t all = affinity_of_caller(), one = one_of(&all, false);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    const gcs_tensor large = gcs_flat(1000000);
    int calls = 0;
    for (int threads = 0; threads <= 4; threads += 4) {
        gcs_target target = gcs_cpu();
        target.threads = threads;
        gcs_plan *plan = plan_for(target, &large, 1);
        assert_int_equal(gcs_plan_threads(plan), threads == 0 ? 1 : 4);
        assert_int_equal(gcs_plan_team(plan), 1);
        gcs_plan_destroy(plan);
        target.parallel_for = counting_for;
        target.pool = &calls;
        plan = plan_for(target, &large, 1);
        assert_int_equal(gcs_plan_team(plan), threads == 0 ? 1 : 4);
        gcs_plan_destroy(plan);
    }
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

struct bound {
    cpu_set_t processor;
    atomic_bool ready, over;
};

static void *bound_thread(void *arg) {
    struct bound *b = arg;
    sched_setaffinity(0, sizeof b->processor, &b->processor);
    atomic_store(&b->ready, true);
    while (!atomic_load(&b->over))
        sched_yield();
    return NULL;
}

/* The calling thread is bound to the first processor, the pool's to the last. */
static void a_pool_of_bound_threads(void **state) {
    (void)state;
    const gcs_tensor large = gcs_flat(1000000);
    const cpu_set_t all = affinity_of_caller(), first = one_of(&all, false);
    struct bound bound = {.processor = one_of(&all, true)};
    pthread_t thread;
    const int before = gcs_machine_pool_threads(); /* also the quota */
    int calls = 0;
    assert_int_equal(pthread_create(&thread, NULL, bound_thread, &bound), 0);
    while (!atomic_load(&bound.ready))
        sched_yield();
    assert_int_equal(sched_setaffinity(0, sizeof first, &first), 0);
    gcs_target target = gcs_cpu();
    target.parallel_for = counting_for;
    target.pool = &calls;
    gcs_plan *plan = plan_for(target, &large, 1);
    assert_int_equal(gcs_plan_team(plan), before > 1 ? 2 : 1);
    gcs_plan_destroy(plan);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    atomic_store(&bound.over, true);
    pthread_join(thread, NULL);
}
#endif

/* ---- Who does what ----------------------------------------------------------------------- */

/* A stage of pieces of a vector. */
static gcs_stage stage_of(const gcs_plan *plan, const uint64_t *elements, size_t count) {
    gcs_work *items = calloc(count + 1, sizeof *items);
    assert_non_null(items);
    for (size_t i = 0; i < count; i++)
        items[i] = (gcs_work){.tensor = i,
                              .kernel = plan->tensors[0].choice.kernel,
                              .first = 5,
                              .last = 5 + elements[i]};
    gcs_stage stage = {.items = items, .count = count};
    assert_ok(gcs_team_share(plan, &stage));
    return stage;
}

static void stage_free(gcs_stage *stage) {
    free((void *)stage->items);
    free(stage->shares);
}

static gcs_plan *plan_of_team(int team) {
    static int calls;
    const gcs_tensor large = gcs_flat(1000000);
    gcs_target target = gcs_cpu();
    target.threads = team;
    target.parallel_for = counting_for;
    target.pool = &calls;
    gcs_plan *plan = plan_for(target, &large, 1);
    assert_int_equal(gcs_plan_team(plan), team);
    return plan;
}

/* Every item has one owner, and nobody's share is an item more or less than his part. */
static void shares_are_even(void **state) {
    (void)state;
    enum { MOST = 100 };
    uint64_t elements[MOST];
    for (int team = 1; team <= 7; team += 2) {
        gcs_plan *plan = plan_of_team(team);
        for (size_t count = 0; count <= MOST; count += 25) {
            uint64_t all = 0, largest = 0;
            for (size_t i = 0; i < count; i++) {
                elements[i] = i % 7 == 0 ? 50000 : 1 + 37 * i;
                all += elements[i];
                largest = elements[i] > largest ? elements[i] : largest;
            }
            gcs_stage stage = stage_of(plan, elements, count);
            assert_int_equal(stage.shares[0], 0);
            assert_int_equal(stage.shares[team], count);
            for (int thread = 0; thread < team; thread++) {
                assert_true(stage.shares[thread] <= stage.shares[thread + 1]);
                uint64_t own = 0;
                for (uint64_t i = stage.shares[thread]; i < stage.shares[thread + 1]; i++)
                    own += elements[i];
                const uint64_t slack = largest + 64 * count;
                assert_in_range(own + slack, all / (uint64_t)team,
                                all / (uint64_t)team + 2 * slack);
            }
            stage_free(&stage);
        }
        gcs_plan_destroy(plan);
    }
}

struct calls {
    atomic_int of[64];
    atomic_ullong now; /* calls so far */
    unsigned long long when[64];
};

static void note(void *arg, const gcs_work *work) {
    struct calls *calls = arg;
    const size_t index = work->tensor;
    atomic_fetch_add(&calls->of[index], 1);
    calls->when[index] = atomic_fetch_add(&calls->now, 1);
}

/* Whatever part of a list is run, each of its items once and no other. */
static void each_item_is_run_once(void **state) {
    (void)state;
    const gcs_tensor large = gcs_flat(1000000);
    uint64_t elements[64];
    for (size_t i = 0; i < 64; i++)
        elements[i] = 1 + i * i;
    for (int threads = 1; threads <= 4; threads++) {
        gcs_target target = gcs_cpu();
        target.threads = threads; /* OpenMP's, as many of them as there may be */
        gcs_plan *plan = plan_for(target, &large, 1);
        gcs_stage stage = stage_of(plan, elements, 64);
        for (uint64_t count = 1; count <= 64; count++) {
            struct calls calls = {.now = 0};
            gcs_stage part = stage;
            part.count = count;
            part.backwards = count % 2;
            gcs_team_run(plan, &part, 1, note, NULL, &calls);
            for (uint64_t i = 0; i < 64; i++)
                assert_int_equal(calls.of[i], i < count ? 1 : 0);
        }
        stage_free(&stage);
        gcs_plan_destroy(plan);
    }
}

/* Two tasks that wait for each other, so that two threads take one each. */
struct meeting {
    atomic_int here;
    bool by_caller[2];
    pthread_t caller;
};

static void meet(void *arg, const gcs_work *work) {
    struct meeting *m = arg;
    m->by_caller[work->tensor] = pthread_equal(pthread_self(), m->caller) != 0;
    atomic_fetch_add(&m->here, 1);
    while (atomic_load(&m->here) < 2)
        sched_yield();
}

static void a_thread_has_the_same_share_each_time(void **state) {
    (void)state;
    const gcs_tensor large = gcs_flat(1000000);
    const uint64_t elements[2] = {1000, 1000};
    gcs_target target = gcs_cpu();
    target.threads = 2;
    gcs_plan *plan = plan_for(target, &large, 1);
    const bool one = gcs_plan_team(plan) == 1;
    gcs_stage stage = stage_of(plan, elements, 2);
    for (int i = 0; i < 20 && !one; i++) {
        struct meeting m = {.caller = pthread_self()};
        stage.backwards = i % 2;
        gcs_team_run(plan, &stage, 1, meet, NULL, &m);
        assert_true(m.by_caller[0]);
        assert_false(m.by_caller[1]);
    }
    stage_free(&stage);
    gcs_plan_destroy(plan);
    if (one)
        skip();
}

/* Stages that wait: as those of split rows, sums and parts in turn. */
enum { WAVES = 3, PIECES = 20 };
struct waves {
    atomic_int sums[WAVES], means[WAVES], parts[WAVES];
    atomic_int too_early;
    const gcs_work *items[WAVES];
};

static int wave_of(const struct waves *w, const gcs_work *work) {
    int wave = 0;
    while (work < w->items[wave] || work >= w->items[wave] + 2 * PIECES)
        wave++;
    return wave;
}

static void sum_or_part(void *arg, const gcs_work *work) {
    struct waves *w = arg;
    const int wave = wave_of(w, work);
    if (work < w->items[wave] + PIECES) {
        if (work->tensor % 7 == 0)
            sched_yield();
        atomic_fetch_add(&w->sums[wave], 1);
        return;
    }
    if (atomic_load(&w->means[wave]) != 1)
        atomic_fetch_add(&w->too_early, 1);
    atomic_fetch_add(&w->parts[wave], 1);
}

static void mean(void *arg, const gcs_stage *sums) {
    struct waves *w = arg;
    const int wave = wave_of(w, sums->items);
    if (atomic_load(&w->sums[wave]) != PIECES)
        atomic_fetch_add(&w->too_early, 1);
    atomic_fetch_add(&w->means[wave], 1);
}

static void run_waves(gcs_plan *plan, bool skewed) {
    uint64_t elements[2 * PIECES];
    for (size_t i = 0; i < 2 * PIECES; i++)
        elements[i] = skewed && i % PIECES != 0 ? 1 : 100000;
    gcs_stage stages[2 * WAVES];
    struct waves w = {.too_early = 0};
    for (int wave = 0; wave < WAVES; wave++) {
        gcs_stage both = stage_of(plan, elements, 2 * PIECES);
        w.items[wave] = both.items;
        free(both.shares);
        gcs_stage *sums = &stages[2 * wave], *parts = sums + 1;
        *sums = (gcs_stage){.items = both.items, .count = PIECES, .has_end = true};
        *parts = (gcs_stage){
            .items = both.items + PIECES, .count = PIECES, .waits = true, .backwards = true};
        assert_ok(gcs_team_share(plan, sums));
        assert_ok(gcs_team_share(plan, parts));
    }
    gcs_team_run(plan, stages, 2 * WAVES, sum_or_part, mean, &w);
    assert_int_equal(w.too_early, 0);
    for (int wave = 0; wave < WAVES; wave++) {
        assert_int_equal(w.sums[wave], PIECES);
        assert_int_equal(w.means[wave], 1);
        assert_int_equal(w.parts[wave], PIECES);
        free(stages[2 * wave + 1].shares);
        stage_free(&stages[2 * wave]);
    }
}

static void parts_wait_for_the_means(void **state) {
    (void)state;
    /* Three rows of a wave each, so that there is room for the progress of as many stages. */
    const gcs_tensor rows = gcs_rows(3, 1 << 20);
    static int calls;
    for (int threads = 2; threads <= 3; threads++) {
        gcs_target target = gcs_cpu();
        target.threads = threads;
        for (int pool = 0; pool < 2; pool++) {
            target.parallel_for = pool ? counting_for : NULL;
            target.pool = &calls;
            gcs_plan *plan = plan_for(target, &rows, 1);
            assert_int_equal(plan->stage_count, 2 * WAVES);
            for (int i = 0; i < 20; i++)
                run_waves(plan, i % 2);
            gcs_plan_destroy(plan);
        }
    }
}

static void one_thread_goes_in_order(void **state) {
    (void)state;
    const uint64_t elements[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const gcs_tensor large = gcs_flat(1000000);
    gcs_target target = gcs_cpu();
    target.threads = 1;
    gcs_plan *plan = plan_for(target, &large, 1);
    gcs_stage stage = stage_of(plan, elements, 8);
    struct calls forwards = {.now = 0}, backwards = {.now = 0};
    gcs_team_run(plan, &stage, 1, note, NULL, &forwards);
    stage.backwards = true;
    gcs_team_run(plan, &stage, 1, note, NULL, &backwards);
    for (unsigned long long i = 0; i < 8; i++) {
        assert_int_equal(forwards.when[i], i);
        assert_int_equal(backwards.when[i], 7 - i);
    }
    stage_free(&stage);
    gcs_plan_destroy(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#if defined(__linux__)
        /* First: no thread is there yet. */
        cmocka_unit_test(no_more_than_the_affinity_allows),
        cmocka_unit_test(a_pool_of_bound_threads),
        cmocka_unit_test(openmp_starts_as_many_as_are_used),
#endif
        cmocka_unit_test(a_small_step_wakes_nobody),
        cmocka_unit_test(one_piece_wakes_nobody),
        cmocka_unit_test(shares_are_even),
        cmocka_unit_test(each_item_is_run_once),
        cmocka_unit_test(a_thread_has_the_same_share_each_time),
        cmocka_unit_test(parts_wait_for_the_means),
        cmocka_unit_test(one_thread_goes_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
