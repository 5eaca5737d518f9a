// The group lengths that kernels differ by on a GPU.
#include "bench/gpu_shapes.hh"
#include <cstdint>

namespace gcs_bench {
namespace {

constexpr std::uint64_t row_lengths[] = {
    // Depthwise and first convolutions, patches.
    9, 16, 25, 27, 32, 49, 64, 147, 256, 576, 1024,
    // Layers of ResNet-50, ViT-B/16, GPT-2 and VGG-16, and powers of two.
    1152, 2048, 2304, 4608, 8192, 16384, 25088, 28672,
    // What shared memory keeps, or no more.
    40000, 57000, 57344, 65536, 131072, 262144, 1048576};
constexpr std::uint64_t col_heights[] = {64, 576, 768, 1152, 1728, 3072, 4096, 25088};
constexpr std::uint64_t col_width = 1024;

std::uint64_t at_least_one(std::uint64_t n) {
    return n > 0 ? n : 1;
}

std::string times(std::uint64_t a, std::uint64_t b) {
    return std::to_string(a) + "x" + std::to_string(b);
}

} // namespace

std::vector<Network> gpu_shapes(std::uint64_t elements) {
    std::vector<Network> shapes = {
        {"flat:" + std::to_string(elements), {gcs_flat(elements)}, true}};
    for (std::uint64_t length : row_lengths) {
        const std::uint64_t rows = at_least_one(elements / length);
        shapes.push_back({"rows:" + times(rows, length), {gcs_rows(rows, length)}, true});
    }
    for (std::uint64_t height : col_heights) {
        const std::uint64_t matrices = at_least_one(elements / (height * col_width));
        shapes.push_back({"general:" + times(matrices, height) + "x" + std::to_string(col_width),
                          {gcs_general(matrices, height, col_width)},
                          true});
    }
    return shapes;
}

} // namespace gcs_bench
