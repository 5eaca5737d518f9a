// What bench_models --backend=cuda prints: a line for each benchmark. The JSON has all counters.
#ifndef GCSTEP_BENCH_GPU_TABLE_HH
#define GCSTEP_BENCH_GPU_TABLE_HH

#include "bench/gpu_case.hh"
#include <benchmark/benchmark.h>

namespace gcs_bench {

class GpuTable : public benchmark::BenchmarkReporter {
  public:
    // The line of a benchmark that has been run, by its name; the case's name behind it.
    using Find = const GpuLine *(*)(const std::string &name, std::string &case_name);
    explicit GpuTable(Find find) : find_(find) {}

    bool ReportContext(const Context &context) override;
    void ReportRuns(const std::vector<Run> &runs) override;

  private:
    Find find_;
};

} // namespace gcs_bench

#endif
