// bench_calls: what a call of the library costs beside the kernels that it runs, on tensors so
// small that it shows.
#include "bench/call_case.hh"
#include "bench/program.hh"
#include <cstdint>

using namespace gcs_bench;

namespace {

const char usage[] =
    "bench_calls: what a call costs beside the kernels that it runs, on tiny tensors in a cache.\n"
    "Names are CALL/STEP/LAYOUT/tensors:N; gcs_step is called once for all N tensors,\n"
    "gcs_step_tensor once for each.\n"
    "\n"
    "  --spec=STEP     repeated; default: sgdm and adam\n"
    "  --tensors=N     repeated; default: 1, and 161 as ResNet-50 has them\n"
    "  --elements=N    of a tensor, a multiple of 16; default: 64\n"
    "\n"
    "Time is that of a round, in which 1,000 tensors or some more are stepped. Counters, medians:\n"
    "  call_ns         the call, or the N calls\n"
    "  kernel_ns       the bare kernels on prepared arguments\n"
    "  over_kernel_ns  what the call takes longer, of the differences within a round\n"
    "  per_tensor_ns   the same for each tensor\n";

// 16 rows or columns at most: groups of 4 elements in a tensor of 64.
constexpr std::uint64_t grain = 16;
constexpr std::size_t least_rounds = 9;

struct Settings {
    std::vector<std::string> specs;
    std::vector<std::size_t> tensors;
    std::uint64_t elements = 64;
};

Settings read_settings(const Options &options) {
    Settings settings;
    for (const auto &[name, value] : options) {
        if (name == "--spec") {
            parse_spec(value);
            settings.specs.push_back(value);
        } else if (name == "--tensors") {
            settings.tensors.push_back(static_cast<std::size_t>(whole_number(name, value, 65536)));
        } else {
            settings.elements = static_cast<std::uint64_t>(whole_number(name, value, 65536));
            if (settings.elements % grain != 0)
                bad_usage("option '--elements' must be a multiple of 16, not '" + value + "'");
        }
    }
    if (settings.specs.empty())
        settings.specs = {"sgdm", "adam"};
    if (settings.tensors.empty())
        settings.tensors = {1, 161};
    return settings;
}

void bench(benchmark::State &state, Call call, const std::string &spec, const gcs_tensor &tensor,
           std::size_t copies) {
    std::string error;
    auto bench_case = CallCase::make(call, parse_spec(spec), tensor, copies, error);
    if (!bench_case) {
        fail(state, error);
        return;
    }
    for (auto _ : state) {
        if (!bench_case->round(error)) {
            fail(state, error);
            return;
        }
        state.SetIterationTime(bench_case->seconds());
    }
    while (bench_case->rounds() < least_rounds) {
        if (!bench_case->round(error)) {
            fail(state, error);
            return;
        }
    }
    state.counters["call_ns"] = bench_case->call();
    state.counters["kernel_ns"] = bench_case->kernel();
    state.counters["over_kernel_ns"] = bench_case->over_kernel();
    state.counters["per_tensor_ns"] = bench_case->over_kernel() / static_cast<double>(copies);
    state.counters["rounds"] = static_cast<double>(bench_case->rounds());
    state.counters["threads_used"] = bench_case->threads_used();
}

void add(Call call, const std::string &spec, const std::string &layout, const gcs_tensor &tensor,
         std::size_t copies) {
    const std::string name = std::string(call == Call::STEP ? "gcs_step/" : "gcs_step_tensor/") +
                             spec + "/" + layout + "/tensors:" + std::to_string(copies);
    benchmark::RegisterBenchmark(name.c_str(), bench, call, spec, tensor, copies)
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
}

} // namespace

int main(int argc, char **argv) {
    const Settings settings =
        read_settings(start(argc, argv, usage, {"--spec", "--tensors", "--elements"}, "0.05"));
    const std::uint64_t side = settings.elements / grain;
    for (const std::string &spec : settings.specs) {
        for (Call call : {Call::STEP, Call::STEP_TENSOR}) {
            for (std::size_t copies : settings.tensors) {
                add(call, spec, "rows", gcs_rows(side, grain), copies);
                add(call, spec, "cols", gcs_cols(side, grain), copies);
                add(call, spec, "flat", gcs_flat(settings.elements), copies);
            }
        }
    }
    return run();
}
