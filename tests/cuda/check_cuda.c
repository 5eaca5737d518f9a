/* Every CUDA kernel, run in the twin, against the bits of the portable ones.
 *
 * check_cuda [--small | --races | --all] [--order NAME] [--kernel PART]: each kernel with few
 * shapes, and then, of the kernels that differ in the rule alone, one with all cases of check/;
 * --small: without these;
 * --all: each with these; --races: of these kernels one, and of those that keep groups in shared
 * memory, which differ in the number of threads alone, the smallest, with few shapes, and clusters
 * of two blocks. In one order of threads, or in another one with each launch. Exit status 0: all
 * passed.
 */
#include "check/check.h"
#include "check/forms.h"
#include "cuda/twin_call.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static enum { RACES, SMALL, SOME, ALL } mode = SOME;
static size_t checked;
static twin_call_options options = {.order = TWIN_ORDERS};
static const char *part = "";

/* ---- Few shapes ------------------------------------------------------------------------------
 */

/* Groups of a length, as the kernel sees them. */
static bool check_groups(const gcs_kernel *row, unsigned pair, unsigned kind, uint64_t groups,
                         uint64_t length, gcs_check_report *report) {
    const gcs_form form = gcs_forms_at(row, pair, kind);
    if (row->max_length != 0 && length > row->max_length)
        length = row->max_length;
    const bool columns = row->view == GCS_VIEW_COLS;
    report->cases++;
    if (gcs_check_shape(row, &form, columns ? length : groups, columns ? groups : length,
                        report->why, sizeof report->why))
        return true;
    report->failures++;
    return false;
}

/* With a third level of sums, of kernels that take any length. (Of so many rows of columns
 * gcs_check_shape keeps some 16,000, which are two levels; the third is gcs_check_kernel's.) */
static uint64_t three_levels(const gcs_cuda_kernel *kernel) {
    if (kernel->keeping != GCS_CUDA_SPLIT)
        return 0;
    return kernel->row.view == GCS_VIEW_COLS ? 64 * 64 * 64 + 65 : 1024 * 1024 + 1025;
}

/* For races it is enough that every loop of sums goes round twice: columns do with 129 runs. */
static bool is_wanted(const gcs_kernel *row, uint64_t length) {
    return length != 0 && (mode != RACES || row->view != GCS_VIEW_COLS || length < 10000);
}

/* Few of what is long: shorter ones stand beside each other. */
static uint64_t groups_of(uint64_t length) {
    if (length > 50000)
        return 1;
    return length <= 33 ? 37 : length < 2000 ? 5 : 2;
}

/* Around the pieces of the sums, of a thread's vectors, of a block's items and of a cluster's
 * blocks; the longest that a block or cluster of a GPU can keep. */
static bool check_lengths(const gcs_cuda_kernel *kernel, const gcs_kernel *row, unsigned pair,
                          unsigned kind, gcs_check_report *report) {
    const uint64_t capacity = kernel->capacity, segments = kernel->cluster * (uint64_t)1024;
    const uint64_t lengths[] = {1,
                                9,
                                27,
                                31,
                                32,
                                33,
                                65,
                                147,
                                1023,
                                1025,
                                2304,
                                4610,
                                8193,
                                57345,
                                capacity - 1,
                                capacity,
                                capacity + 1,
                                2 * capacity,
                                segments,
                                segments + 1,
                                3 * segments - 5,
                                pair == 0 ? three_levels(kernel) : 0};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        if (is_wanted(row, lengths[i]) &&
            !check_groups(row, pair, kind, groups_of(lengths[i]), lengths[i], report))
            return false;
    }
    return true;
}

/* Whether a pair of rule and centre is one of few with which all rules are there, and all centres:
 * rules take turns with them. */
static bool is_turn(const gcs_kernel *row, unsigned pair, unsigned pairs) {
    unsigned centers = 1;
    while (centers < pairs && gcs_forms_at(row, centers, 0).rule == gcs_forms_at(row, 0, 0).rule)
        centers++;
    return centers == pairs || pair % centers == pair / centers % centers;
}

/* Every pair of rule and centre with some shape, all lengths with a few; for races fewer. */
static bool check_small(const gcs_cuda_kernel *kernel, const gcs_kernel *row,
                        gcs_check_report *report) {
    const unsigned pairs = gcs_forms_pairs(row), kinds = gcs_forms_kinds(row);
    *report = (gcs_check_report){0};
    for (unsigned pair = 0; pair < pairs; pair++) {
        const unsigned kind = pair * 7 % kinds;
        if (mode == RACES && !is_turn(row, pair, pairs))
            continue;
        if (!check_groups(row, pair, kind, 7, 70 + pair, report) ||
            !check_groups(row, pair, (kind + 4) % kinds, 2, 1100 + pair, report))
            return false;
        if (pair % (mode == RACES ? pairs : 11) == 0 &&
            !check_lengths(kernel, row, pair, (kind + 1) % kinds, report))
            return false;
    }
    return true;
}

/* ---- All kernels -----------------------------------------------------------------------------
 */

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Kernels of one loop that differ in the rule alone stand behind each other. */
static bool same_loop(const gcs_cuda_kernel *a, const gcs_cuda_kernel *b) {
    return !a->row.general && !b->row.general && a->row.view == b->row.view &&
           strcmp(a->row.shape, b->row.shape) == 0;
}

/* Whether the kernel goes through all cases: of those of one loop one does, of the next loop that
 * of the next rule, since rules do not differ from loop to loop. */
static bool is_thorough(size_t index) {
    static size_t loop, begin, end;
    if (index == end) {
        begin = index;
        loop++;
        while (end < gcs_cuda_kernel_count &&
               (end == begin || same_loop(&gcs_cuda_kernels[begin], &gcs_cuda_kernels[end])))
            end++;
    }
    return mode == ALL || index - begin == loop % (end - begin);
}

/* Whether a kernel before it in the list, which is by threads, does the same with fewer of them, or
 * in smaller clusters. (What else differs, how many loads a round has, another kernel has too.) */
static bool is_larger(size_t index) {
    const gcs_cuda_kernel *kernel = &gcs_cuda_kernels[index];
    for (size_t i = 0; i < index; i++) {
        const gcs_cuda_kernel *other = &gcs_cuda_kernels[i];
        if (other->row.general == kernel->row.general && other->row.center == kernel->row.center &&
            other->row.view == kernel->row.view && other->keeping == kernel->keeping &&
            !same_loop(other, kernel))
            return kernel->keeping == GCS_CUDA_KEEP || kernel->keeping == GCS_CUDA_CLUSTER;
    }
    return false;
}

static bool check(size_t index) {
    const gcs_cuda_kernel *kernel = &gcs_cuda_kernels[index];
    gcs_kernel row;
    gcs_check_report report, all = {0};
    const double start = seconds();
    const bool thorough = is_thorough(index);
    if (strstr(kernel->row.name, part) == NULL ||
        (mode == RACES && (!thorough || is_larger(index))))
        return true;
    checked++;
    if (!twin_call_open(kernel, &options, &row)) {
        printf("%s: there is no such function\n", kernel->row.name);
        return false;
    }
    bool right = check_small(kernel, &row, &report);
    twin_call_sample(true);
    if (right && thorough && mode >= SOME)
        right = gcs_check_kernel(&row, &all);
    printf("%-42s %6llu cases, %6llu launches, %5.1f s%s\n", kernel->row.name,
           (unsigned long long)(report.cases + all.cases), (unsigned long long)twin_call_count(),
           seconds() - start, right && !*twin_call_trouble() ? "" : ": FAILED");
    if (!right)
        printf("  %llu failures: %s%s\n", (unsigned long long)(report.failures + all.failures),
               report.why, all.why);
    if (*twin_call_trouble())
        printf("  %s\n", twin_call_trouble());
    fflush(stdout);
    return right && !*twin_call_trouble();
}

static bool parse_order(const char *name) {
    for (int order = 0; order < TWIN_ORDERS; order++) {
        if (strcmp(name, twin_order_name((twin_order)order)) == 0) {
            options.order = (twin_order)order;
            return true;
        }
    }
    return false;
}

static bool parse(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--small") == 0)
            mode = SMALL;
        else if (strcmp(argv[i], "--races") == 0)
            mode = RACES;
        else if (strcmp(argv[i], "--all") == 0)
            mode = ALL;
        else if (strcmp(argv[i], "--kernel") == 0 && i + 1 < argc)
            part = argv[++i];
        else if (strcmp(argv[i], "--order") != 0 || i + 1 == argc || !parse_order(argv[++i]))
            return false;
    }
    return true;
}

int main(int argc, char **argv) {
    if (!parse(argc, argv)) {
        fprintf(stderr,
                "usage: check_cuda [--small | --races | --all] [--order NAME] [--kernel PART]\n");
        return 2;
    }
    size_t failed = 0;
    if (mode == RACES)
        options.largest_cluster = 2;
    for (size_t i = 0; i < gcs_cuda_kernel_count; i++)
        failed += !check(i);
    printf("%zu kernels, %zu failed\n", checked, failed);
    return checked == 0 || failed != 0;
}
