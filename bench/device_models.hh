// bench_models --backend=cuda or opencl: its benchmarks.
#ifndef GCSTEP_BENCH_DEVICE_MODELS_HH
#define GCSTEP_BENCH_DEVICE_MODELS_HH

#include "bench/network.hh"
#include <string>
#include <vector>

namespace gcs_bench {

enum class Backend { CPU, CUDA, OPENCL };

struct DeviceSettings {
    Backend backend = Backend::CPU;
    int device = 0;
    int rounds = 15;
    int elements = 0;    // of a shape's step; 0: as suits the device
    bool shapes = false; // the table of shapes
    bool all_kernels = false;
    std::vector<Network> networks;
    std::vector<std::string> specs;
};

// Opens the device and registers what is to be measured. Without one the program ends with status
// 1.
void register_device(const DeviceSettings &settings);

// Runs it, and gives the device back. Returns the program's status.
int run_device();

} // namespace gcs_bench

#endif
