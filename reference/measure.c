/* What a measuring has to find, in double: see reference.h. */
#include "reference/reference.h"
#include <math.h>

/* A NaN in either is above all. */
static double larger(double a, double b) {
    return isnan(a) || isnan(b) ? (double)NAN : a > b ? a : b;
}

gcs_reference_found gcs_reference_find(gcs_type type, const void *g, uint64_t start,
                                       uint64_t length, uint64_t stride, const double *mean) {
    gcs_reference_found found = {.finite = true};
    for (uint64_t k = 0; k < length; k++) {
        double x = gcs_reference_number(type, g, start + k * stride);
        found.sum += x;
        found.square += x * x;
        found.max = larger(found.max, fabs(x));
        found.finite = found.finite && isfinite(x);
    }
    double taken_off = mean ? *mean : found.sum / (double)length;
    for (uint64_t k = 0; k < length; k++) {
        double x = gcs_reference_number(type, g, start + k * stride) - taken_off;
        found.square_centered += x * x;
        found.max_centered = larger(found.max_centered, fabs(x));
    }
    return found;
}

static void add(gcs_reference_found *all, const gcs_reference_found *one, bool centred) {
    all->square += one->square;
    all->max = larger(all->max, one->max);
    all->square_centered += centred ? one->square_centered : one->square;
    all->max_centered = larger(all->max_centered, centred ? one->max_centered : one->max);
    all->finite = all->finite && one->finite;
}

void gcs_reference_measure(const gcs_spec *spec, const gcs_tensor *tensor, const gcs_hyper *hyper,
                           const gcs_reference_in *in, gcs_reference_measures *measures) {
    uint64_t matrices = tensor->layout == GCS_LAYOUT_COLS && tensor->outer > 1 ? tensor->outer : 1;
    bool by_column = tensor->layout == GCS_LAYOUT_COLS, flat = tensor->layout == GCS_LAYOUT_FLAT;
    bool centred = spec->center != GCS_CENTER_NONE && !flat;
    uint64_t groups = by_column ? matrices * tensor->cols : tensor->rows;
    uint64_t length = by_column ? tensor->rows : tensor->cols;
    gcs_reference_found all = {.finite = true};
    for (uint64_t group = 0; group < groups; group++) {
        uint64_t start =
            by_column ? group / tensor->cols * tensor->rows * tensor->cols + group % tensor->cols
                      : group * tensor->cols;
        gcs_reference_found one = gcs_reference_find(spec->gradient, in->g, start, length,
                                                     by_column ? tensor->cols : 1, NULL);
        if (measures->sums && !flat)
            measures->sums[group] = one.sum;
        add(&all, &one, centred);
    }
    double scale = hyper->grad_scale == 0 ? 1 : fabs(hyper->grad_scale);
    measures->norm = scale * sqrt(all.square);
    measures->norm_centered = scale * sqrt(all.square_centered);
    measures->max = scale * all.max;
    measures->max_centered = scale * all.max_centered;
    measures->finite = all.finite;
}
