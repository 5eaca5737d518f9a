// One network's step in four variants, timed against each other in rounds.
#ifndef GCSTEP_BENCH_MODEL_STEP_HH
#define GCSTEP_BENCH_MODEL_STEP_HH

#include "bench/gcstep.hh"
#include <string>
#include <vector>

namespace gcs_bench {

// What is timed in every round, in random order.
enum Variant {
    CENTERED,      // the spec as asked for, kernels by the tables
    PLAIN,         // the same with CENTER_NONE
    DEFAULT_TABLE, // the same as CENTERED, kernels by the default rule alone
    CEILING,       // the same reads and writes without arithmetic
    VARIANTS
};

struct Ratios {
    double gc_cost;    // centred time / plain time
    double ceiling;    // ceiling time / centred time
    double vs_default; // default-table time / centred time
};

class ModelStep {
  public:
    // Null with a sentence in `error` when something cannot be made.
    static std::unique_ptr<ModelStep> make(const std::string &model, const gcs_spec &spec,
                                           int threads, const char *table, std::string &error);

    // Steps each variant once; false with a sentence in `error` when a step fails. The times are
    // kept for ratios().
    bool round(std::string &error);

    // Seconds of CENTERED in the last round.
    double seconds() const;

    // Medians of the ratios of all rounds since the last forget().
    Ratios ratios() const;
    std::size_t rounds() const { return times_[CENTERED].size(); }
    void forget();

    // Bytes that a step must move.
    double bytes() const { return bytes_; }
    int threads() const { return gcs_plan_threads(plans_[CENTERED].get()); }

  private:
    ModelStep() = default;
    bool make_plans(const gcs_spec &spec, int threads, const char *table, std::string &error);

    std::vector<gcs_tensor> tensors_;
    Plan plans_[VARIANTS];
    BufferSets sets_;
    gcs_hyper hyper_ = typical_hyper();
    gcs_random random_ = {20040146};
    std::vector<double> times_[VARIANTS]; // ns
    double bytes_ = 0;
};

} // namespace gcs_bench

#endif
