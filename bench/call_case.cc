// One way of calling the library on tiny tensors, timed against the kernels alone.
#include "bench/call_case.hh"
#include <cstdint>

namespace gcs_bench {
namespace {

// Tensors stepped within a timed span: tens of microseconds, where the clock takes tens of
// nanoseconds.
constexpr std::size_t steps_per_span = 1000;

double median(std::vector<double> values) {
    return gcs_median(values.data(), values.size());
}

} // namespace

bool CallCase::make_arguments(std::string &error) {
    kernel_ = gcs_registry_find(gcs_plan_kernel(plan_.get(), 0));
    if (!kernel_) {
        error = "the plan's kernel is not in the registry";
        return false;
    }
    gcs_coefficients(&spec_, &hyper_, &coef_);
    form_ = gcs_spec_form(&spec_, kernel_->view != GCS_VIEW_FLAT);
    for (std::size_t i = 0; i < tensors_.size(); i++) {
        gcs_args args = {};
        args.w = buffers_[i].w;
        args.g = buffers_[i].g;
        args.m = buffers_[i].m;
        args.v = buffers_[i].v;
        args.v_max = buffers_[i].v_max;
        args.copy = static_cast<std::uint16_t *>(buffers_[i].copy);
        args.rows = tensors_[i].rows;
        args.cols = tensors_[i].cols;
        args.last = kernel_->view == GCS_VIEW_ROWS ? args.rows : args.cols;
        args.coef = &coef_;
        args.form = &form_;
        args_.push_back(args);
    }
    return true;
}

std::unique_ptr<CallCase> CallCase::make(Call call, const gcs_spec &spec, const gcs_tensor &tensor,
                                         std::size_t copies, std::string &error) {
    std::unique_ptr<CallCase> self(new CallCase(call, spec));
    self->tensors_.assign(copies, tensor);
    gcs_plan *plan = nullptr;
    if (gcs_plan_create(&plan, gcs_cpu(), &spec, self->tensors_.data(), copies) != GCS_OK) {
        error = gcs_last_error();
        return nullptr;
    }
    self->plan_.reset(plan);
    self->sets_.reset(gcs_buffer_sets_create(&spec, self->tensors_.data(), copies, 0));
    if (!self->sets_) {
        error = "not enough memory for the buffers";
        return nullptr;
    }
    self->buffers_ = gcs_buffer_sets_next(self->sets_.get());
    self->repeats_ = (steps_per_span + copies - 1) / copies;
    // Once outside of the measurement: gcs_step_tensor makes its plan.
    if (!self->make_arguments(error) || !self->round(error))
        return nullptr;
    self->forget();
    return self;
}

gcs_status CallCase::run_call() {
    if (call_ == Call::STEP)
        return gcs_step(plan_.get(), &hyper_, buffers_);
    gcs_status status = GCS_OK;
    for (std::size_t i = 0; i < tensors_.size() && status == GCS_OK; i++)
        status = gcs_step_tensor(&spec_, &tensors_[i], &hyper_, &buffers_[i]);
    return status;
}

void CallCase::run_kernels() const {
    for (const gcs_args &args : args_)
        kernel_->run(&args);
}

bool CallCase::time_call(std::string &error) {
    std::uint64_t start = gcs_now_ns();
    gcs_status status = GCS_OK;
    for (std::size_t i = 0; i < repeats_ && status == GCS_OK; i++)
        status = run_call();
    calls_.push_back(static_cast<double>(gcs_now_ns() - start) / static_cast<double>(repeats_));
    if (status != GCS_OK)
        error = gcs_last_error();
    return status == GCS_OK;
}

void CallCase::time_kernels() {
    std::uint64_t start = gcs_now_ns();
    for (std::size_t i = 0; i < repeats_; i++)
        run_kernels();
    kernels_.push_back(static_cast<double>(gcs_now_ns() - start) / static_cast<double>(repeats_));
}

bool CallCase::round(std::string &error) {
    // So that no value walks away over millions of steps.
    gcs_buffer_sets_restore(sets_.get());
    bool call_first = gcs_random_next(&random_) >> 63 != 0;
    if (!call_first)
        time_kernels();
    if (!time_call(error))
        return false;
    if (call_first)
        time_kernels();
    return true;
}

double CallCase::call() const {
    return median(calls_);
}

double CallCase::kernel() const {
    return median(kernels_);
}

double CallCase::over_kernel() const {
    std::vector<double> differences;
    for (std::size_t i = 0; i < calls_.size(); i++)
        differences.push_back(calls_[i] - kernels_[i]);
    return median(differences);
}

void CallCase::forget() {
    calls_.clear();
    kernels_.clear();
}

} // namespace gcs_bench
