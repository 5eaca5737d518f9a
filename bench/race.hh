// Pieces of a device's work, timed against each other in rounds.
#ifndef GCSTEP_BENCH_RACE_HH
#define GCSTEP_BENCH_RACE_HH

#include "bench/gcstep.hh"

#include <cstddef>
#include <string>
#include <vector>

namespace gcs_bench {

// The times of its runners; how a round is run is the device's.
class Race {
  public:
    Race() = default;
    virtual ~Race() = default;
    Race(const Race &) = delete;
    Race &operator=(const Race &) = delete;

    // Some rounds to warm up, then these. False with a sentence in `error`.
    bool run(std::size_t rounds, std::string &error);

    // Medians: of time(a) / time(b) in the same round, by the device's clock or the host's, and of
    // the time of one call in seconds.
    double ratio(std::size_t a, std::size_t b) const;
    double host_ratio(std::size_t a, std::size_t b) const;
    double seconds(std::size_t runner) const;
    double host_seconds(std::size_t runner) const;

  protected:
    struct Times {
        std::vector<double> ns, host_ns;
    };
    // Runs each runner once, in random order, and adds to its times.
    virtual gcs_status round() = 0;
    std::vector<std::size_t> shuffled();

    std::vector<Times> times_; // by runner

  private:
    gcs_random random_ = {20040146};
};

} // namespace gcs_bench

#endif
