// One way of calling the library on tiny tensors, timed against the kernels alone.
#ifndef GCSTEP_BENCH_CALL_CASE_HH
#define GCSTEP_BENCH_CALL_CASE_HH

#include "bench/gcstep.hh"
#include <string>
#include <vector>

namespace gcs_bench {

enum class Call {
    STEP,       // gcs_step, one call for all tensors
    STEP_TENSOR // gcs_step_tensor, one call for each
};

class CallCase {
  public:
    // `tensor` in so many copies, their buffers in a cache. Null with a sentence in `error` when
    // something cannot be made.
    static std::unique_ptr<CallCase> make(Call call, const gcs_spec &spec, const gcs_tensor &tensor,
                                          std::size_t copies, std::string &error);

    // Times the call and the kernels alone, in random order; both are kept. False with a sentence
    // in `error` when a call fails.
    bool round(std::string &error);

    // Nanoseconds, medians over all rounds since the last forget(): of the call, of the kernels
    // alone, and of the differences within a round.
    double call() const;
    double kernel() const;
    double over_kernel() const;
    std::size_t rounds() const { return calls_.size(); }
    void forget();

    // Seconds of all calls of the last round.
    double seconds() const { return calls_.back() * static_cast<double>(repeats_) * 1e-9; }

    // Of the library's plan.
    int threads_used() const { return gcs_plan_team(plan_.get()); }

  private:
    CallCase(Call call, const gcs_spec &spec) : call_(call), spec_(spec) {}
    bool make_arguments(std::string &error);
    gcs_status run_call();
    void run_kernels() const;
    bool time_call(std::string &error);
    void time_kernels();

    Call call_;
    gcs_spec spec_;
    std::vector<gcs_tensor> tensors_;
    Plan plan_;
    BufferSets sets_;
    const gcs_buffers *buffers_ = nullptr;
    gcs_hyper hyper_ = typical_hyper();
    gcs_coef coef_ = {};
    gcs_form form_ = {};
    const gcs_kernel *kernel_ = nullptr;
    std::vector<gcs_args> args_;
    std::size_t repeats_ = 1; // within a timed span, so that the clock is small beside it
    gcs_random random_ = {20040146};
    std::vector<double> calls_, kernels_; // ns
};

} // namespace gcs_bench

#endif
