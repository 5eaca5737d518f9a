// What the bench programs share: start, options of their own, end.
#ifndef GCSTEP_BENCH_PROGRAM_HH
#define GCSTEP_BENCH_PROGRAM_HH

#include "bench/gcstep.hh"
#include <benchmark/benchmark.h>
#include <string>
#include <utility>
#include <vector>

namespace gcs_bench {

// A program's own options, "--name=value", in the order given.
using Options = std::vector<std::pair<std::string, std::string>>;

// Hands Google Benchmark its options and returns the others. `usage` is for --help, `known` are
// the names that may be given. Anything else ends the program with status 2 and a message.
// `min_time` (seconds) is used unless the command line gives --benchmark_min_time.
Options start(int argc, char **argv, const char *usage, const std::vector<std::string> &known,
              const char *min_time);

// Ends the program for a bad command line, with status 2.
[[noreturn]] void bad_usage(const std::string &message);

// The value of an option as a whole number from 1 to `most`; anything else is bad usage.
int whole_number(const std::string &option, const std::string &value, int most);

// The step of that name, e.g. "sgdm" or "adamw_update_bf16-bf16"; another name is bad usage.
gcs_spec parse_spec(const std::string &name);

// "a, b, c"
std::string joined(const std::vector<std::string> &names);

// Reports the benchmark as failed; the program's status will be 1.
void fail(benchmark::State &state, const std::string &message);

// Runs what was registered; `display` prints it, or Google Benchmark does. Returns the program's
// status.
int run(benchmark::BenchmarkReporter *display = nullptr);

} // namespace gcs_bench

#endif
