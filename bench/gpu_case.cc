// One step on the GPU beside what it is compared with, all in the same rounds.
#include "bench/gpu_case.hh"

#include "bench/gpu_race.hh"
#include "bench/gpu_step.hh"

#include <cmath>
#include <cstdint>

namespace gcs_bench {
namespace {

// Between two events at least as much moves: 50 us of the fastest memory.
constexpr double least_bytes = 256 << 20;

// The case while it is measured.
class Race {
  public:
    Race(const Gpu &gpu, const GpuCase &what) : gpu_(gpu), what_(what) {}
    bool run(std::vector<GpuLine> &lines, std::string &error);

  private:
    // Those that the lines are compared with come first.
    enum { STEP, PLAIN, CEILING, COPY };
    bool make(std::string &error);
    bool add_all(std::string &error);
    bool add_step(const GpuStep::What &what, std::string &error);
    bool add_replay(std::size_t step, std::size_t &runner, std::string &error);
    void add_line(GpuLine &line);
    void fill(GpuLine &line, std::size_t runner) const;
    double over_copy(std::size_t runner) const;
    std::string label(const GpuLine &line) const;

    const Gpu &gpu_;
    const GpuCase &what_;
    double bytes_ = 0, elements_ = 0; // of a step
    std::unique_ptr<GpuBuffers> buffers_;
    std::unique_ptr<GpuCopies> copies_;
    std::vector<std::unique_ptr<GpuStep>> steps_; // by runner; null: it is none
    std::unique_ptr<GpuRace> race_;
    std::vector<std::size_t> runners_; // of the lines
    std::size_t plain_graph_ = PLAIN;  // runner
};

bool Race::make(std::string &error) {
    for (const gcs_tensor &tensor : what_.tensors)
        elements_ += static_cast<double>(gcs_tensor_elements(&tensor));
    bytes_ = elements_ * gcs_spec_bytes(&what_.spec);
    const auto repeat = static_cast<unsigned>(std::ceil(least_bytes / bytes_));
    buffers_ = GpuBuffers::make(gpu_, what_.spec, what_.tensors, error);
    copies_ = buffers_ ? GpuCopies::make(gpu_, bytes_, error) : nullptr;
    race_ = copies_ ? GpuRace::make(gpu_, repeat, error) : nullptr;
    return race_ != nullptr;
}

bool Race::add_step(const GpuStep::What &what, std::string &error) {
    std::unique_ptr<GpuStep> step = GpuStep::make(gpu_, what, what_.tensors, *buffers_, error);
    if (!step)
        return false;
    GpuStep *const of = step.get();
    std::size_t runner;
    if (!race_->add([of](std::size_t turn) { return of->enqueue(turn); }, runner, error))
        return false;
    steps_.resize(runner + 1);
    steps_[runner] = std::move(step);
    return true;
}

bool Race::add_replay(std::size_t step, std::size_t &runner, std::string &error) {
    GpuStep *const of = steps_[step].get();
    return of->capture(error) &&
           race_->add([of](std::size_t turn) { return of->replay(turn); }, runner, error);
}

bool Race::add_all(std::string &error) {
    gcs_spec plain = what_.spec;
    plain.center = GCS_CENTER_NONE;
    std::size_t runner;
    GpuCopies *const copies = copies_.get();
    return add_step({what_.spec}, error) && add_step({plain}, error) &&
           add_step({what_.spec, true}, error) &&
           race_->add([copies](std::size_t turn) { return copies->enqueue(turn); }, runner, error);
}

// What it takes for the line to be measured; an error stays its own.
void Race::add_line(GpuLine &line) {
    std::size_t runner = STEP;
    if (line.suffix == "/graph") {
        if (add_replay(PLAIN, plain_graph_, line.error))
            add_replay(STEP, runner, line.error);
    } else if (!line.suffix.empty()) {
        const std::string kernel = line.suffix.substr(1);
        runner = steps_.size();
        if (add_step({what_.spec, false, kernel.c_str()}, line.error)) {
            runner = steps_.size() - 1;
            if (steps_[runner]->kernel(0) != kernel)
                line.error = std::string("the plan chose ") + steps_[runner]->kernel(0);
        }
    }
    runners_.push_back(runner);
}

// Time over that of a copy of as many bytes.
double Race::over_copy(std::size_t runner) const {
    return race_->ratio(runner, COPY) * copies_->bytes() / bytes_;
}

void Race::fill(GpuLine &line, std::size_t runner) const {
    line.median_ns = race_->seconds(runner) * 1e9;
    line.bytes = bytes_;
    std::map<std::string, double> &c = line.counters;
    c["gc_cost"] = race_->ratio(runner, line.suffix == "/graph" ? plain_graph_ : +PLAIN);
    c["ceiling"] = race_->ratio(CEILING, runner);
    c["copy_fraction"] = 1 / over_copy(runner);
    c["over_copy"] = over_copy(runner);
    c["ns_per_element"] = race_->seconds(runner) * 1e9 / elements_;
    c["bytes_per_element"] = bytes_ / elements_;
    c["rounds"] = static_cast<double>(what_.rounds);
    if (runner != STEP) {
        c["vs_step"] = race_->ratio(runner, STEP);
        return;
    }
    c["plain_copy_fraction"] = 1 / over_copy(PLAIN);
    c["ceiling_copy_fraction"] = 1 / over_copy(CEILING);
    c["copy_GBps"] = copies_->bytes() / race_->seconds(COPY) * 1e-9;
    c["host_us"] = race_->host_seconds(STEP) * 1e6;
    c["sets"] = static_cast<double>(buffers_->sets());
}

// Which kernels it is; a forced one is in the line's name.
std::string Race::label(const GpuLine &line) const {
    if (!line.suffix.empty() && line.suffix != "/graph")
        return "";
    const std::size_t kernels = steps_[STEP]->kernels();
    return kernels == 1 ? steps_[STEP]->kernel(0) : std::to_string(kernels) + " kernels";
}

bool Race::run(std::vector<GpuLine> &lines, std::string &error) {
    if (!make(error) || !add_all(error))
        return false;
    for (GpuLine &line : lines)
        add_line(line);
    if (!race_->run(what_.rounds, error))
        return false;
    for (std::size_t i = 0; i < lines.size(); i++) {
        if (!lines[i].error.empty())
            continue;
        fill(lines[i], runners_[i]);
        lines[i].label = label(lines[i]);
    }
    return true;
}

} // namespace

std::vector<GpuLine> gpu_case_lines(const GpuCase &what) {
    std::vector<GpuLine> lines(1);
    const auto add = [&](const std::string &suffix) {
        lines.emplace_back();
        lines.back().suffix = suffix;
    };
    if (what.graphs)
        add("/graph");
    for (const std::string &kernel : what.kernels)
        add("/" + kernel);
    return lines;
}

std::vector<GpuLine> gpu_case_run(const Gpu &gpu, const GpuCase &what) {
    std::vector<GpuLine> lines = gpu_case_lines(what);
    std::string error;
    if (!Race(gpu, what).run(lines, error)) {
        for (GpuLine &line : lines)
            line.error = error;
    }
    return lines;
}

std::vector<std::string> gpu_kernels_for(const Gpu &gpu, const gcs_spec &spec,
                                         const gcs_tensor &tensor) {
    const bool centred = tensor.layout != GCS_LAYOUT_FLAT && spec.center != GCS_CENTER_NONE;
    gcs_need need = {};
    need.op = GCS_OP_STEP;
    need.form = gcs_spec_form(&spec, centred);
    need.view = centred ? static_cast<gcs_view>(tensor.layout) : GCS_VIEW_FLAT;
    need.length = tensor.layout == GCS_LAYOUT_COLS ? tensor.rows : tensor.cols;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < gcs_cuda_kernel_count; i++) {
        const gcs_cuda_kernel &kernel = gcs_cuda_kernels[i];
        if (gcs_cuda_fits(&kernel, &need, &gpu.device()) && gcs_cuda_has_work(&kernel, need.length))
            names.emplace_back(kernel.row.name);
    }
    return names;
}

} // namespace gcs_bench
