// The plans of a step, one for each set of buffers.
#include "bench/plans.hh"

#include <set>

namespace gcs_bench {

bool StepPlans::make(gcs_target target, const StepOf &what, const std::vector<gcs_tensor> &tensors,
                     std::size_t count, std::string &error) {
    target.kernel = what.kernel;
    auto create = what.traffic ? gcs_plan_create_traffic : gcs_plan_create;
    for (std::size_t k = 0; k < count; k++) {
        gcs_plan *plan = nullptr;
        if (create(&plan, target, &what.spec, tensors.data(), tensors.size()) != GCS_OK) {
            error = gcs_last_error();
            return false;
        }
        plans_.emplace_back(plan);
    }
    hyper_.assign(gcs_plan_groups(plans_[0].get()), typical_hyper());
    return true;
}

std::string StepPlans::kernels() const {
    std::set<std::string> names;
    for (std::size_t i = 0; i < gcs_plan_tensors(plans_[0].get()); i++)
        names.insert(kernel(i));
    return names.size() == 1 ? *names.begin() : std::to_string(names.size()) + " kernels";
}

} // namespace gcs_bench
