// bench_models: one whole optimizer step of a network, centred, beside the same step without
// centring, with the default table, and the ceiling of its memory traffic. That of a GPU or an
// OpenCL device: device_models.cc.
#include "bench/device_models.hh"
#include "bench/model_step.hh"
#include "bench/network.hh"
#include "bench/program.hh"
#include <cstdint>

using namespace gcs_bench;

namespace {

const char usage[] =
    "bench_models: one whole optimizer step of a network, buffers in memory and not in a cache.\n"
    "\n"
    "  --model=NAME     repeated; default: every built-in network\n"
    "  --shape=SHAPE    repeated; one tensor in the place of a network: rows:512x4608,\n"
    "                   cols:768x2304, general:4096x9x16 (outer, reduce, inner), flat:1048576;\n"
    "                   a small one in as many copies as it takes to move 4 MiB\n"
    "  --spec=STEP      repeated; default: sgdm; e.g. adamw, nesterov_none or\n"
    "                   adamw_update_bf16-bf16 (gcstep tune --help has all names)\n"
    "  --backend=NAME   cuda: on an NVIDIA GPU; opencl: on an OpenCL device; default: cpu\n"
    "\n"
    "On the CPU:\n"
    "  --threads=N      at most N threads; default: all that the process may use\n"
    "  --table=FILE     this autotuning table before the others\n"
    "  --measure=1      also the pass that measures the gradient, and a step behind it that clips\n"
    "\n"
    "On a GPU or an OpenCL device:\n"
    "  --device=N       its number, as gcstep info counts; default: 0\n"
    "  --rounds=N       default: 15\n"
    "  --shapes=1       a table of group lengths, in the place of networks unless these are named\n"
    "  --elements=N     of a shape's step; default: 67108864, OpenCL: 16777216\n"
    "  --all-kernels=1  shapes also with each kernel that may step them, forced\n"
    "\n"
    "Time is that of the centred step. Counters, medians of the ratios of paired times:\n"
    "  gc_cost      centred / not centred: what centring costs; 1 is free\n"
    "  ceiling      same reads and writes without arithmetic / centred; 1 is as fast as memory\n"
    "  vs_default   default rule's kernels / the table's; above 1 the table pays\n"
    "  two_reads    --shape: the ceiling, for the bytes of a step that first reads what it takes\n"
    "               the mean of (g, and with an L2 term w) / centred: what there is for groups\n"
    "               that no cache holds\n"
    "  ns_per_element, of the centred step\n"
    "With --measure three more per network and step: /measure, the pass alone; /measure+step, the\n"
    "step that clips and takes its means itself; /measure+means, the step that is given the means\n"
    "of the measured sums. Counters:\n"
    "  vs_step      its time / that of the step alone\n"
    "  ceiling      the step's ceiling, for as many bytes as this moves / its time\n"
    "On a device times are its own, between two events, and beside gc_cost and ceiling there are:\n"
    "  copy_fraction  time of a copy on the device that reads and writes as many bytes / its "
    "time;\n"
    "               over_copy is the inverse; plain_ and ceiling_copy_fraction those of the step\n"
    "               without centring and of the ceiling; copy_GBps the copy's speed\n"
    "  host_us      CUDA: what a call of gcs_step takes of the host's time; OpenCL: from the call\n"
    "               to the end of the step, when all of it is enqueued before any begins\n"
    "  vs_step      its time / that of the step alone: /graph, the step as a CUDA graph that is\n"
    "               replayed (its gc_cost: over the graph without centring); or with that kernel\n"
    "Where the OpenCL device is a CPU, by the host's clock:\n"
    "  vs_native    time of the CPU's own kernels (as without --backend), in the same memory / "
    "its\n"
    "               time; native_us that time; native_ceiling the native ceiling / it;\n"
    "               ceiling_vs_native  the native ceiling / that of OpenCL\n";

constexpr std::size_t least_rounds = 9;

struct Settings {
    std::vector<Network> networks;
    std::vector<std::string> specs;
    int threads = 0;
    bool measure = false;
    std::string table;
    DeviceSettings device;
};

bool parse_switch(const std::string &name, const std::string &text) {
    if (text != "0" && text != "1")
        bad_usage("option '" + name + "' must be 0 or 1, not '" + text + "'");
    return text == "1";
}

void read_table(const std::string &value, Settings &settings) {
    char why[512];
    gcs_machine machine;
    gcs_machine_read(&machine);
    if (!gcs_table_file_check(value.c_str(), &machine, nullptr, why, sizeof why))
        bad_usage(std::string("option '--table': ") + why);
    settings.table = value;
}

// An option of the CPU's alone, or of a device's; what it says is read.
bool read_cpu_option(const std::string &name, const std::string &value, Settings &settings) {
    if (name == "--threads")
        settings.threads = whole_number(name, value, 65536);
    else if (name == "--measure")
        settings.measure = parse_switch(name, value);
    else if (name == "--table")
        read_table(value, settings);
    else
        return false;
    return true;
}

bool read_device_option(const std::string &name, const std::string &value, DeviceSettings &device) {
    if (name == "--device")
        device.device = value == "0" ? 0 : whole_number(name, value, 1023);
    else if (name == "--rounds")
        device.rounds = whole_number(name, value, 10000);
    else if (name == "--elements")
        device.elements = whole_number(name, value, 1 << 30);
    else if (name == "--shapes")
        device.shapes = parse_switch(name, value);
    else if (name == "--all-kernels")
        device.all_kernels = parse_switch(name, value);
    else
        return false;
    return true;
}

Backend parse_backend(const std::string &name) {
    if (name == "cpu")
        return Backend::CPU;
    if (name != "cuda" && name != "opencl")
        bad_usage("option '--backend' must be cpu, cuda or opencl, not '" + name + "'");
    return name == "cuda" ? Backend::CUDA : Backend::OPENCL;
}

// `of_cpu`, `of_device`: the last option that is of these alone, or nothing.
void check_backend(Backend backend, const std::string &of_cpu, const std::string &of_device) {
    if (backend != Backend::CPU && !of_cpu.empty())
        bad_usage("option '" + of_cpu +
                  "' is none of --backend=" + (backend == Backend::CUDA ? "cuda" : "opencl"));
    if (backend == Backend::CPU && !of_device.empty())
        bad_usage("option '" + of_device + "' needs --backend=cuda or --backend=opencl");
}

Settings read_settings(const Options &options) {
    Settings settings;
    std::string of_cpu, of_device;
    for (const auto &[name, value] : options) {
        if (name == "--backend") {
            settings.device.backend = parse_backend(value);
        } else if (name == "--model") {
            settings.networks.push_back(network_of_model(value));
        } else if (name == "--shape") {
            settings.networks.push_back(network_of_shape(value));
        } else if (name == "--spec") {
            parse_spec(value);
            settings.specs.push_back(value);
        } else if (read_cpu_option(name, value, settings)) {
            of_cpu = name;
        } else if (read_device_option(name, value, settings.device)) {
            of_device = name;
        }
    }
    check_backend(settings.device.backend, of_cpu, of_device);
    if (settings.networks.empty() && !settings.device.shapes) {
        for (const std::string &name : model_names())
            settings.networks.push_back(network_of_model(name));
    }
    if (settings.specs.empty())
        settings.specs = {"sgdm"};
    return settings;
}

// The network that is being measured. Google Benchmark calls a benchmark several times to find
// the number of iterations, and making gigabytes of buffers anew each time would take longer than
// the measurement; two networks at once would take the memory of both.
std::string current_name;
std::unique_ptr<ModelStep> current;

ModelStep *prepare(const Network &network, const std::string &spec, const Settings &settings,
                   std::string &error) {
    std::string name = network.name + "/" + spec;
    if (current && current_name == name)
        return current.get();
    current.reset();
    const char *table = settings.table.empty() ? nullptr : settings.table.c_str();
    const gcs_spec parsed = parse_spec(spec);
    current =
        ModelStep::make(tensors_of_step(network, parsed), parsed, settings.threads, table, error);
    current_name = name;
    return current.get();
}

// The first of the variants is the one whose time is reported.
bool run_rounds(benchmark::State &state, ModelStep *step, const Variants &variants,
                std::string &error) {
    step->forget();
    for (auto _ : state) {
        if (!step->round(variants, error))
            return false;
        state.SetIterationTime(step->seconds(variants[0]));
    }
    // A step of gigabytes fills the time with an iteration or two: no median. Its further rounds
    // count for the ratios alone.
    while (step->rounds() < least_rounds) {
        if (!step->round(variants, error))
            return false;
    }
    return true;
}

void set_ratios(benchmark::State &state, const ModelStep &step, Variant v) {
    if (v == CENTERED) {
        state.counters["gc_cost"] = step.ratio(CENTERED, PLAIN);
        state.counters["vs_default"] = step.ratio(DEFAULT_TABLE, CENTERED);
    } else {
        state.counters["vs_step"] = step.ratio(v, CENTERED);
    }
    state.counters["ceiling"] = step.ratio(CEILING, v) * step.bytes(v) / step.bytes(CEILING);
}

// A group that no cache holds is read once for its mean and once for the step.
double two_reads(const ModelStep &step) {
    return step.ratio(CEILING, CENTERED) * step.bytes(GIVEN_MEANS) / step.bytes(CEILING);
}

void bench(benchmark::State &state, const Network &network, const std::string &spec,
           const Settings &settings, const Variants &variants) {
    std::string error;
    ModelStep *step = prepare(network, spec, settings, error);
    if (!step || !run_rounds(state, step, variants, error)) {
        fail(state, error);
        return;
    }
    const double bytes = step->bytes(variants[0]);
    set_ratios(state, *step, variants[0]);
    const bool has_groups = network.is_shape && network.tensors[0].layout != GCS_LAYOUT_FLAT;
    if (has_groups && variants[0] == CENTERED)
        state.counters["two_reads"] = two_reads(*step);
    state.counters["ns_per_element"] = step->median(variants[0]) * 1e9 / step->elements();
    state.counters["bytes_per_element"] = bytes / step->elements();
    state.counters["rounds"] = static_cast<double>(step->rounds());
    state.counters["threads_used"] = step->threads_used();
    state.SetBytesProcessed(
        static_cast<std::int64_t>(static_cast<double>(state.iterations()) * bytes));
}

void add(const std::string &name, const Network &network, const std::string &spec,
         const Settings &settings, const Variants &variants) {
    benchmark::RegisterBenchmark(name.c_str(), bench, network, spec, settings, variants)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
}

void add_step(const Network &network, const std::string &spec, const Settings &settings) {
    const std::string name = network.name + "/" + spec;
    add(name, network, spec, settings, {CENTERED, PLAIN, DEFAULT_TABLE, CEILING});
    if (!settings.measure)
        return;
    add(name + "/measure", network, spec, settings, {MEASURE, CENTERED, CEILING});
    add(name + "/measure+step", network, spec, settings, {CLIPPED, CENTERED, CEILING});
    // The means of the other centres are none, or not of the gradient.
    const gcs_center center = parse_spec(spec).center;
    if (center == GCS_CENTER_GRADIENT || center == GCS_CENTER_RAW_GRADIENT)
        add(name + "/measure+means", network, spec, settings, {GIVEN_MEANS, CENTERED, CEILING});
}

} // namespace

int main(int argc, char **argv) {
    Settings settings = read_settings(
        start(argc, argv, usage,
              {"--model", "--shape", "--spec", "--backend", "--threads", "--table", "--measure",
               "--device", "--rounds", "--shapes", "--elements", "--all-kernels"},
              "1"));
    if (settings.device.backend != Backend::CPU) {
        settings.device.networks = settings.networks;
        settings.device.specs = settings.specs;
        register_device(settings.device);
        return run_device();
    }
    for (const Network &network : settings.networks)
        for (const std::string &spec : settings.specs)
            add_step(network, spec, settings);
    int status = run();
    current.reset();
    return status;
}
