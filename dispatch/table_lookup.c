/* Looking a tensor up in the merged lines: exact, nearest, default. */
#include "dispatch/table_internal.h"

#include "dispatch/plan.h"
#include "dispatch/registry.h"

#include <math.h>

static int compare(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

int gcs_table_compare_keys(const gcs_table_key *a, const gcs_table_key *b) {
    int order = compare((uint64_t)a->rule, (uint64_t)b->rule);
    if (order == 0)
        order = compare((uint64_t)a->center, (uint64_t)b->center);
    if (order == 0)
        order = compare((uint64_t)a->gradient, (uint64_t)b->gradient);
    if (order == 0)
        order = compare((uint64_t)a->copy, (uint64_t)b->copy);
    if (order == 0)
        order = compare((uint64_t)a->layout, (uint64_t)b->layout);
    if (order == 0)
        order = compare(a->rows, b->rows);
    if (order == 0)
        order = compare(a->cols, b->cols);
    if (order == 0)
        order = compare(a->threads, b->threads);
    return order;
}

bool gcs_table_same_class(const gcs_table_key *a, const gcs_table_key *b) {
    return a->rule == b->rule && a->center == b->center && a->gradient == b->gradient &&
           a->copy == b->copy && a->layout == b->layout;
}

uint64_t gcs_table_short_row(const gcs_table_key *key) {
    const gcs_form form = {key->rule, key->center, key->gradient, key->copy};
    return gcs_form_is_specialised(&form) ? GCS_SHORT_ROW : GCS_SHORT_ROW_GENERAL;
}

/* Bytes that all buffers have per element. */
static unsigned bytes_per_element(const gcs_table_key *key) {
    const unsigned states = (unsigned)gcs_rule_has_m(key->rule) +
                            (unsigned)gcs_rule_has_v(key->rule) +
                            (unsigned)gcs_rule_has_v_max(key->rule);
    const unsigned weight_and_states = (1 + states) * (unsigned)sizeof(float);
    return weight_and_states + gcs_type_bytes(key->gradient) + gcs_copy_bytes(key->copy);
}

/* In double: rows x cols comes from a file and may be large, and no edge is that sharp. */
static double bytes_of(const gcs_table_key *key) {
    return (double)key->rows * (double)key->cols * bytes_per_element(key);
}

int gcs_table_device_regime(const gcs_device_identity *device, const gcs_table_key *key) {
    return bytes_of(key) <= (double)gcs_device_cache_bytes(device) ? 1 : 2;
}

/* Each thread has an L2 of its own; an L3 holds what all threads work on. */
int gcs_table_regime(const gcs_machine *machine, const gcs_table_key *key) {
    const double bytes = bytes_of(key);
    const double threads = key->threads > 0 ? (double)key->threads : 1;
    if (bytes / threads <= (double)machine->l2)
        return 0;
    return bytes <= (double)machine->l3 ? 1 : 2;
}

/* ---- Candidates -------------------------------------------------------------------------- */

typedef struct query {
    const gcs_tables *tables;
    const gcs_table_key *key;
    gcs_table_filter *filter;
    const void *context;
} query;

/* The line's kernel, or NULL where the line is to be passed over. */
static const gcs_kernel *usable(const query *q, const gcs_table_line *line) {
    const gcs_tables *tables = q->tables;
    const gcs_kernel *kernel =
        gcs_device_kernel(tables->of_device ? &tables->device : NULL, line->kernel);
    if (kernel == NULL || (q->filter != NULL && !q->filter(q->context, kernel)))
        return NULL;
    return kernel;
}

static double octaves(uint64_t a, uint64_t b) {
    return fabs(log2((double)a / (double)b));
}

static bool choose(gcs_choice *choice, const gcs_kernel *kernel, gcs_why why, double distance,
                   const gcs_table_line *line) {
    *choice = (gcs_choice){.kernel = kernel, .why = why, .octaves = distance, .line = line};
    return true;
}

/* ---- The three ways ---------------------------------------------------------------------- */

static bool find_exact(const query *q, gcs_choice *choice) {
    for (size_t i = 0; i < q->tables->entries.count; i++) {
        const gcs_table_line *line = &q->tables->entries.items[i].line;
        if (gcs_table_compare_keys(&line->key, q->key) != 0)
            continue;
        const gcs_kernel *kernel = usable(q, line);
        return kernel != NULL && choose(choice, kernel, GCS_WHY_EXACT, 0, line);
    }
    return false;
}

static int regime(const gcs_tables *tables, const gcs_table_key *key) {
    return tables->of_device ? gcs_table_device_regime(&tables->device, key)
                             : gcs_table_regime(&tables->machine, key);
}

/* Largest distance in rows, cols and threads; HUGE_VAL beyond one octave or in another regime. */
static double distance_to(const query *q, const gcs_table_key *key) {
    double distance = fmax(octaves(key->rows, q->key->rows), octaves(key->cols, q->key->cols));
    if (!q->tables->of_device)
        distance = fmax(distance, octaves(key->threads, q->key->threads));
    return distance > 1 || regime(q->tables, key) != regime(q->tables, q->key) ? HUGE_VAL
                                                                               : distance;
}

/* The lines are sorted by key, and of equally near ones the first is kept: always the same one. */
static bool find_nearest(const query *q, bool same_threads, gcs_choice *choice) {
    double least = HUGE_VAL;
    for (size_t i = 0; i < q->tables->entries.count; i++) {
        const gcs_table_line *line = &q->tables->entries.items[i].line;
        if (!gcs_table_same_class(&line->key, q->key) || line->key.rows == 0 ||
            (line->key.threads == q->key->threads) != same_threads)
            continue;
        const double distance = distance_to(q, &line->key);
        if (!(distance < least))
            continue;
        const gcs_kernel *kernel = usable(q, line);
        if (kernel == NULL)
            continue;
        least = distance;
        choose(choice, kernel, GCS_WHY_NEAREST, distance, line);
    }
    return least < HUGE_VAL;
}

/* Whether a default line holds for the key's shape and threads: see gcs_table_key. */
static bool default_holds(const gcs_table_key *line, const gcs_table_key *key) {
    return line->rows == 0 && (line->cols == 0 || key->cols <= line->cols) &&
           (line->threads == 0 || line->threads == key->threads);
}

/* Whether default line a is the nearer one: the smaller bound, then the number of threads. */
static bool is_nearer(const gcs_table_key *a, const gcs_table_key *b) {
    const uint64_t bound_a = a->cols != 0 ? a->cols : UINT64_MAX;
    const uint64_t bound_b = b->cols != 0 ? b->cols : UINT64_MAX;
    return bound_a != bound_b ? bound_a < bound_b : a->threads > b->threads;
}

static bool find_default(const query *q, gcs_choice *choice) {
    const gcs_table_line *found = NULL;
    for (size_t i = 0; i < q->tables->entries.count; i++) {
        const gcs_table_line *line = &q->tables->entries.items[i].line;
        if (!gcs_table_same_class(&line->key, q->key) || !default_holds(&line->key, q->key) ||
            (found != NULL && !is_nearer(&line->key, &found->key)))
            continue;
        const gcs_kernel *kernel = usable(q, line);
        if (kernel == NULL)
            continue;
        found = line;
        choose(choice, kernel, GCS_WHY_DEFAULT_LINE, 0, line);
    }
    return found != NULL;
}

bool gcs_tables_find(const gcs_tables *tables, const gcs_table_key *key, bool tuned,
                     gcs_table_filter *filter, const void *context, gcs_choice *choice) {
    const query q = {.tables = tables, .key = key, .filter = filter, .context = context};
    const bool has_shape =
        key->rows > 0 && key->cols > 0 && (key->threads > 0 || tables->of_device);
    if (tuned && has_shape &&
        (find_exact(&q, choice) || find_nearest(&q, true, choice) ||
         find_nearest(&q, false, choice)))
        return true;
    return find_default(&q, choice);
}

bool gcs_tables_answer(const gcs_table_question *question, gcs_table_filter *filter,
                       const void *context, gcs_choice *choice) {
    return question->tables != NULL && gcs_tables_find(question->tables, &question->key,
                                                       question->tuned, filter, context, choice);
}
