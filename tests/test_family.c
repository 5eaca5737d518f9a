/* The library against the double reference: every rule, centre, layout and type, one thread and
 * three, through the public interface. The kernels by themselves are held to a sharper bound by
 * `gcstep verify`; this finds what goes wrong between gcs_step and them. */
#include "tests/step_fixture.h"

#include "check/order.h"
#include "dispatch/plan.h"
#include "dispatch/registry.h"
#include "reference/reference.h"
#include <math.h>

static const double unit = 0x1p-24; /* largest relative rounding of a float */

static const gcs_center centers[] = {GCS_CENTER_NONE, GCS_CENTER_GRADIENT, GCS_CENTER_RAW_GRADIENT,
                                     GCS_CENTER_UPDATE};
enum { CENTERS = 4, TYPES = 3, COPIES = 5 };

/* Short rows and long ones, one that three threads share, groups of more than one run and of more
 * than one segment, and pieces that consist of whole groups. */
static const gcs_tensor whole[] = {
    ROWS(5, 37),
    ROWS(30, 9),
    ROWS(2, 1500),
    ROWS(1, 66000),
    COLS(70, 11),
    COLS(130, 3),
    GENERAL(4, 9, 5),
    GENERAL(7, 3, 2),
    FLAT(101),
    {.layout = GCS_LAYOUT_ROWS, .rows = 9, .cols = 8, .offset = 24, .count = 32},
    {.layout = GCS_LAYOUT_COLS, .rows = 6, .cols = 5, .outer = 4, .offset = 30, .count = 60},
    {.layout = GCS_LAYOUT_FLAT, .rows = 1, .cols = 99, .offset = 31, .count = 40},
};

/* Pieces that cut groups at both ends, at one end, inside one group, and long rows that three
 * threads share. */
static const gcs_tensor pieces[] = {
    {.layout = GCS_LAYOUT_ROWS, .rows = 9, .cols = 11, .offset = 13, .count = 60},
    {.layout = GCS_LAYOUT_ROWS, .rows = 9, .cols = 300, .offset = 600, .count = 1000},
    {.layout = GCS_LAYOUT_ROWS, .rows = 3, .cols = 50, .offset = 60, .count = 20},
    {.layout = GCS_LAYOUT_ROWS, .rows = 2, .cols = 70000, .offset = 1000, .count = 72000},
    {.layout = GCS_LAYOUT_COLS, .rows = 80, .cols = 11, .offset = 15, .count = 800},
    {.layout = GCS_LAYOUT_COLS, .rows = 80, .cols = 11, .offset = 15, .count = 3},
    {.layout = GCS_LAYOUT_COLS, .rows = 9, .cols = 7, .outer = 5, .offset = 10, .count = 290},
    {.layout = GCS_LAYOUT_COLS, .rows = 9, .cols = 7, .outer = 5, .offset = 63, .count = 70},
    ROWS(6, 33),
    ROWS(1, 66000),
    COLS(70, 9),
    GENERAL(4, 9, 5),
};
enum { WHOLE = sizeof whole / sizeof *whole, PIECES = sizeof pieces / sizeof *pieces };
enum { MEANS = 64 }; /* groups of any of the pieces, at most */

static gcs_hyper hyper_at(uint64_t t) {
    gcs_hyper hyper = fixture_hyper(t);
    hyper.grad_scale = 0.75;
    hyper.clip = 0.8;
    hyper.seed = 2024;
    return hyper;
}

/* ---- Bounds --------------------------------------------------------------------------------- */

/* |y| < 1: an element goes through `depth` additions on its way into the mean and some more
 * operations, so x is off by this; twice, for what the state adds to it. */
static double error_of_x(const gcs_tensor *t) {
    const bool rows = t->layout != GCS_LAYOUT_COLS;
    return 2 * ((double)gcs_order_depth(rows ? t->cols : t->rows, rows) + 10) * unit;
}

/* How much of that each buffer can get: v = v + x^2 has the slope 2 |x| < 4. The change is x, or m,
 * or m / (root + eps) with eps 1/2, times lr or lr / (1 - beta1); 8 covers it. */
static void compare(const gcs_spec *spec, const gcs_tensor *t, const char *name, const float *got,
                    const double *want, double bound) {
    for (size_t i = 0; i < fixture_elements(t); i++) {
        if (!(fabs((double)got[i] - want[i]) <= bound))
            fail_msg("%s_%s %s %llu x %llu: %s[%zu] is %.9g, must be %.9g, off by more than %.3g",
                     gcs_rule_name(spec->rule), gcs_center_name(spec->center),
                     gcs_view_name((gcs_view)t->layout), (unsigned long long)t->rows,
                     (unsigned long long)t->cols, name, i, (double)got[i], want[i], bound);
    }
}

static void compare_copies(const gcs_spec *spec, const gcs_tensor *t, const gcs_buffers *b) {
    for (size_t i = 0; spec->copy != GCS_COPY_NONE && i < fixture_elements(t); i++) {
        const uint16_t bits = ((const uint16_t *)b->copy)[i];
        if (!gcs_reference_copy_fits(spec->copy, b->w[i], bits))
            fail_msg("%s: %04x is no copy of %.9g", gcs_copy_name(spec->copy), bits,
                     (double)b->w[i]);
        if (i > 300)
            i += 97; /* the reference takes its time */
    }
}

/* ---- What is expected ----------------------------------------------------------------------- */

/* The reference's results for a list of tensors. */
typedef struct expected {
    double *memory;
    gcs_reference_out *out; /* [count] */
} expected;

static expected reference_steps(const gcs_spec *spec, const gcs_hyper *hyper, const fixture *f) {
    expected e = {.out = calloc(f->count, sizeof *e.out)};
    size_t n = 0;
    for (size_t k = 0; k < f->count; k++)
        n += fixture_elements(&f->tensors[k]);
    e.memory = malloc(4 * n * sizeof(double));
    assert_non_null(e.out);
    assert_non_null(e.memory);
    double *next = e.memory;
    for (size_t k = 0; k < f->count; k++) {
        const gcs_buffers *b = &f->buffers[k];
        n = fixture_elements(&f->tensors[k]);
        e.out[k] = (gcs_reference_out){next, next + n, next + 2 * n, next + 3 * n};
        next += 4 * n;
        gcs_reference_step(spec, &f->tensors[k], hyper,
                           &(gcs_reference_in){.w = b->w,
                                               .g = b->g,
                                               .m = b->m,
                                               .v = b->v,
                                               .v_max = b->v_max,
                                               .means = b->means,
                                               .w_means = b->w_means},
                           &e.out[k]);
    }
    return e;
}

static void expected_free(expected *e) {
    free(e->memory);
    free(e->out);
}

static void compare_all(const gcs_spec *spec, const fixture *f, const expected *e) {
    for (size_t k = 0; k < f->count; k++) {
        const gcs_tensor *t = &f->tensors[k];
        const gcs_buffers *b = &f->buffers[k];
        const double error = error_of_x(t);
        compare(spec, t, "w", b->w, e->out[k].w, 8 * error);
        if (gcs_rule_has_m(spec->rule))
            compare(spec, t, "m", b->m, e->out[k].m, error);
        if (gcs_rule_has_v(spec->rule))
            compare(spec, t, "v", b->v, e->out[k].v,
                    spec->rule == GCS_RULE_ADAGRAD ? 4 * error : error / 2);
        if (gcs_rule_has_v_max(spec->rule))
            compare(spec, t, "v_max", b->v_max, e->out[k].v_max, error / 2);
    }
}

/* A copy that is made beside changes nothing else: all but it has the bits of `other`. */
static void compare_but_copies(const fixture *f, const fixture *other) {
    for (size_t k = 0; k < f->count; k++) {
        const size_t floats = (FIXTURE_BUFFERS - 1) * fixture_elements(&f->tensors[k]);
        assert_same_memory(f->buffers[k].w, other->buffers[k].w, floats * sizeof(float));
    }
}

/* ---- The steps ------------------------------------------------------------------------------ */

typedef struct results {
    fixture one, three; /* of a step by so many threads */
    fixture first;      /* of the first copy */
} results;

static results results_make(const fixture *start) {
    return (results){.one = fixture_blank(start->tensors, start->count, start->gradient),
                     .three = fixture_blank(start->tensors, start->count, start->gradient),
                     .first = fixture_blank(start->tensors, start->count, start->gradient)};
}

static void results_free(results *r) {
    fixture_free(&r->one);
    fixture_free(&r->three);
    fixture_free(&r->first);
}

/* One step by one thread and by three, from the same start. */
static void make_steps(const gcs_spec *spec, const gcs_hyper *hyper, const fixture *start,
                       results *r) {
    fixture *const runs[] = {&r->one, &r->three};
    for (int i = 0; i < 2; i++) {
        gcs_target target = gcs_cpu();
        gcs_plan *plan = NULL;
        target.threads = 1 + 2 * i;
        fixture_copy(runs[i], start);
        assert_ok(gcs_plan_create(&plan, target, spec, start->tensors, start->count));
        assert_ok(gcs_step(plan, hyper, runs[i]->buffers));
        gcs_plan_destroy(plan);
    }
    assert_same_bits(&r->one, &r->three);
}

/* Rules with all that changes their coefficients, copies beside. */
static void check_rule(gcs_rule rule, gcs_center center, const fixture *start) {
    results r = results_make(start);
    for (int flags = 0; flags < 4; flags++) {
        gcs_spec spec = {.rule = rule,
                         .center = center,
                         .gradient = start->gradient,
                         .maximize = flags % 2 != 0,
                         .authors_form = flags / 2 != 0};
        /* t = 1 where the state is poisoned: it must not be read. */
        const gcs_hyper hyper = hyper_at(flags == 0 ? 1 : (uint64_t)flags + 2);
        expected want = reference_steps(&spec, &hyper, start);
        for (int copy = flags; copy < COPIES; copy += flags == 0 ? 1 : 3) {
            spec.copy = (gcs_copy)copy;
            make_steps(&spec, &hyper, start, &r);
            if (copy == flags) {
                compare_all(&spec, &r.one, &want);
                fixture_copy(&r.first, &r.one);
            } else {
                compare_but_copies(&r.one, &r.first);
            }
            for (size_t k = 0; k < start->count; k++)
                compare_copies(&spec, &start->tensors[k], &r.one.buffers[k]);
        }
        expected_free(&want);
    }
    results_free(&r);
}

static void every_rule_centre_layout_and_type(void **state) {
    (void)state;
    for (int type = 0; type < TYPES; type++) {
        fixture start = fixture_make_typed(whole, WHOLE, 31, (gcs_type)type);
        for (int r = 0; r < ALL_RULES; r++)
            for (int c = 0; c < CENTERS; c++)
                check_rule(all_rules[r], centers[c], &start);
        fixture_free(&start);
    }
}

/* Means that have nothing to do with g, so that they tell. */
static void every_rule_and_centre_with_given_means(void **state) {
    (void)state;
    float means[MEANS], w_means[MEANS];
    for (uint64_t i = 0; i < MEANS; i++) {
        means[i] = 0.5f * fixture_value(91, i);
        w_means[i] = 0.5f * fixture_value(92, i);
    }
    for (int type = 0; type < TYPES; type++) {
        fixture start = fixture_make_typed(pieces, PIECES, 32, (gcs_type)type);
        for (size_t k = 0; k < PIECES; k++) {
            assert_true(gcs_tensor_groups(&pieces[k]) <= MEANS);
            start.buffers[k].means = means;
            start.buffers[k].w_means = w_means;
            start.buffers[k].means_count = gcs_tensor_groups(&pieces[k]);
        }
        for (int r = 0; r < ALL_RULES; r++)
            for (int c = 1; c < CENTERS; c++)
                check_rule(all_rules[r], centers[c], &start);
        fixture_free(&start);
    }
}

/* The bounds above must see a hyper-parameter that is off by a thousandth. */
static void the_bounds_can_fail(void **state) {
    (void)state;
    for (int r = 0; r < ALL_RULES; r++) {
        const gcs_spec spec = {.rule = all_rules[r], .center = GCS_CENTER_GRADIENT};
        fixture f = fixture_make(whole, 1, 33);
        gcs_hyper hyper = hyper_at(3), off = hyper;
        off.grad_scale *= 1.001;
        expected want = reference_steps(&spec, &off, &f);
        double largest = 0;
        assert_ok(gcs_step_tensor(&spec, whole, &hyper, f.buffers));
        for (size_t i = 0; i < fixture_elements(whole); i++)
            largest = larger(largest, fabs((double)f.buffers[0].w[i] - want.out[0].w[i]));
        assert_true(largest > 8 * error_of_x(whole));
        expected_free(&want);
        fixture_free(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_centre_layout_and_type),
        cmocka_unit_test(every_rule_and_centre_with_given_means),
        cmocka_unit_test(the_bounds_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
