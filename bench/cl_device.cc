// OpenCL's side of the benches of whole steps.
#include "bench/cl_race.hh"
#include "bench/device.hh"

#include <cmath>

namespace gcs_bench {
namespace {

// In a time at least as much moves, so that a timer of a microsecond does not show: half a
// millisecond of the fastest memory, and of a CPU's.
constexpr double least_bytes = 256 << 20, least_bytes_of_cpu = 16 << 20;

class LabContest : public Contest {
  public:
    LabContest(const Lab &lab, const std::vector<gcs_tensor> &tensors)
        : lab_(lab), tensors_(tensors) {}
    bool make(const gcs_spec &spec, double bytes, std::string &error) {
        const double least = lab_.is_cpu() ? least_bytes_of_cpu : least_bytes;
        race_ = std::make_unique<LabRace>(lab_, static_cast<unsigned>(std::ceil(least / bytes)));
        buffers_ = LabBuffers::make(lab_, spec, tensors_, error);
        copies_ = buffers_ ? LabCopies::make(lab_, bytes, error) : nullptr;
        return copies_ != nullptr;
    }

    bool add_step(const StepOf &what, std::size_t &runner, std::string &error) override {
        StepPlans *const of = make_plans(gcs_lab_target(lab_.get()), what, buffers_->sets(), error);
        const auto enqueue = [this, of](std::size_t turn, const gcs_cl_call *call) {
            return gcs_step_opencl(of->plan(turn), of->hyper(), buffers_->set(turn % of->count()),
                                   call);
        };
        return of != nullptr && race_->add(enqueue, runner, error) && keep(runner);
    }

    bool add_copy(std::size_t &runner, std::string &error) override {
        const auto enqueue = [this](std::size_t turn, const gcs_cl_call *call) {
            return copies_->enqueue(turn, call);
        };
        return race_->add(enqueue, runner, error);
    }

    bool add_native(const StepOf &what, std::size_t &runner, std::string &error) override {
        StepPlans *const of = make_plans(gcs_cpu(), what, 1, error);
        const auto work = [this, of](std::size_t turn, double &ns) {
            return step_native(*of, turn % buffers_->sets(), ns);
        };
        return of != nullptr && race_->add_native(work, runner, error) && keep(runner);
    }

    Race &race() override { return *race_; }
    const StepPlans &plans(std::size_t runner) const override { return *plans_[runner]; }
    double copy_bytes() const override { return copies_->bytes(); }
    std::size_t sets() const override { return buffers_->sets(); }

  private:
    // Null with a sentence in `error`; they are in `made_`.
    StepPlans *make_plans(gcs_target target, const StepOf &what, std::size_t count,
                          std::string &error) {
        made_ = std::make_unique<StepPlans>();
        return made_->make(target, what, tensors_, count, error) ? made_.get() : nullptr;
    }

    // They are the runner's.
    bool keep(std::size_t runner) {
        plans_.resize(runner + 1);
        plans_[runner] = std::move(made_);
        return true;
    }

    gcs_status step_native(const StepPlans &plans, std::size_t k, double &ns) {
        const gcs_buffers *buffers = buffers_->map(k);
        gcs_status status = buffers != nullptr ? GCS_OK : GCS_DEVICE_ERROR;
        const std::uint64_t start = gcs_now_ns();
        if (status == GCS_OK)
            status = gcs_step(plans.plan(0), plans.hyper(), buffers);
        ns = static_cast<double>(gcs_now_ns() - start);
        const gcs_status given = buffers_->unmap(k);
        return status != GCS_OK ? status : given;
    }

    const Lab &lab_;
    const std::vector<gcs_tensor> &tensors_;
    std::unique_ptr<LabBuffers> buffers_;
    std::unique_ptr<LabCopies> copies_;
    std::unique_ptr<StepPlans> made_;
    std::vector<std::unique_ptr<StepPlans>> plans_; // by runner; null: it is no step
    std::unique_ptr<LabRace> race_;
};

const ShapeList shape_list = {
    // Depthwise and first convolutions, patches; layers of networks; what is long.
    {9, 27, 64, 147, 576, 1152, 2304, 4608, 28672, 262144},
    {576, 1152, 2304, 4608},
    1024,
    16 << 20};

const std::vector<Column> column_list = {
    {"host", "host_us", 1e-3},      {"ceiling", "ceiling"},   {"gc cost", "gc_cost"},
    {"of copy", "copy_fraction"},   {"vs nat.", "vs_native"}, {"native", "native_us", 1e-3},
    {"nat.ceil", "native_ceiling"}, {"vs step", "vs_step"}};

class LabDevice : public Device {
  public:
    explicit LabDevice(std::unique_ptr<Lab> lab) : lab_(std::move(lab)) {}
    const char *backend() const override { return "opencl"; }
    const char *context_key() const override { return "gcstep_opencl"; }
    std::string description() const override { return lab_->description(); }
    bool has_native() const override { return lab_->is_cpu(); }

    std::unique_ptr<Contest> contest(const gcs_spec &spec, const std::vector<gcs_tensor> &tensors,
                                     double bytes, std::string &error) const override {
        auto contest = std::make_unique<LabContest>(*lab_, tensors);
        return contest->make(spec, bytes, error) ? std::move(contest) : nullptr;
    }

    // A work-group of a CPU is a loop: those of many work-items take tens of times as long there,
    // as those of one do elsewhere.
    std::vector<std::string> kernels_for(const gcs_need &need) const override {
        std::vector<std::string> names;
        for (std::size_t i = 0; i < gcs_opencl_kernel_count; i++) {
            const gcs_opencl_kernel &kernel = gcs_opencl_kernels[i];
            if (gcs_opencl_fits(&kernel, &need, &lab_->get()->device) &&
                (kernel.threads == 1) == lab_->is_cpu() &&
                gcs_opencl_has_work(&kernel, need.length))
                names.emplace_back(kernel.row.name);
        }
        return names;
    }

    const ShapeList &shapes() const override { return shape_list; }
    double unit_ns() const override { return 1e6; }
    const char *unit() const override { return "ms"; }
    const std::vector<Column> &columns() const override { return column_list; }

  private:
    std::unique_ptr<Lab> lab_;
};

} // namespace

std::unique_ptr<Device> open_opencl(int ordinal, std::string &error) {
    std::unique_ptr<Lab> lab = Lab::open(ordinal, error);
    return lab ? std::make_unique<LabDevice>(std::move(lab)) : nullptr;
}

} // namespace gcs_bench
