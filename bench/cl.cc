// The OpenCL device that the bench programs measure on, and its memory.
#include "bench/cl.hh"

#include <cmath>

namespace gcs_bench {
namespace {

// Elements; 512 bytes of f32, as tensor allocators give.
constexpr std::uint64_t alignment = 128;
// Of the pattern that a buffer is filled with: whole periods of gcs_buffer_sets.
constexpr std::uint64_t pattern_elements = 1021 * 1024;

std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) {
    return (a + b - 1) / b;
}

std::uint64_t padded(std::uint64_t elements) {
    return divide_up(elements, alignment) * alignment;
}

} // namespace

std::unique_ptr<Lab> Lab::open(int ordinal, std::string &error) {
    std::unique_ptr<Lab> lab(new Lab);
    if (gcs_lab_open(&lab->lab_, ordinal) == GCS_OK)
        return lab;
    error = gcs_last_error();
    return nullptr;
}

std::string Lab::description() const {
    char text[1536];
    gcs_lab_format(&lab_, text, sizeof text);
    return text;
}

// ---- Memory --------------------------------------------------------------------------------

LabMemory::LabMemory(LabMemory &&other) noexcept
    : lab_(other.lab_), memory_(other.memory_), bytes_(other.bytes_), mapped_(other.mapped_) {
    other.memory_ = other.mapped_ = nullptr;
}

gcs_status LabMemory::make(const gcs_lab *lab, std::uint64_t bytes, const void *pattern,
                           std::uint64_t pattern_bytes) {
    lab_ = lab;
    bytes_ = bytes;
    const gcs_status status = gcs_lab_alloc(lab, bytes, &memory_);
    return status == GCS_OK ? gcs_lab_fill(lab, memory_, bytes, pattern, pattern_bytes) : status;
}

char *LabMemory::map() {
    if (gcs_lab_map(lab_, memory_, bytes_, &mapped_) != GCS_OK)
        mapped_ = nullptr;
    return static_cast<char *>(mapped_);
}

gcs_status LabMemory::unmap() {
    void *const at = mapped_;
    mapped_ = nullptr;
    return at != nullptr ? gcs_lab_unmap(lab_, memory_, at) : GCS_OK;
}

// ---- Copies --------------------------------------------------------------------------------

std::unique_ptr<LabCopies> LabCopies::make(const Lab &lab, double bytes, std::string &error) {
    std::unique_ptr<LabCopies> copies(new LabCopies(lab));
    const std::uint64_t unit = alignment * sizeof(float);
    copies->each_ = divide_up(static_cast<std::uint64_t>(std::ceil(bytes / 2)), unit) * unit;
    copies->places_ = divide_up(gcs_lab_cold_bytes(lab.get()), 2 * copies->each_);
    const std::uint64_t all = copies->each_ * copies->places_;
    const std::vector<float> pattern(pattern_elements, 0.7f); // zeros may be quicker
    const std::uint64_t pattern_bytes = pattern.size() * sizeof(float);
    if (copies->from_.make(lab.get(), all, pattern.data(), pattern_bytes) == GCS_OK &&
        copies->to_.make(lab.get(), all, pattern.data(), pattern_bytes) == GCS_OK)
        return copies;
    error = gcs_last_error();
    return nullptr;
}

gcs_status LabCopies::enqueue(std::size_t turn, const gcs_cl_call *call) const {
    return gcs_lab_copy(lab_, from_.get(), to_.get(), turn % places_ * each_, each_, call);
}

// ---- Buffers of steps ----------------------------------------------------------------------

void LabBuffers::measure(const gcs_spec &spec, const std::vector<gcs_tensor> &tensors) {
    const unsigned f32 = sizeof(float);
    bytes_[W] = f32;
    bytes_[G] = gcs_type_bytes(spec.gradient);
    bytes_[M] = gcs_rule_has_m(spec.rule) ? f32 : 0;
    bytes_[V] = gcs_rule_has_v(spec.rule) ? f32 : 0;
    bytes_[V_MAX] = gcs_rule_has_v_max(spec.rule) ? f32 : 0;
    bytes_[COPY] = gcs_copy_bytes(spec.copy);
    for (const gcs_tensor &tensor : tensors) {
        first_.push_back(elements_);
        elements_ += padded(gcs_tensor_elements(&tensor));
    }
    std::uint64_t per_element = 0;
    for (unsigned bytes : bytes_)
        per_element += bytes;
    sets_.resize(divide_up(gcs_lab_cold_bytes(lab_), per_element * elements_));
}

gcs_status LabBuffers::make_sets(const gcs_spec &spec) {
    const gcs_tensor flat = gcs_flat(pattern_elements);
    const BufferSets pattern(gcs_buffer_sets_create(&spec, &flat, 1, 0));
    if (!pattern)
        return GCS_OUT_OF_MEMORY;
    const gcs_buffers *b = gcs_buffer_sets_next(pattern.get());
    const void *const from[STREAMS] = {b->w, b->g, b->m, b->v, b->v_max, b->copy};
    for (Set &set : sets_) {
        for (int s = 0; s < STREAMS; s++) {
            if (bytes_[s] == 0)
                continue;
            const gcs_status status = set.memory[s].make(lab_, elements_ * bytes_[s], from[s],
                                                         pattern_elements * bytes_[s]);
            if (status != GCS_OK)
                return status;
        }
        for (std::uint64_t first : first_) {
            const auto at = [&](Stream s) {
                return gcs_cl_buffer{set.memory[s].get(), first * bytes_[s], nullptr};
            };
            gcs_cl_buffers to = {};
            to.w = at(W);
            to.g = at(G);
            to.m = at(M);
            to.v = at(V);
            to.v_max = at(V_MAX);
            to.copy = at(COPY);
            set.buffers.push_back(to);
        }
    }
    return GCS_OK;
}

std::unique_ptr<LabBuffers> LabBuffers::make(const Lab &lab, const gcs_spec &spec,
                                             const std::vector<gcs_tensor> &tensors,
                                             std::string &error) {
    std::unique_ptr<LabBuffers> buffers(new LabBuffers(lab.get()));
    buffers->measure(spec, tensors);
    if (buffers->make_sets(spec) == GCS_OK)
        return buffers;
    error = gcs_last_error();
    return nullptr;
}

const gcs_buffers *LabBuffers::map(std::size_t k) {
    Set &set = sets_[k];
    char *mapped[STREAMS] = {};
    for (int s = 0; s < STREAMS; s++) {
        if (bytes_[s] == 0)
            continue;
        mapped[s] = set.memory[s].map();
        if (mapped[s] == nullptr)
            return nullptr;
    }
    set.mapped.assign(first_.size(), gcs_buffers{});
    for (std::size_t i = 0; i < first_.size(); i++) {
        const auto at = [&](Stream s) {
            return bytes_[s] != 0 ? mapped[s] + first_[i] * bytes_[s] : nullptr;
        };
        const auto floats = [&](Stream s) { return reinterpret_cast<float *>(at(s)); };
        gcs_buffers &b = set.mapped[i];
        b.w = floats(W);
        b.g = at(G);
        b.m = floats(M);
        b.v = floats(V);
        b.v_max = floats(V_MAX);
        b.copy = at(COPY);
    }
    return set.mapped.data();
}

gcs_status LabBuffers::unmap(std::size_t k) {
    gcs_status status = GCS_OK;
    for (LabMemory &memory : sets_[k].memory) {
        const gcs_status given = memory.unmap();
        status = status != GCS_OK ? status : given;
    }
    return status;
}

} // namespace gcs_bench
