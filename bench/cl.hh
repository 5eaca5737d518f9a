// The OpenCL device that the bench programs measure on, and its memory.
#ifndef GCSTEP_BENCH_CL_HH
#define GCSTEP_BENCH_CL_HH

#include "bench/gcstep.hh"

extern "C" {
#include "dispatch/opencl/choice.h"
#include "measure/opencl_buffers.h"
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

// Two buffers that lie on the device, from one to the other of which copies go, each at a place of
// its own until all places have been used.
class LabCopies {
  public:
    // Copies that read and write `bytes` together; as many places as exceed the cache.
    static std::unique_ptr<LabCopies> make(const Lab &lab, double bytes, std::string &error);
    ~LabCopies();
    LabCopies(const LabCopies &) = delete;
    LabCopies &operator=(const LabCopies &) = delete;

    gcs_status enqueue(std::size_t turn, const gcs_cl_call *call) const;
    double bytes() const { return 2.0 * static_cast<double>(each_); }

  private:
    explicit LabCopies(const Lab &lab) : lab_(lab.get()) {}
    const gcs_lab *lab_;
    gcs_cl_mem from_ = nullptr, to_ = nullptr;
    std::uint64_t each_ = 0, places_ = 0;
};

// Several sets of the buffers of a list of tensors, on the device.
class LabBuffers {
  public:
    // As many sets as exceed the cache, with the values of gcs_buffer_sets. Nothing puts them back:
    // the gradient is never 0 for long, so that no state dies away, and weights drift by lr.
    static std::unique_ptr<LabBuffers> make(const Lab &lab, const gcs_spec &spec,
                                            const std::vector<gcs_tensor> &tensors,
                                            std::string &error);
    ~LabBuffers() { gcs_lab_sets_close(&sets_, lab_); }
    LabBuffers(const LabBuffers &) = delete;
    LabBuffers &operator=(const LabBuffers &) = delete;

    std::size_t sets() const { return sets_.count; }
    const gcs_cl_buffers *set(std::size_t k) const { return gcs_lab_set(&sets_, k); }

    // The same for the host, one set at a time: the device may have none of it until it is given
    // back. Null with gcs_last_error() where that failed.
    const gcs_buffers *map(std::size_t k);
    gcs_status unmap(std::size_t k);

  private:
    explicit LabBuffers(const gcs_lab *lab) : lab_(lab) {}
    const gcs_lab *lab_;
    gcs_lab_sets sets_ = {};
    void *places_[GCS_STREAMS] = {};
    std::vector<gcs_buffers> mapped_;
};

} // namespace gcs_bench

#endif
