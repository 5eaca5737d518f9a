/* The items that an OpenCL launch's work is cut into: each unit in one item, none too large, and of
 * groups that work-groups share all parts, with records apart from each other. */
#include "../step_fixture.h"

#include "dispatch/opencl/cut.h"

static gcs_opencl_kernel kernel_of(gcs_view view, gcs_opencl_keeping keeping, unsigned capacity,
                                   unsigned depth) {
    return (gcs_opencl_kernel){.row = {.view = view},
                               .keeping = keeping,
                               .threads = 256,
                               .width = 1,
                               .vectors = 1,
                               .capacity = capacity,
                               .depth = depth};
}

static gcs_opencl_cut cut_of(const gcs_opencl_kernel *kernel, uint64_t rows, uint64_t cols,
                             uint64_t slices, uint64_t first, uint64_t last) {
    gcs_opencl_cut cut = {.scratch_floats = 0};
    const gcs_opencl_matrix matrix = {.rows = rows, .cols = cols};
    assert_true(gcs_opencl_cut_matrix(&cut, kernel, 7, &matrix, slices, first, last));
    return cut;
}

/* Units [first, last) of each slice, in items of so many, but for the last. */
static void assert_units(gcs_opencl_cut *cut, uint64_t slices, uint64_t first, uint64_t last,
                         uint64_t each) {
    const gcs_opencl_work_list *list = &cut->lists[GCS_OPENCL_STEPS];
    uint64_t slice = 0, at = first;
    assert_int_equal(cut->lists[GCS_OPENCL_SUMS].count, 0);
    assert_int_equal(cut->lists[GCS_OPENCL_FOLDS].count, 0);
    assert_int_equal(cut->scratch_floats, 0);
    for (size_t i = 0; i < list->count; i++) {
        const gcs_opencl_work *item = &list->items[i];
        assert_int_equal(item->matrix, 7);
        assert_int_equal(item->slice, slice);
        assert_int_equal(item->first, at);
        assert_int_equal(item->count, last - at < each ? last - at : each);
        at += item->count;
        if (at == last) {
            slice++;
            at = first;
        }
    }
    assert_int_equal(slice, slices);
    assert_int_equal(at, first);
    gcs_opencl_cut_free(cut);
}

static void flat_elements(void **state) {
    (void)state;
    const gcs_opencl_kernel kernel = kernel_of(GCS_VIEW_FLAT, GCS_OPENCL_LINEAR, 2048, 0);
    static const uint64_t lengths[] = {1, 2047, 2048, 2049, 1000001};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        gcs_opencl_cut cut = cut_of(&kernel, 1, lengths[i], 1, 0, lengths[i]);
        assert_int_equal(
            gcs_opencl_units_of(&kernel, &(gcs_opencl_matrix){.rows = 1, .cols = lengths[i]}),
            lengths[i]);
        assert_units(&cut, 1, 0, lengths[i], 2048);
    }
}

/* Several where each is one segment at the most; AGAIN takes several of any length. */
static void whole_rows(void **state) {
    (void)state;
    static const struct {
        gcs_opencl_keeping keeping;
        uint64_t cols, rows_of_item;
    } cases[] = {
        {GCS_OPENCL_BLOCK, 1, 4096},    {GCS_OPENCL_BLOCK, 9, 455},  {GCS_OPENCL_KEEP, 27, 151},
        {GCS_OPENCL_KEEP, 64, 64},      {GCS_OPENCL_BLOCK, 1023, 4}, {GCS_OPENCL_KEEP, 1024, 4},
        {GCS_OPENCL_KEEP, 1025, 1},     {GCS_OPENCL_BLOCK, 1025, 1}, {GCS_OPENCL_BLOCK, 4096, 1},
        {GCS_OPENCL_KEEP, 4097, 1},     {GCS_OPENCL_AGAIN, 1, 4096}, {GCS_OPENCL_AGAIN, 1024, 4},
        {GCS_OPENCL_AGAIN, 1025, 3},    {GCS_OPENCL_AGAIN, 2048, 2}, {GCS_OPENCL_AGAIN, 2049, 1},
        {GCS_OPENCL_AGAIN, 1 << 20, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const gcs_opencl_kernel kernel = kernel_of(GCS_VIEW_ROWS, cases[i].keeping, 4096, 0);
        gcs_opencl_cut cut = cut_of(&kernel, 1000, cases[i].cols, 1, 3, 1000);
        assert_units(&cut, 1, 3, 1000, cases[i].rows_of_item);
    }
}

static void elements_of_given_means(void **state) {
    (void)state;
    static const gcs_view views[] = {GCS_VIEW_ROWS, GCS_VIEW_COLS};
    for (size_t i = 0; i < 2; i++) {
        gcs_opencl_kernel kernel = kernel_of(views[i], GCS_OPENCL_LINEAR, 1024, 0);
        kernel.row.means_given = true;
        const gcs_opencl_matrix matrix = {.rows = 33, .cols = 77};
        gcs_opencl_cut cut = cut_of(&kernel, 33, 77, 3, 0, gcs_opencl_units_of(&kernel, &matrix));
        assert_units(&cut, 3, 0, 33 * 77, 1024);
    }
}

static void strips_of_columns(void **state) {
    (void)state;
    static const gcs_opencl_keeping keepings[] = {GCS_OPENCL_KEEP, GCS_OPENCL_AGAIN,
                                                  GCS_OPENCL_LINEAR};
    for (size_t i = 0; i < 3; i++) {
        const gcs_opencl_kernel kernel = kernel_of(GCS_VIEW_COLS, keepings[i], 64, 0);
        gcs_opencl_cut cut = cut_of(&kernel, 500, 203, 5, 5, 203);
        assert_units(&cut, 5, 5, 203, 64);
    }
}

static void measured_rows_and_segments(void **state) {
    (void)state;
    const gcs_opencl_matrix matrix = {.rows = 100, .cols = 3000};
    const gcs_opencl_kernel rows = kernel_of(GCS_VIEW_ROWS, GCS_OPENCL_LINEAR, 64, 0);
    const gcs_opencl_kernel part = kernel_of(GCS_VIEW_PART, GCS_OPENCL_LINEAR, 64, 0);
    assert_int_equal(gcs_opencl_units_of(&rows, &matrix), 100);
    assert_int_equal(gcs_opencl_units_of(&part, &matrix), 3);
    gcs_opencl_cut cut = cut_of(&rows, 100, 3000, 1, 0, 100);
    assert_units(&cut, 1, 0, 100, 64);
}

/* ---- Groups that work-groups share --------------------------------------------------------- */

/* The strips in their order, of each so many parts in order, of phase `phase`; places that agree
 * with `places`, which the first list fills. */
static void assert_parts(const gcs_opencl_cut *cut, uint32_t phase, uint64_t strips, uint64_t parts,
                         uint32_t *places) {
    const gcs_opencl_work_list *list = &cut->lists[phase];
    assert_int_equal(list->count, strips * parts);
    for (size_t i = 0; i < list->count; i++) {
        const gcs_opencl_work *item = &list->items[i];
        assert_int_equal(item->phase, phase);
        assert_int_equal(item->part, i % parts);
        if (phase == GCS_OPENCL_SUMS && item->part == 0)
            places[i / parts] = item->place;
        assert_int_equal(item->place, places[i / parts]);
    }
}

static void assert_records(const uint32_t *places, uint64_t strips, uint64_t record,
                           uint64_t floats) {
    for (uint64_t i = 0; i < strips; i++) {
        assert_int_equal(places[i] % 16, 0);
        assert_true(places[i] + record <= (i + 1 < strips ? places[i + 1] : floats));
    }
}

static void assert_split(const gcs_opencl_kernel *kernel, gcs_opencl_cut *cut, uint64_t length,
                         uint64_t strips) {
    uint32_t places[16];
    const uint64_t parts = (length + kernel->depth - 1) / kernel->depth;
    assert_parts(cut, GCS_OPENCL_SUMS, strips, parts, places);
    assert_parts(cut, GCS_OPENCL_FOLDS, strips, 1, places);
    assert_parts(cut, GCS_OPENCL_STEPS, strips, parts, places);
    assert_records(places, strips, gcs_opencl_record_floats(kernel, length), cut->scratch_floats);
}

static void split_rows(void **state) {
    (void)state;
    const gcs_opencl_kernel kernel = kernel_of(GCS_VIEW_ROWS, GCS_OPENCL_SPLIT, 1, 8192);
    static const uint64_t lengths[] = {1, 8192, 8193, 57000, 1 << 20, (1 << 20) + 1, 5000000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        gcs_opencl_cut cut = cut_of(&kernel, 6, lengths[i], 1, 0, 6);
        const gcs_opencl_work_list *steps = &cut.lists[GCS_OPENCL_STEPS];
        assert_split(&kernel, &cut, lengths[i], 6);
        for (size_t k = 0; k < steps->count; k++) {
            assert_int_equal(steps->items[k].first, k / ((lengths[i] + 8191) / 8192));
            assert_int_equal(steps->items[k].count, 1);
        }
        gcs_opencl_cut_free(&cut);
    }
}

static void split_columns(void **state) {
    (void)state;
    const gcs_opencl_kernel kernel = kernel_of(GCS_VIEW_COLS, GCS_OPENCL_SPLIT, 64, 512);
    static const uint64_t heights[] = {1, 512, 513, 5000};
    for (size_t i = 0; i < sizeof heights / sizeof heights[0]; i++) {
        const uint64_t parts = (heights[i] + 511) / 512;
        gcs_opencl_cut cut = cut_of(&kernel, heights[i], 203, 3, 5, 200);
        const gcs_opencl_work_list *steps = &cut.lists[GCS_OPENCL_STEPS];
        assert_split(&kernel, &cut, heights[i], 3 * 4);
        for (size_t k = 0; k < steps->count; k++) {
            const uint64_t strip = k / parts % 4;
            assert_int_equal(steps->items[k].slice, k / parts / 4);
            assert_int_equal(steps->items[k].first, 5 + 64 * strip);
            assert_int_equal(steps->items[k].count, strip == 3 ? 195 - 3 * 64 : 64);
        }
        gcs_opencl_cut_free(&cut);
    }
}

/* A second tensor of the launch has records of its own. */
static void more_than_one_matrix(void **state) {
    (void)state;
    const gcs_opencl_kernel kernel = kernel_of(GCS_VIEW_ROWS, GCS_OPENCL_SPLIT, 1, 8192);
    const gcs_opencl_matrix matrix = {.rows = 2, .cols = 9000};
    gcs_opencl_cut cut = cut_of(&kernel, 2, 9000, 1, 0, 2);
    const uint64_t first = cut.scratch_floats;
    const gcs_opencl_work_list *steps = &cut.lists[GCS_OPENCL_STEPS];
    const size_t count = steps->count;
    assert_true(gcs_opencl_cut_matrix(&cut, &kernel, 1, &matrix, 1, 0, 2));
    assert_int_equal(steps->count, 2 * count);
    for (size_t i = count; i < steps->count; i++) {
        assert_int_equal(steps->items[i].matrix, 1);
        assert_true(steps->items[i].place >= first);
    }
    gcs_opencl_cut_free(&cut);
}

static void too_large(void **state) {
    (void)state;
    const gcs_opencl_kernel split = kernel_of(GCS_VIEW_ROWS, GCS_OPENCL_SPLIT, 1, 8192);
    const gcs_opencl_kernel flat = kernel_of(GCS_VIEW_FLAT, GCS_OPENCL_LINEAR, 1024, 0);
    const gcs_opencl_matrix wide = {.rows = 1, .cols = (uint64_t)1 << 45};
    const gcs_opencl_matrix matrix = {.rows = 4, .cols = 9000};
    gcs_opencl_cut cut = {.scratch_floats = 0};
    assert_false(gcs_opencl_cut_matrix(&cut, &split, 0, &wide, 1, 0, 1));
    assert_false(gcs_opencl_cut_matrix(&cut, &split, 0, &matrix, (uint64_t)UINT32_MAX + 1, 0, 1));
    assert_false(gcs_opencl_cut_matrix(&cut, &flat, 0, &wide, 1, 0, wide.cols));
    /* Records that end behind what a place can name. */
    cut.scratch_floats = UINT32_MAX - 8;
    assert_false(gcs_opencl_cut_matrix(&cut, &split, 0, &matrix, 1, 0, 4));
    gcs_opencl_cut_free(&cut);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flat_elements),
        cmocka_unit_test(whole_rows),
        cmocka_unit_test(elements_of_given_means),
        cmocka_unit_test(strips_of_columns),
        cmocka_unit_test(measured_rows_and_segments),
        cmocka_unit_test(split_rows),
        cmocka_unit_test(split_columns),
        cmocka_unit_test(more_than_one_matrix),
        cmocka_unit_test(too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
