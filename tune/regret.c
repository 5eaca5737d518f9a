/* What a kernel loses on shapes that were measured. */
#include "tune/regret.h"
#include "dispatch/registry.h"
#include "dispatch/table_internal.h"
#include <math.h>

double gcs_regret(double ratio, double best) {
    return ratio > best ? ratio / best - 1 : 0;
}

static bool is_in_class(const gcs_evidence_set *set, const gcs_table_key *key) {
    return gcs_table_same_class(key, &set->class) &&
           (set->threads == 0 || key->threads == set->threads) && key->cols > set->above &&
           (set->up_to == 0 || key->cols <= set->up_to);
}

bool gcs_evidence_has(const gcs_evidence_set *set, const gcs_results *machine,
                      const gcs_shape_result *result) {
    return result != set->left_out && is_in_class(set, &result->key) &&
           (set->isa == GCS_ISA_COUNT || (machine->isas >> set->isa & 1) != 0);
}

/* The best ratio to the default among the kernels that the set allows. Where the winner is none of
 * them, it is the least median: lucky, but equally so for all kernels that are compared with it. */
static double best_ratio(const gcs_evidence_set *set, const gcs_shape_result *result) {
    double least = INFINITY;
    if (set->isa == GCS_ISA_COUNT ||
        gcs_isa_in_name(result->candidates[result->winner].kernel) <= set->isa)
        return gcs_result_best(result);
    for (size_t i = 0; i < result->count; i++) {
        const gcs_candidate_result *c = &result->candidates[i];
        if (c->fate != GCS_FATE_FAILED && gcs_isa_in_name(c->kernel) <= set->isa)
            least = fmin(least, c->median);
    }
    return least;
}

static bool add_loss(const gcs_evidence_set *set, const gcs_shape_result *result,
                     const char *kernel, gcs_loss *loss) {
    double ratio = 1;
    if (kernel && !gcs_result_ratio(result, kernel, &ratio))
        return false;
    const double regret = gcs_regret(ratio, best_ratio(set, result));
    loss->shapes++;
    loss->sum += regret;
    loss->worst = fmax(loss->worst, regret);
    loss->log_gain -= log(ratio);
    return true;
}

bool gcs_loss_of(const gcs_evidence_set *set, const char *kernel, gcs_loss *loss) {
    *loss = (gcs_loss){.shapes = 0};
    for (size_t m = 0; m < set->machine_count; m++) {
        const gcs_results *machine = &set->machines[m];
        for (size_t i = 0; i < machine->count; i++)
            if (gcs_evidence_has(set, machine, &machine->results[i]) &&
                !add_loss(set, &machine->results[i], kernel, loss))
                return false;
    }
    return true;
}

bool gcs_serves_set(const gcs_evidence_set *set, const gcs_kernel *kernel) {
    return kernel->max_length == 0 || (set->up_to != 0 && kernel->max_length >= set->up_to);
}
