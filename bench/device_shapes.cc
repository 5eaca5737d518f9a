// The group lengths that kernels of a device differ by.
#include "bench/device_shapes.hh"

namespace gcs_bench {
namespace {

std::uint64_t at_least_one(std::uint64_t n) {
    return n > 0 ? n : 1;
}

std::string times(std::uint64_t a, std::uint64_t b) {
    return std::to_string(a) + "x" + std::to_string(b);
}

} // namespace

std::vector<Network> device_shapes(const ShapeList &list, std::uint64_t elements) {
    std::vector<Network> shapes = {
        {"flat:" + std::to_string(elements), {gcs_flat(elements)}, true}};
    for (std::uint64_t length : list.row_lengths) {
        const std::uint64_t rows = at_least_one(elements / length);
        shapes.push_back({"rows:" + times(rows, length), {gcs_rows(rows, length)}, true});
    }
    for (std::uint64_t height : list.col_heights) {
        const std::uint64_t matrices = at_least_one(elements / (height * list.col_width));
        shapes.push_back(
            {"general:" + times(matrices, height) + "x" + std::to_string(list.col_width),
             {gcs_general(matrices, height, list.col_width)},
             true});
    }
    return shapes;
}

} // namespace gcs_bench
