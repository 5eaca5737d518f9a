/* The same bits whatever the threads, with OpenMP (where built with it) and with the caller's own
 * pool, which is what ThreadSanitizer can see; plans and single tensors stepped from several
 * threads at once. */
#include "step_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

/* ---- A pool of the caller ---------------------------------------------------------------- */

/* Starts `threads` threads for each call; each takes the next task until none is left. */
struct pool {
    int threads;
    atomic_ullong tasks; /* over all calls, for the tests to look at */
};

struct batch {
    gcs_task *task;
    void *arg;
    uint64_t count;
    atomic_ullong next;
};

static void *pool_worker(void *arg) {
    struct batch *batch = arg;
    for (uint64_t i; (i = atomic_fetch_add(&batch->next, 1)) < batch->count;)
        batch->task(batch->arg, i);
    return NULL;
}

static void pool_for(void *arg, uint64_t count, gcs_task *task, void *task_arg) {
    struct pool *pool = arg;
    struct batch batch = {.task = task, .arg = task_arg, .count = count};
    pthread_t threads[8];
    for (int i = 0; i < pool->threads; i++)
        if (pthread_create(&threads[i], NULL, pool_worker, &batch) != 0)
            abort(); /* cmocka cannot fail a test from another thread */
    for (int i = 0; i < pool->threads; i++)
        pthread_join(threads[i], NULL);
    atomic_fetch_add(&pool->tasks, count);
}

#ifdef GCSTEP_HAVE_OPENMP
static const bool have_openmp = true;
#else
static const bool have_openmp = false;
#endif

/* ---- What is stepped --------------------------------------------------------------------- */

/* Many small tensors, a few large ones, and in each layout one that must be shared: a single row
 * longer than the second level of the summation, and few long columns. */
#ifdef __SANITIZE_THREAD__
/* As many pieces of each kind, of fewer elements: a race shows between any two. The long rows are
 * as long as they must be to be shared, one of them alone also in SGD; the rest takes minutes. */
#define SIZE(plain, races) (races)
#else
#define SIZE(plain, races) (plain)
#endif
#define LONG_ROW SIZE(1024 * 1024 + 4096 + 5, 88 * 1024 + 5)
#define LONG     SIZE(70001, 65541)
static const gcs_tensor network[] = {
    ROWS(64, 147),
    FLAT(64),
    ROWS(1, LONG_ROW),
    ROWS(SIZE(256, 64), 577),
    COLS(300, 33),
    COLS(SIZE(70001, 4201), 3),
    FLAT(SIZE(130003, 30003)),
    ROWS(SIZE(3, 2), LONG),
    ROWS(997, 9),
    COLS(1, 1),
    ROWS(1, 1),
    FLAT(1),
    COLS(64, SIZE(8191, 1023)),
    ROWS(2, 2048),
    GENERAL(3, SIZE(700, 180), 90),
    GENERAL(SIZE(500, 120), 9, 33),
    /* pieces of whole groups: rows 3 and 4 of 7, matrix 1 of 3 */
    {.layout = GCS_LAYOUT_ROWS, .rows = 7, .cols = LONG, .offset = 3 * LONG, .count = 2 * LONG},
    {.layout = GCS_LAYOUT_COLS, .rows = 70, .cols = 90, .outer = 3, .offset = 6300, .count = 6300},
};
enum { TENSORS = sizeof network / sizeof *network };

static const gcs_spec specs[] = {
    SPEC(SGD, GRADIENT),
    SPEC(SGDM, GRADIENT),
    SPEC(ADAM, GRADIENT),
    SPEC(ADAMW, NONE),
    SPEC(SGDW, RAW_GRADIENT),
    {.rule = GCS_RULE_NESTEROV, .center = GCS_CENTER_RAW_GRADIENT, .copy = GCS_COPY_BF16},
    {.rule = GCS_RULE_AMSGRADW,
     .center = GCS_CENTER_UPDATE,
     .gradient = GCS_TYPE_BF16,
     .copy = GCS_COPY_F16_STOCHASTIC},
    {.rule = GCS_RULE_ADAGRAD,
     .center = GCS_CENTER_GRADIENT,
     .gradient = GCS_TYPE_F16,
     .copy = GCS_COPY_BF16_STOCHASTIC},
    {.rule = GCS_RULE_SGD, .center = GCS_CENTER_UPDATE},
};
enum { SPECS = sizeof specs / sizeof *specs };

/* Two steps, so that the second reads the state of the first. */
static void steps(gcs_target target, const gcs_spec *spec, fixture *f) {
    gcs_plan *plan = NULL;
    assert_ok(gcs_plan_create(&plan, target, spec, f->tensors, f->count));
    if (target.threads > 0)
        assert_in_range(gcs_plan_threads(plan), 1, target.threads);
    gcs_hyper hyper = gcs_hyper_default();
    hyper.weight_decay = 0.01;
    hyper.clip = 0.75;
    for (hyper.t = 1; hyper.t <= 2; hyper.t++)
        assert_ok(gcs_step(plan, &hyper, f->buffers));
    gcs_plan_destroy(plan);
}

/* Whether `f`, which becomes as `start` was, is stepped to the bits of `want`. */
static void assert_steps_to(gcs_target target, const gcs_spec *spec, const fixture *start,
                            const fixture *want, fixture *f) {
    fixture_copy(f, start);
    steps(target, spec, f);
    assert_same_bits(want, f);
}

static void same_bits_for_any_threads(void **state) {
    (void)state;
    static const int threads[] = {2, 3, 8};
    for (size_t s = 0; s < SPECS; s++) {
        const gcs_type gradient = specs[s].gradient;
        fixture start = fixture_make_typed(network, TENSORS, s, gradient);
        fixture one = fixture_blank(network, TENSORS, gradient);
        fixture f = fixture_blank(network, TENSORS, gradient);
        gcs_target target = gcs_cpu();
        target.threads = 1;
        fixture_copy(&one, &start);
        steps(target, &specs[s], &one);
        for (int i = 0; i < 3; i++) {
            struct pool pool = {.threads = threads[i]};
            target = gcs_cpu();
            target.threads = threads[i];
            /* OpenMP. Without it one thread goes through the pieces that the pool has next: once
             * is enough. */
            if (have_openmp || i == 0)
                assert_steps_to(target, &specs[s], &start, &one, &f);

            target.parallel_for = pool_for;
            target.pool = &pool;
            assert_steps_to(target, &specs[s], &start, &one, &f);
            assert_true(pool.tasks > 4); /* it was shared at all */
        }
        fixture_free(&start);
        fixture_free(&one);
        fixture_free(&f);
    }
}

/* One group alone is work for several threads, not for one. */
static void a_long_group_is_shared(void **state) {
    (void)state;
    static const gcs_tensor row[] = {ROWS(1, LONG_ROW)};
    static const int of_specs[] = {2, 6, 8};
    for (int i = 0; i < 3; i++) {
        const gcs_spec *spec = &specs[of_specs[i]];
        fixture one = fixture_make_typed(row, 1, 2, spec->gradient);
        fixture f = fixture_blank(row, 1, spec->gradient);
        fixture_copy(&f, &one);
        struct pool pool = {.threads = 3};
        gcs_target target = gcs_cpu();
        target.threads = 1;
        steps(target, spec, &one);
        target.threads = 3;
        target.parallel_for = pool_for;
        target.pool = &pool;
        steps(target, spec, &f);
        assert_same_bits(&one, &f);
        assert_true(pool.tasks >= 2 * 2 * 3); /* two steps, two phases, three threads */
        fixture_free(&one);
        fixture_free(&f);
    }
}

/* ---- Several threads at once ------------------------------------------------------------- */

struct trainer {
    const gcs_spec *spec;
    fixture *f;
    struct pool *pool; /* NULL: by gcs_step_tensor */
    const char *trouble;
};

static void trainer_steps_plan(struct trainer *trainer) {
    gcs_target target = gcs_cpu();
    target.threads = 2;
    target.parallel_for = pool_for;
    target.pool = trainer->pool;
    gcs_plan *plan = NULL;
    gcs_hyper hyper = gcs_hyper_default();
    if (gcs_plan_create(&plan, target, trainer->spec, trainer->f->tensors, trainer->f->count))
        trainer->trouble = "gcs_plan_create failed";
    for (hyper.t = 1; hyper.t <= 3 && !trainer->trouble; hyper.t++)
        if (gcs_step(plan, &hyper, trainer->f->buffers))
            trainer->trouble = "gcs_step failed";
    gcs_plan_destroy(plan);
}

static void trainer_steps_tensors(struct trainer *trainer) {
    gcs_hyper hyper = gcs_hyper_default();
    for (hyper.t = 1; hyper.t <= 3; hyper.t++)
        for (size_t k = 0; k < trainer->f->count; k++)
            if (gcs_step_tensor(trainer->spec, &trainer->f->tensors[k], &hyper,
                                &trainer->f->buffers[k]))
                trainer->trouble = "gcs_step_tensor failed";
}

/* cmocka's asserts belong to the main thread, so trouble is told and not asserted here. */
static void *trainer_main(void *arg) {
    struct trainer *trainer = arg;
    if (trainer->pool)
        trainer_steps_plan(trainer);
    else
        trainer_steps_tensors(trainer);
    return NULL;
}

/* Runs all trainers at once, then each one's work alone, and compares. */
static void at_once_equals_alone(struct trainer *trainers, int count, const gcs_tensor *tensors,
                                 size_t tensor_count) {
    pthread_t threads[4];
    fixture fixtures[4], alone[4];
    for (int i = 0; i < count; i++) {
        fixtures[i] = fixture_make(tensors, tensor_count, (uint64_t)i);
        alone[i] = fixture_blank(tensors, tensor_count, GCS_TYPE_F32);
        fixture_copy(&alone[i], &fixtures[i]);
        trainers[i].f = &fixtures[i];
    }
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, trainer_main, &trainers[i]), 0);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < count; i++) {
        if (trainers[i].trouble)
            fail_msg("%s", trainers[i].trouble);
        trainers[i].f = &alone[i];
        trainer_main(&trainers[i]);
        assert_same_bits(&alone[i], &fixtures[i]);
        fixture_free(&alone[i]);
        fixture_free(&fixtures[i]);
    }
}

static void two_plans_at_once(void **state) {
    (void)state;
    struct pool pools[2] = {{.threads = 2}, {.threads = 2}};
    struct trainer trainers[2] = {{.spec = &specs[1], .pool = &pools[0]},
                                  {.spec = &specs[2], .pool = &pools[1]}};
    at_once_equals_alone(trainers, 2, network, TENSORS);
}

/* All threads ask for the same shapes at once, so that they meet in the kept plans. */
static void single_tensors_at_once(void **state) {
    (void)state;
    gcs_step_tensor_forget();
    struct trainer trainers[4] = {
        {.spec = &specs[1]}, {.spec = &specs[1]}, {.spec = &specs[2]}, {.spec = &specs[1]}};
    at_once_equals_alone(trainers, 4, network, 2);
    gcs_step_tensor_forget();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_for_any_threads),
        cmocka_unit_test(a_long_group_is_shared),
        cmocka_unit_test(two_plans_at_once),
        cmocka_unit_test(single_tensors_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
