// One kernel on one shape in one regime: verified, then stepped as often as asked.
#include "bench/kernel_case.hh"

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

} // namespace

unsigned kernel_bytes(const gcs_kernel *kernel) {
    const unsigned read_g_and_w = 8;
    return kernel->op == GCS_OP_SUM ? read_g_and_w : gcs_rule_bytes(kernel->rule);
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

std::unique_ptr<KernelCase> KernelCase::make(const gcs_kernel *kernel, std::uint64_t rows,
                                             std::uint64_t cols, Regime regime,
                                             std::string &error) {
    char why[512];
    if (!gcs_check_shape(kernel, rows, cols, why, sizeof why)) {
        error = std::string("verification failed, not timed: ") + why;
        return nullptr;
    }
    std::unique_ptr<KernelCase> self(new KernelCase);
    std::uint64_t shape_bytes = rows * cols * kernel_bytes(kernel);
    self->kernel_ = kernel;
    self->spec_ = {kernel->rule, kernel->center};
    self->copies_.assign(copies_for(shape_bytes, regime), tensor_for(kernel, rows, cols));
    self->bytes_ = static_cast<double>(shape_bytes) * static_cast<double>(self->copies_.size());
    gcs_coefficients(&self->spec_, &self->hyper_, &self->coef_);
    if (kernel->view == GCS_VIEW_PART)
        self->sums_.resize(static_cast<std::size_t>(cols / GCS_SEGMENT + 1));
    else if (!self->make_plan(error))
        return nullptr;
    self->sets_.reset(gcs_buffer_sets_create(&self->spec_, self->copies_.data(),
                                             self->copies_.size(),
                                             regime == Regime::COLD ? gcs_cold_bytes() : 0));
    if (!self->sets_)
        error = "not enough memory for the buffers";
    return self->sets_ ? std::move(self) : nullptr;
}

bool KernelCase::run(const gcs_buffers *buffers) {
    if (plan_)
        return gcs_step(plan_.get(), &hyper_, buffers) == GCS_OK;
    for (std::size_t i = 0; i < copies_.size(); i++) {
        gcs_args args = {};
        args.w = buffers[i].w;
        args.g = static_cast<const float *>(buffers[i].g);
        args.m = buffers[i].m;
        args.v = buffers[i].v;
        args.rows = copies_[i].rows;
        args.cols = copies_[i].cols;
        args.last = copies_[i].cols;
        args.coef = &coef_;
        args.out = sums_.data();
        kernel_->run(&args);
    }
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
