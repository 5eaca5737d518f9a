// The plans of a step, one for each set of buffers.
#ifndef GCSTEP_BENCH_PLANS_HH
#define GCSTEP_BENCH_PLANS_HH

#include "bench/gcstep.hh"
#include <string>
#include <vector>

namespace gcs_bench {

struct StepOf {
    gcs_spec spec;
    bool traffic = false;         // the ceiling: see gcs_plan_create_traffic
    const char *kernel = nullptr; // for the tensors that it fits
};

class StepPlans {
  public:
    // So many, so that a step finds the buffers of its last one, as a trainer's does. False with a
    // sentence in `error`.
    bool make(gcs_target target, const StepOf &what, const std::vector<gcs_tensor> &tensors,
              std::size_t count, std::string &error);

    std::size_t count() const { return plans_.size(); }
    gcs_plan *plan(std::size_t turn) const { return plans_[turn % plans_.size()].get(); }
    const gcs_hyper *hyper() const { return hyper_.data(); }

    // That steps a tensor.
    const char *kernel(std::size_t tensor) const {
        return gcs_plan_kernel(plans_[0].get(), tensor);
    }
    // The kernel, or how many are in use.
    std::string kernels() const;

  private:
    std::vector<gcs_hyper> hyper_;
    std::vector<Plan> plans_;
};

} // namespace gcs_bench

#endif
