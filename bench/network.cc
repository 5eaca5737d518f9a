// What bench_models steps: the tensors of a network, or of one shape.
#include "bench/network.hh"
#include "bench/program.hh"

#include <algorithm>
#include <charconv>
#include <cstdint>

extern "C" {
#include "dispatch/tensor.h"
}

namespace gcs_bench {
namespace {

// The step of a shape moves at least this much, as the tuner's steps do.
constexpr std::uint64_t least_bytes = std::uint64_t{4} << 20;

using Dims = std::vector<std::uint64_t>;

// "2x3" as {2, 3}; empty where it is not that.
Dims parse_dims(const std::string &text) {
    Dims dims;
    const char *at = text.data(), *const end = at + text.size();
    for (;;) {
        std::uint64_t dim = 0;
        const auto [rest, error] = std::from_chars(at, end, dim);
        if (error != std::errc() || (rest != end && *rest != 'x'))
            return {};
        dims.push_back(dim);
        if (rest == end)
            return dims;
        at = rest + 1;
    }
}

// Whether text is a shape; its sizes may still be none that a plan takes.
bool parse_shape(const std::string &text, gcs_tensor &tensor) {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos)
        return false;
    const std::string layout = text.substr(0, colon);
    const Dims d = parse_dims(text.substr(colon + 1));
    if (layout == "flat" && d.size() == 1)
        tensor = gcs_flat(d[0]);
    else if (layout == "rows" && d.size() == 2)
        tensor = gcs_rows(d[0], d[1]);
    else if (layout == "cols" && d.size() == 2)
        tensor = gcs_cols(d[0], d[1]);
    else if (layout == "general" && d.size() == 3)
        tensor = gcs_general(d[0], d[1], d[2]);
    else
        return false;
    return true;
}

} // namespace

std::vector<std::string> model_names() {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < gcs_model_builtin_count(); i++)
        names.push_back(gcs_model_builtin_name(i));
    return names;
}

Network network_of_model(const std::string &name) {
    const std::vector<std::string> known = model_names();
    if (std::find(known.begin(), known.end(), name) == known.end())
        bad_usage("unknown model '" + name + "'; known: " + joined(known));
    char error[512];
    gcs_model model;
    if (!gcs_model_load(&model, name.c_str(), error, sizeof error))
        bad_usage(error);
    Network network = {name, {}, false};
    for (std::size_t i = 0; i < model.count; i++)
        network.tensors.push_back(gcs_model_as_tensor(&model.tensors[i]));
    gcs_model_free(&model);
    return network;
}

Network network_of_shape(const std::string &text) {
    gcs_tensor tensor;
    if (!parse_shape(text, tensor))
        bad_usage("option '--shape' must be rows:AxB, cols:AxB, general:AxBxC or flat:A, not '" +
                  text + "'");
    if (gcs_tensor_check(&tensor, "shape") != GCS_OK)
        bad_usage("option '--shape': '" + text + "': " + gcs_last_error());
    return {text, {tensor}, true};
}

std::vector<gcs_tensor> tensors_of_step(const Network &network, const gcs_spec &spec) {
    if (!network.is_shape)
        return network.tensors;
    const gcs_tensor &tensor = network.tensors[0];
    const std::uint64_t bytes = gcs_tensor_elements(&tensor) * gcs_spec_bytes(&spec);
    return std::vector<gcs_tensor>((least_bytes + bytes - 1) / bytes, tensor);
}

} // namespace gcs_bench
