// The GPU that the bench programs measure on, and the project's C headers about it.
#ifndef GCSTEP_BENCH_GPU_HH
#define GCSTEP_BENCH_GPU_HH

#include "bench/gcstep.hh"

extern "C" {
#include "dispatch/cuda/choice.h"
#include "dispatch/tensor.h"
#include "measure/gpu.h"
}

#include <cstdint>
#include <string>
#include <vector>

namespace gcs_bench {

// Open as long as it lives; its context is current on the thread that opened it.
class Gpu {
  public:
    // Null with a sentence in `error`.
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

// Device memory.
class GpuMemory {
  public:
    GpuMemory() = default;
    ~GpuMemory() { release(); }
    GpuMemory(const GpuMemory &) = delete;
    GpuMemory &operator=(const GpuMemory &) = delete;

    gcs_status allocate(const Gpu &gpu, std::uint64_t bytes);
    void release();
    char *at(std::uint64_t byte) const { return static_cast<char *>(memory_) + byte; }

  private:
    const Gpu *gpu_ = nullptr;
    void *memory_ = nullptr;
};

// Two buffers that lie on the device, from one to the other of which copies go, each at a place of
// its own until all places have been used.
class GpuCopies {
  public:
    // Copies that read and write `bytes` together; as many places as exceed the L2.
    static std::unique_ptr<GpuCopies> make(const Gpu &gpu, double bytes, std::string &error);
    gcs_status enqueue(std::size_t turn) const;
    double bytes() const { return 2.0 * static_cast<double>(each_); }

  private:
    explicit GpuCopies(const Gpu &gpu) : gpu_(gpu) {}
    const Gpu &gpu_;
    GpuMemory from_, to_;
    std::uint64_t each_ = 0, places_ = 0;
};

// Several sets of the buffers of a list of tensors, on the device.
class GpuBuffers {
  public:
    // As many sets as exceed the L2, with the values of gcs_buffer_sets. Nothing puts them back:
    // the gradient is never 0 for long, so that no state dies away, and weights drift by lr.
    static std::unique_ptr<GpuBuffers> make(const Gpu &gpu, const gcs_spec &spec,
                                            const std::vector<gcs_tensor> &tensors,
                                            std::string &error);
    std::size_t sets() const { return sets_.size(); }
    const gcs_buffers *set(std::size_t k) const { return sets_[k].data(); }

  private:
    enum Stream { W, G, M, V, V_MAX, COPY, STREAMS };
    GpuBuffers(const Gpu &gpu, const gcs_spec &spec) : gpu_(gpu), spec_(spec) {}
    void place(const std::vector<gcs_tensor> &tensors);
    gcs_status allocate();
    gcs_status fill();

    const Gpu &gpu_;
    gcs_spec spec_;
    unsigned bytes_[STREAMS] = {};     // of an element; 0: the spec has no such buffer
    std::uint64_t elements_ = 0;       // of a set, padding included
    GpuMemory memory_[STREAMS];        // of all sets
    std::vector<std::uint64_t> first_; // element of a set where the tensor begins
    std::vector<std::vector<gcs_buffers>> sets_;
};

} // namespace gcs_bench

#endif
