// What not every device has.
#include "bench/device.hh"

namespace gcs_bench {

bool Contest::add_replay(std::size_t, std::size_t &, std::string &error) {
    error = "there are no graphs on this device";
    return false;
}

bool Contest::add_native(const StepOf &, std::size_t &, std::string &error) {
    error = "this device is not the CPU";
    return false;
}

} // namespace gcs_bench
