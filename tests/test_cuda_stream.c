/* Steps that are under way while others are enqueued, and steps that a CUDA graph holds. */
#include "cuda_fixture.h"

#include "dispatch/cuda/uploads.h"

static const gcs_tensor tensors[] = {ROWS(64, 147), ROWS(3, 300000), FLAT(500)};
enum { TENSORS = 3 };

typedef struct setting {
    fixture f;
    noted n;
    gcs_plan *plan;
    gcs_hyper hyper;
    void *stream;
} setting;

static void open_setting(setting *s) {
    s->f = fixture_make(tensors, TENSORS, 1);
    s->n = noted_open(&s->f);
    standin_set_hook(note, &s->n);
    s->hyper = fixture_hyper(2);
    s->stream = standin_stream(0);
    const gcs_spec spec = gcs_spec_sgdm();
    assert_ok(gcs_plan_create(&s->plan, gcs_cuda(s->stream), &spec, tensors, TENSORS));
}

static void close_setting(setting *s) {
    gcs_plan_destroy(s->plan);
    noted_close(&s->n);
    fixture_free(&s->f);
}

/* Gradients at another place in each step: the whole of tensor 2's, from one of its other buffers.
 */
static void change(setting *s, unsigned i) {
    const float *const places[] = {s->f.buffers[2].v, s->f.buffers[2].v_max,
                                   fixture_gradient(&s->f, 2)};
    s->f.buffers[2].g = places[i % 3];
}

static const void *place_of_change(const setting *s, unsigned i) {
    return i % 3 == 0   ? s->f.buffers[2].v
           : i % 3 == 1 ? s->f.buffers[2].v_max
                        : fixture_gradient(&s->f, 2);
}

/* Notes of each step where its launches find the gradient of tensor 2. */
typedef struct places {
    setting *s;
    const void *g[64];
    unsigned count;
} places;

static int note_place(void *context, const standin_launch *launch) {
    places *p = context;
    const int result = note(&p->s->n, launch);
    const gcs_cuda_launch *parameter = launch->parameter;
    if (kernel_of_symbol(launch->symbol)->row.view == GCS_VIEW_FLAT)
        p->g[p->count++] = parameter->matrices[2].g;
    return result;
}

/* As many steps as there are slots are enqueued before the first runs: each runs with its own
 * addresses, and none has waited. */
static void steps_under_way(void **state) {
    (void)state;
    setting s;
    open_setting(&s);
    places p = {.s = &s};
    standin_set_hook(note_place, &p);
    standin_hold();
    for (unsigned i = 0; i < GCS_CUDA_SLOTS; i++) {
        change(&s, i);
        assert_ok(gcs_step(s.plan, &s.hyper, s.f.buffers));
    }
    assert_int_equal(s.n.launches, 0);
    assert_int_equal(standin_calls("cuStreamQuery"), 0);
    standin_go_on(UINT32_MAX);
    assert_int_equal(p.count, GCS_CUDA_SLOTS);
    for (unsigned i = 0; i < GCS_CUDA_SLOTS; i++)
        assert_ptr_equal(p.g[i], place_of_change(&s, i));
    assert_stepped(&s.n, GCS_CUDA_SLOTS);
    close_setting(&s);
}

/* One more waits for the first of them, which goes on as time passes. */
static void a_step_too_many(void **state) {
    (void)state;
    setting s;
    open_setting(&s);
    standin_hold();
    for (unsigned i = 0; i < GCS_CUDA_SLOTS; i++) {
        change(&s, i);
        assert_ok(gcs_step(s.plan, &s.hyper, s.f.buffers));
    }
    change(&s, GCS_CUDA_SLOTS);
    standin_fail("cuStreamQuery", 700, 0);
    assert_fails(gcs_step(s.plan, &s.hyper, s.f.buffers), GCS_DEVICE_ERROR,
                 "CUDA_ERROR_ILLEGAL_ADDRESS");
    standin_passing = 1;
    assert_ok(gcs_step(s.plan, &s.hyper, s.f.buffers));
    assert_int_equal(standin_calls("cuStreamQuery"), 1 + 2); /* the first step's copies */
    standin_go_on(UINT32_MAX);
    assert_stepped(&s.n, GCS_CUDA_SLOTS + 1);
    close_setting(&s);
}

/* A graph keeps its addresses, whatever plain steps do in between; and they theirs. */
static void a_graph(void **state) {
    (void)state;
    setting s;
    open_setting(&s);
    places p = {.s = &s};
    standin_set_hook(note_place, &p);
    change(&s, 0);
    assert_ok(gcs_step(s.plan, &s.hyper, s.f.buffers));
    change(&s, 1);
    standin_begin_capture(s.stream);
    assert_ok(gcs_step(s.plan, &s.hyper, s.f.buffers));
    standin_end_capture();
    assert_int_equal(p.count, 1);
    assert_true(standin_captured() > 0 && standin_captured() <= 6); /* launches, and nothing else */
    change(&s, 0);
    assert_ok(gcs_step(s.plan, &s.hyper, s.f.buffers));
    assert_int_equal(standin_replay(), 0);
    change(&s, 2);
    assert_ok(gcs_step(s.plan, &s.hyper, s.f.buffers));
    assert_int_equal(standin_replay(), 0);
    assert_ok(gcs_step(s.plan, &s.hyper, s.f.buffers));
    static const unsigned expected[] = {0, 0, 1, 2, 1, 2};
    assert_int_equal(p.count, sizeof expected / sizeof expected[0]);
    for (unsigned i = 0; i < p.count; i++)
        assert_ptr_equal(p.g[i], place_of_change(&s, expected[i]));
    assert_stepped(&s.n, p.count);
    close_setting(&s);
}

/* The same buffers again need no further place; others do, and there is an end to it. */
static void many_graphs(void **state) {
    (void)state;
    setting s;
    open_setting(&s);
    const float *from = s.f.buffers[2].v;
    for (unsigned i = 0; i < 3 * GCS_CUDA_CAPTURES; i++) {
        s.f.buffers[2].g = from + i % GCS_CUDA_CAPTURES;
        standin_begin_capture(s.stream);
        assert_ok(gcs_step(s.plan, &s.hyper, s.f.buffers));
        standin_end_capture();
        assert_true(standin_captured() > 0);
        assert_int_equal(standin_replay(), 0);
        assert_ptr_equal(s.n.last.matrices[2].g, s.f.buffers[2].g);
    }
    s.f.buffers[2].g = from + GCS_CUDA_CAPTURES;
    standin_begin_capture(s.stream);
    assert_fails(gcs_step(s.plan, &s.hyper, s.f.buffers), GCS_UNSUPPORTED, "plan");
    assert_int_equal(standin_captured(), 0);
    standin_end_capture();
    assert_ok(gcs_step(s.plan, &s.hyper, s.f.buffers));
    close_setting(&s);
}

/* A plain step in another stream, while some stream of the process is captured, asks the device
 * nothing that would spoil the capture. */
static void beside_a_capture(void **state) {
    (void)state;
    setting s;
    open_setting(&s);
    void *other = standin_stream(0);
    standin_begin_capture(other);
    for (unsigned i = 0; i < 5; i++) {
        change(&s, i);
        assert_ok(gcs_step(s.plan, &s.hyper, s.f.buffers));
    }
    assert_int_equal(standin_captured(), 0);
    standin_end_capture();
    close_setting(&s);
}

/* The stream of a step is the one that was set. */
static void another_stream(void **state) {
    (void)state;
    setting s;
    open_setting(&s);
    void *other = standin_stream(0);
    assert_ok(gcs_plan_set_stream(s.plan, other));
    assert_ok(gcs_step(s.plan, &s.hyper, s.f.buffers));
    standin_begin_capture(other);
    assert_ok(gcs_step(s.plan, &s.hyper, s.f.buffers));
    standin_end_capture();
    assert_true(standin_captured() > 0);
    close_setting(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_under_way),  cmocka_unit_test(a_step_too_many),
        cmocka_unit_test(a_graph),          cmocka_unit_test(many_graphs),
        cmocka_unit_test(beside_a_capture), cmocka_unit_test(another_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
