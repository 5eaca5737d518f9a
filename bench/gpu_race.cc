// Pieces of a GPU's work, timed against each other in rounds.
#include "bench/gpu_race.hh"

#include <cstdint>

namespace gcs_bench {
namespace {

constexpr double lead_bytes = 256 << 20;
// So many copies last longer than any round's enqueuing.
constexpr std::size_t most_leads = 200;

} // namespace

std::unique_ptr<GpuRace> GpuRace::make(const Gpu &gpu, unsigned repeat, std::string &error) {
    std::unique_ptr<GpuRace> race(new GpuRace(gpu, repeat));
    race->lead_ = GpuCopies::make(gpu, lead_bytes, error);
    if (!race->lead_)
        return nullptr;
    race->events_.resize(2);
    for (gcs_gpu_event &event : race->events_) {
        if (gcs_gpu_event_create(gpu.get(), &event) != GCS_OK) {
            error = gcs_last_error();
            return nullptr;
        }
    }
    return race;
}

GpuRace::~GpuRace() {
    for (gcs_gpu_event event : events_)
        gcs_gpu_event_destroy(gpu_.get(), event);
}

bool GpuRace::add(Enqueue enqueue, std::size_t &runner, std::string &error) {
    gcs_gpu_event event = nullptr;
    if (gcs_gpu_event_create(gpu_.get(), &event) == GCS_OK) {
        events_.push_back(event);
        runner = runners_.size();
        runners_.push_back(std::move(enqueue));
        if (runners_.back()(turn_++) == GCS_OK && gcs_gpu_wait(gpu_.get()) == GCS_OK) {
            times_.resize(runners_.size());
            return true;
        }
        runners_.pop_back();
    }
    error = gcs_last_error();
    return false;
}

gcs_status GpuRace::lead_in() {
    gcs_status status = gcs_gpu_event_record(gpu_.get(), events_[0]);
    for (std::size_t i = 0; i < leads_ && status == GCS_OK; i++)
        status = lead_->enqueue(i);
    return status == GCS_OK ? gcs_gpu_event_record(gpu_.get(), events_[1]) : status;
}

gcs_status GpuRace::enqueue_all(const std::vector<std::size_t> &order) {
    for (std::size_t i = 0; i < order.size(); i++) {
        const Enqueue &enqueue = runners_[order[i]];
        const std::uint64_t start = gcs_now_ns();
        for (unsigned k = 0; k < repeat_; k++) {
            const gcs_status status = enqueue(turn_++);
            if (status != GCS_OK)
                return status;
        }
        times_[order[i]].host_ns.push_back(static_cast<double>(gcs_now_ns() - start) / repeat_);
        const gcs_status status = gcs_gpu_event_record(gpu_.get(), events_[2 + i]);
        if (status != GCS_OK)
            return status;
    }
    return GCS_OK;
}

gcs_status GpuRace::take_times(const std::vector<std::size_t> &order) {
    double lead_ns = 0;
    gcs_status status = gcs_gpu_elapsed_ns(gpu_.get(), events_[0], events_[1], &lead_ns);
    for (std::size_t i = 0; i < order.size() && status == GCS_OK; i++) {
        double ns = 0;
        status = gcs_gpu_elapsed_ns(gpu_.get(), events_[1 + i], events_[2 + i], &ns);
        times_[order[i]].ns.push_back(ns / repeat_);
    }
    // Twice as long as the host takes.
    if (status == GCS_OK && lead_ns > 0) {
        const double wanted =
            2 * host_ns_ / (lead_ns / static_cast<double>(leads_)) + 1; // from zero up
        leads_ = wanted < static_cast<double>(most_leads) ? static_cast<std::size_t>(wanted) + 1
                                                          : most_leads;
    }
    return status;
}

gcs_status GpuRace::round() {
    const std::vector<std::size_t> order = shuffled();
    gcs_status status = lead_in();
    const std::uint64_t start = gcs_now_ns();
    if (status == GCS_OK)
        status = enqueue_all(order);
    host_ns_ = static_cast<double>(gcs_now_ns() - start);
    const gcs_status end = gcs_gpu_wait(gpu_.get());
    status = status != GCS_OK ? status : end;
    return status == GCS_OK ? take_times(order) : status;
}

} // namespace gcs_bench
