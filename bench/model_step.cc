// One network's step in four variants, timed against each other in rounds.
#include "bench/model_step.hh"

namespace gcs_bench {
namespace {

bool load(const std::string &name, std::vector<gcs_tensor> &tensors, std::string &error) {
    char text[512];
    gcs_model model;
    if (!gcs_model_load(&model, name.c_str(), text, sizeof text)) {
        error = text;
        return false;
    }
    for (std::size_t i = 0; i < model.count; i++)
        tensors.push_back(gcs_model_as_tensor(&model.tensors[i]));
    gcs_model_free(&model);
    return true;
}

double median_ratio(const std::vector<double> &a, const std::vector<double> &b) {
    double median = 0;
    gcs_paired_ratio(a.data(), b.data(), a.size(), &median, nullptr);
    return median;
}

} // namespace

bool ModelStep::make_plans(const gcs_spec &spec, int threads, const char *table,
                           std::string &error) {
    for (int v = 0; v < VARIANTS; v++) {
        gcs_target target = gcs_cpu();
        gcs_spec variant = spec;
        target.threads = threads;
        target.table = v == DEFAULT_TABLE ? "" : table;
        if (v == PLAIN)
            variant.center = GCS_CENTER_NONE;
        gcs_plan *plan = nullptr;
        auto create = v == CEILING ? gcs_plan_create_traffic : gcs_plan_create;
        if (create(&plan, target, &variant, tensors_.data(), tensors_.size()) != GCS_OK) {
            error = gcs_last_error();
            return false;
        }
        plans_[v].reset(plan);
    }
    return true;
}

std::unique_ptr<ModelStep> ModelStep::make(const std::string &model, const gcs_spec &spec,
                                           int threads, const char *table, std::string &error) {
    std::unique_ptr<ModelStep> step(new ModelStep);
    if (!load(model, step->tensors_, error) || !step->make_plans(spec, threads, table, error))
        return nullptr;
    step->sets_.reset(gcs_buffer_sets_create(&spec, step->tensors_.data(), step->tensors_.size(),
                                             gcs_cold_bytes()));
    if (!step->sets_) {
        error = "not enough memory for the buffers of " + model;
        return nullptr;
    }
    for (const gcs_tensor &t : step->tensors_)
        step->bytes_ += static_cast<double>(t.rows * t.cols) * gcs_rule_bytes(spec.rule);
    // Once outside of the measurement: threads start, pages are touched.
    if (!step->round(error))
        return nullptr;
    step->forget();
    return step;
}

bool ModelStep::round(std::string &error) {
    std::size_t order[VARIANTS];
    double times[VARIANTS];
    gcs_shuffle(&random_, order, VARIANTS);
    std::vector<gcs_hyper> hyper(gcs_plan_groups(plans_[CENTERED].get()), hyper_);
    for (std::size_t v : order) {
        const gcs_buffers *buffers = gcs_buffer_sets_next(sets_.get());
        std::uint64_t start = gcs_now_ns();
        gcs_status status = gcs_step(plans_[v].get(), hyper.data(), buffers);
        times[v] = static_cast<double>(gcs_now_ns() - start);
        if (status != GCS_OK) {
            error = gcs_last_error();
            return false;
        }
        gcs_buffer_sets_restore(sets_.get());
    }
    for (int v = 0; v < VARIANTS; v++)
        times_[v].push_back(times[v]);
    return true;
}

double ModelStep::seconds() const {
    return times_[CENTERED].back() * 1e-9;
}

Ratios ModelStep::ratios() const {
    return {median_ratio(times_[CENTERED], times_[PLAIN]),
            median_ratio(times_[CEILING], times_[CENTERED]),
            median_ratio(times_[DEFAULT_TABLE], times_[CENTERED])};
}

void ModelStep::forget() {
    for (std::vector<double> &times : times_)
        times.clear();
}

} // namespace gcs_bench
