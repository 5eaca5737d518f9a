/* From gcs_args to launches in the twin: see twin_call.h. What check/ does not vary and a launch
 * can have, is varied here: where parameter groups lie, slices, found_inf, t = 1. */
#include "cuda/twin_call.h"
#include "check/check.h"
#include "check/cuda/call.h"
#include "check/first_step.h"
#include "cuda/twin_cut.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The kernel that twin_call_open has opened. */
static struct {
    const gcs_cuda_kernel *kernel; /* `own` */
    gcs_cuda_kernel own;
    twin_kernel *function;
    twin_call_options options;
    uint64_t asked, calls, launches; /* calls: that the twin runs */
    char trouble[512];
} now;

/* What a launch points at. */
typedef struct call {
    gcs_cuda_call given;
    twin_work work;
    uint32_t *scratch;
    float found_inf;
    bool has_flag; /* found_inf is the group's */
    gcs_cuda_launch launch;
} call;

static void note(const char *why) {
    if (!now.trouble[0])
        snprintf(now.trouble, sizeof now.trouble, "%s", why);
}

/* ---- What is in memory, and its work ----------------------------------------------------------
 */

static void fill(call *c, const gcs_args *a) {
    const gcs_kernel *row = &now.kernel->row;
    const bool first_step = row->op == GCS_OP_STEP && gcs_hide_first_state(row->view, a);
    gcs_args args = *a;
    if (row->view == GCS_VIEW_PART)
        args.means = &a->mean;
    c->has_flag = now.calls % 2 == 0;
    gcs_cuda_call_fill(&c->given, &args, c->has_flag ? &c->found_inf : NULL, first_step);
}

static bool cut_work(call *c, const gcs_args *a) {
    c->work = (twin_work){.kernel = now.kernel,
                          .matrix = &c->given.matrices[GCS_CUDA_CALL_MATRIX],
                          .matrix_index = GCS_CUDA_CALL_MATRIX,
                          .way = now.calls};
    if (now.calls % 5 == 0 && gcs_launch_can_halve(&now.kernel->row, a)) {
        const gcs_launch_units halves = gcs_cuda_call_halve(&c->given, now.kernel);
        return twin_cut(&c->work, halves.slices, halves.first, halves.last);
    }
    const uint64_t stretches = gcs_launch_stretches(&now.kernel->row, a);
    bool cut = true;
    for (uint64_t i = 0; i < stretches && cut; i++) {
        const gcs_launch_units units = gcs_launch_stretch(&now.kernel->row, a, i);
        cut = twin_cut(&c->work, units.slices, units.first, units.last);
    }
    return cut;
}

/* ---- Launches --------------------------------------------------------------------------------
 */

static twin_options next_options(void) {
    const uint64_t number = now.launches++;
    const bool several = number % 8 >= 6 && now.kernel->cluster <= TWIN_RESIDENT / 2;
    return (twin_options){.order = now.options.order < TWIN_ORDERS
                                       ? now.options.order
                                       : (twin_order)(number % TWIN_ORDERS),
                          .seed = number,
                          .cluster = now.kernel->cluster,
                          .resident = several ? 2 : 1,
                          .blocks_backwards = number / 4 % 2 != 0};
}

/* A launch with items [first, end). */
static void launch_items(call *c, const gcs_args *a, size_t first, size_t end) {
    const unsigned shared = gcs_cuda_call_shared(now.kernel, a, c->work.columns);
    const twin_options options = next_options();
    c->launch.work = c->work.items + first;
    if (first == end)
        return;
    const char *why =
        twin_launch(now.function, &c->launch, (unsigned)(end - first) * now.kernel->cluster,
                    now.kernel->threads, shared, &options);
    if (why)
        note(why);
}

static void launch(call *c, const gcs_args *a) {
    launch_items(c, a, 0, c->work.sums);
    launch_items(c, a, c->work.sums, c->work.count);
}

/* With found_inf nothing may change: what does, spoils the launch that counts. */
static void launch_with_found_inf(call *c, const gcs_args *a) {
    if (!c->has_flag || now.calls % 4 != 0)
        return;
    c->found_inf = gcs_launch_found_inf(now.calls / 4);
    launch(c, a);
    c->found_inf = 0;
}

static void prepare_launch(call *c, const gcs_args *a) {
    const bool in_memory = now.calls % 5 < 2;
    gcs_cuda_call_launch(&c->given, now.kernel, a, in_memory ? c->given.groups : NULL, &c->launch);
    c->launch.matrices = c->given.matrices;
    c->launch.scratch = c->scratch;
}

/* A record's counter is 0 between launches. */
static void check_records(const call *c) {
    for (size_t i = 0; i < c->work.sums; i++) {
        if (c->scratch[c->work.items[i].place] != 0)
            note("the counter of a record is not 0 after the launch");
    }
}

static void run_in_twin(const gcs_args *a) {
    static call c; /* static: a fault leaves by a jump, and the next call frees what was left */
    free(c.work.items);
    free(c.scratch);
    c = (call){0};
    now.calls++;
    fill(&c, a);
    bool ready = cut_work(&c, a);
    if (ready && c.work.scratch_words != 0) {
        c.scratch = calloc(c.work.scratch_words, sizeof *c.scratch);
        ready = c.scratch != NULL;
    }
    if (!ready) {
        note("the work could not be cut");
        return;
    }
    prepare_launch(&c, a);
    launch_with_found_inf(&c, a);
    launch(&c, a);
    check_records(&c);
}

/* ---- What the twin need not do ---------------------------------------------------------------
 */

/* A cluster has thousands of threads for each group: one call in so many is run with them, fewer of
 * the largest, which differs from the others in nothing but their number. */
static uint64_t one_in(const gcs_cuda_kernel *kernel) {
    const uint64_t threads = (uint64_t)kernel->cluster * kernel->threads;
    if (!now.options.sampled || threads <= 1024)
        return 1;
    return threads > 4096 ? threads / 128 : threads / 512;
}

/* Of a kernel whose blocks have one group or strip each, so many at the beginning and at the end of
 * a range; what is between differs from these in nothing. */
enum { GROUPS_AT_AN_END = 3 };

static void run_portable(const gcs_args *a, uint64_t first, uint64_t last) {
    gcs_args part = *a;
    part.first = first;
    part.last = last;
    gcs_check_canonical(&now.kernel->row)->run(&part);
}

static void run_range(const gcs_args *a, uint64_t first, uint64_t last) {
    gcs_args part = *a;
    part.first = first;
    part.last = last;
    run_in_twin(&part);
}

static void run(const gcs_args *a) {
    const gcs_cuda_kernel *kernel = now.kernel;
    const bool block_of_groups =
        kernel->keeping == GCS_CUDA_LINEAR || kernel->keeping == GCS_CUDA_BLOCK;
    const uint64_t unit = kernel->row.view == GCS_VIEW_COLS ? kernel->capacity : 1;
    const uint64_t end = GROUPS_AT_AN_END * unit;
    if (now.asked++ % one_in(kernel) != 0) {
        run_portable(a, a->first, a->last);
    } else if (block_of_groups || a->last - a->first <= 2 * end + unit) {
        run_in_twin(a);
    } else {
        run_range(a, a->first, a->first + end);
        run_portable(a, a->first + end, a->last - end);
        run_range(a, a->last - end, a->last);
    }
}

void twin_call_sample(bool sampled) {
    now.options.sampled = sampled;
}

bool twin_call_open(const gcs_cuda_kernel *kernel, const twin_call_options *options,
                    gcs_kernel *row) {
    memset(&now, 0, sizeof now);
    void *symbol = dlsym(RTLD_DEFAULT, kernel->row.name);
    memcpy(&now.function, &symbol, sizeof symbol);
    now.own = *kernel;
    now.kernel = &now.own;
    now.options = *options;
    if (options->largest_cluster != 0 && now.own.cluster > options->largest_cluster)
        now.own.cluster = options->largest_cluster;
    *row = kernel->row;
    row->run = run;
    return symbol != NULL;
}

const char *twin_call_trouble(void) {
    return now.trouble;
}

uint64_t twin_call_count(void) {
    return now.launches;
}
