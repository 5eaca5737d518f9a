// Pieces of a device's work, timed against each other in rounds.
#include "bench/race.hh"

#include <cmath>

namespace gcs_bench {
namespace {

constexpr std::size_t warm_up_rounds = 3;

double median_of(std::vector<double> values) {
    return values.empty() ? NAN : gcs_median(values.data(), values.size());
}

double median_ratio(const std::vector<double> &a, const std::vector<double> &b) {
    double median = NAN;
    gcs_paired_ratio(a.data(), b.data(), a.size(), &median, nullptr);
    return median;
}

} // namespace

bool Race::run(std::size_t rounds, std::string &error) {
    for (std::size_t i = 0; i < warm_up_rounds + rounds; i++) {
        if (i == warm_up_rounds)
            for (Times &times : times_)
                times = {};
        if (round() != GCS_OK) {
            error = gcs_last_error();
            return false;
        }
    }
    return true;
}

std::vector<std::size_t> Race::shuffled() {
    std::vector<std::size_t> order(times_.size());
    gcs_shuffle(&random_, order.data(), order.size());
    return order;
}

double Race::ratio(std::size_t a, std::size_t b) const {
    return median_ratio(times_[a].ns, times_[b].ns);
}

double Race::host_ratio(std::size_t a, std::size_t b) const {
    return median_ratio(times_[a].host_ns, times_[b].host_ns);
}

double Race::seconds(std::size_t runner) const {
    return median_of(times_[runner].ns) * 1e-9;
}

double Race::host_seconds(std::size_t runner) const {
    return median_of(times_[runner].host_ns) * 1e-9;
}

} // namespace gcs_bench
