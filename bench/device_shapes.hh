// The group lengths that kernels of a device differ by.
#ifndef GCSTEP_BENCH_DEVICE_SHAPES_HH
#define GCSTEP_BENCH_DEVICE_SHAPES_HH

#include "bench/device.hh"
#include "bench/network.hh"

namespace gcs_bench {

// Tensors of about so many elements: none to centre, rows, and columns of matrices that lie behind
// each other. Named as network_of_shape reads them.
std::vector<Network> device_shapes(const ShapeList &list, std::uint64_t elements);

} // namespace gcs_bench

#endif
