/* Pieces of tensors: their groups, and that they are stepped as the whole tensor is. */
#include "tests/step_fixture.h"

#include "check/order.h"
#include "dispatch/plan.h"
#include "dispatch/registry.h"
#include <math.h>

static const double unit = 0x1p-24; /* largest relative rounding of a float */

/* ---- Making, and groups ---------------------------------------------------------------------- */

static void makers(void **state) {
    (void)state;
    const gcs_tensor rows = gcs_general(3, 5, 1), cols = gcs_general(1, 5, 7),
                     both = gcs_general(2, 5, 7);
    assert_int_equal(rows.layout, GCS_LAYOUT_ROWS);
    assert_true(rows.rows == 3 && rows.cols == 5);
    assert_int_equal(cols.layout, GCS_LAYOUT_COLS);
    assert_true(cols.rows == 5 && cols.cols == 7 && cols.outer == 1);
    assert_int_equal(both.layout, GCS_LAYOUT_COLS);
    assert_true(both.rows == 5 && both.cols == 7 && both.outer == 2);
    const gcs_tensor piece = gcs_shard(gcs_rows(3, 5), 4, 6);
    assert_true(piece.rows == 3 && piece.cols == 5 && piece.offset == 4 && piece.count == 6);
    /* No elements: refused, and not taken for one matrix. */
    const gcs_tensor nothing[] = {gcs_general(0, 5, 7), gcs_general(0, 5, 1), gcs_general(2, 0, 7),
                                  gcs_general(2, 5, 0)};
    const gcs_spec spec = gcs_spec_sgd();
    for (int i = 0; i < 4; i++) {
        gcs_plan *plan = NULL;
        assert_int_equal(gcs_plan_create(&plan, gcs_cpu(), &spec, &nothing[i], 1),
                         GCS_INVALID_ARGUMENT);
        assert_int_equal(gcs_tensor_groups(&nothing[i]), 0);
    }
}

static void groups_of_pieces(void **state) {
    (void)state;
    static const struct {
        gcs_tensor tensor;
        uint64_t offset, count, first, groups, length;
    } cases[] = {
        {ROWS(9, 11), 0, 0, 0, 9, 11},
        {ROWS(9, 11), 0, 11, 0, 1, 11},
        {ROWS(9, 11), 10, 2, 0, 2, 11},
        {ROWS(9, 11), 22, 22, 2, 2, 11},
        {ROWS(9, 11), 98, 1, 8, 1, 11},
        {COLS(9, 11), 0, 0, 0, 11, 9},
        {COLS(9, 11), 50, 3, 0, 11, 9},
        {GENERAL(4, 3, 5), 0, 0, 0, 20, 3},
        {GENERAL(4, 3, 5), 14, 2, 0, 10, 3},
        {GENERAL(4, 3, 5), 15, 15, 5, 5, 3},
        {GENERAL(4, 3, 5), 59, 1, 15, 5, 3},
        {FLAT(50), 0, 0, 0, 0, 0},
        {FLAT(50), 7, 9, 0, 0, 0},
        {ROWS(9, 11), 98, 2, 0, 0, 0}, /* beyond the end */
        {{.layout = (gcs_layout)9}, 0, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const gcs_tensor t = cases[i].count == 0
                                 ? cases[i].tensor
                                 : gcs_shard(cases[i].tensor, cases[i].offset, cases[i].count);
        assert_int_equal(gcs_tensor_groups(&t), cases[i].groups);
        assert_int_equal(gcs_tensor_first_group(&t), cases[i].first);
        assert_int_equal(gcs_tensor_group_length(&t), cases[i].length);
    }
    assert_int_equal(gcs_tensor_groups(NULL), 0);
    assert_int_equal(gcs_tensor_first_group(NULL), 0);
    assert_int_equal(gcs_tensor_group_length(NULL), 0);
}

/* ---- All pieces of small tensors ------------------------------------------------------------- */

enum { SMALL = 18 }; /* elements of one, at most */

/* The group of element i of the whole tensor. */
static uint64_t group_of(const gcs_tensor *t, uint64_t i) {
    return t->layout == GCS_LAYOUT_ROWS ? i / t->cols
                                        : i / (t->rows * t->cols) * t->cols + i % t->cols;
}

/* Of small whole numbers, so that all sums are exact. */
static void check_piece(const gcs_tensor *piece) {
    const gcs_spec spec = gcs_spec_sgd();
    const gcs_hyper hyper = {.lr = 1, .t = 1};
    const uint64_t first = gcs_tensor_first_group(piece), groups = gcs_tensor_groups(piece);
    float g[SMALL], w[SMALL] = {0}, sums[SMALL], want[SMALL] = {0}, means[SMALL];
    double squares = 0;
    for (uint64_t i = 0; i < piece->count; i++) {
        const uint64_t at = piece->offset + i;
        g[i] = (float)(at * at % 13) - 4;
        want[group_of(piece, at) - first] += g[i];
        squares += (double)(g[i] * g[i]);
    }
    for (uint64_t k = 0; k < groups; k++)
        means[k] = (float)(3 * k + 1);
    gcs_measures m = {.sums = sums};
    const gcs_buffers b = {.w = w, .g = g, .means = means, .means_count = groups};
    gcs_plan *plan = NULL;
    assert_ok(gcs_plan_create(&plan, gcs_cpu(), &spec, piece, 1));
    assert_ok(gcs_measure(plan, &hyper, &b, &m));
    assert_ok(gcs_step(plan, &hyper, &b));
    gcs_plan_destroy(plan);
    for (uint64_t k = 0; k < groups; k++)
        assert_true(sums[k] == want[k]);
    assert_true(m.norm == sqrt(squares));
    for (uint64_t i = 0; i < piece->count; i++)
        assert_true(w[i] == means[group_of(piece, piece->offset + i) - first] - g[i]);
}

static void every_piece_of_a_small_tensor(void **state) {
    (void)state;
    static const gcs_tensor small[] = {ROWS(3, 4), COLS(3, 4), COLS(1, 5), GENERAL(3, 2, 3),
                                       ROWS(5, 1)};
    for (size_t k = 0; k < sizeof small / sizeof *small; k++)
        for (uint64_t from = 0; from < fixture_elements(&small[k]); from++)
            for (uint64_t n = 1; n <= fixture_elements(&small[k]) - from; n++) {
                const gcs_tensor piece = gcs_shard(small[k], from, n);
                check_piece(&piece);
            }
}

/* ---- A tensor in pieces ---------------------------------------------------------------------- */

static const gcs_tensor wholes[] = {
    ROWS(9, 11),   ROWS(40, 300),    ROWS(2, 3000),      ROWS(1, 200000), COLS(80, 11),
    COLS(300, 40), GENERAL(5, 9, 7), GENERAL(3, 70, 40), ROWS(4, 66001),
};
enum { WHOLES = sizeof wholes / sizeof *wholes, RANKS = 3, MOST_GROUPS = 64 * 2 };

/* Some places where three ranks may part: inside groups, and close to each other. */
static uint64_t boundary(const gcs_tensor *t, int rank) {
    const uint64_t n = fixture_elements(t);
    const uint64_t at[RANKS + 1] = {0, n / 3 + 1, n / 3 + 4, n};
    return at[rank];
}

/* The pieces of one whole tensor in one plan, their buffers inside of the whole's. */
typedef struct ranks {
    gcs_tensor tensors[RANKS];
    gcs_buffers buffers[RANKS];
    gcs_plan *plan;
} ranks;

static const void *g_from(const fixture *f, uint64_t i) {
    return (const char *)f->buffers[0].g + i * (f->gradient == GCS_TYPE_F32 ? 4 : 2);
}

static void ranks_make(ranks *r, const gcs_spec *spec, const fixture *f, int threads) {
    const gcs_buffers *b = f->buffers;
    gcs_target target = gcs_cpu();
    target.threads = threads;
    for (int i = 0; i < RANKS; i++) {
        const uint64_t from = boundary(f->tensors, i), to = boundary(f->tensors, i + 1);
        r->tensors[i] = gcs_shard(*f->tensors, from, to - from);
        r->tensors[i].id = 77;
        r->buffers[i] = (gcs_buffers){.w = b->w + from,
                                      .g = g_from(f, from),
                                      .m = b->m + from,
                                      .v = b->v + from,
                                      .v_max = b->v_max + from,
                                      .copy = (uint16_t *)b->copy + from};
    }
    assert_ok(gcs_plan_create(&r->plan, target, spec, r->tensors, RANKS));
}

/* Sums of the whole tensor's groups, as an all-reduce would add up the pieces'. */
static void reduce(const ranks *r, float *const sums[RANKS], float *all) {
    for (int i = 0; i < RANKS; i++) {
        const uint64_t first = gcs_tensor_first_group(&r->tensors[i]);
        for (uint64_t k = 0; k < gcs_tensor_groups(&r->tensors[i]); k++)
            all[first + k] += sums[i][k];
    }
}

/* What the ranks know after measuring and reducing. */
typedef struct reduced {
    float means[MOST_GROUPS], w_means[MOST_GROUPS];
    gcs_measures measures[RANKS];
} reduced;

/* Measures the pieces, reduces, and points the pieces' buffers at the means. */
static void reduce_means(const gcs_spec *spec, const gcs_hyper *hyper, const gcs_tensor *whole,
                         ranks *r, reduced *all) {
    static float sums[2][RANKS][MOST_GROUPS];
    const bool update = spec->center == GCS_CENTER_UPDATE;
    for (int i = 0; i < RANKS; i++) {
        all->measures[i] = (gcs_measures){.w_sums = sums[1][i]};
        if (update)
            all->measures[i].change_sums = sums[0][i];
        else
            all->measures[i].sums = sums[0][i];
    }
    assert_ok(gcs_measure(r->plan, hyper, r->buffers, all->measures));
    reduce(r, (float *[]){sums[0][0], sums[0][1], sums[0][2]}, all->means);
    reduce(r, (float *[]){sums[1][0], sums[1][1], sums[1][2]}, all->w_means);
    assert_ok(gcs_group_means(whole, all->means, all->means));
    assert_ok(gcs_group_means(whole, all->w_means, all->w_means));
    for (int i = 0; i < RANKS; i++) {
        const uint64_t first = gcs_tensor_first_group(&r->tensors[i]);
        r->buffers[i].means = all->means + first;
        r->buffers[i].w_means = all->w_means + first;
        r->buffers[i].means_count = gcs_tensor_groups(&r->tensors[i]);
    }
}

static gcs_hyper hyper_at(uint64_t t) {
    gcs_hyper hyper = fixture_hyper(t);
    hyper.grad_scale = 0.75;
    hyper.clip = 0.8;
    hyper.seed = 9;
    return hyper;
}

/* |y| < 1. The mean of a whole group and that of its pieces are each off by the additions that an
 * element goes through (RANKS more for the reduction, some for scale and decay), and the change of
 * w follows x with a slope below 2 (eps is 1/2). */
static double bound_of(const gcs_tensor *t) {
    const bool rows = t->layout != GCS_LAYOUT_COLS;
    const double depth = (double)gcs_order_depth(rows ? t->cols : t->rows, rows);
    return 2 * (2 * depth + RANKS + 10) * unit;
}

static void check_pieces(const gcs_tensor *t, const gcs_spec *spec, uint64_t time, int threads) {
    const gcs_hyper hyper = hyper_at(time);
    const size_t n = fixture_elements(t);
    fixture whole = fixture_make_typed(t, 1, 51, spec->gradient);
    fixture cut = fixture_duplicate(&whole), given = fixture_duplicate(&whole);
    gcs_tensor named = *t;
    named.id = 77;
    whole.tensors = given.tensors = &named;
    reduced all = {.means = {0}};
    ranks r;
    ranks_make(&r, spec, &cut, threads);
    reduce_means(spec, &hyper, t, &r, &all);
    assert_ok(gcs_step(r.plan, &hyper, r.buffers));
    assert_ok(gcs_step_tensor(spec, &named, &hyper, whole.buffers));
    double largest = 0, start = 0;
    for (size_t i = 0; i < n; i++) {
        const double w = (double)whole.buffers[0].w[i];
        largest = larger(largest, fabs((double)cut.buffers[0].w[i] - w));
        start = larger(start, fabs((double)given.buffers[0].w[i] - w));
    }
    if (!(largest <= bound_of(t)))
        fail_msg("%s_%s %llu x %llu: w differs by %g, more than %g", gcs_rule_name(spec->rule),
                 gcs_center_name(spec->center), (unsigned long long)t->rows,
                 (unsigned long long)t->cols, largest, bound_of(t));
    assert_true(start > 100 * bound_of(t)); /* the step itself was more than that */

    /* With the same means the whole tensor goes where its pieces go, bit for bit, copies too. */
    given.buffers[0].means = all.means;
    given.buffers[0].w_means = all.w_means;
    given.buffers[0].means_count = gcs_tensor_groups(t);
    assert_ok(gcs_step_tensor(spec, &named, &hyper, given.buffers));
    assert_same_bits(&given, &cut);
    gcs_plan_destroy(r.plan);
    fixture_free(&whole);
    fixture_free(&cut);
    fixture_free(&given);
}

static void pieces_are_stepped_as_the_whole(void **state) {
    (void)state;
    static const gcs_center centers[] = {GCS_CENTER_GRADIENT, GCS_CENTER_RAW_GRADIENT,
                                         GCS_CENTER_UPDATE};
    for (size_t k = 0; k < WHOLES; k++)
        for (int i = 0; i < ALL_RULES * 3; i++) {
            assert_true(gcs_tensor_groups(&wholes[k]) <= MOST_GROUPS);
            const gcs_spec spec = {.rule = all_rules[i / 3],
                                   .center = centers[i % 3],
                                   .gradient = (gcs_type)((size_t)i / 3 % 3),
                                   .copy = i % 2 != 0 ? GCS_COPY_BF16_STOCHASTIC
                                                      : GCS_COPY_F16_STOCHASTIC};
            check_pieces(&wholes[k], &spec, 1 + (uint64_t)i % 2, i % 4 == 0 ? 3 : 1);
        }
}

/* Where nothing is centred, pieces need no means, and copies are those of the whole. */
static void plain_pieces_have_the_bits_of_the_whole(void **state) {
    (void)state;
    for (size_t k = 0; k < WHOLES; k++)
        for (int copy = 0; copy <= GCS_COPY_F16_STOCHASTIC; copy++) {
            const gcs_spec spec = {.rule = GCS_RULE_AMSGRAD, .copy = (gcs_copy)copy};
            fixture whole = fixture_make(&wholes[k], 1, 52), cut = fixture_duplicate(&whole);
            const gcs_hyper hyper = hyper_at(4);
            gcs_tensor named = wholes[k];
            named.id = 77;
            ranks r;
            ranks_make(&r, &spec, &cut, 1);
            assert_ok(gcs_step(r.plan, &hyper, r.buffers));
            assert_ok(gcs_step_tensor(&spec, &named, &hyper, whole.buffers));
            assert_same_bits(&whole, &cut);
            gcs_plan_destroy(r.plan);
            fixture_free(&whole);
            fixture_free(&cut);
        }
}

/* The draws depend on the seed, the step and the tensor's name, which is 1 + its index if it has
 * none. */
static fixture draws_of(const gcs_tensor *tensor, gcs_copy copy, uint64_t seed, uint64_t t) {
    const gcs_spec spec = {.rule = GCS_RULE_SGD, .copy = copy};
    const gcs_hyper hyper = {.t = t, .seed = seed};
    fixture f = fixture_make(tensor, 1, 53);
    assert_ok(gcs_step_tensor(&spec, tensor, &hyper, f.buffers));
    return f;
}

static void draws_depend_on_seed_step_and_name(void **state) {
    (void)state;
    static const gcs_tensor unnamed = FLAT(2000);
    static const struct {
        uint64_t seed, t;
        uint32_t id;
        bool same;
    } cases[] = {{5, 3, 1, true}, {6, 3, 1, false}, {5, 4, 1, false}, {5, 3, 2, false}};
    for (int i = 0; i < 2 * 4; i++) {
        const gcs_copy copy = i < 4 ? GCS_COPY_BF16_STOCHASTIC : GCS_COPY_F16_STOCHASTIC;
        gcs_tensor named = unnamed;
        named.id = cases[i % 4].id;
        fixture want = draws_of(&unnamed, copy, 5, 3);
        fixture got = draws_of(&named, copy, cases[i % 4].seed, cases[i % 4].t);
        assert_int_equal(memcmp(want.memory, got.memory, want.floats * sizeof(float)) == 0,
                         cases[i % 4].same);
        fixture_free(&got);
        fixture_free(&want);
    }
}

/* ---- Norms of pieces ------------------------------------------------------------------------- */

static void check_norms(const gcs_tensor *t, int threads) {
    const gcs_spec spec = gcs_spec_sgdmw();
    const gcs_hyper hyper = gcs_hyper_default();
    fixture f = fixture_make(t, 1, 54);
    for (uint64_t i = 0; i < fixture_elements(t); i++) /* means that are far apart */
        fixture_gradient(&f, 0)[i] += (float)(group_of(t, i) % 5) - 2;
    gcs_measures whole = {.sums = NULL};
    gcs_plan *plan = NULL;
    assert_ok(gcs_plan_create(&plan, gcs_cpu(), &spec, t, 1));
    assert_ok(gcs_measure(plan, &hyper, f.buffers, &whole));
    gcs_plan_destroy(plan);

    reduced all = {.means = {0}};
    ranks r;
    ranks_make(&r, &spec, &f, threads);
    reduce_means(&spec, &hyper, t, &r, &all);
    double max = 0, max_centered = 0, squares = 0;
    for (int i = 0; i < RANKS; i++) { /* the middle piece cuts a group, whatever the layout */
        assert_true(i != 1 || isnan(all.measures[i].norm_centered));
        assert_true(i != 1 || isnan(all.measures[i].max_centered));
        max = larger(max, (double)all.measures[i].max);
    }
    /* |g| < 3. The bound is more than the additions and roundings. */
    const double relative = 3 * bound_of(t);
    assert_true(fabs(gcs_total_norm(all.measures, RANKS) - whole.norm) <= relative * whole.norm);
    assert_true(max == (double)whole.max);
    assert_ok(gcs_measure(r.plan, &hyper, r.buffers, all.measures)); /* now with the means */
    for (int i = 0; i < RANKS; i++) {
        const gcs_measures *m = &all.measures[i];
        squares += m->norm_centered * m->norm_centered;
        max_centered = larger(max_centered, (double)m->max_centered);
    }
    assert_true(fabs(sqrt(squares) - whole.norm_centered) <= relative * whole.norm);
    assert_true(fabs(max_centered - (double)whole.max_centered) <= relative);
    gcs_plan_destroy(r.plan);
    fixture_free(&f);
}

static void norms_of_pieces_add_up(void **state) {
    (void)state;
    for (size_t k = 0; k < WHOLES; k++) {
        check_norms(&wholes[k], 1);
        check_norms(&wholes[k], 3);
    }
}

/* With CENTER_UPDATE the caller's means are not those of g. */
static void means_of_the_change_do_not_centre_g(void **state) {
    (void)state;
    static const float means[MOST_GROUPS];
    const gcs_tensor tensors[] = {gcs_shard(gcs_rows(9, 11), 5, 50), gcs_rows(9, 11)};
    const gcs_spec spec = {.rule = GCS_RULE_ADAM, .center = GCS_CENTER_UPDATE};
    const gcs_hyper hyper = gcs_hyper_default();
    fixture f = fixture_make(tensors, 2, 55);
    gcs_measures m[2] = {{.sums = NULL}, {.sums = NULL}};
    gcs_plan *plan = NULL;
    assert_ok(gcs_plan_create(&plan, gcs_cpu(), &spec, tensors, 2));
    for (int k = 0; k < 2; k++) {
        f.buffers[k].means = means;
        f.buffers[k].means_count = gcs_tensor_groups(&tensors[k]);
    }
    assert_ok(gcs_measure(plan, &hyper, f.buffers, m));
    assert_true(isnan(m[0].norm_centered) && isnan(m[0].max_centered));
    assert_true(isfinite(m[0].norm) && m[0].finite);
    assert_true(m[1].norm_centered < m[1].norm);
    gcs_plan_destroy(plan);
    fixture_free(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makers),
        cmocka_unit_test(groups_of_pieces),
        cmocka_unit_test(every_piece_of_a_small_tensor),
        cmocka_unit_test(pieces_are_stepped_as_the_whole),
        cmocka_unit_test(plain_pieces_have_the_bits_of_the_whole),
        cmocka_unit_test(draws_depend_on_seed_step_and_name),
        cmocka_unit_test(norms_of_pieces_add_up),
        cmocka_unit_test(means_of_the_change_do_not_centre_g),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
