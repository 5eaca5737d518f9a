// bench_models --backend=cuda or opencl: its benchmarks.
#include "bench/device_models.hh"

#include "bench/device_case.hh"
#include "bench/device_shapes.hh"
#include "bench/device_table.hh"
#include "bench/program.hh"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>

extern "C" {
#include "dispatch/tensor.h"
}

namespace gcs_bench {
namespace {

std::unique_ptr<Device> device;

// A case, measured when the first of its lines is wanted.
struct Measured {
    DeviceCase what;
    std::vector<DeviceLine> lines;
    bool done = false;
};

// By the benchmark's name.
std::map<std::string, std::pair<std::shared_ptr<Measured>, std::size_t>> all;

const DeviceLine *find(const std::string &name, std::string &case_name) {
    const auto found = all.find(name);
    if (found == all.end() || !found->second.first->done)
        return nullptr;
    case_name = found->second.first->what.name;
    return &found->second.first->lines[found->second.second];
}

void bench(benchmark::State &state, const std::shared_ptr<Measured> &measured, std::size_t index) {
    if (!measured->done)
        measured->lines = device_case_run(*device, measured->what);
    measured->done = true;
    const DeviceLine &line = measured->lines[index];
    if (!line.error.empty()) {
        fail(state, line.error);
        return;
    }
    for (auto _ : state)
        state.SetIterationTime(line.median_ns * 1e-9);
    for (const auto &[name, value] : line.counters)
        state.counters[name] = value;
    state.SetLabel(line.label);
    state.SetBytesProcessed(
        static_cast<std::int64_t>(static_cast<double>(state.iterations()) * line.bytes));
}

void add(DeviceCase what) {
    auto measured = std::make_shared<Measured>();
    measured->what = std::move(what);
    const DeviceCase &of = measured->what;
    const std::vector<DeviceLine> lines = device_case_lines(of);
    for (std::size_t i = 0; i < lines.size(); i++) {
        const std::string name = of.name + lines[i].suffix;
        all[name] = {measured, i};
        benchmark::RegisterBenchmark(name.c_str(), bench, measured, i)
            ->UseManualTime()
            ->Unit(benchmark::kMicrosecond)
            ->Iterations(static_cast<std::int64_t>(of.rounds));
    }
}

std::uint64_t elements_of(const DeviceSettings &settings) {
    return settings.elements != 0 ? static_cast<std::uint64_t>(settings.elements)
                                  : device->shapes().elements;
}

// Matrices of a plan's work; a step of less is repeated.
constexpr std::uint64_t most_copies = 4096;

// The tensors of a shape's step: as many of it as make the elements.
std::vector<gcs_tensor> tensors_of(const Network &network, std::uint64_t elements) {
    if (!network.is_shape)
        return network.tensors;
    const std::uint64_t each = gcs_tensor_elements(&network.tensors[0]);
    const std::uint64_t copies = each < elements ? elements / each : 1;
    return std::vector<gcs_tensor>(std::min(copies, most_copies), network.tensors[0]);
}

void add_network(const Network &network, const std::string &name, const DeviceSettings &settings) {
    DeviceCase what;
    what.name = network.name + "/" + name;
    what.spec = parse_spec(name);
    what.tensors = tensors_of(network, elements_of(settings));
    what.rounds = static_cast<std::size_t>(settings.rounds);
    what.graphs = device->has_graphs() && !network.is_shape;
    if (settings.all_kernels && network.is_shape)
        what.kernels = kernels_for(*device, what.spec, network.tensors[0]);
    add(std::move(what));
}

} // namespace

void register_device(const DeviceSettings &settings) {
    std::string error;
    const bool cuda = settings.backend == Backend::CUDA;
    device = cuda ? open_cuda(settings.device, error) : open_opencl(settings.device, error);
    if (!device) {
        std::fprintf(stderr, "bench_models: --backend=%s: %s\n", cuda ? "cuda" : "opencl",
                     error.c_str());
        std::exit(1);
    }
    benchmark::AddCustomContext(device->context_key(), device->description());
    std::vector<Network> networks = settings.networks;
    if (settings.shapes)
        for (Network &shape : device_shapes(device->shapes(), elements_of(settings)))
            networks.push_back(std::move(shape));
    for (const Network &network : networks)
        for (const std::string &spec : settings.specs)
            add_network(network, spec, settings);
}

int run_device() {
    DeviceTable table(*device, find);
    const int status = run(&table);
    device.reset();
    return status;
}

} // namespace gcs_bench
