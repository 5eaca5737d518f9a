// What bench_models --backend=cuda prints: a line for each benchmark.
#include "bench/gpu_table.hh"

#include <cmath>
#include <cstdio>

namespace gcs_bench {
namespace {

constexpr int name_width = 42;

double counter(const GpuLine &line, const char *name) {
    const auto found = line.counters.find(name);
    return found == line.counters.end() ? NAN : found->second;
}

// Three decimals, or nothing where there is no such figure.
void print_ratio(double value) {
    if (std::isnan(value))
        std::printf("        -");
    else
        std::printf(" %8.3f", value);
}

} // namespace

bool GpuTable::ReportContext(const Context &context) {
    std::fflush(stdout);
    PrintBasicContext(&GetErrorStream(), context);
    std::printf("%-*s %9s %7s %8s %8s %8s %8s %8s  %s\n", name_width, "", "us", "GB/s", "of copy",
                "uncentr.", "ceiling", "gc cost", "vs step", "kernel");
    return true;
}

void GpuTable::ReportRuns(const std::vector<Run> &runs) {
    std::string name;
    const GpuLine *line = runs.empty() ? nullptr : find_(runs[0].run_name.function_name, name);
    if (!line)
        return;
    // A forced kernel's name is long: it stands where the others have the chosen one's.
    const bool forced = !line->suffix.empty() && line->suffix != "/graph";
    const std::string first = forced ? "" : name + line->suffix;
    const std::string kernel = forced ? line->suffix.substr(1) : line->label;
    if (!line->error.empty()) {
        std::printf("%-*s FAILED: %s  %s\n", name_width, first.c_str(), line->error.c_str(),
                    kernel.c_str());
    } else {
        const double ns = line->median_ns;
        std::printf("%-*s %9.2f %7.0f", name_width, first.c_str(), ns * 1e-3, line->bytes / ns);
        for (const char *which :
             {"copy_fraction", "plain_copy_fraction", "ceiling", "gc_cost", "vs_step"})
            print_ratio(counter(*line, which));
        std::printf("  %s\n", kernel.c_str());
    }
    std::fflush(stdout);
}

} // namespace gcs_bench
