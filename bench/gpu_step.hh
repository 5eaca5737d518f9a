// The steps of one plan's tensors on the GPU, enqueued call by call or replayed from a graph.
#ifndef GCSTEP_BENCH_GPU_STEP_HH
#define GCSTEP_BENCH_GPU_STEP_HH

#include "bench/gpu.hh"
#include "bench/plans.hh"

namespace gcs_bench {

class GpuStep {
  public:
    // Null with a sentence in `error`.
    static std::unique_ptr<GpuStep> make(const Gpu &gpu, const StepOf &what,
                                         const std::vector<gcs_tensor> &tensors,
                                         const GpuBuffers &buffers, std::string &error);
    ~GpuStep();
    GpuStep(const GpuStep &) = delete;
    GpuStep &operator=(const GpuStep &) = delete;

    // Captures a step of each set.
    bool capture(std::string &error);

    gcs_status enqueue(std::size_t turn);
    gcs_status replay(std::size_t turn);
    const StepPlans &plans() const { return plans_; }

  private:
    GpuStep(const Gpu &gpu, const GpuBuffers &buffers) : gpu_(gpu), buffers_(buffers) {}
    const Gpu &gpu_;
    const GpuBuffers &buffers_;
    StepPlans plans_;
    std::vector<gcs_gpu_graph> graphs_;
};

} // namespace gcs_bench

#endif
