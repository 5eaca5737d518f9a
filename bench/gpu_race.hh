// Pieces of a GPU's work, timed against each other in rounds.
#ifndef GCSTEP_BENCH_GPU_RACE_HH
#define GCSTEP_BENCH_GPU_RACE_HH

#include "bench/gpu.hh"
#include "bench/race.hh"
#include <functional>

namespace gcs_bench {

// In a round each runner's work is enqueued once, in random order, with an event behind each. The
// GPU is kept busy meanwhile by a copy before the round, so that it never waits for the host: these
// are its own times, as of a trainer that is ahead of it. The host's are of the enqueuing alone.
class GpuRace : public Race {
  public:
    // Enqueues the work. `turn` goes up by one from call to call, whichever the runner: the set of
    // buffers to take is turn % sets.
    using Enqueue = std::function<gcs_status(std::size_t turn)>;

    // With so many calls of a runner between two events: a clock of half a microsecond must not
    // show in a time.
    static std::unique_ptr<GpuRace> make(const Gpu &gpu, unsigned repeat, std::string &error);
    ~GpuRace() override;

    // Tries it once, then takes it in. False with a sentence in `error`: it is not.
    bool add(Enqueue enqueue, std::size_t &runner, std::string &error);

  private:
    GpuRace(const Gpu &gpu, unsigned repeat) : gpu_(gpu), repeat_(repeat) {}
    gcs_status lead_in();
    gcs_status enqueue_all(const std::vector<std::size_t> &order);
    gcs_status take_times(const std::vector<std::size_t> &order);
    gcs_status round() override;

    const Gpu &gpu_;
    unsigned repeat_;
    std::unique_ptr<GpuCopies> lead_;
    std::size_t leads_ = 4; // copies before a round
    std::vector<Enqueue> runners_;
    std::vector<gcs_gpu_event> events_; // before the copies, behind them, behind each runner
    std::size_t turn_ = 0;
    double host_ns_ = 0; // of the last round's enqueuing
};

} // namespace gcs_bench

#endif
