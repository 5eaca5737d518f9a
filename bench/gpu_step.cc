// The steps of one plan's tensors on the GPU, enqueued call by call or replayed from a graph.
#include "bench/gpu_step.hh"

namespace gcs_bench {

std::unique_ptr<GpuStep> GpuStep::make(const Gpu &gpu, const StepOf &what,
                                       const std::vector<gcs_tensor> &tensors,
                                       const GpuBuffers &buffers, std::string &error) {
    std::unique_ptr<GpuStep> step(new GpuStep(gpu, buffers));
    const bool made = step->plans_.make(gpu.target(), what, tensors, buffers.sets(), error);
    return made ? std::move(step) : nullptr;
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
    for (std::size_t k = 0; k < plans_.count(); k++) {
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
    return gcs_step(plans_.plan(turn), plans_.hyper(), buffers_.set(turn % plans_.count()));
}

gcs_status GpuStep::replay(std::size_t turn) {
    return gcs_gpu_replay(gpu_.get(), graphs_[turn % graphs_.size()]);
}

} // namespace gcs_bench
