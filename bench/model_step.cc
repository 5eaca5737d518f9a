// One network's step in several variants, timed against each other in rounds.
#include "bench/model_step.hh"

extern "C" {
#include "dispatch/tensor.h"
#include <cstdint>
}

namespace gcs_bench {
namespace {

// Below the norm of the gradients here, so that the clip factor is one that changes something.
constexpr double max_norm = 1;

double elements_of(const gcs_tensor &tensor) {
    return static_cast<double>(gcs_tensor_elements(&tensor));
}

bool is_centred(const gcs_tensor &tensor, const gcs_spec &spec) {
    return tensor.layout != GCS_LAYOUT_FLAT && spec.center != GCS_CENTER_NONE;
}

// Whether means of g alone do not make the mean of what is centred: the L2 term is in it.
bool needs_w_means(const gcs_spec &spec) {
    return spec.center == GCS_CENTER_GRADIENT && !gcs_rule_is_decoupled(spec.rule);
}

} // namespace

bool ModelStep::make_plans(int threads, const char *table, std::string &error) {
    for (int v = 0; v < PLANS; v++) {
        gcs_target target = gcs_cpu();
        gcs_spec variant = spec_;
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

// Room for the sums, which become the means in place.
void ModelStep::make_means() {
    const std::size_t count = tensors_.size();
    measures_.resize(count);
    measures_with_sums_.resize(count);
    means_.resize(count);
    w_means_.resize(count);
    for (std::size_t i = 0; i < count; i++) {
        if (!is_centred(tensors_[i], spec_))
            continue;
        centred_elements_ += elements_of(tensors_[i]);
        means_[i].resize(gcs_tensor_groups(&tensors_[i]));
        measures_with_sums_[i].sums = means_[i].data();
        if (!needs_w_means(spec_))
            continue;
        w_means_[i].resize(means_[i].size());
        measures_with_sums_[i].w_sums = w_means_[i].data();
    }
}

std::unique_ptr<ModelStep> ModelStep::make(const std::vector<gcs_tensor> &tensors,
                                           const gcs_spec &spec, int threads, const char *table,
                                           std::string &error) {
    std::unique_ptr<ModelStep> step(new ModelStep(spec));
    step->tensors_ = tensors;
    if (!step->make_plans(threads, table, error))
        return nullptr;
    step->sets_.reset(gcs_buffer_sets_create(&spec, step->tensors_.data(), step->tensors_.size(),
                                             gcs_cold_bytes()));
    if (!step->sets_) {
        error = "not enough memory for the buffers";
        return nullptr;
    }
    step->hyper_.assign(gcs_plan_groups(step->plans_[CENTERED].get()), typical_hyper());
    for (const gcs_tensor &t : step->tensors_)
        step->elements_ += elements_of(t);
    step->make_means();
    // Once outside of the measurement: threads start, pages are touched.
    if (!step->round({CENTERED, PLAIN, DEFAULT_TABLE, CEILING, MEASURE}, error))
        return nullptr;
    step->forget();
    return step;
}

gcs_status ModelStep::measure(const gcs_buffers *buffers, bool sums) {
    return gcs_measure(plans_[CENTERED].get(), hyper_.data(), buffers,
                       (sums ? measures_with_sums_ : measures_).data());
}

// From the sums; with_means_ then has the buffers of the step.
gcs_status ModelStep::take_means() {
    for (std::size_t i = 0; i < tensors_.size(); i++) {
        if (means_[i].empty())
            continue;
        for (std::vector<float> *means : {&means_[i], &w_means_[i]}) {
            if (means->empty())
                continue;
            gcs_status status = gcs_group_means(&tensors_[i], means->data(), means->data());
            if (status != GCS_OK)
                return status;
        }
        with_means_[i].means = means_[i].data();
        with_means_[i].w_means = w_means_[i].empty() ? nullptr : w_means_[i].data();
        with_means_[i].means_count = means_[i].size();
    }
    return GCS_OK;
}

gcs_status ModelStep::step_clipped(const gcs_buffers *buffers, bool means) {
    gcs_status status = measure(buffers, means);
    if (status == GCS_OK && means) {
        with_means_.assign(buffers, buffers + tensors_.size());
        status = take_means();
        buffers = with_means_.data();
    }
    if (status != GCS_OK)
        return status;
    const gcs_measures *found = (means ? measures_with_sums_ : measures_).data();
    std::vector<gcs_hyper> hyper = hyper_;
    for (gcs_hyper &h : hyper)
        h.clip = gcs_clip_factor(gcs_total_norm(found, tensors_.size()), max_norm);
    return gcs_step(plans_[CENTERED].get(), hyper.data(), buffers);
}

gcs_status ModelStep::run(Variant v, const gcs_buffers *buffers) {
    switch (v) {
    case MEASURE:
        return measure(buffers, false);
    case CLIPPED:
        return step_clipped(buffers, false);
    case GIVEN_MEANS:
        return step_clipped(buffers, true);
    default:
        return gcs_step(plans_[v].get(), hyper_.data(), buffers);
    }
}

bool ModelStep::round(const Variants &variants, std::string &error) {
    std::size_t order[VARIANTS];
    double times[VARIANTS];
    gcs_shuffle(&random_, order, variants.size());
    for (std::size_t i = 0; i < variants.size(); i++) {
        const Variant v = variants[order[i]];
        const gcs_buffers *buffers = gcs_buffer_sets_next(sets_.get());
        std::uint64_t start = gcs_now_ns();
        gcs_status status = run(v, buffers);
        times[v] = static_cast<double>(gcs_now_ns() - start);
        if (status != GCS_OK) {
            error = gcs_last_error();
            return false;
        }
        gcs_buffer_sets_restore(sets_.get());
    }
    for (Variant v : variants)
        times_[v].push_back(times[v]);
    return true;
}

double ModelStep::ratio(Variant a, Variant b) const {
    double median = 0;
    gcs_paired_ratio(times_[a].data(), times_[b].data(), times_[a].size(), &median, nullptr);
    return median;
}

double ModelStep::median(Variant v) const {
    std::vector<double> times = times_[v];
    return gcs_median(times.data(), times.size()) * 1e-9;
}

void ModelStep::forget() {
    for (std::vector<double> &times : times_)
        times.clear();
}

double ModelStep::bytes(Variant v) const {
    const double step = elements_ * gcs_spec_bytes(&spec_);
    const double reading_g = elements_ * gcs_type_bytes(spec_.gradient);
    const double reading_w = needs_w_means(spec_) ? centred_elements_ * sizeof(float) : 0;
    switch (v) {
    case MEASURE:
        return reading_g;
    case CLIPPED:
        return step + reading_g;
    case GIVEN_MEANS:
        return step + reading_g + reading_w;
    default:
        return step;
    }
}

} // namespace gcs_bench
