// One kernel on one shape in one regime: verified, then stepped as often as asked.
#include "bench/kernel_case.hh"
#include <cstdint>

namespace gcs_bench {
namespace {

// One step moves at least this much, so that the clock and the call are small beside it. Hot
// stays within a second-level cache of today.
constexpr std::uint64_t least_cold_bytes = std::uint64_t{1} << 20;
constexpr std::uint64_t least_hot_bytes = std::uint64_t{1} << 17;

std::size_t copies_for(std::uint64_t shape_bytes, Regime regime) {
    std::uint64_t least = regime == Regime::COLD ? least_cold_bytes : least_hot_bytes;
    return static_cast<std::size_t>((least + shape_bytes - 1) / shape_bytes);
}

gcs_tensor tensor_for(const gcs_kernel *kernel, std::uint64_t rows, std::uint64_t cols) {
    switch (kernel->view) {
    case GCS_VIEW_FLAT:
        return gcs_flat(rows * cols);
    case GCS_VIEW_COLS:
        return gcs_cols(rows, cols);
    case GCS_VIEW_ROWS:
    case GCS_VIEW_PART:
        break;
    }
    return gcs_rows(rows, cols);
}

// A plan runs the steps of whole groups that take their means themselves.
bool runs_in_a_plan(const gcs_kernel *kernel) {
    return kernel->op == GCS_OP_TRAFFIC ||
           (kernel->op == GCS_OP_STEP && kernel->view != GCS_VIEW_PART && !kernel->means_given);
}

unsigned state_bytes(gcs_rule rule) {
    unsigned states = 0;
    for (bool has : {gcs_rule_has_m(rule), gcs_rule_has_v(rule), gcs_rule_has_v_max(rule)})
        states += has ? 1 : 0;
    return states * static_cast<unsigned>(sizeof(float));
}

// Whether a step with the state made reads g once more: its change is not of the state alone.
bool change_has_g(gcs_rule rule) {
    return !gcs_rule_has_m(rule) || rule == GCS_RULE_NESTEROV || rule == GCS_RULE_NESTEROVW;
}

unsigned sum_bytes(const gcs_form &form) {
    const unsigned w = sizeof(float), g = gcs_type_bytes(form.gradient);
    if (form.center == GCS_CENTER_UPDATE)
        return w + g + 2 * state_bytes(form.rule);
    return form.center == GCS_CENTER_GRADIENT && !gcs_rule_is_decoupled(form.rule) ? w + g : g;
}

unsigned step_bytes(const gcs_kernel *kernel, const gcs_form &form) {
    const gcs_spec spec = {form.rule, form.center, form.gradient, form.copy, false, false};
    if (kernel->view != GCS_VIEW_PART || form.center != GCS_CENTER_UPDATE)
        return gcs_spec_bytes(&spec);
    const unsigned saved = change_has_g(form.rule) ? 0 : gcs_type_bytes(form.gradient);
    return gcs_spec_bytes(&spec) - state_bytes(form.rule) - saved;
}

} // namespace

gcs_form own_form(const gcs_kernel *kernel) {
    return {kernel->rule, kernel->center, GCS_TYPE_F32, GCS_COPY_NONE};
}

unsigned kernel_bytes(const gcs_kernel *kernel, const gcs_form &form) {
    switch (kernel->op) {
    case GCS_OP_SUM:
        return sum_bytes(form);
    case GCS_OP_MEASURE:
        return gcs_type_bytes(form.gradient);
    case GCS_OP_CHANGE:
        return static_cast<unsigned>(sizeof(float)) + gcs_type_bytes(form.gradient) +
               state_bytes(form.rule);
    case GCS_OP_STEP:
    case GCS_OP_TRAFFIC:
        break;
    }
    return step_bytes(kernel, form);
}

bool KernelCase::make_plan(std::string &error) {
    gcs_target target = gcs_cpu();
    target.threads = 1;
    target.table = "";
    target.kernel = kernel_->name;
    gcs_plan *plan = nullptr;
    auto create = kernel_->op == GCS_OP_TRAFFIC ? gcs_plan_create_traffic : gcs_plan_create;
    if (create(&plan, target, &spec_, copies_.data(), copies_.size()) != GCS_OK) {
        error = gcs_last_error();
        return false;
    }
    plan_.reset(plan);
    std::string chosen = gcs_plan_kernel(plan, 0);
    if (chosen != kernel_->name)
        error = "the plan took " + chosen + " instead";
    return chosen == kernel_->name;
}

// Means of the size of a gradient's, and room for one figure per group or segment.
void KernelCase::make_figures() {
    const gcs_tensor &tensor = copies_[0];
    const std::uint64_t most = tensor.cols / GCS_SEGMENT + 1;
    const std::uint64_t groups = kernel_->view == GCS_VIEW_PART   ? most
                                 : kernel_->view == GCS_VIEW_ROWS ? tensor.rows
                                                                  : tensor.cols;
    means_.assign(static_cast<std::size_t>(groups), 1e-3f);
    for (std::vector<float> &figures : figures_)
        figures.resize(static_cast<std::size_t>(groups));
}

std::unique_ptr<KernelCase> KernelCase::make(const gcs_kernel *kernel, const gcs_form &form,
                                             std::uint64_t rows, std::uint64_t cols, Regime regime,
                                             std::string &error) {
    char why[512];
    if (!gcs_check_shape(kernel, &form, rows, cols, why, sizeof why)) {
        error = std::string("verification failed, not timed: ") + why;
        return nullptr;
    }
    std::unique_ptr<KernelCase> self(new KernelCase);
    std::uint64_t shape_bytes = rows * cols * kernel_bytes(kernel, form);
    self->kernel_ = kernel;
    self->form_ = form;
    self->spec_ = {form.rule, form.center, form.gradient, form.copy, false, false};
    self->copies_.assign(copies_for(shape_bytes, regime), tensor_for(kernel, rows, cols));
    self->bytes_ = static_cast<double>(shape_bytes) * static_cast<double>(self->copies_.size());
    gcs_coefficients(&self->spec_, &self->hyper_, &self->coef_);
    if (!runs_in_a_plan(kernel))
        self->make_figures();
    else if (!self->make_plan(error))
        return nullptr;
    self->sets_.reset(gcs_buffer_sets_create(&self->spec_, self->copies_.data(),
                                             self->copies_.size(),
                                             regime == Regime::COLD ? gcs_cold_bytes() : 0));
    if (!self->sets_)
        error = "not enough memory for the buffers";
    return self->sets_ ? std::move(self) : nullptr;
}

void KernelCase::run_kernel(const gcs_tensor &tensor, const gcs_buffers &buffers) {
    const gcs_measured measured = {figures_[0].data(), figures_[1].data(), figures_[2].data(),
                                   figures_[3].data(), figures_[4].data()};
    gcs_args args = {};
    args.w = buffers.w;
    args.g = buffers.g;
    args.m = buffers.m;
    args.v = buffers.v;
    args.v_max = buffers.v_max;
    args.copy = static_cast<std::uint16_t *>(buffers.copy);
    args.rows = tensor.rows;
    args.cols = tensor.cols;
    args.last = kernel_->view == GCS_VIEW_ROWS ? tensor.rows : tensor.cols;
    args.coef = &coef_;
    args.form = &form_;
    args.mean = means_[0];
    if (kernel_->means_given)
        args.means = args.w_means = means_.data();
    args.out = figures_[0].data();
    args.measured = &measured;
    kernel_->run(&args);
}

bool KernelCase::run(const gcs_buffers *buffers) {
    if (plan_)
        return gcs_step(plan_.get(), &hyper_, buffers) == GCS_OK;
    for (std::size_t i = 0; i < copies_.size(); i++)
        run_kernel(copies_[i], buffers[i]);
    return true;
}

double KernelCase::step(std::string &error) {
    const gcs_buffers *buffers = gcs_buffer_sets_next(sets_.get());
    std::uint64_t start = gcs_now_ns();
    bool done = run(buffers);
    double seconds = static_cast<double>(gcs_now_ns() - start) * 1e-9;
    gcs_buffer_sets_restore(sets_.get());
    if (!done)
        error = gcs_last_error();
    return done ? seconds : -1;
}

} // namespace gcs_bench
