// The steps of one plan's tensors on the GPU, enqueued call by call or replayed from a graph.
#ifndef GCSTEP_BENCH_GPU_STEP_HH
#define GCSTEP_BENCH_GPU_STEP_HH

#include "bench/gpu.hh"

namespace gcs_bench {

class GpuStep {
  public:
    struct What {
        gcs_spec spec;
        bool traffic = false;         // the ceiling: see gcs_plan_create_traffic
        const char *kernel = nullptr; // for the tensors that it fits
    };

    // One plan for each set, so that a step finds the buffers of its last one, as a trainer's does.
    // Null with a sentence in `error`.
    static std::unique_ptr<GpuStep> make(const Gpu &gpu, const What &what,
                                         const std::vector<gcs_tensor> &tensors,
                                         const GpuBuffers &buffers, std::string &error);
    ~GpuStep();
    GpuStep(const GpuStep &) = delete;
    GpuStep &operator=(const GpuStep &) = delete;

    // Captures a step of each set.
    bool capture(std::string &error);

    gcs_status enqueue(std::size_t turn);
    gcs_status replay(std::size_t turn);

    // That steps a tensor of the plan.
    const char *kernel(std::size_t tensor) const {
        return gcs_plan_kernel(plans_[0].get(), tensor);
    }
    // How many of them it has in use.
    std::size_t kernels() const;

  private:
    GpuStep(const Gpu &gpu, const GpuBuffers &buffers) : gpu_(gpu), buffers_(buffers) {}
    const Gpu &gpu_;
    const GpuBuffers &buffers_;
    std::vector<gcs_hyper> hyper_;
    std::vector<Plan> plans_;
    std::vector<gcs_gpu_graph> graphs_;
};

} // namespace gcs_bench

#endif
