// The GPU that the bench programs measure on, and its memory.
#include "bench/gpu.hh"

#include <cmath>
#include <cstdint>

namespace gcs_bench {
namespace {

// Elements; 512 bytes of f32, as tensor allocators give.
constexpr std::uint64_t alignment = 128;
// Of the pattern that a buffer is filled with: whole periods of gcs_buffer_sets.
constexpr std::uint64_t pattern_elements = 1021 * 1024;

std::uint64_t padded(std::uint64_t elements) {
    return (elements + alignment - 1) / alignment * alignment;
}

std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) {
    return (a + b - 1) / b;
}

} // namespace

std::unique_ptr<Gpu> Gpu::open(int ordinal, std::string &error) {
    std::unique_ptr<Gpu> gpu(new Gpu);
    if (gcs_gpu_open(&gpu->gpu_, ordinal) == GCS_OK)
        return gpu;
    error = gcs_last_error();
    return nullptr;
}

std::string Gpu::description() const {
    char text[512];
    gcs_gpu_format(&gpu_, text, sizeof text);
    return text;
}

gcs_status GpuMemory::allocate(const Gpu &gpu, std::uint64_t bytes) {
    release();
    gpu_ = &gpu;
    return gcs_gpu_alloc(gpu.get(), bytes, &memory_);
}

void GpuMemory::release() {
    if (memory_)
        gcs_gpu_free(gpu_->get(), memory_);
    memory_ = nullptr;
}

// ---- Copies --------------------------------------------------------------------------------

std::unique_ptr<GpuCopies> GpuCopies::make(const Gpu &gpu, double bytes, std::string &error) {
    std::unique_ptr<GpuCopies> copies(new GpuCopies(gpu));
    const std::uint64_t unit = alignment * sizeof(float);
    copies->each_ = divide_up(static_cast<std::uint64_t>(std::ceil(bytes / 2)), unit) * unit;
    copies->places_ = divide_up(gcs_gpu_cold_bytes(gpu.get()), 2 * copies->each_);
    const std::uint64_t all = copies->each_ * copies->places_;
    // Other than zeros: memory may be quicker with those.
    const std::vector<float> pattern(pattern_elements, 0.7f);
    if (copies->from_.allocate(gpu, all) == GCS_OK && copies->to_.allocate(gpu, all) == GCS_OK &&
        gcs_gpu_fill(gpu.get(), copies->from_.at(0), all, pattern.data(),
                     pattern.size() * sizeof(float)) == GCS_OK)
        return copies;
    error = gcs_last_error();
    return nullptr;
}

gcs_status GpuCopies::enqueue(std::size_t turn) const {
    const std::uint64_t at = turn % places_ * each_;
    return gcs_gpu_copy(gpu_.get(), to_.at(at), from_.at(at), each_);
}

// ---- Buffers of steps ----------------------------------------------------------------------

gcs_status GpuBuffers::allocate() {
    for (int s = 0; s < STREAMS; s++) {
        const std::uint64_t bytes = sets_.size() * elements_ * bytes_[s];
        const gcs_status status = bytes != 0 ? memory_[s].allocate(gpu_, bytes) : GCS_OK;
        if (status != GCS_OK)
            return status;
    }
    return GCS_OK;
}

void GpuBuffers::place(const std::vector<gcs_tensor> &tensors) {
    for (std::size_t k = 0; k < sets_.size(); k++) {
        const auto at = [&](Stream s, std::size_t i) {
            return bytes_[s] ? memory_[s].at((k * elements_ + first_[i]) * bytes_[s]) : nullptr;
        };
        const auto floats = [&](Stream s, std::size_t i) {
            return reinterpret_cast<float *>(at(s, i));
        };
        sets_[k].resize(tensors.size());
        for (std::size_t i = 0; i < tensors.size(); i++) {
            gcs_buffers &b = sets_[k][i];
            b = {};
            b.w = floats(W, i);
            b.g = at(G, i);
            b.m = floats(M, i);
            b.v = floats(V, i);
            b.v_max = floats(V_MAX, i);
            b.copy = at(COPY, i);
        }
    }
}

gcs_status GpuBuffers::fill() {
    const gcs_tensor flat = gcs_flat(pattern_elements);
    const BufferSets pattern(gcs_buffer_sets_create(&spec_, &flat, 1, 0));
    if (!pattern)
        return GCS_OUT_OF_MEMORY;
    const gcs_buffers *b = gcs_buffer_sets_next(pattern.get());
    const void *const from[STREAMS] = {b->w, b->g, b->m, b->v, b->v_max, b->copy};
    gcs_status status = GCS_OK;
    for (int s = 0; s < STREAMS && status == GCS_OK; s++)
        if (bytes_[s])
            status =
                gcs_gpu_fill(gpu_.get(), memory_[s].at(0), sets_.size() * elements_ * bytes_[s],
                             from[s], pattern_elements * bytes_[s]);
    return status;
}

std::unique_ptr<GpuBuffers> GpuBuffers::make(const Gpu &gpu, const gcs_spec &spec,
                                             const std::vector<gcs_tensor> &tensors,
                                             std::string &error) {
    std::unique_ptr<GpuBuffers> buffers(new GpuBuffers(gpu, spec));
    const unsigned f32 = sizeof(float);
    buffers->bytes_[W] = f32;
    buffers->bytes_[G] = gcs_type_bytes(spec.gradient);
    buffers->bytes_[M] = gcs_rule_has_m(spec.rule) ? f32 : 0;
    buffers->bytes_[V] = gcs_rule_has_v(spec.rule) ? f32 : 0;
    buffers->bytes_[V_MAX] = gcs_rule_has_v_max(spec.rule) ? f32 : 0;
    buffers->bytes_[COPY] = gcs_copy_bytes(spec.copy);
    std::uint64_t per_element = 0;
    for (unsigned bytes : buffers->bytes_)
        per_element += bytes;
    for (const gcs_tensor &tensor : tensors) {
        buffers->first_.push_back(buffers->elements_);
        buffers->elements_ += padded(gcs_tensor_elements(&tensor));
    }
    buffers->sets_.resize(
        divide_up(gcs_gpu_cold_bytes(gpu.get()), per_element * buffers->elements_));
    if (buffers->allocate() != GCS_OK || buffers->fill() != GCS_OK) {
        error = gcs_last_error();
        return nullptr;
    }
    buffers->place(tensors);
    return buffers;
}

} // namespace gcs_bench
