// What bench_models prints of a device: a line for each benchmark.
#include "bench/device_table.hh"

#include <cmath>
#include <cstdio>

namespace gcs_bench {
namespace {

constexpr int name_width = 42;

double counter(const DeviceLine &line, const char *name) {
    const auto found = line.counters.find(name);
    return found == line.counters.end() ? NAN : found->second;
}

// Three decimals, or nothing where there is no such figure.
void print_number(double value) {
    if (std::isnan(value))
        std::printf("        -");
    else
        std::printf(" %8.3f", value);
}

} // namespace

bool DeviceTable::ReportContext(const Context &context) {
    std::fflush(stdout);
    PrintBasicContext(&GetErrorStream(), context);
    std::printf("%-*s %9s %7s", name_width, "", device_.unit(), "GB/s");
    for (const Column &column : device_.columns())
        std::printf(" %8s", column.heading);
    std::printf("  kernel\n");
    return true;
}

void DeviceTable::ReportRuns(const std::vector<Run> &runs) {
    std::string name;
    const DeviceLine *line = runs.empty() ? nullptr : find_(runs[0].run_name.function_name, name);
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
        std::printf("%-*s %9.2f %7.0f", name_width, first.c_str(), ns / device_.unit_ns(),
                    line->bytes / ns);
        for (const Column &column : device_.columns())
            print_number(counter(*line, column.counter) * column.times);
        std::printf("  %s\n", kernel.c_str());
    }
    std::fflush(stdout);
}

} // namespace gcs_bench
