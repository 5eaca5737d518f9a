/* The default lines of the built-in table, from what was measured on several machines. */
#include "tune/builtin.h"
#include "dispatch/registry.h"
#include "dispatch/table_internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bounds that a class of rows may be divided by, any of them together: where kernels that step
 * several short rows at once may stop paying, or stop taking them; and where a row of g and w
 * begins to crowd the L1, out of which it is stepped after it was summed. */
static const uint64_t bounds[] = {12, 32, 64, 256, 1536};
#define BOUNDS      (sizeof bounds / sizeof bounds[0])
#define DIVISIONS   (1u << BOUNDS)
#define LAST_SHORT  64                             /* rows up to here are short */
#define MOST_LINES  ((BOUNDS + 1) * GCS_ISA_COUNT) /* of a class */
#define ANY_MACHINE GCS_ISA_COUNT

/* Summed regret that a bound must save for each ISA, or it follows the noise. */
#define LEAST_SAVING 0.02

/* The lines of one class under one division. */
typedef struct division {
    gcs_builtin_line lines[MOST_LINES];
    size_t count;
    double cost; /* summed regret of all ISAs, and LEAST_SAVING for each bound; INFINITY: none */
} division;

/* ---- One line ------------------------------------------------------------------------------ */

static bool accepts(const gcs_kernel *kernel, const gcs_evidence_set *set) {
    const gcs_table_key *class = &set->class;
    const gcs_need need = {.op = GCS_OP_STEP,
                           .form = {class->rule, class->center, class->gradient, class->copy},
                           .view = (gcs_view) class->layout,
                           .length = set->up_to ? set->up_to : UINT64_MAX};
    return gcs_kernel_accepts(kernel, &need);
}

/* The kernel of the set's ISA or an earlier one that loses least; NULL: none was timed on all of
 * the set's shapes. */
static const gcs_kernel *least_loss(const gcs_evidence_set *set, gcs_loss *least) {
    const gcs_kernel *chosen = NULL;
    for (size_t l = gcs_registry_lists(); l-- > 0;) {
        const gcs_kernel_list *list = gcs_registry_list(l);
        for (size_t k = 0; list->isa <= set->isa && k < list->count; k++) {
            const gcs_kernel *kernel = &list->kernels[k];
            gcs_loss loss;
            if (!accepts(kernel, set) || !gcs_loss_of(set, kernel->name, &loss) ||
                loss.shapes == 0 || (chosen && !(loss.sum < least->sum)))
                continue;
            chosen = kernel;
            *least = loss;
        }
    }
    return chosen;
}

static gcs_builtin_line line_for(const gcs_evidence_set *set, const gcs_kernel *kernel,
                                 const gcs_loss *loss) {
    gcs_builtin_line to = {.line = {.key = set->class, .impl_rev = "-", .date = "-"},
                           .loss = *loss};
    to.line.key.rows = 0;
    to.line.key.cols = set->up_to;
    to.line.key.threads = 0;
    snprintf(to.line.kernel, sizeof to.line.kernel, "%s", kernel->name);
    snprintf(to.line.evidence.ties, sizeof to.line.evidence.ties, "-");
    return to;
}

/* A line for each ISA whose own kernel loses least on the machines that have it. Where a kernel of
 * an earlier ISA does, the line of that ISA is the next that such a machine takes. */
static void add_lines(gcs_evidence_set *set, division *to) {
    for (int isa = GCS_ISA_COUNT; isa-- > 0;) {
        gcs_loss loss;
        set->isa = (gcs_isa)isa;
        const gcs_kernel *kernel = least_loss(set, &loss);
        if (!kernel)
            continue;
        to->cost += loss.sum + (set->up_to ? LEAST_SAVING : 0);
        if (kernel->isa == set->isa)
            to->lines[to->count++] = line_for(set, kernel, &loss);
    }
}

/* ---- One class ----------------------------------------------------------------------------- */

static size_t shapes_of(const gcs_evidence_set *set) {
    gcs_loss loss;
    gcs_loss_of(set, NULL, &loss);
    return loss.shapes;
}

/* Whether the set has what a line for its lengths can be made from. A line for all rows is not made
 * from short ones alone; where there are none left, it needs none. */
static bool has_evidence(const gcs_evidence_set *set, bool *empty) {
    gcs_evidence_set beyond = *set;
    *empty = shapes_of(set) == 0;
    if (set->class.layout != GCS_LAYOUT_ROWS || set->up_to)
        return !*empty;
    beyond.above = set->above > LAST_SHORT ? set->above : LAST_SHORT;
    return *empty || shapes_of(&beyond) > 0;
}

/* Divides the class by the bounds in `mask`. All ISAs have the same bounds: otherwise a bounded
 * line of a lesser ISA would come before a line for all rows of a better one. */
static void divide(gcs_evidence_set set, unsigned mask, division *to) {
    to->count = 0;
    to->cost = 0;
    set.above = 0;
    for (size_t b = 0; b <= BOUNDS; b++) {
        bool empty;
        if (b < BOUNDS && !(mask & 1u << b))
            continue;
        set.up_to = b < BOUNDS ? bounds[b] : 0;
        set.isa = ANY_MACHINE;
        if (!has_evidence(&set, &empty)) {
            to->cost = INFINITY;
            return;
        }
        if (!empty)
            add_lines(&set, to);
        set.above = set.up_to;
    }
    if (to->count == 0)
        to->cost = INFINITY; /* no kernel was timed on all of the shapes */
}

static void choose_class(const gcs_evidence_set *set, division *best) {
    const unsigned divisions = set->class.layout == GCS_LAYOUT_ROWS ? DIVISIONS : 1;
    division other;
    divide(*set, 0, best);
    for (unsigned mask = 1; mask < divisions; mask++) {
        divide(*set, mask, &other);
        if (other.cost < best->cost)
            *best = other;
    }
    if (isinf(best->cost))
        best->count = 0;
}

/* ---- All of them --------------------------------------------------------------------------- */

static bool append(gcs_builtin_lines *lines, const gcs_builtin_line *line) {
    gcs_builtin_line *grown = realloc(lines->items, (lines->count + 1) * sizeof *grown);
    if (!grown)
        return false;
    lines->items = grown;
    grown[lines->count++] = *line;
    return true;
}

/* Whether the result is the first one of its class. */
static bool begins_class(const gcs_results *machines, size_t machine, size_t index) {
    const gcs_table_key *key = &machines[machine].results[index].key;
    for (size_t m = 0; m <= machine; m++) {
        const size_t end = m < machine ? machines[m].count : index;
        for (size_t i = 0; i < end; i++)
            if (gcs_table_same_class(&machines[m].results[i].key, key))
                return false;
    }
    return true;
}

static bool add_classes(const gcs_results *machines, size_t machine_count,
                        gcs_builtin_lines *lines) {
    division chosen;
    for (size_t m = 0; m < machine_count; m++) {
        for (size_t i = 0; i < machines[m].count; i++) {
            if (!begins_class(machines, m, i))
                continue;
            const gcs_evidence_set set = {.machines = machines,
                                          .machine_count = machine_count,
                                          .class = machines[m].results[i].key};
            choose_class(&set, &chosen);
            for (size_t l = 0; l < chosen.count; l++)
                if (!append(lines, &chosen.lines[l]))
                    return false;
        }
    }
    return true;
}

static bool has_line_for_all(const gcs_builtin_lines *lines, const gcs_table_key *key) {
    for (size_t i = 0; i < lines->count; i++)
        if (lines->items[i].loss.shapes > 0 && lines->items[i].line.key.cols == 0 &&
            gcs_table_same_class(&lines->items[i].line.key, key))
            return true;
    return false;
}

/* Keeps the lines of this build's table for which nothing was measured. */
static bool keep_lines(const gcs_results *machines, size_t machine_count,
                       gcs_builtin_lines *lines) {
    const gcs_table_file file = {
        .text = gcs_table_builtin, .size = strlen(gcs_table_builtin), .whole = true};
    gcs_table_entries entries = {NULL, 0, 0};
    gcs_table_report report;
    gcs_machine machine;
    gcs_machine_read(&machine);
    bool kept = gcs_table_parse(&file, &machine, &entries, &report);
    for (size_t i = 0; kept && i < entries.count; i++) {
        const gcs_builtin_line line = {.line = entries.items[i].line};
        const gcs_evidence_set set = {.machines = machines,
                                      .machine_count = machine_count,
                                      .class = line.line.key,
                                      .up_to = line.line.key.cols,
                                      .isa = ANY_MACHINE};
        const bool measured =
            set.up_to ? shapes_of(&set) > 0 : has_line_for_all(lines, &line.line.key);
        kept = measured || append(lines, &line);
    }
    free(entries.items);
    return kept;
}

static int by_key(const void *left, const void *right) {
    const gcs_builtin_line *a = left, *b = right;
    const int key = gcs_table_compare_keys(&a->line.key, &b->line.key);
    const gcs_isa isa_a = gcs_isa_in_name(a->line.kernel), isa_b = gcs_isa_in_name(b->line.kernel);
    return key ? key : (isa_b > isa_a) - (isa_b < isa_a);
}

bool gcs_builtin_choose(const gcs_results *machines, size_t machine_count,
                        gcs_builtin_lines *lines) {
    *lines = (gcs_builtin_lines){NULL, 0};
    if (!add_classes(machines, machine_count, lines) || !keep_lines(machines, machine_count, lines))
        return false;
    if (lines->count)
        qsort(lines->items, lines->count, sizeof *lines->items, by_key);
    return true;
}

void gcs_builtin_free(gcs_builtin_lines *lines) {
    free(lines->items);
    *lines = (gcs_builtin_lines){NULL, 0};
}
