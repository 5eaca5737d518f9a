// The OpenCL device that the bench programs measure on, and its memory.
#include "bench/cl.hh"

#include "bench/sets.hh"

#include <cmath>

namespace gcs_bench {

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

// ---- Copies --------------------------------------------------------------------------------

std::unique_ptr<LabCopies> LabCopies::make(const Lab &lab, double bytes, std::string &error) {
    std::unique_ptr<LabCopies> copies(new LabCopies(lab));
    const std::uint64_t unit = gcs_streams_padded(1) * sizeof(float), both = 2 * unit;
    copies->each_ = (static_cast<std::uint64_t>(std::ceil(bytes)) + both - 1) / both * unit;
    const std::uint64_t pair = 2 * copies->each_;
    copies->places_ = (gcs_lab_cold_bytes(lab.get()) + pair - 1) / pair;
    const std::uint64_t all = copies->each_ * copies->places_;
    const std::vector<float> pattern(1 << 20, 0.7f); // zeros may be quicker
    for (gcs_cl_mem *memory : {&copies->from_, &copies->to_}) {
        if (gcs_lab_alloc(lab.get(), all, memory) != GCS_OK ||
            gcs_lab_fill(lab.get(), *memory, all, pattern.data(), pattern.size() * sizeof(float)) !=
                GCS_OK) {
            error = gcs_last_error();
            return nullptr;
        }
    }
    return copies;
}

LabCopies::~LabCopies() {
    gcs_lab_free(lab_, from_);
    gcs_lab_free(lab_, to_);
}

gcs_status LabCopies::enqueue(std::size_t turn, const gcs_cl_call *call) const {
    return gcs_lab_copy(lab_, from_, to_, turn % places_ * each_, each_, call);
}

// ---- Buffers of steps ----------------------------------------------------------------------

std::unique_ptr<LabBuffers> LabBuffers::make(const Lab &lab, const gcs_spec &spec,
                                             const std::vector<gcs_tensor> &tensors,
                                             std::string &error) {
    std::unique_ptr<LabBuffers> buffers(new LabBuffers(lab.get()));
    const std::size_t count = sets_beyond(gcs_lab_cold_bytes(lab.get()), spec, tensors);
    buffers->mapped_.resize(tensors.size());
    if (gcs_lab_sets_open(&buffers->sets_, lab.get(), &spec, tensors.data(), tensors.size(),
                          count) == GCS_OK)
        return buffers;
    error = gcs_last_error();
    return nullptr;
}

const gcs_buffers *LabBuffers::map(std::size_t k) {
    return gcs_lab_set_map(&sets_, lab_, k, places_, mapped_.data()) == GCS_OK ? mapped_.data()
                                                                               : nullptr;
}

gcs_status LabBuffers::unmap(std::size_t k) {
    return gcs_lab_set_unmap(&sets_, lab_, k, places_);
}

} // namespace gcs_bench
