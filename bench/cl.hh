// The OpenCL device that the bench programs measure on, and its memory.
#ifndef GCSTEP_BENCH_CL_HH
#define GCSTEP_BENCH_CL_HH

#include "bench/gcstep.hh"

extern "C" {
#include "dispatch/opencl/choice.h"
#include "dispatch/tensor.h"
#include "measure/opencl.h"
}

#include <cstdint>
#include <string>
#include <vector>

namespace gcs_bench {

// Open as long as it lives.
class Lab {
  public:
    // Null with a sentence in `error`.
    static std::unique_ptr<Lab> open(int ordinal, std::string &error);
    ~Lab() { gcs_lab_close(&lab_); }
    Lab(const Lab &) = delete;
    Lab &operator=(const Lab &) = delete;

    const gcs_lab *get() const { return &lab_; }
    bool is_cpu() const { return gcs_lab_is_cpu(&lab_); }
    std::string description() const;

  private:
    Lab() = default;
    gcs_lab lab_ = {};
};

// Device memory: one cl_mem.
class LabMemory {
  public:
    LabMemory() = default;
    ~LabMemory() { gcs_lab_free(lab_, memory_); }
    LabMemory(LabMemory &&other) noexcept;
    LabMemory &operator=(LabMemory &&) = delete;

    // Filled with the pattern, again and again.
    gcs_status make(const gcs_lab *lab, std::uint64_t bytes, const void *pattern,
                    std::uint64_t pattern_bytes);
    gcs_cl_mem get() const { return memory_; }
    std::uint64_t bytes() const { return bytes_; }

    // For the host until unmap(); null where that failed.
    char *map();
    gcs_status unmap();

  private:
    const gcs_lab *lab_ = nullptr;
    gcs_cl_mem memory_ = nullptr;
    std::uint64_t bytes_ = 0;
    void *mapped_ = nullptr;
};

// Two buffers that lie on the device, from one to the other of which copies go, each at a place of
// its own until all places have been used.
class LabCopies {
  public:
    // Copies that read and write `bytes` together; as many places as exceed the cache.
    static std::unique_ptr<LabCopies> make(const Lab &lab, double bytes, std::string &error);
    gcs_status enqueue(std::size_t turn, const gcs_cl_call *call) const;
    double bytes() const { return 2.0 * static_cast<double>(each_); }

  private:
    explicit LabCopies(const Lab &lab) : lab_(lab.get()) {}
    const gcs_lab *lab_;
    LabMemory from_, to_;
    std::uint64_t each_ = 0, places_ = 0;
};

// Several sets of the buffers of a list of tensors, on the device: in each set a cl_mem for all w,
// one for all g, and so on.
class LabBuffers {
  public:
    // As many sets as exceed the cache, with the values of gcs_buffer_sets. Nothing puts them back:
    // the gradient is never 0 for long, so that no state dies away, and weights drift by lr.
    static std::unique_ptr<LabBuffers> make(const Lab &lab, const gcs_spec &spec,
                                            const std::vector<gcs_tensor> &tensors,
                                            std::string &error);
    std::size_t sets() const { return sets_.size(); }
    const gcs_cl_buffers *set(std::size_t k) const { return sets_[k].buffers.data(); }

    // The same for the host: the device may have none of it until it is given back. Null with
    // gcs_last_error() where that failed.
    const gcs_buffers *map(std::size_t k);
    gcs_status unmap(std::size_t k);

  private:
    enum Stream { W, G, M, V, V_MAX, COPY, STREAMS };
    struct Set {
        LabMemory memory[STREAMS];
        std::vector<gcs_cl_buffers> buffers;
        std::vector<gcs_buffers> mapped;
    };
    explicit LabBuffers(const gcs_lab *lab) : lab_(lab) {}
    void measure(const gcs_spec &spec, const std::vector<gcs_tensor> &tensors);
    gcs_status make_sets(const gcs_spec &spec);

    const gcs_lab *lab_;
    unsigned bytes_[STREAMS] = {};     // of an element; 0: the spec has no such buffer
    std::uint64_t elements_ = 0;       // of a set, padding included
    std::vector<std::uint64_t> first_; // element of a set where the tensor begins
    std::vector<Set> sets_;
};

} // namespace gcs_bench

#endif
