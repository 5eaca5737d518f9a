// What the bench programs share: start, options of their own, end.
#include "bench/program.hh"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace gcs_bench {
namespace {

const char *program_name = "bench";
const char *usage_text = "";
bool any_failed = false;

void print_help() {
    std::fputs(usage_text, stdout);
    std::fputs("\nOptions of Google Benchmark, the most useful ones:\n"
               "  --benchmark_filter=REGEX        only the benchmarks whose name matches\n"
               "  --benchmark_list_tests=true     only list the names\n"
               "  --benchmark_min_time=SECONDS    measure each one at least this long\n"
               "  --benchmark_repetitions=N       measure each one N times\n"
               "  --benchmark_out=FILE            results as JSON, as compare.py reads them\n",
               stdout);
}

bool begins_with(const char *text, const char *start) {
    return std::strncmp(text, start, std::strlen(start)) == 0;
}

void describe_machine() {
    gcs_machine machine;
    gcs_machine_read(&machine);
    char text[512];
    gcs_machine_format(&machine, text, sizeof text);
    benchmark::AddCustomContext("gcstep_version", gcs_version());
    benchmark::AddCustomContext("gcstep_machine", text);
    if (machine.emulated)
        benchmark::AddCustomContext("gcstep_emulated",
                                    "yes: these are times of an emulator, of no processor");
}

Options own_options(const std::vector<char *> &args, const std::vector<std::string> &known) {
    Options options;
    for (const char *text : args) {
        std::string arg = text;
        std::size_t equals = arg.find('=');
        std::string name = arg.substr(0, equals);
        if (std::find(known.begin(), known.end(), name) == known.end())
            bad_usage("unknown option '" + arg + "'; own options are: " +
                      (known.empty() ? "none" : joined(known)) + " (see --help)");
        if (equals == std::string::npos || equals + 1 == arg.size())
            bad_usage("option '" + name + "' needs a value: " + name + "=...");
        options.emplace_back(name, arg.substr(equals + 1));
    }
    return options;
}

} // namespace

void bad_usage(const std::string &message) {
    std::fprintf(stderr, "%s: %s\n", program_name, message.c_str());
    std::exit(2);
}

int whole_number(const std::string &option, const std::string &value, int most) {
    char *end = nullptr;
    errno = 0;
    long number = std::strtol(value.c_str(), &end, 10);
    if (errno != 0 || *end != '\0' || number < 1 || number > most)
        bad_usage("option '" + option + "' must be a whole number from 1 to " +
                  std::to_string(most) + ", not '" + value + "'");
    return static_cast<int>(number);
}

gcs_spec parse_spec(const std::string &name) {
    gcs_spec spec;
    if (!gcs_spec_parse(name.c_str(), &spec))
        bad_usage("unknown spec '" + name + "'; it is a rule, and where wanted a centre and types" +
                  ", e.g. sgdm, sgdm_none, adamw_update_bf16-bf16");
    return spec;
}

std::string joined(const std::vector<std::string> &names) {
    std::string text;
    for (const std::string &name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text;
}

Options start(int argc, char **argv, const char *usage, const std::vector<std::string> &known,
              const char *min_time) {
    const char *slash = std::strrchr(argv[0], '/');
    program_name = slash ? slash + 1 : argv[0];
    usage_text = usage;

    std::string default_time = std::string("--benchmark_min_time=") + min_time;
    std::vector<char *> args(argv, argv + argc);
    bool has_time = std::any_of(args.begin(), args.end(), [](const char *arg) {
        return begins_with(arg, "--benchmark_min_time");
    });
    if (!has_time)
        args.insert(args.begin() + 1, default_time.data());
    int count = static_cast<int>(args.size());
    args.push_back(nullptr);
    benchmark::Initialize(&count, args.data(), print_help);
    describe_machine();
    return own_options({args.begin() + 1, args.begin() + count}, known);
}

void fail(benchmark::State &state, const std::string &message) {
    any_failed = true;
    state.SkipWithError(message.c_str());
}

int run(benchmark::BenchmarkReporter *display) {
    std::size_t matched = benchmark::RunSpecifiedBenchmarks(display);
    benchmark::Shutdown();
    return matched == 0 || any_failed ? 1 : 0;
}

} // namespace gcs_bench
