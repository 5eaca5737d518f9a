/* Steps of a plan for a GPU: what is launched, copied and checked. The kernels do not run here, and
 * nobody reads what the buffers hold. */
#include "cuda_fixture.h"

#include "models/model.h"

#include <stdio.h>

/* A row that is split, columns of both kinds, several matrices, and a tensor of each layout. */
static const gcs_tensor tensors[] = {ROWS(64, 147),   COLS(3000, 70),    ROWS(3, 300000),
                                     FLAT(7777),      GENERAL(5, 30, 9), ROWS(40, 3),
                                     COLS(100, 1000), ROWS(10, 9000),    ROWS(2, 2000),
                                     ROWS(2, 600000), COLS(5000, 40)};
enum { TENSORS = sizeof tensors / sizeof tensors[0] };

static gcs_plan *plan_of(const gcs_tensor *of, size_t count, gcs_spec spec, void *stream) {
    gcs_plan *plan;
    assert_ok(gcs_plan_create(&plan, gcs_cuda(stream), &spec, of, count));
    return plan;
}

/* One for each kernel that steps a tensor, two where it splits groups. */
static unsigned launches_of(const gcs_plan *plan) {
    unsigned count = 0;
    for (size_t i = 0; i < gcs_plan_tensors(plan); i++) {
        const char *name = gcs_plan_kernel(plan, i);
        bool is_new = true;
        for (size_t k = 0; k < i; k++)
            is_new = is_new && strcmp(name, gcs_plan_kernel(plan, k)) != 0;
        count += is_new ? 1U + splits(kernel_of_symbol(name)) : 0;
    }
    return count;
}

static unsigned split_kernels(const gcs_plan *plan) {
    unsigned count = 0;
    for (size_t i = 0; i < gcs_plan_tensors(plan); i++) {
        const char *name = gcs_plan_kernel(plan, i);
        bool is_new = splits(kernel_of_symbol(name));
        for (size_t k = 0; k < i; k++)
            is_new = is_new && strcmp(name, gcs_plan_kernel(plan, k)) != 0;
        count += is_new;
    }
    return count;
}

/* On the same GPU, kernels that the driver made of PTX for an older one: they have neither clusters
 * nor a way to wait for the launch before. */
static void older_code(void **state) {
    (void)state;
    fixture f = fixture_blank(tensors, TENSORS, GCS_TYPE_F32);
    noted n = noted_open(&f);
    standin_set_hook(note, &n);
    standin_code = 75;
    const gcs_hyper hyper = fixture_hyper(3);
    gcs_plan *plan = plan_of(tensors, TENSORS, gcs_spec_sgdm(), NULL);
    assert_ok(gcs_step(plan, &hyper, f.buffers));
    assert_true(n.launches > 1);
    assert_int_equal(n.overlapping, 0);
    gcs_plan_destroy(plan);
    const gcs_tensor for_clusters = gcs_rows(2, 60000);
    plan = plan_of(&for_clusters, 1, gcs_spec_sgdm(), NULL);
    assert_int_equal(kernel_of_symbol(gcs_plan_kernel(plan, 0))->cluster, 1);
    gcs_plan_destroy(plan);
    standin_code = 90;
    plan = plan_of(&for_clusters, 1, gcs_spec_sgdm(), NULL);
    assert_true(kernel_of_symbol(gcs_plan_kernel(plan, 0))->cluster > 1);
    gcs_plan_destroy(plan);
    noted_close(&n);
    fixture_free(&f);
}

static void every_element_once(void **state) {
    (void)state;
    fixture f = fixture_blank(tensors, TENSORS, GCS_TYPE_F32);
    noted n = noted_open(&f);
    standin_set_hook(note, &n);
    const gcs_hyper hyper = fixture_hyper(3);
    for (size_t r = 0; r < ALL_RULES; r++) {
        for (int center = GCS_CENTER_NONE; center <= GCS_CENTER_UPDATE; center++) {
            gcs_plan *plan =
                plan_of(tensors, TENSORS,
                        (gcs_spec){.rule = all_rules[r], .center = (gcs_center)center}, NULL);
            n.launches = n.overlapping = 0;
            assert_ok(gcs_step(plan, &hyper, f.buffers));
            assert_stepped(&n, 1);
            assert_int_equal(n.launches, launches_of(plan));
            /* All but the first and those that need the sums of the one before. */
            assert_int_equal(n.overlapping, n.launches - 1 - split_kernels(plan));
            assert_int_equal(n.last_lets, 0);
            assert_int_equal(n.given, 0);
            gcs_plan_destroy(plan);
        }
    }
    noted_close(&n);
    fixture_free(&f);
}

/* No allocation, no waiting, no copy while the buffers stay the same, and few launches. */
static void what_a_step_calls(void **state) {
    (void)state;
    fixture f = fixture_blank(tensors, TENSORS, GCS_TYPE_F32);
    noted n = noted_open(&f);
    standin_set_hook(note, &n);
    gcs_plan *plan = plan_of(tensors, TENSORS, gcs_spec_adamw(), NULL);
    gcs_hyper hyper = fixture_hyper(1);
    assert_ok(gcs_step(plan, &hyper, f.buffers));
    assert_int_equal(standin_calls("cuPointerGetAttributes"), 1); /* all is one allocation */
    const unsigned waited = calls_that_wait_or_allocate(), copied = copies();
    for (hyper.t = 2; hyper.t < 30; hyper.t++)
        assert_ok(gcs_step(plan, &hyper, f.buffers));
    assert_int_equal(copies(), copied);
    assert_int_equal(standin_calls("cuPointerGetAttributes"), 1);
    assert_stepped(&n, 29);
    /* Nor while only the flag's address changes, as GradScaler's does. */
    for (unsigned i = 0; i < 5; i++, hyper.t++) {
        hyper.found_inf = f.memory + i;
        assert_ok(gcs_step(plan, &hyper, f.buffers));
        assert_ptr_equal(n.last.inline_groups[0].found_inf, f.memory + i);
    }
    assert_int_equal(copies(), copied);
    /* Other buffers each time: one copy each. */
    gcs_buffers *b = f.buffers;
    for (unsigned i = 0; i < 30; i++, hyper.t++) {
        const void *g = b[0].g;
        b[0].g = b[5].g;
        b[5].g = g;
        /* Of tensor 5 there is less than tensor 0 needs, but nothing runs here. */
        assert_ok(gcs_step(plan, &hyper, b));
        assert_ptr_equal(n.last.matrices[0].g, b[0].g);
    }
    assert_int_equal(copies(), copied + 30);
    assert_int_equal(calls_that_wait_or_allocate(), waited);
    gcs_plan_destroy(plan);
    assert_int_equal(standin_alive(), 0);
    noted_close(&n);
    fixture_free(&f);
}

/* What the kernels are told. */
static void parameters(void **state) {
    (void)state;
    enum { GROUPS = 3 };
    gcs_tensor grouped[] = {ROWS(10, 70), ROWS(20, 70), FLAT(9)};
    for (uint32_t i = 0; i < GROUPS; i++)
        grouped[i].group = i;
    grouped[1].id = 77;
    fixture f = fixture_blank(grouped, GROUPS, GCS_TYPE_F32);
    noted n = noted_open(&f);
    standin_set_hook(note, &n);
    gcs_plan *plan = plan_of(grouped, GROUPS, gcs_spec_sgdm(), NULL);
    float *flag = &f.memory[0];
    gcs_hyper hyper[GROUPS] = {fixture_hyper(1), fixture_hyper(2), fixture_hyper(3)};
    hyper[1].lr = 0.5;
    hyper[2].found_inf = flag;
    assert_ok(gcs_step(plan, hyper, f.buffers));
    const gcs_cuda_group *groups = n.last.inline_groups;
    assert_null(n.last.groups);
    assert_int_equal(n.last.form.rule, GCS_RULE_SGDM);
    for (size_t i = 0; i < GROUPS; i++) {
        const gcs_cuda_matrix *x = &n.last.matrices[i];
        assert_int_equal(groups[i].first_step, i == 0);
        assert_ptr_equal(groups[i].found_inf, i == 2 ? flag : NULL);
        assert_true(groups[i].coef.step == (i == 1 ? 0.5F : 0.1F));
        assert_int_equal(x->group, i);
        assert_int_equal(x->id, i == 1 ? 77 : i + 1);
        assert_ptr_equal(x->w, f.buffers[i].w);
        assert_ptr_equal(x->m, f.buffers[i].m);
        assert_null(x->v);
        assert_null(x->v_max);
        assert_null(x->copy);
    }
    gcs_plan_destroy(plan);
    noted_close(&n);
    fixture_free(&f);
}

/* More parameter groups than a launch carries. */
static void many_groups(void **state) {
    (void)state;
    enum { GROUPS = GCS_CUDA_INLINE_GROUPS + 1 };
    gcs_tensor grouped[GROUPS];
    gcs_hyper hyper[GROUPS];
    for (uint32_t i = 0; i < GROUPS; i++) {
        grouped[i] = gcs_rows(4, 30);
        grouped[i].group = i;
        hyper[i] = fixture_hyper(5);
        hyper[i].lr = i;
    }
    fixture f = fixture_blank(grouped, GROUPS, GCS_TYPE_F32);
    noted n = noted_open(&f);
    standin_set_hook(note, &n);
    gcs_plan *plan = plan_of(grouped, GROUPS, gcs_spec_sgd(), NULL);
    const unsigned copied = copies();
    for (uint64_t t = 5; t < 8; t++) {
        hyper[GROUPS - 1].t = t;
        hyper[GROUPS - 1].lr = (double)t;
        assert_ok(gcs_step(plan, hyper, f.buffers));
        assert_non_null(n.last.groups);
        assert_true(n.last.groups[GROUPS - 1].coef.step == (float)t);
        assert_true(n.last.groups[3].coef.step == 3.0F);
        assert_ptr_equal(n.last.matrices[3].w, f.buffers[3].w);
    }
    assert_int_equal(copies(), copied + 3);
    assert_stepped(&n, 3);
    gcs_plan_destroy(plan);
    noted_close(&n);
    fixture_free(&f);
}

/* Whole networks, whatever their number of tensors. Nobody reads their memory, which is where no
 * process has any. */
static void few_launches(void **state) {
    (void)state;
    char *const nowhere = (char *)((uintptr_t)1 << 56);
    static const struct {
        const char *model;
        unsigned most;
    } cases[] = {{"resnet50", 6}, {"vit_b16", 6}, {"gpt2_124m", 6}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        gcs_model model;
        char error[200];
        assert_true(gcs_model_load(&model, cases[c].model, error, sizeof error));
        gcs_tensor *list = calloc(model.count, sizeof *list);
        gcs_buffers *buffers = calloc(model.count, sizeof *buffers);
        assert_true(list != NULL && buffers != NULL);
        char *at = nowhere;
        standin_reset();
        standin_parameter_bytes = sizeof(gcs_cuda_launch);
        standin_register(at, (size_t)1 << 40, STANDIN_DEVICE, 0);
        for (size_t i = 0; i < model.count; i++) {
            list[i] = gcs_model_as_tensor(&model.tensors[i]);
            const size_t bytes = 4 * gcs_model_tensor_elements(&model.tensors[i]);
            buffers[i] = (gcs_buffers){.w = (float *)(void *)at,
                                       .g = at + bytes,
                                       .m = (float *)(void *)(at + 2 * bytes),
                                       .v = (float *)(void *)(at + 3 * bytes)};
            at += 4 * bytes;
        }
        gcs_plan *plan = plan_of(list, model.count, gcs_spec_adamw(), NULL);
        const gcs_hyper hyper = gcs_hyper_default();
        const unsigned copied = copies();
        assert_ok(gcs_step(plan, &hyper, buffers));
        print_message("%s: %zu tensors, %u launches\n", cases[c].model, model.count,
                      standin_calls("cuLaunchKernelEx"));
        assert_in_range(standin_calls("cuLaunchKernelEx"), 1, cases[c].most);
        assert_int_equal(copies(), copied + 1);
        gcs_plan_destroy(plan);
        standin_forget(nowhere);
        free(list);
        free(buffers);
        gcs_model_free(&model);
    }
}

/* The steps of split groups begin with what the sums have read last. */
typedef struct turned {
    gcs_cuda_work first, last; /* items of the launch before */
    unsigned pairs;
} turned;

static int note_turn(void *context, const standin_launch *launch) {
    turned *t = context;
    const gcs_cuda_launch *parameter = launch->parameter;
    const gcs_cuda_work first = parameter->work[0], last = parameter->work[launch->grid - 1];
    if (!splits(kernel_of_symbol(launch->symbol)))
        return 0;
    if (first.phase == 1) {
        assert_int_equal(first.matrix, t->last.matrix);
        assert_int_equal(first.first, t->last.first);
        assert_int_equal(last.matrix, t->first.matrix);
        assert_int_equal(last.first, t->first.first);
        assert_true(first.part > 0);
        assert_int_equal(last.part, 0);
        t->pairs++;
    }
    t->first = first;
    t->last = last;
    return 0;
}

static void split_steps_turn_back(void **state) {
    (void)state;
    static const gcs_tensor some[] = {ROWS(3, 600000), ROWS(1, 700000), COLS(5000, 200),
                                      COLS(6000, 70)};
    fixture f = fixture_blank(some, 4, GCS_TYPE_F32);
    noted n = noted_open(&f);
    turned t = {.pairs = 0};
    standin_set_hook(note_turn, &t);
    gcs_plan *plan = plan_of(some, 4, gcs_spec_sgdm(), NULL);
    const gcs_hyper hyper = fixture_hyper(2);
    assert_ok(gcs_step(plan, &hyper, f.buffers));
    assert_int_equal(t.pairs, 2);
    gcs_plan_destroy(plan);
    noted_close(&n);
    fixture_free(&f);
}

/* ---- Means --------------------------------------------------------------------------------- */

/* Tensors with means in any mixture, and those that are always given them. */
static void given_means(void **state) {
    (void)state;
    gcs_tensor some[] = {ROWS(64, 147), ROWS(30, 20), COLS(300, 70), ROWS(3, 300000), FLAT(99)};
    enum { SOME = sizeof some / sizeof some[0], CUT = 1 };
    some[CUT] = gcs_shard(some[CUT], 7, 500);
    fixture f = fixture_blank(some, SOME, GCS_TYPE_F32);
    noted n = noted_open(&f);
    standin_set_hook(note, &n);
    gcs_plan *plan = plan_of(some, SOME, gcs_spec_sgdm(), NULL);
    gcs_hyper hyper = fixture_hyper(3);
    hyper.weight_decay = 0;
    assert_fails(gcs_step(plan, &hyper, f.buffers), GCS_INVALID_ARGUMENT, "means");
    assert_int_equal(n.launches, 0);
    for (unsigned set = 0; set < 1U << SOME; set++) {
        for (unsigned i = 0; i < SOME; i++) {
            const bool given = (set >> i & 1) != 0 || i == CUT;
            f.buffers[i].means = given ? f.buffers[i].v : NULL;
            f.buffers[i].means_count = given ? gcs_tensor_groups(&some[i]) : 0;
        }
        n.given = n.launches = 0;
        assert_ok(gcs_step(plan, &hyper, f.buffers));
        assert_stepped(&n, 1);
        assert_true(n.given >= 1);
        if (set == 0)
            assert_int_equal(n.given, 1);
    }
    gcs_plan_destroy(plan);
    noted_close(&n);
    fixture_free(&f);
}

/* A piece that cuts groups becomes matrices with the means of their groups. */
static void pieces(void **state) {
    (void)state;
    const gcs_tensor piece = gcs_shard(gcs_general(4, 10, 7), 75, 150); /* from row 0 of matrix 1 */
    fixture f = fixture_blank(&piece, 1, GCS_TYPE_F32);
    noted n = noted_open(&f);
    standin_set_hook(note, &n);
    gcs_spec spec = gcs_spec_sgd();
    gcs_plan *plan = plan_of(&piece, 1, spec, NULL);
    gcs_hyper hyper = fixture_hyper(3);
    hyper.weight_decay = 0;
    f.buffers->means = f.buffers->v;
    f.buffers->means_count = gcs_tensor_groups(&piece);
    assert_ok(gcs_step(plan, &hyper, f.buffers));
    assert_stepped(&n, 1);
    /* Elements 75 and 76 are columns 5 and 6 of a row; matrix 1 goes on from 77. */
    const gcs_cuda_matrix *x = n.last.matrices;
    assert_int_equal(x[0].rows * x[0].cols, 2);
    assert_ptr_equal(x[0].means, f.buffers->means + 5);
    assert_int_equal(x[0].index, 75);
    assert_int_equal(x[1].index, 77);
    assert_ptr_equal(x[1].means, f.buffers->means);
    gcs_plan_destroy(plan);
    noted_close(&n);
    fixture_free(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(older_code),
        cmocka_unit_test(every_element_once),
        cmocka_unit_test(what_a_step_calls),
        cmocka_unit_test(parameters),
        cmocka_unit_test(many_groups),
        cmocka_unit_test(few_launches),
        cmocka_unit_test(split_steps_turn_back),
        cmocka_unit_test(given_means),
        cmocka_unit_test(pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
