// One kernel on one shape in one regime: verified, then stepped as often as asked.
#ifndef GCSTEP_BENCH_KERNEL_CASE_HH
#define GCSTEP_BENCH_KERNEL_CASE_HH

#include "bench/gcstep.hh"
#include <cstdint>
#include <string>
#include <vector>

namespace gcs_bench {

enum class Regime {
    COLD, // every step finds its buffers in memory
    HOT   // every step finds them where the last one left them
};

class KernelCase {
  public:
    // The kernel must accept the form. Null with a sentence in `error` when it fails its
    // verification on this shape, or cannot be run through a plan.
    static std::unique_ptr<KernelCase> make(const gcs_kernel *kernel, const gcs_form &form,
                                            std::uint64_t rows, std::uint64_t cols, Regime regime,
                                            std::string &error);

    // Steps all copies once, on the next buffers. Seconds; negative with a sentence in `error`.
    double step(std::string &error);

    // Bytes that one call of step() moves.
    double bytes() const { return bytes_; }

  private:
    KernelCase() = default;
    bool make_plan(std::string &error);
    void make_figures();
    void run_kernel(const gcs_tensor &tensor, const gcs_buffers &buffers);
    bool run(const gcs_buffers *buffers);

    const gcs_kernel *kernel_ = nullptr;
    gcs_form form_ = {};
    gcs_spec spec_ = {};
    std::vector<gcs_tensor> copies_; // of the shape
    Plan plan_;                      // null: no plan runs this kernel alone
    BufferSets sets_;
    gcs_hyper hyper_ = typical_hyper();
    gcs_coef coef_ = {};
    std::vector<float> means_;      // of g and of w, for a kernel that is given them
    std::vector<float> figures_[5]; // what SUM, MEASURE and CHANGE kernels write
    double bytes_ = 0;
};

// The form that a specialised kernel has compiled in.
gcs_form own_form(const gcs_kernel *kernel);

// Bytes that the kernel moves per element.
unsigned kernel_bytes(const gcs_kernel *kernel, const gcs_form &form);

} // namespace gcs_bench

#endif
