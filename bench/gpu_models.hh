// bench_models --backend=cuda: its benchmarks.
#ifndef GCSTEP_BENCH_GPU_MODELS_HH
#define GCSTEP_BENCH_GPU_MODELS_HH

#include "bench/network.hh"
#include <string>
#include <vector>

namespace gcs_bench {

struct GpuSettings {
    int device = 0;
    int rounds = 15;
    int elements = 64 << 20; // of a shape's step
    bool shapes = false;     // the table of shapes
    bool all_kernels = false;
    std::vector<Network> networks;
    std::vector<std::string> specs;
};

// Opens the GPU and registers what is to be measured. Without one the program ends with status 1.
void register_gpu(const GpuSettings &settings);

// Runs it, and gives the GPU back. Returns the program's status.
int run_gpu();

} // namespace gcs_bench

#endif
