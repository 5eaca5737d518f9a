// The project's C headers as the bench programs see them, and owners for what they make.
#ifndef GCSTEP_BENCH_GCSTEP_HH
#define GCSTEP_BENCH_GCSTEP_HH

extern "C" {
#include "check/check.h"
#include "dispatch/coefficients.h"
#include "dispatch/machine.h"
#include "dispatch/plan.h"
#include "dispatch/registry.h"
#include "kernels/kernel.h"
#include "measure/measure.h"
#include "models/model.h"
#include <gcstep/gcstep.h>
}

#include <memory>

namespace gcs_bench {

struct Destroy {
    void operator()(gcs_plan *plan) const { gcs_plan_destroy(plan); }
    void operator()(gcs_buffer_sets *sets) const { gcs_buffer_sets_destroy(sets); }
};
using Plan = std::unique_ptr<gcs_plan, Destroy>;
using BufferSets = std::unique_ptr<gcs_buffer_sets, Destroy>;

// Hyper-parameters of a run that is under way: state is read, and every term of a formula is
// there. Values as in the papers' experiments.
inline gcs_hyper typical_hyper() {
    gcs_hyper hyper = gcs_hyper_default();
    hyper.weight_decay = 5e-4;
    hyper.t = 1000;
    return hyper;
}

} // namespace gcs_bench

#endif
