/* Whole steps of plans for an OpenCL device against plans of the CPU: the same bits. That each
 * kernel has them in all cases is for `gcstep verify --backend opencl` to show; here it is that a
 * plan gives the kernels what belongs to them. */
#include "opencl/plan_fixture.h"
#include "table_fixture.h"

/* The tensors are of parameter groups 0, 1, 2 by turns. */
enum { GROUPS = 3, MOST = 48, MOST_MEANS = 512 };

static void set_hyper(gcs_hyper hyper[GROUPS], uint64_t t) {
    for (size_t i = 0; i < GROUPS; i++) {
        hyper[i] = fixture_hyper(t);
        hyper[i].lr = 0.1 + 0.05 * (double)i;
        hyper[i].weight_decay = i == 1 ? 0 : 0.3;
        hyper[i].seed = 17 + i;
        hyper[i].grad_scale = 0.5;
    }
}

static gcs_plan *plan_of(gcs_target target, const gcs_spec *spec, const gcs_tensor *tensors,
                         size_t count) {
    gcs_plan *plan;
    assert_ok(gcs_plan_create(&plan, target, spec, tensors, count));
    return plan;
}

/* Means of g and of w, of as many groups as a tensor here has. */
static float given[2][MOST_MEANS];

static void give_means(const fixture *cpu, mirror *m) {
    for (size_t i = 0; i < MOST_MEANS; i++) {
        given[0][i] = 0.1F * fixture_value(70, i);
        given[1][i] = 0.1F * fixture_value(71, i);
    }
    m->means = memory_make(m->s, GCS_CL_MEM_READ_ONLY, sizeof given);
    assert_cl(
        m->s->cl->write(m->s->queue, m->means, GCS_CL_TRUE, 0, sizeof given, given, 0, NULL, NULL));
    for (size_t i = 0; i < cpu->count; i++) {
        gcs_buffers *b = &cpu->buffers[i];
        gcs_cl_buffers *c = &m->buffers[i];
        b->means_count = c->means_count = gcs_tensor_groups(&cpu->tensors[i]);
        assert_true(b->means_count <= MOST_MEANS);
        if (b->means_count == 0)
            continue;
        b->means = given[0];
        b->w_means = given[1];
        c->means = (gcs_cl_buffer){.mem = m->means};
        c->w_means = (gcs_cl_buffer){.mem = m->means, .offset = sizeof given[0]};
    }
}

typedef struct options {
    way how;
    bool means;
    gcs_cl_flags queue; /* properties of the plan's own */
} options;

/* Of the step. */
static void set_flag(const mirror *m, gcs_cl_mem flag, float *shared, float value) {
    if (shared != NULL)
        *shared = value;
    else
        move_there(m, flag, sizeof(float), &value, 1);
}

static gcs_status step_once(gcs_plan *plan, const mirror *m, gcs_hyper hyper[GROUPS],
                            gcs_cl_mem flag, float *shared) {
    if (m->how == SHARED) { /* as any plan is stepped */
        hyper[2].found_inf = shared;
        return gcs_step(plan, hyper, m->pointers);
    }
    const gcs_cl_buffer flags[GROUPS] = {[2] = {.mem = flag, .offset = sizeof(float)}};
    void *event = NULL;
    const gcs_cl_call call = {.found_inf = flags, .event = &event};
    const gcs_status status = gcs_step_opencl(plan, hyper, m->buffers, &call);
    if (status == GCS_OK) {
        assert_cl(m->s->cl->events_wait(1, &event));
        m->s->cl->event_release(event);
    }
    return status;
}

/* Three steps from t = 1 on, in the second of which one group's flag is set. */
static void same_bits(const gcs_spec *spec, const gcs_tensor *of, size_t count, options o) {
    gcs_tensor tensors[MOST];
    assert_true(count <= MOST);
    for (size_t i = 0; i < count; i++) {
        tensors[i] = of[i];
        tensors[i].group = (uint32_t)(i % GROUPS);
    }
    fixture cpu = fixture_make_typed(tensors, count, 5, spec->gradient);
    fixture device = fixture_make_typed(tensors, count, 5, spec->gradient);
    mirror m = mirror_make(&here, &device, o.how);
    const gcs_cl_mem flag = memory_make(&here, GCS_CL_MEM_READ_WRITE, 2 * sizeof(float));
    float *shared = o.how == SHARED ? shared_make(&here, sizeof(float)) : NULL;
    mirror_send(&m);
    if (o.means)
        give_means(&cpu, &m);
    gcs_plan *on_cpu = plan_of(gcs_cpu(), spec, tensors, count);
    const gcs_cl_queue own = queue_make(&here, o.queue);
    gcs_plan *on_device =
        plan_of(gcs_opencl(here.context, here.device.id, own), spec, tensors, count);
    for (uint64_t t = 1; t <= 3; t++) {
        gcs_hyper hyper[GROUPS];
        const float found = t == 2;
        set_hyper(hyper, t);
        hyper[2].found_inf = &found;
        assert_ok(gcs_step(on_cpu, hyper, cpu.buffers));
        hyper[2].found_inf = NULL;
        set_flag(&m, flag, shared, found);
        assert_ok(step_once(on_device, &m, hyper, flag, shared));
        assert_cl(here.cl->finish(own));
        mirror_fetch(&m);
        assert_same_bits(&cpu, &device);
    }
    gcs_plan_destroy(on_cpu);
    gcs_plan_destroy(on_device);
    here.cl->queue_release(own);
    here.cl->mem_release(flag);
    if (shared != NULL)
        here.cl->svm_free(here.context, shared);
    mirror_free(&m);
    fixture_free(&cpu);
    fixture_free(&device);
}

/* Short rows and long, columns, several matrices, no groups: of each shape of loop that a device of
 * the processor takes. */
static const gcs_tensor shapes[] = {ROWS(40, 9), ROWS(7, 147),  COLS(27, 70), GENERAL(3, 5, 7),
                                    FLAT(1500),  ROWS(3, 2304), ROWS(1, 1),   COLS(1, 3)};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

/* A compiler takes a second or more for a kernel, so that not everything goes with everything: a
 * set of buffers with a type of gradients and a kind of copies. Of tensors that are not centred
 * there is one kernel. */
static void every_set_of_buffers_and_type(void **state) {
    (void)state;
    static const gcs_rule rules[] = {GCS_RULE_SGD, GCS_RULE_SGDM, GCS_RULE_ADAM, GCS_RULE_AMSGRAD,
                                     GCS_RULE_ADAGRAD};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const gcs_spec spec = {.rule = rules[i],
                               .gradient = (gcs_type)(i % 3),
                               .copy = (gcs_copy)i,
                               .maximize = i == GCS_COPY_F16};
        same_bits(&spec, shapes, SHAPES, (options){.how = (way)(i % 2)});
    }
}

/* GRADIENT is that of the other tests. Few kernels. */
static void every_centre(void **state) {
    (void)state;
    static const gcs_tensor few[] = {ROWS(40, 9), ROWS(33, 17), FLAT(1500)};
    static const gcs_spec specs[] = {
        {.rule = GCS_RULE_NESTEROV, .center = GCS_CENTER_RAW_GRADIENT},
        {.rule = GCS_RULE_ADAMW,
         .center = GCS_CENTER_UPDATE,
         .gradient = GCS_TYPE_BF16,
         .copy = GCS_COPY_F16_STOCHASTIC},
    };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
        same_bits(&specs[i], few, sizeof few / sizeof few[0], (options){.how = ONE});
}

static void every_way(void **state) {
    (void)state;
    const gcs_spec spec = {.rule = GCS_RULE_AMSGRAD, .center = GCS_CENTER_GRADIENT};
    for (int how = 0; how < WAYS; how++) {
        if (has_svm(&here) || (how != SHARED && how != MIXED))
            same_bits(&spec, shapes, SHAPES, (options){.how = (way)how});
        else
            printf("no fine-grained SVM here: way %d is left out\n", how);
    }
}

/* 40 tensors of 5 buffers. */
static void more_buffers_than_bindings(void **state) {
    (void)state;
    gcs_tensor many[40];
    const gcs_spec spec = {.rule = GCS_RULE_AMSGRAD, .center = GCS_CENTER_GRADIENT};
    for (size_t i = 0; i < 40; i++)
        many[i] = i % 5 == 4 ? gcs_flat(100 + i) : gcs_rows(3 + i % 4, 100 + i);
    same_bits(&spec, many, 40, (options){.how = EACH});
}

/* Shared by work-groups: three launches. */
static void long_groups(void **state) {
    (void)state;
    static const gcs_tensor some[] = {ROWS(1, 1100000), COLS(4200, 40), ROWS(1, 70001), ROWS(5, 3),
                                      COLS(2500, 37)};
    const gcs_spec spec = {.rule = GCS_RULE_AMSGRAD, .center = GCS_CENTER_GRADIENT};
    same_bits(&spec, some, sizeof some / sizeof some[0], (options){.how = ONE});
}

static void pieces_and_means(void **state) {
    (void)state;
    const gcs_tensor some[] = {gcs_shard(gcs_rows(20, 100), 150, 1200),   gcs_rows(30, 20),
                               gcs_shard(gcs_general(4, 10, 7), 75, 150), gcs_flat(99),
                               gcs_shard(gcs_cols(50, 30), 45, 1000),     gcs_general(3, 20, 9)};
    static const gcs_spec specs[] = {
        {.rule = GCS_RULE_AMSGRAD, .center = GCS_CENTER_GRADIENT},
        {.rule = GCS_RULE_ADAMW,
         .center = GCS_CENTER_UPDATE,
         .gradient = GCS_TYPE_BF16,
         .copy = GCS_COPY_F16_STOCHASTIC},
    };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
        same_bits(&specs[i], some, sizeof some / sizeof some[0],
                  (options){.how = i != 0 ? ONE : EACH, .means = true});
}

static void a_queue_without_order(void **state) {
    (void)state;
    const gcs_spec spec = {.rule = GCS_RULE_AMSGRAD, .center = GCS_CENTER_GRADIENT};
    if ((here.device.queue & GCS_CL_QUEUE_OUT_OF_ORDER) == 0)
        skip();
    for (int how = ONE; how <= EACH; how++)
        same_bits(&spec, shapes, SHAPES,
                  (options){.how = (way)how, .queue = GCS_CL_QUEUE_OUT_OF_ORDER});
}

/* The second plan has the binaries that the first one left. */
static void programs_that_are_kept(void **state) {
    (void)state;
    static const char *const expected[] = {".bin written\n", ".bin used\n"};
    static const gcs_tensor two[] = {ROWS(40, 9), FLAT(1500)};
    const gcs_spec spec = {.rule = GCS_RULE_AMSGRAD, .center = GCS_CENTER_GRADIENT};
    char folder[512];
    setenv("GCSTEP_OPENCL_CACHE", scratch_path(folder, "programs"), 1);
    setenv("GCSTEP_LOG", "debug", 1);
    for (int i = 0; i < 2; i++) {
        catch_stderr();
        same_bits(&spec, two, 2, (options){.how = ONE});
        char *log = release_stderr();
        assert_contains(log, expected[i]);
        free(log);
    }
    unsetenv("GCSTEP_LOG");
    setenv("GCSTEP_OPENCL_CACHE", "0", 1);
}

static int tests(void) {
    const struct CMUnitTest all[] = {
        cmocka_unit_test(every_set_of_buffers_and_type),
        cmocka_unit_test(every_centre),
        cmocka_unit_test(every_way),
        cmocka_unit_test(more_buffers_than_bindings),
        cmocka_unit_test(long_groups),
        cmocka_unit_test(pieces_and_means),
        cmocka_unit_test(a_queue_without_order),
        cmocka_unit_test_setup_teardown(programs_that_are_kept, scratch_make, scratch_remove),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}

int main(void) {
    return on_a_device(tests);
}
