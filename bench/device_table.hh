// What bench_models prints of a device: a line for each benchmark. The JSON has all counters.
#ifndef GCSTEP_BENCH_DEVICE_TABLE_HH
#define GCSTEP_BENCH_DEVICE_TABLE_HH

#include "bench/device_case.hh"
#include <benchmark/benchmark.h>

namespace gcs_bench {

class DeviceTable : public benchmark::BenchmarkReporter {
  public:
    // The line of a benchmark that has been run, by its name; the case's name behind it.
    using Find = const DeviceLine *(*)(const std::string &name, std::string &case_name);
    DeviceTable(const Device &device, Find find) : device_(device), find_(find) {}

    bool ReportContext(const Context &context) override;
    void ReportRuns(const std::vector<Run> &runs) override;

  private:
    const Device &device_;
    Find find_;
};

} // namespace gcs_bench

#endif
