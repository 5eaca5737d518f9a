// One step on a device beside what it is compared with, all in the same rounds.
#include "bench/device_case.hh"

extern "C" {
#include "dispatch/tensor.h"
}

namespace gcs_bench {
namespace {

// The case while it is measured.
class Measuring {
  public:
    Measuring(const Device &device, const DeviceCase &what) : device_(device), what_(what) {}
    bool run(std::vector<DeviceLine> &lines, std::string &error);

  private:
    // Those that the lines are compared with come first; the last two where there are such.
    enum { STEP, PLAIN, CEILING, COPY, NATIVE, NATIVE_CEILING };
    bool make(std::string &error);
    bool add_all(std::string &error);
    void add_line(DeviceLine &line);
    void fill(DeviceLine &line, std::size_t runner) const;
    void fill_native(DeviceLine &line, std::size_t runner) const;
    double over_copy(std::size_t runner) const;
    std::string label(const DeviceLine &line) const;
    const Race &race() const { return contest_->race(); }

    const Device &device_;
    const DeviceCase &what_;
    double bytes_ = 0, elements_ = 0; // of a step
    std::unique_ptr<Contest> contest_;
    std::vector<std::size_t> runners_; // of the lines
    std::size_t plain_graph_ = PLAIN;  // runner
};

bool Measuring::make(std::string &error) {
    for (const gcs_tensor &tensor : what_.tensors)
        elements_ += static_cast<double>(gcs_tensor_elements(&tensor));
    bytes_ = elements_ * gcs_spec_bytes(&what_.spec);
    contest_ = device_.contest(what_.spec, what_.tensors, bytes_, error);
    return contest_ != nullptr;
}

bool Measuring::add_all(std::string &error) {
    StepOf step = {what_.spec}, plain = step, ceiling = step;
    plain.spec.center = GCS_CENTER_NONE;
    ceiling.traffic = true;
    std::size_t runner;
    return contest_->add_step(step, runner, error) && contest_->add_step(plain, runner, error) &&
           contest_->add_step(ceiling, runner, error) && contest_->add_copy(runner, error) &&
           (!device_.has_native() || (contest_->add_native(step, runner, error) &&
                                      contest_->add_native(ceiling, runner, error)));
}

// What it takes for the line to be measured; an error stays its own.
void Measuring::add_line(DeviceLine &line) {
    std::size_t runner = STEP;
    if (line.suffix == "/graph") {
        if (contest_->add_replay(PLAIN, plain_graph_, line.error))
            contest_->add_replay(STEP, runner, line.error);
    } else if (!line.suffix.empty()) {
        const std::string kernel = line.suffix.substr(1);
        const bool added =
            contest_->add_step({what_.spec, false, kernel.c_str()}, runner, line.error);
        if (added && contest_->plans(runner).kernel(0) != kernel)
            line.error = std::string("the plan chose ") + contest_->plans(runner).kernel(0);
    }
    runners_.push_back(runner);
}

// Time over that of a copy of as many bytes.
double Measuring::over_copy(std::size_t runner) const {
    return race().ratio(runner, COPY) * contest_->copy_bytes() / bytes_;
}

// By the host's clock, which both have.
void Measuring::fill_native(DeviceLine &line, std::size_t runner) const {
    std::map<std::string, double> &c = line.counters;
    c["vs_native"] = race().host_ratio(NATIVE, runner);
    if (runner != STEP)
        return;
    c["native_us"] = race().host_seconds(NATIVE) * 1e6;
    c["native_ceiling"] = race().host_ratio(NATIVE_CEILING, NATIVE);
    c["ceiling_vs_native"] = race().host_ratio(NATIVE_CEILING, CEILING);
}

void Measuring::fill(DeviceLine &line, std::size_t runner) const {
    line.median_ns = race().seconds(runner) * 1e9;
    line.bytes = bytes_;
    std::map<std::string, double> &c = line.counters;
    c["gc_cost"] = race().ratio(runner, line.suffix == "/graph" ? plain_graph_ : +PLAIN);
    c["ceiling"] = race().ratio(CEILING, runner);
    c["copy_fraction"] = 1 / over_copy(runner);
    c["over_copy"] = over_copy(runner);
    c["ns_per_element"] = race().seconds(runner) * 1e9 / elements_;
    c["bytes_per_element"] = bytes_ / elements_;
    c["rounds"] = static_cast<double>(what_.rounds);
    if (device_.has_native())
        fill_native(line, runner);
    if (runner != STEP) {
        c["vs_step"] = race().ratio(runner, STEP);
        return;
    }
    c["plain_copy_fraction"] = 1 / over_copy(PLAIN);
    c["ceiling_copy_fraction"] = 1 / over_copy(CEILING);
    c["copy_GBps"] = contest_->copy_bytes() / race().seconds(COPY) * 1e-9;
    c["host_us"] = race().host_seconds(STEP) * 1e6;
    c["sets"] = static_cast<double>(contest_->sets());
}

// Which kernels it is; a forced one is in the line's name.
std::string Measuring::label(const DeviceLine &line) const {
    const bool forced = !line.suffix.empty() && line.suffix != "/graph";
    return forced ? "" : contest_->plans(STEP).kernels();
}

bool Measuring::run(std::vector<DeviceLine> &lines, std::string &error) {
    if (!make(error) || !add_all(error))
        return false;
    for (DeviceLine &line : lines)
        add_line(line);
    if (!contest_->race().run(what_.rounds, error))
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

std::vector<DeviceLine> device_case_lines(const DeviceCase &what) {
    std::vector<DeviceLine> lines(1);
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

std::vector<DeviceLine> device_case_run(const Device &device, const DeviceCase &what) {
    std::vector<DeviceLine> lines = device_case_lines(what);
    std::string error;
    if (!Measuring(device, what).run(lines, error)) {
        for (DeviceLine &line : lines)
            line.error = error;
    }
    return lines;
}

std::vector<std::string> kernels_for(const Device &device, const gcs_spec &spec,
                                     const gcs_tensor &tensor) {
    const bool centred = tensor.layout != GCS_LAYOUT_FLAT && spec.center != GCS_CENTER_NONE;
    gcs_need need = {};
    need.op = GCS_OP_STEP;
    need.form = gcs_spec_form(&spec, centred);
    need.view = centred ? static_cast<gcs_view>(tensor.layout) : GCS_VIEW_FLAT;
    need.length = tensor.layout == GCS_LAYOUT_COLS ? tensor.rows : tensor.cols;
    return device.kernels_for(need);
}

} // namespace gcs_bench
