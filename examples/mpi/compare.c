/* Whole-tensor steps beside the sharded ones, and the bound: see compare.h. */
#include "compare.h"

#include <math.h>

/* All steps. *largest_clip is the largest factor among them. */
static bool whole_steps(stretch *whole, const recipe *how, double *largest_clip) {
    *largest_clip = 0;
    for (uint64_t t = 1; t <= how->steps; t++) {
        gcs_hyper hyper = how->hyper;
        hyper.t = t;
        stretch_gradient(whole, t);
        if (!succeeded(gcs_measure(whole->plan, &hyper, whole->buffers, whole->measures),
                       "gcs_measure"))
            return false;
        hyper.clip = gcs_clip_factor(gcs_total_norm(whole->measures, whole->pieces), how->max_norm);
        *largest_clip = fmax(*largest_clip, hyper.clip);
        if (!succeeded(gcs_step(whole->plan, &hyper, whole->buffers), "gcs_step"))
            return false;
    }
    return true;
}

/* How far rounding alone may take two weights apart that both made the steps.
 *
 * In each step both weights are rounded, each by at most 2^-24 of itself. Before that a change
 * goes through fewer than 256 roundings on either side, each of at most 2^-24 of its largest term:
 * fewer than 48 additions to a group's sum and 3 to join those of the ranks, as many for the sum of
 * w, fewer than 96 additions to the norm that is in the clip factor, and 20 of the formula itself.
 *
 * What the changes of all steps add up to at most: with momentum the gradient of step t is in all
 * steps from t to the last, each time with a factor below 1. Adam's corrected m / sqrt(v) is at
 * most 1.1 in a few steps (by the Cauchy-Schwarz inequality). To take a mean away may double it. */
static double rounding_allows(const recipe *how, double largest_clip, double largest_weight) {
    const gcs_hyper *h = &how->hyper;
    double steps = (double)how->steps, decay = h->weight_decay * largest_weight, changes;
    if (how->spec.rule == GCS_RULE_ADAMW)
        changes = 2 * steps * h->lr * (1.1 + decay);
    else /* no gradient is above 1 */
        changes = 2 * steps * (steps + 1) / 2 * h->lr * (largest_clip + decay);
    return ldexp(2 * steps * largest_weight + 2 * 256 * changes, -24);
}

bool compare_with_whole(const network *net, const recipe *how, const float *sharded,
                        comparison *result) {
    stretch whole;
    double largest_clip, largest_weight = 0;
    bool done = stretch_make(&whole, net, 0, net->elements, &how->spec) &&
                whole_steps(&whole, how, &largest_clip);
    if (done) {
        *result = (comparison){0};
        for (uint64_t i = 0; i < net->elements; i++) {
            double w = whole.w[i], difference = fabs(w - (double)sharded[i]);
            if (!(difference <= result->difference))
                result->difference = isnan(difference) ? INFINITY : difference;
            result->moved = fmax(result->moved, fabs(w - (double)first_weight(i)));
            largest_weight = fmax(largest_weight, fmax(fabs(w), fabs((double)first_weight(i))));
        }
        result->allowed = rounding_allows(how, largest_clip, largest_weight);
    }
    stretch_free(&whole);
    return done;
}
