// bench_models: one whole optimizer step of a network, centred, beside the same step without
// centring, with the default table, and the ceiling of its memory traffic.
#include "bench/model_step.hh"
#include "bench/program.hh"

#include <cerrno>
#include <cstdlib>

using namespace gcs_bench;

namespace {

const char usage[] =
    "bench_models: one whole optimizer step of a network, buffers in memory and not in a cache.\n"
    "\n"
    "  --model=NAME     repeated; default: every built-in network\n"
    "  --spec=NAME      repeated; sgd, sgdm (default), adam, adamw\n"
    "  --threads=N      at most N threads; default: all that the process may use\n"
    "  --table=FILE     this autotuning table before the others\n"
    "\n"
    "Time is that of the centred step. Counters, medians of the ratios of paired times:\n"
    "  gc_cost      centred / not centred: what centring costs; 1 is free\n"
    "  ceiling      same reads and writes without arithmetic / centred; 1 is as fast as memory\n"
    "  vs_default   default rule's kernels / the table's; above 1 the table pays\n";

constexpr std::size_t least_rounds = 9;

struct Settings {
    std::vector<std::string> models, specs;
    int threads = 0;
    std::string table;
};

std::vector<std::string> all_models() {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < gcs_model_builtin_count(); i++)
        names.push_back(gcs_model_builtin_name(i));
    return names;
}

void require_one_of(const std::string &what, const std::string &name,
                    const std::vector<std::string> &known) {
    for (const std::string &k : known)
        if (k == name)
            return;
    bad_usage("unknown " + what + " '" + name + "'; known: " + joined(known));
}

int parse_threads(const std::string &text) {
    char *end = nullptr;
    errno = 0;
    long value = std::strtol(text.c_str(), &end, 10);
    if (errno != 0 || *end != '\0' || value < 1 || value > 65536)
        bad_usage("option '--threads' must be a whole number from 1 to 65536, not '" + text + "'");
    return static_cast<int>(value);
}

Settings read_settings(const Options &options) {
    Settings settings;
    for (const auto &[name, value] : options) {
        if (name == "--model") {
            require_one_of("model", value, all_models());
            settings.models.push_back(value);
        } else if (name == "--spec") {
            require_one_of("spec", value, {"sgd", "sgdm", "adam", "adamw"});
            settings.specs.push_back(value);
        } else if (name == "--threads") {
            settings.threads = parse_threads(value);
        } else {
            char why[512];
            gcs_machine machine;
            gcs_machine_read(&machine);
            if (!gcs_table_file_check(value.c_str(), &machine, why, sizeof why))
                bad_usage(std::string("option '--table': ") + why);
            settings.table = value;
        }
    }
    if (settings.models.empty())
        settings.models = all_models();
    if (settings.specs.empty())
        settings.specs = {"sgdm"};
    return settings;
}

// The network that is being measured. Google Benchmark calls a benchmark several times to find
// the number of iterations, and making gigabytes of buffers anew each time would take longer than
// the measurement; two networks at once would take the memory of both.
std::string current_name;
std::unique_ptr<ModelStep> current;

ModelStep *prepare(const std::string &model, const std::string &spec_name, const Settings &settings,
                   std::string &error) {
    std::string name = model + "/" + spec_name;
    if (current && current_name == name)
        return current.get();
    current.reset();
    gcs_spec spec;
    if (!gcs_spec_parse(spec_name.c_str(), &spec)) {
        error = "unknown spec '" + spec_name + "'";
        return nullptr;
    }
    const char *table = settings.table.empty() ? nullptr : settings.table.c_str();
    current = ModelStep::make(model, spec, settings.threads, table, error);
    current_name = name;
    return current.get();
}

void bench(benchmark::State &state, const std::string &model, const std::string &spec,
           const Settings &settings) {
    std::string error;
    ModelStep *step = prepare(model, spec, settings, error);
    if (!step) {
        fail(state, error);
        return;
    }
    step->forget();
    for (auto _ : state) {
        if (!step->round(error)) {
            fail(state, error);
            return;
        }
        state.SetIterationTime(step->seconds());
    }
    // A step of gigabytes fills the time with an iteration or two: no median. Its further rounds
    // count for the ratios alone.
    while (step->rounds() < least_rounds) {
        if (!step->round(error)) {
            fail(state, error);
            return;
        }
    }
    Ratios ratios = step->ratios();
    state.counters["gc_cost"] = ratios.gc_cost;
    state.counters["ceiling"] = ratios.ceiling;
    state.counters["vs_default"] = ratios.vs_default;
    state.counters["rounds"] = static_cast<double>(step->rounds());
    state.counters["threads_used"] = step->threads();
    state.SetBytesProcessed(
        static_cast<std::int64_t>(static_cast<double>(state.iterations()) * step->bytes()));
}

} // namespace

int main(int argc, char **argv) {
    Settings settings =
        read_settings(start(argc, argv, usage, {"--model", "--spec", "--threads", "--table"}, "1"));
    for (const std::string &model : settings.models)
        for (const std::string &spec : settings.specs)
            benchmark::RegisterBenchmark((model + "/" + spec).c_str(), bench, model, spec, settings)
                ->UseManualTime()
                ->Unit(benchmark::kMillisecond);
    int status = run();
    current.reset();
    return status;
}
