// The GPU that the bench programs measure on, and its memory.
#include "bench/gpu.hh"

#include "bench/sets.hh"

#include <cmath>

namespace gcs_bench {

std::unique_ptr<Gpu> Gpu::open(int ordinal, std::string &error) {
    std::unique_ptr<Gpu> gpu(new Gpu);
    if (gcs_gpu_open(&gpu->gpu_, ordinal) == GCS_OK && gcs_gpu_read_code(&gpu->gpu_) == GCS_OK)
        return gpu;
    error = gcs_last_error();
    return nullptr;
}

std::string Gpu::description() const {
    char text[512];
    gcs_gpu_format(&gpu_, text, sizeof text);
    return text;
}

std::unique_ptr<GpuCopies> GpuCopies::make(const Gpu &gpu, double bytes, std::string &error) {
    std::unique_ptr<GpuCopies> copies(new GpuCopies(gpu));
    if (gcs_gpu_copies_open(&copies->copies_, gpu.get(),
                            static_cast<std::uint64_t>(std::ceil(bytes))) == GCS_OK)
        return copies;
    error = gcs_last_error();
    return nullptr;
}

std::unique_ptr<GpuBuffers> GpuBuffers::make(const Gpu &gpu, const gcs_spec &spec,
                                             const std::vector<gcs_tensor> &tensors,
                                             std::string &error) {
    std::unique_ptr<GpuBuffers> buffers(new GpuBuffers(gpu, tensors.size()));
    const std::size_t count = sets_beyond(gcs_gpu_cold_bytes(gpu.get()), spec, tensors);
    if (gcs_gpu_sets_open(&buffers->sets_, gpu.get(), &spec, tensors.data(), tensors.size(),
                          count) == GCS_OK)
        return buffers;
    error = gcs_last_error();
    return nullptr;
}

} // namespace gcs_bench
