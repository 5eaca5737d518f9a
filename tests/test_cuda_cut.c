/* The items that a CUDA launch's work is cut into: each unit in one item, none too large, and of
 * groups that blocks share all sums and all pieces, with records apart from each other. */
#include "step_fixture.h"

#include "dispatch/cuda/cut.h"

static gcs_cuda_kernel kernel_of(gcs_view view, gcs_cuda_keeping keeping, unsigned threads,
                                 unsigned capacity) {
    return (gcs_cuda_kernel){.row = {.view = view},
                             .keeping = keeping,
                             .threads = threads,
                             .capacity = capacity,
                             .cluster = 1};
}

static gcs_cuda_cut cut_of(const gcs_cuda_kernel *kernel, uint64_t rows, uint64_t cols,
                           uint64_t slices, uint64_t columns, uint64_t first, uint64_t last) {
    gcs_cuda_cut cut = {.scratch_words = 0};
    const gcs_cuda_matrix matrix = {.rows = rows, .cols = cols};
    assert_true(gcs_cuda_cut_matrix(&cut, kernel, 7, &matrix, slices, columns, first, last));
    return cut;
}

static void free_cut(gcs_cuda_cut *cut) {
    free(cut->sums.items);
    free(cut->steps.items);
}

/* Units [first, last) of each slice, in items of so many, but for the last. */
static void assert_units(const gcs_cuda_cut *cut, uint64_t slices, uint64_t first, uint64_t last,
                         uint64_t each) {
    uint64_t slice = 0, at = first;
    assert_int_equal(cut->sums.count, 0);
    assert_int_equal(cut->scratch_words, 0);
    for (size_t i = 0; i < cut->steps.count; i++) {
        const gcs_cuda_work *item = &cut->steps.items[i];
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
}

static void flat_elements(void **state) {
    (void)state;
    const gcs_cuda_kernel kernel = kernel_of(GCS_VIEW_FLAT, GCS_CUDA_LINEAR, 256, 2048);
    static const uint64_t lengths[] = {1, 2047, 2048, 2049, 1000001};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        gcs_cuda_cut cut = cut_of(&kernel, 1, lengths[i], 1, 1, 0, lengths[i]);
        assert_units(&cut, 1, 0, lengths[i], 2048);
        free_cut(&cut);
    }
}

/* As many whole rows as fit; 31 elements less where a row may begin behind a line of memory. */
static void whole_rows(void **state) {
    (void)state;
    const gcs_cuda_kernel kernel = kernel_of(GCS_VIEW_ROWS, GCS_CUDA_BLOCK, 256, 4096);
    static const struct {
        uint64_t cols, rows_of_item;
    } cases[] = {{1, 4065}, {9, 451},  {27, 150}, {64, 64},  {1355, 3}, {1356, 2},
                 {2032, 2}, {2033, 1}, {2048, 2}, {2049, 1}, {4066, 1}, {4096, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gcs_cuda_cut cut = cut_of(&kernel, 1000, cases[i].cols, 1, 1, 3, 1000);
        assert_units(&cut, 1, 3, 1000, cases[i].rows_of_item);
        free_cut(&cut);
    }
}

static void elements_of_given_means(void **state) {
    (void)state;
    gcs_cuda_kernel kernel = kernel_of(GCS_VIEW_ROWS, GCS_CUDA_LINEAR, 256, 1024);
    kernel.row.means_given = true;
    gcs_cuda_cut cut = cut_of(&kernel, 33, 77, 3, 1, 0, 33 * 77);
    assert_units(&cut, 3, 0, 33 * 77, 1024);
    free_cut(&cut);
}

static void one_group_or_strip(void **state) {
    (void)state;
    static const gcs_cuda_keeping keepings[] = {GCS_CUDA_KEEP, GCS_CUDA_CLUSTER};
    for (size_t i = 0; i < 2; i++) {
        const gcs_cuda_kernel rows = kernel_of(GCS_VIEW_ROWS, keepings[i], 512, 1);
        const gcs_cuda_kernel cols = kernel_of(GCS_VIEW_COLS, keepings[i], 512, 128);
        gcs_cuda_cut cut = cut_of(&rows, 9, 20000, 1, 1, 2, 8);
        assert_units(&cut, 1, 2, 8, 1);
        free_cut(&cut);
        cut = cut_of(&cols, 500, 203, 5, 64, 5, 203);
        assert_units(&cut, 5, 5, 203, 64);
        free_cut(&cut);
    }
}

/* ---- Groups that blocks share -------------------------------------------------------------- */

/* The strips in their order, of each so many parts in order, of phase `phase`; places that are a
 * record apart and agree with `places`, which the first list fills. */
static void assert_parts(const gcs_cuda_work_list *list, uint32_t phase, uint64_t strips,
                         uint64_t parts, uint32_t *places) {
    assert_int_equal(list->count, strips * parts);
    for (size_t i = 0; i < list->count; i++) {
        const gcs_cuda_work *item = &list->items[i];
        assert_int_equal(item->phase, phase);
        assert_int_equal(item->part, i % parts);
        if (phase == 0 && item->part == 0)
            places[i / parts] = item->place;
        assert_int_equal(item->place, places[i / parts]);
    }
}

static void assert_records(const uint32_t *places, uint64_t strips, uint64_t record,
                           uint64_t words) {
    for (uint64_t i = 0; i + 1 < strips; i++)
        assert_true(places[i] + record <= places[i + 1]);
    assert_true(places[strips - 1] + record <= words);
}

static void split_rows(void **state) {
    (void)state;
    const gcs_cuda_kernel kernel = kernel_of(GCS_VIEW_ROWS, GCS_CUDA_SPLIT, 256, 4096);
    static const uint64_t lengths[] = {1, 4096, 4097, 57000, 1 << 20, (1 << 20) + 1, 5000000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint32_t places[6];
        const uint64_t n = lengths[i], segments = (n + 1023) / 1024;
        gcs_cuda_cut cut = cut_of(&kernel, 6, n, 1, 1, 0, 6);
        assert_parts(&cut.sums, 0, 6, (segments + 7) / 8, places);
        assert_parts(&cut.steps, 1, 6, (n + 4095) / 4096, places);
        assert_records(places, 6, gcs_cuda_record_words(&kernel, n), cut.scratch_words);
        for (size_t k = 0; k < cut.steps.count; k++)
            assert_int_equal(cut.steps.items[k].first, k / ((n + 4095) / 4096));
        free_cut(&cut);
    }
}

static void split_columns(void **state) {
    (void)state;
    const gcs_cuda_kernel kernel = kernel_of(GCS_VIEW_COLS, GCS_CUDA_SPLIT, 512, 64);
    static const uint64_t heights[] = {1, 64, 65, 5000};
    for (size_t i = 0; i < sizeof heights / sizeof heights[0]; i++) {
        const uint64_t runs = (heights[i] + 63) / 64;
        uint32_t places[3 * 4];
        gcs_cuda_cut cut = cut_of(&kernel, heights[i], 203, 3, 64, 5, 200);
        assert_parts(&cut.sums, 0, 3 * 4, (runs + 15) / 16, places);
        assert_parts(&cut.steps, 1, 3 * 4, runs, places);
        assert_records(places, 3 * 4, gcs_cuda_record_words(&kernel, heights[i]),
                       cut.scratch_words);
        for (size_t k = 0; k < cut.steps.count; k++) {
            const gcs_cuda_work *item = &cut.steps.items[k];
            const uint64_t strip = k / runs % 4;
            assert_int_equal(item->slice, k / runs / 4);
            assert_int_equal(item->first, 5 + 64 * strip);
            assert_int_equal(item->count, strip == 3 ? 195 - 3 * 64 : 64);
        }
        free_cut(&cut);
    }
}

/* A second tensor of the launch has records of its own. */
static void more_than_one_matrix(void **state) {
    (void)state;
    const gcs_cuda_kernel kernel = kernel_of(GCS_VIEW_ROWS, GCS_CUDA_SPLIT, 256, 4096);
    const gcs_cuda_matrix matrix = {.rows = 2, .cols = 9000};
    gcs_cuda_cut cut = {.scratch_words = 0};
    assert_true(gcs_cuda_cut_matrix(&cut, &kernel, 0, &matrix, 1, 1, 0, 2));
    const uint64_t first = cut.scratch_words;
    const size_t count = cut.steps.count;
    assert_true(gcs_cuda_cut_matrix(&cut, &kernel, 1, &matrix, 1, 1, 0, 2));
    assert_int_equal(cut.steps.count, 2 * count);
    for (size_t i = count; i < cut.steps.count; i++) {
        assert_int_equal(cut.steps.items[i].matrix, 1);
        assert_true(cut.steps.items[i].place >= first);
    }
    free_cut(&cut);
}

static void turning(void **state) {
    (void)state;
    for (size_t count = 0; count < 6; count++) {
        gcs_cuda_work items[6];
        gcs_cuda_work_list list = {.items = items, .count = count};
        for (uint32_t i = 0; i < 6; i++)
            items[i] = (gcs_cuda_work){.part = i};
        gcs_cuda_cut_turn(&list);
        for (uint32_t i = 0; i < 6; i++)
            assert_int_equal(items[i].part, i < count ? count - 1 - i : i);
    }
}

static void too_large(void **state) {
    (void)state;
    const gcs_cuda_kernel kernel = kernel_of(GCS_VIEW_ROWS, GCS_CUDA_SPLIT, 256, 4096);
    const gcs_cuda_matrix wide = {.rows = 1, .cols = (uint64_t)1 << 45};
    const gcs_cuda_matrix matrix = {.rows = 4, .cols = 9000};
    gcs_cuda_cut cut = {.scratch_words = 0};
    assert_false(gcs_cuda_cut_matrix(&cut, &kernel, 0, &wide, 1, 1, 0, 1));
    assert_false(gcs_cuda_cut_matrix(&cut, &kernel, 0, &matrix, (uint64_t)UINT32_MAX + 1, 1, 0, 1));
    free_cut(&cut);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flat_elements),
        cmocka_unit_test(whole_rows),
        cmocka_unit_test(elements_of_given_means),
        cmocka_unit_test(one_group_or_strip),
        cmocka_unit_test(split_rows),
        cmocka_unit_test(split_columns),
        cmocka_unit_test(more_than_one_matrix),
        cmocka_unit_test(turning),
        cmocka_unit_test(too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
