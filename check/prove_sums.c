/* The double reference as a judge of sums and measurings: see prove.h. */
#include "check/order.h"
#include "check/prove.h"
#include <math.h>

/* Of an exact sum of one element. */
static const double underflow = 0x1p-150;

static float at(const gcs_judge *j, int b, uint64_t i) {
    return ((const float *)j->place[b])[i];
}

static bool judge_sum(const gcs_judge *j, int b, const char *name, uint64_t i,
                      const gcs_bounded_sum *sum, const gcs_judged_group *group, double exact) {
    gcs_bounded bound =
        gcs_bounded_sum_total(sum, gcs_order_depth(group->length, group->contiguous));
    bound.error += underflow;
    return gcs_judge_value(j, name, i, 0, at(j, b, i), exact, &bound);
}

static bool judge_stepped_state(const gcs_judge *j) {
    gcs_judge_reference(j);
    for (uint64_t i = 0; i < j->tensor.cols; i++) {
        gcs_bound_old old = gcs_judge_old(j, i);
        gcs_bound_element bound = gcs_bound_step(&j->coef, &old, (gcs_bounded){0});
        if (!gcs_judge_state(j, i, &bound))
            return false;
    }
    return true;
}

/* The inputs from element `first` on. */
static gcs_reference_in from(const gcs_judge *j, uint64_t first) {
    const gcs_reference_in *in = &j->in;
    unsigned size = j->run->buffer[GCS_BUF_G].size;
    return (gcs_reference_in){
        .w = in->w + first,
        .g = (const char *)in->g + first * size,
        .m = in->m ? in->m + first : NULL,
        .v = in->v ? in->v + first : NULL,
        .v_max = in->v_max ? in->v_max + first : NULL,
    };
}

/* Segments of a row. */
static gcs_judged_group segment_of(const gcs_judge *j, uint64_t first) {
    uint64_t left = j->tensor.cols - first;
    return (gcs_judged_group){first, left < GCS_SEGMENT ? left : GCS_SEGMENT, 1, true};
}

bool gcs_prove_sums(const gcs_judge *j) {
    const gcs_run *r = j->run;
    for (uint64_t first = 0; first < j->tensor.cols; first += GCS_SEGMENT) {
        gcs_judged_group segment = segment_of(j, first);
        gcs_tensor row = gcs_rows(1, segment.length);
        gcs_reference_in in = from(j, first);
        double exact = gcs_reference_group_sum(&r->spec, &row, r->hyper, &in, 0);
        gcs_bounded_sum sum = gcs_judge_sum(j, &segment);
        if (!judge_sum(j, GCS_BUF_OUT, "sum", first / GCS_SEGMENT, &sum, &segment, exact))
            return false;
    }
    return r->form.center != GCS_CENTER_UPDATE || judge_stepped_state(j);
}

bool gcs_prove_changes(const gcs_judge *j) {
    const gcs_run *r = j->run;
    for (uint64_t number = 0; number < gcs_judge_groups(j); number++) {
        gcs_judged_group group = gcs_judge_group(j, number);
        double exact = gcs_reference_group_sum(&r->spec, &j->tensor, r->hyper, &j->in, number);
        gcs_bounded_sum sum = gcs_judge_sum(j, &group);
        if (!judge_sum(j, GCS_BUF_OUT, "sum", number, &sum, &group, exact))
            return false;
    }
    return true;
}

/* ---- Measuring ----------------------------------------------------------------------------------
 */

/* What rounding may do to the figures of a group. */
typedef struct figures {
    gcs_bounded_sum sum, square;
    gcs_bounded max; /* the error alone counts */
} figures;

static figures figures_of(const gcs_judge *j, const gcs_judged_group *g, gcs_bounded mean) {
    figures f = {0};
    for (uint64_t k = 0; k < g->length; k++) {
        gcs_bounded x = gcs_bounded_exactly(
            gcs_reference_number(j->run->form.gradient, j->in.g, g->start + k * g->stride));
        if (mean.value != 0 || mean.error != 0)
            x = gcs_bounded_subtract(x, mean);
        gcs_bounded_sum_add(&f.sum, x);
        gcs_bounded_sum_add(&f.square, gcs_bounded_multiply(x, x));
        f.max.error = fmax(f.max.error, x.error);
    }
    /* A largest magnitude that is exact has an error of 0, by which nothing can be divided. */
    f.max.error += underflow;
    return f;
}

static bool judge_figures(const gcs_judge *j, uint64_t number, const gcs_judged_group *g,
                          const figures *f, double sum, double square, double max) {
    return judge_sum(j, GCS_BUF_SUM, "sum", number, &f->sum, g, sum) &&
           judge_sum(j, GCS_BUF_SQUARE, "square", number, &f->square, g, square) &&
           gcs_judge_value(j, "max", number, 0, at(j, GCS_BUF_MAX, number), max, &f->max);
}

static bool prove_part(const gcs_judge *j) {
    for (uint64_t first = 0; first < j->tensor.cols; first += GCS_SEGMENT) {
        gcs_judged_group segment = segment_of(j, first);
        double mean = j->run->mean, length = (double)segment.length;
        gcs_reference_found found =
            gcs_reference_find(j->run->form.gradient, j->in.g, first, segment.length, 1, &mean);
        figures f = figures_of(j, &segment, gcs_bounded_exactly(mean));
        if (!judge_figures(j, first / GCS_SEGMENT, &segment, &f, found.sum - mean * length,
                           found.square_centered, found.max_centered))
            return false;
    }
    return true;
}

static bool prove_group(const gcs_judge *j, uint64_t number) {
    gcs_judged_group g = gcs_judge_group(j, number);
    double given = j->in.means ? (double)j->in.means[number] : 0;
    gcs_reference_found found = gcs_reference_find(j->run->form.gradient, j->in.g, g.start,
                                                   g.length, g.stride, j->in.means ? &given : NULL);
    figures raw = figures_of(j, &g, gcs_bounded_exactly(0));
    if (!judge_figures(j, number, &g, &raw, found.sum, found.square, found.max))
        return false;
    if (!j->run->buffer[GCS_BUF_SQUARE_CENTERED].used)
        return true;
    uint64_t depth = gcs_order_depth(g.length, g.contiguous);
    gcs_bounded mean = j->in.means ? gcs_bounded_exactly(given)
                                   : gcs_bounded_loosen(gcs_bounded_mean(&raw.sum, g.length, depth),
                                                        j->coef.loose.divide);
    figures centred = figures_of(j, &g, mean);
    return judge_sum(j, GCS_BUF_SQUARE_CENTERED, "square_centered", number, &centred.square, &g,
                     found.square_centered) &&
           gcs_judge_value(j, "max_centered", number, 0, at(j, GCS_BUF_MAX_CENTERED, number),
                           found.max_centered, &centred.max);
}

bool gcs_prove_measured(const gcs_judge *j) {
    if (j->run->kernel->view == GCS_VIEW_PART)
        return prove_part(j);
    for (uint64_t number = 0; number < gcs_judge_groups(j); number++) {
        if (!prove_group(j, number))
            return false;
    }
    return true;
}
