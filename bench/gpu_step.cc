// The steps of one plan's tensors on the GPU, enqueued call by call or replayed from a graph.
#include "bench/gpu_step.hh"

#include <set>

namespace gcs_bench {

std::unique_ptr<GpuStep> GpuStep::make(const Gpu &gpu, const What &what,
                                       const std::vector<gcs_tensor> &tensors,
                                       const GpuBuffers &buffers, std::string &error) {
    std::unique_ptr<GpuStep> step(new GpuStep(gpu, buffers));
    gcs_target target = gpu.target();
    target.kernel = what.kernel;
    auto create = what.traffic ? gcs_plan_create_traffic : gcs_plan_create;
    for (std::size_t k = 0; k < buffers.sets(); k++) {
        gcs_plan *plan = nullptr;
        if (create(&plan, target, &what.spec, tensors.data(), tensors.size()) != GCS_OK) {
            error = gcs_last_error();
            return nullptr;
        }
        step->plans_.emplace_back(plan);
    }
    step->hyper_.assign(gcs_plan_groups(step->plans_[0].get()), typical_hyper());
    return step;
}

GpuStep::~GpuStep() {
    for (gcs_gpu_graph graph : graphs_)
        gcs_gpu_graph_free(gpu_.get(), graph);
}

bool GpuStep::capture(std::string &error) {
    struct Call {
        GpuStep *step;
        std::size_t set;
    };
    for (std::size_t k = 0; k < plans_.size(); k++) {
        Call call = {this, k};
        gcs_gpu_graph graph = nullptr;
        const auto enqueue = [](void *arg) {
            const Call *of = static_cast<Call *>(arg);
            return of->step->enqueue(of->set);
        };
        if (gcs_gpu_capture(gpu_.get(), enqueue, &call, &graph) != GCS_OK) {
            error = gcs_last_error();
            return false;
        }
        graphs_.push_back(graph);
    }
    return true;
}

gcs_status GpuStep::enqueue(std::size_t turn) {
    const std::size_t k = turn % plans_.size();
    return gcs_step(plans_[k].get(), hyper_.data(), buffers_.set(k));
}

gcs_status GpuStep::replay(std::size_t turn) {
    return gcs_gpu_replay(gpu_.get(), graphs_[turn % graphs_.size()]);
}

std::size_t GpuStep::kernels() const {
    std::set<std::string> names;
    for (std::size_t i = 0; i < gcs_plan_tensors(plans_[0].get()); i++)
        names.insert(kernel(i));
    return names.size();
}

} // namespace gcs_bench
