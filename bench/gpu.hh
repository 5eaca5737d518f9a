// The GPU that the bench programs measure on, and the project's C headers about it.
#ifndef GCSTEP_BENCH_GPU_HH
#define GCSTEP_BENCH_GPU_HH

#include "bench/gcstep.hh"

extern "C" {
#include "dispatch/cuda/choice.h"
#include "measure/gpu_buffers.h"
}

#include <cstdint>
#include <string>
#include <vector>

namespace gcs_bench {

// Open as long as it lives; its context is current on the thread that opened it.
class Gpu {
  public:
    // Null with a sentence in `error`. The device is told with what its kernels were written for.
    static std::unique_ptr<Gpu> open(int ordinal, std::string &error);
    ~Gpu() { gcs_gpu_close(&gpu_); }
    Gpu(const Gpu &) = delete;
    Gpu &operator=(const Gpu &) = delete;

    const gcs_gpu *get() const { return &gpu_; }
    const gcs_cuda_device &device() const { return gpu_.device; }
    std::string description() const;
    gcs_target target() const { return gcs_cuda(gpu_.stream); }

  private:
    Gpu() = default;
    gcs_gpu gpu_ = {};
};

// Copies from device memory to device memory, each at a place of its own until all have been used.
class GpuCopies {
  public:
    // Copies that read and write `bytes` together; as many places as exceed the L2.
    static std::unique_ptr<GpuCopies> make(const Gpu &gpu, double bytes, std::string &error);
    ~GpuCopies() { gcs_gpu_copies_close(&copies_, gpu_.get()); }
    GpuCopies(const GpuCopies &) = delete;
    GpuCopies &operator=(const GpuCopies &) = delete;

    gcs_status enqueue(std::size_t turn) const {
        return gcs_gpu_copies_enqueue(&copies_, gpu_.get(), turn);
    }
    double bytes() const { return 2.0 * static_cast<double>(copies_.each); }

  private:
    explicit GpuCopies(const Gpu &gpu) : gpu_(gpu) {}
    const Gpu &gpu_;
    gcs_gpu_copies copies_ = {};
};

// Several sets of the buffers of a list of tensors, on the device.
class GpuBuffers {
  public:
    // As many sets as exceed the L2, with the values of gcs_buffer_sets. Nothing puts them back:
    // the gradient is never 0 for long, so that no state dies away, and weights drift by lr.
    static std::unique_ptr<GpuBuffers> make(const Gpu &gpu, const gcs_spec &spec,
                                            const std::vector<gcs_tensor> &tensors,
                                            std::string &error);
    ~GpuBuffers() { gcs_gpu_sets_close(&sets_, gpu_.get()); }
    GpuBuffers(const GpuBuffers &) = delete;
    GpuBuffers &operator=(const GpuBuffers &) = delete;

    std::size_t sets() const { return sets_.count; }
    const gcs_buffers *set(std::size_t k) const { return sets_.buffers + k * tensors_; }

  private:
    GpuBuffers(const Gpu &gpu, std::size_t tensors) : gpu_(gpu), tensors_(tensors) {}
    const Gpu &gpu_;
    std::size_t tensors_;
    gcs_gpu_sets sets_ = {};
};

} // namespace gcs_bench

#endif
