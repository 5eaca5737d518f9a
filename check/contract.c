/* The contract of docs/arithmetic.md for each operation of kernels/kernel.h, written from these two
 * with no regard to speed. */
#include "check/contract.h"
#include "check/derive.h"
#include "check/element.h"
#include "check/half.h"
#include "check/order.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEGMENT = 1024 }; /* the page's number, not the kernels' macro */

/* One run. */
typedef struct work {
    const gcs_kernel *kernel;
    const gcs_args *args;
    gcs_form form;
    float *y; /* room for the terms of a group */
} work;

/* Elements from `start`, `stride` apart. */
typedef struct group {
    uint64_t start, length, stride;
    bool contiguous;
} group;

gcs_form gcs_contract_form(const gcs_kernel *kernel, const gcs_form *asked) {
    if (kernel->general)
        return *asked;
    return (gcs_form){kernel->rule, kernel->center, GCS_TYPE_F32, GCS_COPY_NONE};
}

static bool is_grouped(gcs_view view) {
    return view == GCS_VIEW_ROWS || view == GCS_VIEW_COLS;
}

/* Row or column `number`. */
static group group_of(const work *k, uint64_t number) {
    const gcs_args *a = k->args;
    if (k->kernel->view == GCS_VIEW_COLS)
        return (group){number, a->rows, a->cols, false};
    return (group){number * a->cols, a->cols, 1, true};
}

static float sum_of(const work *k, const group *g) {
    return gcs_order_sum(k->y, g->length, g->contiguous);
}

/* ---- A step ---------------------------------------------------------------------------------- */

/* The change of element i by a step with CENTER_UPDATE. keep: the new state is written. */
static float change_of(const work *k, uint64_t i, bool state_is_new, bool keep) {
    const gcs_args *a = k->args;
    gcs_state state = {0};
    float x = gcs_element_x(&k->form, a, i, 0);
    if (k->kernel->op != GCS_OP_CHANGE || !a->first_step)
        state = gcs_element_state(&k->form, a, i);
    if (!state_is_new)
        state = gcs_element_advance(&k->form, a->coef, x, state);
    if (keep)
        gcs_element_keep(&k->form, a, i, state);
    /* The buffer of w may be missing where nothing of it is used. */
    float w = a->coef->decay != 0 ? a->w[i] : 0;
    return gcs_element_change(&k->form, a->coef, x, w, state);
}

static void write_weight(const work *k, uint64_t i, float change) {
    const gcs_args *a = k->args;
    a->w[i] = a->w[i] - change;
    if (k->form.copy != GCS_COPY_NONE)
        a->copy[i] =
            gcs_half_copy(k->form.copy, a->w[i], gcs_half_draw(a->draw.key, a->draw.index + i));
}

/* The mean that the caller gives for group `number`. */
static float given_mean(const work *k, uint64_t number) {
    const gcs_args *a = k->args;
    const gcs_coef *c = a->coef;
    if (k->form.center == GCS_CENTER_UPDATE)
        return a->means[number];
    float mean = c->scale * a->means[number];
    if (k->form.center == GCS_CENTER_GRADIENT && gcs_derive_has_l2(k->form.rule) && c->decay != 0)
        return mean + c->decay * a->w_means[number];
    return mean;
}

/* With CENTER_UPDATE the new state is then in the buffers. */
static float own_mean(const work *k, const group *g) {
    for (uint64_t e = 0; e < g->length; e++) {
        uint64_t i = g->start + e * g->stride;
        k->y[e] = k->form.center == GCS_CENTER_UPDATE ? change_of(k, i, false, true)
                                                      : gcs_element_term(&k->form, k->args, i);
    }
    return sum_of(k, g) / (float)g->length;
}

static void step_group(const work *k, const group *g, float mean, bool state_is_new) {
    const gcs_args *a = k->args;
    for (uint64_t e = 0; e < g->length; e++) {
        uint64_t i = g->start + e * g->stride;
        if (k->form.center == GCS_CENTER_UPDATE) {
            write_weight(k, i, change_of(k, i, state_is_new, !state_is_new) - mean);
            continue;
        }
        float x = gcs_element_x(&k->form, a, i, mean);
        gcs_state state =
            gcs_element_advance(&k->form, a->coef, x, gcs_element_state(&k->form, a, i));
        gcs_element_keep(&k->form, a, i, state);
        write_weight(k, i, gcs_element_change(&k->form, a->coef, x, a->w[i], state));
    }
}

static void step(const work *k) {
    const gcs_args *a = k->args;
    bool update = k->form.center == GCS_CENTER_UPDATE;
    if (!is_grouped(k->kernel->view)) {
        group piece = {a->first, a->last - a->first, 1, true};
        step_group(k, &piece, a->mean, update);
        return;
    }
    for (uint64_t number = a->first; number < a->last; number++) {
        group g = group_of(k, number);
        if (k->kernel->means_given)
            step_group(k, &g, given_mean(k, number), false);
        else
            step_group(k, &g, own_mean(k, &g), update);
    }
}

/* ---- Sums ------------------------------------------------------------------------------------ */

static void sum_segments(const work *k) {
    const gcs_args *a = k->args;
    for (uint64_t first = a->first; first < a->last; first += SEGMENT) {
        uint64_t length = a->last - first < SEGMENT ? a->last - first : SEGMENT;
        for (uint64_t e = 0; e < length; e++)
            k->y[e] = k->form.center == GCS_CENTER_UPDATE
                          ? change_of(k, first + e, false, true)
                          : gcs_element_term(&k->form, a, first + e);
        a->out[first / SEGMENT] = gcs_order_segment(k->y, length);
    }
}

static void sum_changes(const work *k) {
    for (uint64_t number = k->args->first; number < k->args->last; number++) {
        group g = group_of(k, number);
        for (uint64_t e = 0; e < g.length; e++)
            k->y[e] = change_of(k, g.start + e * g.stride, false, false);
        k->args->out[number] = sum_of(k, &g);
    }
}

/* ---- Measuring ------------------------------------------------------------------------------- */

/* x: g less `mean`. */
static float less(const work *k, uint64_t i, float mean) {
    return gcs_element_gradient(&k->form, k->args, i) - mean;
}

static float sum_less(const work *k, const group *g, float mean) {
    for (uint64_t e = 0; e < g->length; e++)
        k->y[e] = less(k, g->start + e * g->stride, mean);
    return sum_of(k, g);
}

static float squares_less(const work *k, const group *g, float mean) {
    for (uint64_t e = 0; e < g->length; e++) {
        float x = less(k, g->start + e * g->stride, mean);
        k->y[e] = x * x;
    }
    return sum_of(k, g);
}

static uint32_t magnitude_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & 0x7fffffff;
}

static float largest_less(const work *k, const group *g, float mean) {
    float largest = 0;
    for (uint64_t e = 0; e < g->length; e++) {
        float x = less(k, g->start + e * g->stride, mean);
        if (magnitude_bits(x) > magnitude_bits(largest))
            largest = x;
    }
    return fabsf(largest);
}

/* `to` gets the first three figures at `number`. */
static void measure_group(const work *k, const group *g, float mean, uint64_t number) {
    const gcs_measured *to = k->args->measured;
    to->sum[number] = sum_less(k, g, mean);
    to->square[number] = squares_less(k, g, mean);
    to->max[number] = largest_less(k, g, mean);
}

static void measure(const work *k) {
    const gcs_args *a = k->args;
    if (k->kernel->view == GCS_VIEW_PART) {
        for (uint64_t first = a->first; first < a->last; first += SEGMENT) {
            uint64_t left = a->last - first;
            group segment = {first, left < SEGMENT ? left : SEGMENT, 1, true};
            measure_group(k, &segment, a->mean, first / SEGMENT);
        }
        return;
    }
    for (uint64_t number = a->first; number < a->last; number++) {
        group g = group_of(k, number);
        measure_group(k, &g, 0, number);
        if (k->form.center == GCS_CENTER_NONE)
            continue;
        float mean = a->means ? a->means[number] : a->measured->sum[number] / (float)g.length;
        a->measured->square_centered[number] = squares_less(k, &g, mean);
        a->measured->max_centered[number] = largest_less(k, &g, mean);
    }
}

bool gcs_contract_run(const gcs_kernel *kernel, const gcs_args *args) {
    work k = {kernel, args, gcs_contract_form(kernel, args->form), NULL};
    uint64_t length = is_grouped(kernel->view) ? group_of(&k, 0).length : SEGMENT;
    k.y = malloc((size_t)length * sizeof *k.y);
    if (!k.y)
        return false;
    switch (kernel->op) {
    case GCS_OP_STEP:
        step(&k);
        break;
    case GCS_OP_SUM:
        sum_segments(&k);
        break;
    case GCS_OP_MEASURE:
        measure(&k);
        break;
    case GCS_OP_CHANGE:
        sum_changes(&k);
        break;
    case GCS_OP_TRAFFIC:
        break;
    }
    free(k.y);
    return true;
}
