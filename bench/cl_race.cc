// Pieces of an OpenCL device's work, and of the CPU's, timed against each other in rounds.
#include "bench/cl_race.hh"

#include <chrono>
#include <thread>

namespace gcs_bench {
namespace {

// Threads of a pool look for more work for some milliseconds before they sleep, and would share the
// processors with the next runner's.
constexpr std::chrono::milliseconds until_they_sleep(5);

// One timing of a runner that enqueues.
struct Job {
    const LabRace::Enqueue *enqueue;
    std::size_t *turn;
    unsigned repeat;
};

// The first waits for the gate, the last gives the event.
gcs_status enqueue_job(void *arg, const gcs_cl_call *call) {
    const Job *job = static_cast<Job *>(arg);
    gcs_status status = GCS_OK;
    for (unsigned k = 0; k < job->repeat && status == GCS_OK; k++) {
        gcs_cl_call of = {};
        if (k == 0) {
            of.wait_count = call->wait_count;
            of.wait_list = call->wait_list;
        }
        if (k + 1 == job->repeat)
            of.event = call->event;
        status = (*job->enqueue)((*job->turn)++, &of);
    }
    return status;
}

} // namespace

gcs_status LabRace::time_native(const Work &work, gcs_lab_times &times) {
    times = {};
    for (unsigned k = 0; k < repeat_; k++) {
        double ns = 0;
        const gcs_status status = work(turn_++, ns);
        if (status != GCS_OK)
            return status;
        times.host_ns += ns;
    }
    times.device_ns = times.host_ns;
    std::this_thread::sleep_for(until_they_sleep);
    return GCS_OK;
}

gcs_status LabRace::time(const Runner &runner, gcs_lab_times &times) {
    if (runner.work)
        return time_native(runner.work, times);
    Job job = {&runner.enqueue, &turn_, repeat_};
    return gcs_lab_time(lab_, enqueue_job, &job, &times);
}

bool LabRace::add(Runner runner, std::size_t &index, std::string &error) {
    gcs_lab_times times;
    if (time(runner, times) != GCS_OK) {
        error = gcs_last_error();
        return false;
    }
    index = runners_.size();
    runners_.push_back(std::move(runner));
    times_.resize(runners_.size());
    return true;
}

bool LabRace::add(Enqueue enqueue, std::size_t &runner, std::string &error) {
    return add(Runner{std::move(enqueue), {}}, runner, error);
}

bool LabRace::add_native(Work work, std::size_t &runner, std::string &error) {
    return add(Runner{{}, std::move(work)}, runner, error);
}

gcs_status LabRace::round() {
    for (const std::size_t i : shuffled()) {
        gcs_lab_times times;
        const gcs_status status = time(runners_[i], times);
        if (status != GCS_OK)
            return status;
        times_[i].ns.push_back(times.device_ns / repeat_);
        times_[i].host_ns.push_back(times.host_ns / repeat_);
    }
    return GCS_OK;
}

} // namespace gcs_bench
