// CUDA's side of the benches of whole steps.
#include "bench/device.hh"
#include "bench/gpu_race.hh"
#include "bench/gpu_step.hh"

#include <cmath>
#include <cstdint>

namespace gcs_bench {
namespace {

// Between two events at least as much moves: 50 us of the fastest memory.
constexpr double least_bytes = 256 << 20;

class GpuContest : public Contest {
  public:
    GpuContest(const Gpu &gpu, const std::vector<gcs_tensor> &tensors)
        : gpu_(gpu), tensors_(tensors) {}
    bool make(const gcs_spec &spec, double bytes, std::string &error) {
        const auto repeat = static_cast<unsigned>(std::ceil(least_bytes / bytes));
        buffers_ = GpuBuffers::make(gpu_, spec, tensors_, error);
        copies_ = buffers_ ? GpuCopies::make(gpu_, bytes, error) : nullptr;
        race_ = copies_ ? GpuRace::make(gpu_, repeat, error) : nullptr;
        return race_ != nullptr;
    }

    bool add_step(const StepOf &what, std::size_t &runner, std::string &error) override {
        auto step = GpuStep::make(gpu_, what, tensors_, *buffers_, error);
        if (!step)
            return false;
        GpuStep *const of = step.get();
        if (!race_->add([of](std::size_t turn) { return of->enqueue(turn); }, runner, error))
            return false;
        steps_.resize(runner + 1);
        steps_[runner] = std::move(step);
        return true;
    }

    bool add_copy(std::size_t &runner, std::string &error) override {
        GpuCopies *const copies = copies_.get();
        return race_->add([copies](std::size_t turn) { return copies->enqueue(turn); }, runner,
                          error);
    }

    bool add_replay(std::size_t step, std::size_t &runner, std::string &error) override {
        GpuStep *const of = steps_[step].get();
        return of->capture(error) &&
               race_->add([of](std::size_t turn) { return of->replay(turn); }, runner, error);
    }

    Race &race() override { return *race_; }
    const StepPlans &plans(std::size_t runner) const override { return steps_[runner]->plans(); }
    double copy_bytes() const override { return copies_->bytes(); }
    std::size_t sets() const override { return buffers_->sets(); }

  private:
    const Gpu &gpu_;
    const std::vector<gcs_tensor> &tensors_;
    std::unique_ptr<GpuBuffers> buffers_;
    std::unique_ptr<GpuCopies> copies_;
    std::vector<std::unique_ptr<GpuStep>> steps_; // by runner; null: it is none
    std::unique_ptr<GpuRace> race_;
};

const ShapeList shape_list = {
    {// Depthwise and first convolutions, patches.
     9, 16, 25, 27, 32, 49, 64, 147, 256, 576, 1024,
     // Layers of ResNet-50, ViT-B/16, GPT-2 and VGG-16, and powers of two.
     1152, 2048, 2304, 4608, 8192, 16384, 25088, 28672,
     // What shared memory keeps, or no more.
     40000, 57000, 57344, 65536, 131072, 262144, 1048576},
    {64, 576, 768, 1152, 1728, 3072, 4096, 25088},
    1024,
    64 << 20};

const std::vector<Column> column_list = {{"of copy", "copy_fraction"},
                                         {"uncentr.", "plain_copy_fraction"},
                                         {"ceiling", "ceiling"},
                                         {"gc cost", "gc_cost"},
                                         {"vs step", "vs_step"}};

class GpuDevice : public Device {
  public:
    explicit GpuDevice(std::unique_ptr<Gpu> gpu) : gpu_(std::move(gpu)) {}
    const char *backend() const override { return "cuda"; }
    const char *context_key() const override { return "gcstep_gpu"; }
    std::string description() const override { return gpu_->description(); }
    bool has_graphs() const override { return true; }

    std::unique_ptr<Contest> contest(const gcs_spec &spec, const std::vector<gcs_tensor> &tensors,
                                     double bytes, std::string &error) const override {
        auto contest = std::make_unique<GpuContest>(*gpu_, tensors);
        return contest->make(spec, bytes, error) ? std::move(contest) : nullptr;
    }

    std::vector<std::string> kernels_for(const gcs_need &need) const override {
        std::vector<std::string> names;
        for (std::size_t i = 0; i < gcs_cuda_kernel_count; i++) {
            const gcs_cuda_kernel &kernel = gcs_cuda_kernels[i];
            if (gcs_cuda_fits(&kernel, &need, &gpu_->device()) &&
                gcs_cuda_has_work(&kernel, need.length))
                names.emplace_back(kernel.row.name);
        }
        return names;
    }

    const ShapeList &shapes() const override { return shape_list; }
    double unit_ns() const override { return 1e3; }
    const char *unit() const override { return "us"; }
    const std::vector<Column> &columns() const override { return column_list; }

  private:
    std::unique_ptr<Gpu> gpu_;
};

} // namespace

std::unique_ptr<Device> open_cuda(int ordinal, std::string &error) {
    std::unique_ptr<Gpu> gpu = Gpu::open(ordinal, error);
    return gpu ? std::make_unique<GpuDevice>(std::move(gpu)) : nullptr;
}

} // namespace gcs_bench
