// Pieces of an OpenCL device's work, and of the CPU's, timed against each other in rounds.
#ifndef GCSTEP_BENCH_CL_RACE_HH
#define GCSTEP_BENCH_CL_RACE_HH

#include "bench/cl.hh"
#include "bench/race.hh"
#include <functional>

namespace gcs_bench {

// In a round each runner's work is done once, in random order, one behind the end of the other:
// times are those of gcs_lab_time.
class LabRace : public Race {
  public:
    // Enqueues the work, as a gcs_lab_work. `turn` goes up by one from call to call, whichever the
    // runner: the set of buffers to take is turn % sets.
    using Enqueue = std::function<gcs_status(std::size_t turn, const gcs_cl_call *call)>;
    // Does the work, on the CPU, and says how long it took: its time by both clocks.
    using Work = std::function<gcs_status(std::size_t turn, double &ns)>;

    // With so many calls of a runner in a time.
    LabRace(const Lab &lab, unsigned repeat) : lab_(lab.get()), repeat_(repeat) {}

    // Tries it once, then takes it in. False with a sentence in `error`: it is not.
    bool add(Enqueue enqueue, std::size_t &runner, std::string &error);
    bool add_native(Work work, std::size_t &runner, std::string &error);

  private:
    struct Runner {
        Enqueue enqueue; // or
        Work work;
    };
    bool add(Runner runner, std::size_t &index, std::string &error);
    gcs_status time(const Runner &runner, gcs_lab_times &times);
    gcs_status time_native(const Work &work, gcs_lab_times &times);
    gcs_status round() override;

    const gcs_lab *lab_;
    unsigned repeat_;
    std::vector<Runner> runners_;
    std::size_t turn_ = 0;
};

} // namespace gcs_bench

#endif
