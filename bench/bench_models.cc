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
    "  --spec=STEP      repeated; default: sgdm; e.g. adamw, nesterov_none or\n"
    "                   adamw_update_bf16-bf16 (gcstep tune --help has all names)\n"
    "  --threads=N      at most N threads; default: all that the process may use\n"
    "  --table=FILE     this autotuning table before the others\n"
    "  --measure=1      also the pass that measures the gradient, and a step behind it that clips\n"
    "\n"
    "Time is that of the centred step. Counters, medians of the ratios of paired times:\n"
    "  gc_cost      centred / not centred: what centring costs; 1 is free\n"
    "  ceiling      same reads and writes without arithmetic / centred; 1 is as fast as memory\n"
    "  vs_default   default rule's kernels / the table's; above 1 the table pays\n"
    "With --measure three more per network and step: /measure, the pass alone; /measure+step, the\n"
    "step that clips and takes its means itself; /measure+means, the step that is given the means\n"
    "of the measured sums. Counters:\n"
    "  vs_step      its time / that of the step alone\n"
    "  ceiling      the step's ceiling, for as many bytes as this moves / its time\n";

constexpr std::size_t least_rounds = 9;

struct Settings {
    std::vector<std::string> models, specs;
    int threads = 0;
    bool measure = false;
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

bool parse_switch(const std::string &name, const std::string &text) {
    if (text != "0" && text != "1")
        bad_usage("option '" + name + "' must be 0 or 1, not '" + text + "'");
    return text == "1";
}

gcs_spec parse_spec(const std::string &name) {
    gcs_spec spec;
    if (!gcs_spec_parse(name.c_str(), &spec))
        bad_usage("unknown spec '" + name + "'; it is a rule, and where wanted a centre and types" +
                  ", e.g. sgdm, sgdm_none, adamw_update_bf16-bf16");
    return spec;
}

Settings read_settings(const Options &options) {
    Settings settings;
    for (const auto &[name, value] : options) {
        if (name == "--model") {
            require_one_of("model", value, all_models());
            settings.models.push_back(value);
        } else if (name == "--spec") {
            parse_spec(value);
            settings.specs.push_back(value);
        } else if (name == "--threads") {
            settings.threads = parse_threads(value);
        } else if (name == "--measure") {
            settings.measure = parse_switch(name, value);
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

ModelStep *prepare(const std::string &model, const std::string &spec, const Settings &settings,
                   std::string &error) {
    std::string name = model + "/" + spec;
    if (current && current_name == name)
        return current.get();
    current.reset();
    const char *table = settings.table.empty() ? nullptr : settings.table.c_str();
    current = ModelStep::make(model, parse_spec(spec), settings.threads, table, error);
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

void bench(benchmark::State &state, const std::string &model, const std::string &spec,
           const Settings &settings, const Variants &variants) {
    std::string error;
    ModelStep *step = prepare(model, spec, settings, error);
    if (!step || !run_rounds(state, step, variants, error)) {
        fail(state, error);
        return;
    }
    const double bytes = step->bytes(variants[0]);
    set_ratios(state, *step, variants[0]);
    state.counters["bytes_per_element"] = bytes / step->elements();
    state.counters["rounds"] = static_cast<double>(step->rounds());
    state.counters["threads_used"] = step->threads();
    state.SetBytesProcessed(
        static_cast<std::int64_t>(static_cast<double>(state.iterations()) * bytes));
}

void add(const std::string &name, const std::string &model, const std::string &spec,
         const Settings &settings, const Variants &variants) {
    benchmark::RegisterBenchmark(name.c_str(), bench, model, spec, settings, variants)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
}

void add_step(const std::string &model, const std::string &spec, const Settings &settings) {
    const std::string name = model + "/" + spec;
    add(name, model, spec, settings, {CENTERED, PLAIN, DEFAULT_TABLE, CEILING});
    if (!settings.measure)
        return;
    add(name + "/measure", model, spec, settings, {MEASURE, CENTERED, CEILING});
    add(name + "/measure+step", model, spec, settings, {CLIPPED, CENTERED, CEILING});
    // The means of the other centres are none, or not of the gradient.
    const gcs_center center = parse_spec(spec).center;
    if (center == GCS_CENTER_GRADIENT || center == GCS_CENTER_RAW_GRADIENT)
        add(name + "/measure+means", model, spec, settings, {GIVEN_MEANS, CENTERED, CEILING});
}

} // namespace

int main(int argc, char **argv) {
    Settings settings = read_settings(
        start(argc, argv, usage, {"--model", "--spec", "--threads", "--table", "--measure"}, "1"));
    for (const std::string &model : settings.models)
        for (const std::string &spec : settings.specs)
            add_step(model, spec, settings);
    int status = run();
    current.reset();
    return status;
}
