// One kernel on one shape in one regime: verified, then stepped as often as asked.
#ifndef GCSTEP_BENCH_KERNEL_CASE_HH
#define GCSTEP_BENCH_KERNEL_CASE_HH

#include "bench/gcstep.hh"
#include <string>
#include <vector>

namespace gcs_bench {

enum class Regime {
    COLD, // every step finds its buffers in memory
    HOT   // every step finds them where the last one left them
};

class KernelCase {
  public:
    // Null with a sentence in `error` when the kernel fails its verification on this shape, or
    // cannot be run through a plan.
    static std::unique_ptr<KernelCase> make(const gcs_kernel *kernel, std::uint64_t rows,
                                            std::uint64_t cols, Regime regime, std::string &error);

    // Steps all copies once, on the next buffers. Seconds; negative with a sentence in `error`.
    double step(std::string &error);

    // Bytes that one call of step() moves.
    double bytes() const { return bytes_; }

  private:
    KernelCase() = default;
    bool make_plan(std::string &error);
    bool run(const gcs_buffers *buffers);

    const gcs_kernel *kernel_ = nullptr;
    gcs_spec spec_ = {};
    std::vector<gcs_tensor> copies_; // of the shape
    Plan plan_;                      // null: the kernel works on a piece of a group
    BufferSets sets_;
    gcs_hyper hyper_ = typical_hyper();
    gcs_coef coef_ = {};
    std::vector<float> sums_; // what a SUM kernel writes
    double bytes_ = 0;
};

// Bytes that the kernel moves per element.
unsigned kernel_bytes(const gcs_kernel *kernel);

} // namespace gcs_bench

#endif
