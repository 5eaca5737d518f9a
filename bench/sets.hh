// How many sets of a step's buffers there are on a device.
#ifndef GCSTEP_BENCH_SETS_HH
#define GCSTEP_BENCH_SETS_HH

#include "bench/gcstep.hh"

extern "C" {
#include "measure/streams.h"
}

#include <cstdint>
#include <vector>

namespace gcs_bench {

// As many as have `bytes` together, so that a step finds the buffers of its turn cold.
inline std::size_t sets_beyond(std::uint64_t bytes, const gcs_spec &spec,
                               const std::vector<gcs_tensor> &tensors) {
    std::uint64_t each = 0;
    for (const gcs_tensor &tensor : tensors)
        each += gcs_streams_tensor_bytes(&spec, &tensor);
    return (bytes + each - 1) / each;
}

} // namespace gcs_bench

#endif
