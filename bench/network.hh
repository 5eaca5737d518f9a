// What bench_models steps: the tensors of a network, or of one shape.
#ifndef GCSTEP_BENCH_NETWORK_HH
#define GCSTEP_BENCH_NETWORK_HH

#include "bench/gcstep.hh"
#include <string>
#include <vector>

namespace gcs_bench {

struct Network {
    std::string name; // of the network, or the shape as it was given
    std::vector<gcs_tensor> tensors;
    bool is_shape = false;
};

// The built-in networks' names.
std::vector<std::string> model_names();

// A built-in network. An unknown name ends the program as bad usage.
Network network_of_model(const std::string &name);

// One tensor: "rows:512x4608", "cols:768x2304", "general:4096x9x16" (outer, reduce, inner),
// "flat:1048576". Another text ends the program as bad usage.
Network network_of_shape(const std::string &text);

// The tensors of one step. A shape so small that the clock would show in its time is stepped in
// several copies.
std::vector<gcs_tensor> tensors_of_step(const Network &network, const gcs_spec &spec);

} // namespace gcs_bench

#endif
