/* The scalar reference, in double: see reference.h. */
#include "reference/rules.h"
#include <stddef.h>

static double scaled_gradient(const gcs_reference_call *c, uint64_t i) {
    return gcs_reference_factor(c) * gcs_reference_number(c->spec.gradient, c->in->g, i);
}

/* What the mean is taken of. */
static double term(const gcs_reference_call *c, uint64_t i) {
    double y = scaled_gradient(c, i),
           decay = gcs_reference_l2_term(c, c->in->w ? (double)c->in->w[i] : 0);
    switch (c->spec.center) {
    case GCS_CENTER_GRADIENT:
        return y + decay;
    case GCS_CENTER_RAW_GRADIENT:
        return y;
    case GCS_CENTER_UPDATE:
        return gcs_reference_rule(c, i, y + decay).change;
    case GCS_CENTER_NONE:
        break;
    }
    return 0;
}

static void write_element(const gcs_reference_call *c, const gcs_reference_out *out, uint64_t i,
                          double mean) {
    double x = scaled_gradient(c, i) + gcs_reference_l2_term(c, c->in->w[i]);
    if (c->spec.center == GCS_CENTER_GRADIENT || c->spec.center == GCS_CENTER_RAW_GRADIENT)
        x -= mean;
    gcs_reference_element e = gcs_reference_rule(c, i, x);
    if (c->spec.center == GCS_CENTER_UPDATE)
        e.change -= mean;
    out->w[i] = (double)c->in->w[i] - e.change;
    if (out->m)
        out->m[i] = e.m;
    if (out->v)
        out->v[i] = e.v;
    if (out->v_max)
        out->v_max[i] = e.v_max;
}

/* ---- Groups ---------------------------------------------------------------------------------- */

/* A group: `length` elements of the whole tensor from `start`, `stride` apart. */
typedef struct group {
    uint64_t start, length, stride;
} group;

static uint64_t matrices(const gcs_tensor *t) {
    return t->layout == GCS_LAYOUT_COLS && t->outer > 1 ? t->outer : 1;
}

static group group_of(const gcs_tensor *t, uint64_t number) {
    if (t->layout != GCS_LAYOUT_COLS)
        return (group){number * t->cols, t->cols, 1};
    uint64_t matrix = number / t->cols, column = number % t->cols;
    return (group){matrix * t->rows * t->cols + column, t->rows, t->cols};
}

/* Whether the piece holds element k of the group; *i is then where. */
static bool is_held(const gcs_tensor *t, const group *g, uint64_t k, uint64_t *i) {
    uint64_t number = g->start + k * g->stride;
    uint64_t count = t->count != 0 ? t->count : matrices(t) * t->rows * t->cols;
    *i = number - t->offset;
    return number >= t->offset && *i < count;
}

static double group_sum(const gcs_reference_call *c, const group *g) {
    double sum = 0;
    uint64_t i;
    for (uint64_t k = 0; k < g->length; k++) {
        if (is_held(c->tensor, g, k, &i))
            sum += term(c, i);
    }
    return sum;
}

double gcs_reference_group_sum(const gcs_spec *spec, const gcs_tensor *tensor,
                               const gcs_hyper *hyper, const gcs_reference_in *in,
                               uint64_t number) {
    gcs_reference_call c = gcs_reference_begin(spec, tensor, hyper, in);
    group g = group_of(tensor, number);
    return group_sum(&c, &g);
}

/* The number of the first group that the piece lies in: where in->means begins. */
static uint64_t first_group(const gcs_tensor *t) {
    if (t->layout == GCS_LAYOUT_COLS)
        return t->offset / (t->rows * t->cols) * t->cols;
    return t->offset / t->cols;
}

/* The caller's mean is one of g as it is in the buffer, or with UPDATE of the change. */
static double given_mean(const gcs_reference_call *c, uint64_t number) {
    uint64_t entry = number - first_group(c->tensor);
    double mean = c->in->means[entry];
    if (c->spec.center == GCS_CENTER_UPDATE)
        return mean;
    mean *= gcs_reference_factor(c);
    if (c->spec.center == GCS_CENTER_GRADIENT && c->in->w_means)
        mean += gcs_reference_l2_term(c, c->in->w_means[entry]);
    return mean;
}

void gcs_reference_step(const gcs_spec *spec, const gcs_tensor *tensor, const gcs_hyper *hyper,
                        const gcs_reference_in *in, const gcs_reference_out *out) {
    gcs_reference_call c = gcs_reference_begin(spec, tensor, hyper, in);
    if (tensor->layout == GCS_LAYOUT_FLAT)
        c.spec.center = GCS_CENTER_NONE;
    uint64_t groups =
        tensor->layout == GCS_LAYOUT_COLS ? matrices(tensor) * tensor->cols : tensor->rows;
    for (uint64_t number = 0; number < groups; number++) {
        group g = group_of(tensor, number);
        double mean = 0;
        bool known = false;
        for (uint64_t k = 0; k < g.length; k++) {
            uint64_t i;
            if (!is_held(tensor, &g, k, &i))
                continue;
            if (!known && c.spec.center != GCS_CENTER_NONE)
                mean = in->means ? given_mean(&c, number) : group_sum(&c, &g) / (double)g.length;
            known = true;
            write_element(&c, out, i, mean);
        }
    }
}
