// One step on a device beside what it is compared with, all in the same rounds: what bench_models
// reports for --backend=cuda and --backend=opencl.
#ifndef GCSTEP_BENCH_DEVICE_CASE_HH
#define GCSTEP_BENCH_DEVICE_CASE_HH

#include "bench/device.hh"
#include <map>

namespace gcs_bench {

struct DeviceCase {
    std::string name;
    std::vector<gcs_tensor> tensors;
    gcs_spec spec;
    std::size_t rounds;
    bool graphs;                      // also as graphs that are replayed
    std::vector<std::string> kernels; // also with these forced, one after the other
};

// One line of the report: the step, its graph, or the step with a forced kernel.
struct DeviceLine {
    std::string suffix; // behind the case's name
    std::string error;  // not empty: there is nothing but this
    std::string label;  // the kernels
    std::map<std::string, double> counters;
    double median_ns = 0;
    double bytes = 0; // of a step
};

// The lines that the case will have, by their suffixes; then with their results. An error of the
// whole case is that of each line.
std::vector<DeviceLine> device_case_lines(const DeviceCase &what);
std::vector<DeviceLine> device_case_run(const Device &device, const DeviceCase &what);

// The kernels that --all-kernels forces for the tensor.
std::vector<std::string> kernels_for(const Device &device, const gcs_spec &spec,
                                     const gcs_tensor &tensor);

} // namespace gcs_bench

#endif
