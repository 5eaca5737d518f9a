/* From gcs_args to launches in the twin: see twin_call.h. What check/ does not vary and a launch
 * can have, is varied here: where parameter groups lie, slices, waves, found_inf, t = 1. */
#include "cuda/twin_call.h"
#include "check/check.h"
#include "cuda/twin_cut.h"
#include "cuda/twin_first_step.h"

#include <dlfcn.h>
#include <math.h>
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
    gcs_cuda_matrix matrix[2]; /* the second is stepped */
    gcs_cuda_group groups[3];  /* the last is its */
    twin_work work;
    uint32_t *scratch;
    float found_inf;
    gcs_cuda_launch launch;
} call;

enum { MATRIX = 1, GROUP = 2 };
#define ID 0x80000005U

static void note(const char *why) {
    if (!now.trouble[0])
        snprintf(now.trouble, sizeof now.trouble, "%s", why);
}

/* ---- The draws -------------------------------------------------------------------------------
 */

/* The z of which `x` is z ^ z >> n. */
static uint64_t unshift(uint64_t x, int n) {
    uint64_t z = x;
    for (int known = n; known < 64; known += n)
        z = x ^ z >> n;
    return z;
}

/* The group's `draw` with which a device gets the key for ID: splitmix64's finish, backwards
 * (docs/arithmetic.md). The factors are the inverses of its own, modulo 2^64. */
static uint64_t draw_for(const uint32_t key[2]) {
    uint64_t z = unshift(key[0] | (uint64_t)key[1] << 32, 31);
    z = unshift(z * 0x319642b2d24d8ec3, 27);
    z = unshift(z * 0x96de1b173f119089, 30);
    return (z - 0x9e3779b97f4a7c15) ^ ID;
}

/* ---- What is in memory ------------------------------------------------------------------------
 */

static void fill_matrix(call *c, const gcs_args *a) {
    memset(c->matrix, 0xa5, sizeof c->matrix);
    c->matrix[MATRIX] = (gcs_cuda_matrix){.w = a->w,
                                          .g = a->g,
                                          .m = a->m,
                                          .v = a->v,
                                          .v_max = a->v_max,
                                          .copy = a->copy,
                                          .means = a->means,
                                          .w_means = a->w_means,
                                          .out = a->out,
                                          .rows = a->rows,
                                          .cols = a->cols,
                                          .index = a->draw.index,
                                          .id = ID,
                                          .group = GROUP};
    if (now.kernel->row.view == GCS_VIEW_PART)
        c->matrix[MATRIX].means = &a->mean;
    if (a->measured)
        c->matrix[MATRIX].measured = *a->measured;
}

static void fill_groups(call *c, const gcs_args *a) {
    memset(c->groups, 0xa5, sizeof c->groups);
    c->found_inf = 0;
    c->groups[GROUP] = (gcs_cuda_group){.coef = *a->coef,
                                        .first_step = a->first_step,
                                        .found_inf = now.calls % 2 == 0 ? &c->found_inf : NULL,
                                        .draw = draw_for(a->draw.key)};
    if (now.kernel->row.op == GCS_OP_STEP && twin_hide_first_state(now.kernel, a))
        c->groups[GROUP].first_step = 1;
}

static gcs_form form_of(const gcs_args *a) {
    if (a->form)
        return *a->form;
    const gcs_kernel *row = &now.kernel->row;
    return (gcs_form){row->rule, row->center, GCS_TYPE_F32, GCS_COPY_NONE};
}

/* ---- Work ------------------------------------------------------------------------------------
 */

/* Kernels that are given the means know elements alone. Of a range of columns these are a piece of
 * each row. */
static bool cut_elements(call *c, const gcs_args *a) {
    if (now.kernel->row.view == GCS_VIEW_ROWS)
        return twin_cut(&c->work, 1, a->first * a->cols, a->last * a->cols);
    if (a->first == 0 && a->last == a->cols)
        return twin_cut(&c->work, 1, 0, a->rows * a->cols);
    for (uint64_t row = 0; row < a->rows; row++) {
        if (!twin_cut(&c->work, 1, row * a->cols + a->first, row * a->cols + a->last))
            return false;
    }
    return true;
}

/* Rows or elements of a whole matrix as two matrices behind each other. */
static bool has_slices(const call *c, const gcs_args *a) {
    const gcs_view view = now.kernel->row.view;
    const uint64_t units = view == GCS_VIEW_ROWS ? a->rows : a->cols;
    /* Figures are of matrices that have one slice, where they are by rows. */
    return c->work.way % 5 == 0 && (view == GCS_VIEW_ROWS || view == GCS_VIEW_FLAT) &&
           a->first == 0 && a->last == units && units % 2 == 0 && !a->out && !a->measured;
}

static bool cut_work(call *c, const gcs_args *a) {
    gcs_cuda_matrix *x = &c->matrix[MATRIX];
    c->work =
        (twin_work){.kernel = now.kernel, .matrix = x, .matrix_index = MATRIX, .way = now.calls};
    if (now.kernel->row.means_given)
        return cut_elements(c, a);
    if (now.kernel->row.view == GCS_VIEW_PART)
        return twin_cut(&c->work, 1, a->first / GCS_SEGMENT,
                        (a->last + GCS_SEGMENT - 1) / GCS_SEGMENT);
    if (!has_slices(c, a))
        return twin_cut(&c->work, 1, a->first, a->last);
    uint64_t *units = now.kernel->row.view == GCS_VIEW_ROWS ? &x->rows : &x->cols;
    *units /= 2;
    return twin_cut(&c->work, 2, 0, *units);
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
static void launch_items(call *c, size_t first, size_t end) {
    const gcs_cuda_matrix *x = &c->matrix[MATRIX];
    const uint64_t length = now.kernel->row.view == GCS_VIEW_COLS ? x->rows : x->cols;
    const uint64_t shared = gcs_cuda_shared_bytes(now.kernel, length, c->work.columns);
    const twin_options options = next_options();
    c->launch.work = c->work.items + first;
    if (first == end)
        return;
    const char *why =
        twin_launch(now.function, &c->launch, (unsigned)(end - first) * now.kernel->cluster,
                    now.kernel->threads, (size_t)shared, &options);
    if (why)
        note(why);
}

static void launch(call *c) {
    launch_items(c, 0, c->work.sums);
    launch_items(c, c->work.sums, c->work.count);
}

/* With found_inf nothing may change: what does, spoils the launch that counts. */
static void launch_with_found_inf(call *c) {
    static const float found[] = {1, -1, NAN, INFINITY, 0x1p-140F};
    if (c->groups[GROUP].found_inf == NULL || now.calls % 4 != 0)
        return;
    c->found_inf = found[now.calls / 4 % 5];
    launch(c);
    c->found_inf = 0;
}

static void prepare_launch(call *c, const gcs_args *a) {
    const bool in_memory = now.calls % 5 < 2;
    c->launch = (gcs_cuda_launch){.matrices = c->matrix,
                                  .groups = in_memory ? c->groups : NULL,
                                  .form = form_of(a),
                                  .scratch = c->scratch};
    memset(c->launch.inline_groups, 0xa5, sizeof c->launch.inline_groups);
    if (!in_memory)
        c->launch.inline_groups[GROUP] = c->groups[GROUP];
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
    fill_matrix(&c, a);
    fill_groups(&c, a);
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
    launch_with_found_inf(&c);
    launch(&c);
    check_records(&c);
}

/* ---- What the twin need not do ---------------------------------------------------------------
 */

/* A cluster has thousands of threads for each group: one call in so many is run with them. */
static uint64_t one_in(const gcs_cuda_kernel *kernel) {
    const uint64_t threads = (uint64_t)kernel->cluster * kernel->threads;
    return now.options.sampled && threads > 1024 ? threads / 512 : 1;
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
