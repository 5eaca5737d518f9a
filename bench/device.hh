// What the benches of whole steps need of a device: gpu_device.cc has CUDA's, cl_device.cc
// OpenCL's.
#ifndef GCSTEP_BENCH_DEVICE_HH
#define GCSTEP_BENCH_DEVICE_HH

#include "bench/plans.hh"
#include "bench/race.hh"
#include <cstdint>
#include <string>
#include <vector>

namespace gcs_bench {

// One case's buffers and work on a device. All of its steps take buffers in turn from the same
// sets, and find them cold.
class Contest {
  public:
    virtual ~Contest() = default;

    // Each makes a runner of the race and tries it. False with a sentence in `error`: there is
    // none.
    virtual bool add_step(const StepOf &what, std::size_t &runner, std::string &error) = 0;
    // Of as many bytes, read and written together, as a step moves.
    virtual bool add_copy(std::size_t &runner, std::string &error) = 0;
    // A step's runner once more, replayed from a graph: with Device::has_graphs.
    virtual bool add_replay(std::size_t step, std::size_t &runner, std::string &error);
    // The step on the CPU by gcs_cpu(), in the same memory: with Device::has_native.
    virtual bool add_native(const StepOf &what, std::size_t &runner, std::string &error);

    virtual Race &race() = 0;
    // The plans of a runner that is a step.
    virtual const StepPlans &plans(std::size_t runner) const = 0;
    virtual double copy_bytes() const = 0;
    virtual std::size_t sets() const = 0;
};

// A column of the table: a counter, as it is or multiplied.
struct Column {
    const char *heading;
    const char *counter;
    double times = 1;
};

// What a table of group lengths has.
struct ShapeList {
    std::vector<std::uint64_t> row_lengths, col_heights;
    std::uint64_t col_width;
    std::uint64_t elements; // of a shape's step, unless it is said
};

class Device {
  public:
    virtual ~Device() = default;
    virtual const char *backend() const = 0;     // as --backend has it
    virtual const char *context_key() const = 0; // of the description in the JSON
    virtual std::string description() const = 0;
    virtual bool has_graphs() const { return false; }
    virtual bool has_native() const { return false; }

    virtual std::unique_ptr<Contest> contest(const gcs_spec &spec,
                                             const std::vector<gcs_tensor> &tensors, double bytes,
                                             std::string &error) const = 0;

    // The kernels that can step such a tensor, by name, but for those that all but no thread would
    // have work in.
    virtual std::vector<std::string> kernels_for(const gcs_need &need) const = 0;

    virtual const ShapeList &shapes() const = 0;
    virtual double unit_ns() const = 0; // of the table's times
    virtual const char *unit() const = 0;
    virtual const std::vector<Column> &columns() const = 0;
};

// Null with a sentence in `error`.
std::unique_ptr<Device> open_cuda(int ordinal, std::string &error);
std::unique_ptr<Device> open_opencl(int ordinal, std::string &error);

} // namespace gcs_bench

#endif
