// One network's step in several variants, timed against each other in rounds.
#ifndef GCSTEP_BENCH_MODEL_STEP_HH
#define GCSTEP_BENCH_MODEL_STEP_HH

#include "bench/gcstep.hh"
#include <string>
#include <vector>

namespace gcs_bench {

enum Variant {
    CENTERED,      // the spec as asked for, kernels by the tables
    PLAIN,         // the same with CENTER_NONE
    DEFAULT_TABLE, // the same as CENTERED, kernels by the default rule alone
    CEILING,       // the same reads and writes without arithmetic
    PLANS,
    MEASURE = PLANS, // gcs_measure alone: norms and maxima
    CLIPPED,         // MEASURE, then CENTERED with the clip factor
    GIVEN_MEANS,     // the same, but the step takes the means of the measured sums
    VARIANTS
};
using Variants = std::vector<Variant>;

class ModelStep {
  public:
    // Null with a sentence in `error` when something cannot be made.
    static std::unique_ptr<ModelStep> make(const std::vector<gcs_tensor> &tensors,
                                           const gcs_spec &spec, int threads, const char *table,
                                           std::string &error);

    // Runs each of these once, in random order; false with a sentence in `error` when one fails.
    // The times are kept for ratio().
    bool round(const Variants &variants, std::string &error);

    // Seconds of the variant in the last round.
    double seconds(Variant v) const { return times_[v].back() * 1e-9; }

    // Median of time(a) / time(b) over all rounds since the last forget().
    double ratio(Variant a, Variant b) const;
    // Its median time, seconds.
    double median(Variant v) const;
    std::size_t rounds() const { return times_[CENTERED].size(); }
    void forget();

    // Bytes that the variant must move.
    double bytes(Variant v) const;
    double elements() const { return elements_; }
    int threads_used() const { return gcs_plan_team(plans_[CENTERED].get()); }

  private:
    explicit ModelStep(const gcs_spec &spec) : spec_(spec) {}
    bool make_plans(int threads, const char *table, std::string &error);
    void make_means();
    gcs_status measure(const gcs_buffers *buffers, bool sums);
    gcs_status step_clipped(const gcs_buffers *buffers, bool means);
    gcs_status take_means();
    gcs_status run(Variant v, const gcs_buffers *buffers);

    gcs_spec spec_;
    std::vector<gcs_tensor> tensors_;
    Plan plans_[PLANS];
    BufferSets sets_;
    std::vector<gcs_hyper> hyper_;
    gcs_random random_ = {20040146};
    std::vector<double> times_[VARIANTS]; // ns
    std::vector<gcs_measures> measures_, measures_with_sums_;
    std::vector<std::vector<float>> means_, w_means_; // of each tensor; empty: not centred
    std::vector<gcs_buffers> with_means_;
    double elements_ = 0, centred_elements_ = 0;
};

} // namespace gcs_bench

#endif
