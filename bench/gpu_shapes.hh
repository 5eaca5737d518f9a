// The group lengths that kernels differ by on a GPU.
#ifndef GCSTEP_BENCH_GPU_SHAPES_HH
#define GCSTEP_BENCH_GPU_SHAPES_HH

#include "bench/network.hh"
#include <cstdint>

namespace gcs_bench {

// Tensors of about so many elements: none to centre, rows, and columns of matrices that lie behind
// each other. Named as network_of_shape reads them.
std::vector<Network> gpu_shapes(std::uint64_t elements);

} // namespace gcs_bench

#endif
