// bench_kernels: every compiled kernel that this machine can run, on a few telling shapes, cold
// and hot, by one thread.
#include "bench/kernel_case.hh"
#include "bench/program.hh"

using namespace gcs_bench;

namespace {

const char usage[] =
    "bench_kernels: every kernel that this machine can run, on one thread. Names are\n"
    "KERNEL/rows:R/cols:C/REGIME; cold: each step finds its buffers in memory, hot: in a cache.\n"
    "A kernel is verified on each shape before it is timed; one that fails is an error.\n"
    "For example, SGDM on rows from memory:  --benchmark_filter=sgdm_grad_rows.*/cold\n";

struct Shape {
    std::uint64_t rows, cols;
};

// Rows: groups are short (depthwise, first convolution), medium and long (ResNet-50, ViT-B/16).
const std::vector<Shape> row_shapes = {{960, 9}, {64, 147}, {256, 64}, {512, 4608}, {768, 3072}};
// The same tensors as Keras and Flax hold them, and GPT-2's.
const std::vector<Shape> column_shapes = {{9, 960}, {147, 64}, {64, 256}, {4608, 512}, {768, 3072}};
// A norm's scale, and tensors beyond each cache.
const std::vector<Shape> flat_shapes = {{1, 512}, {1, 65536}, {1, 2359296}};
// Pieces of a long group.
const std::vector<Shape> part_shapes = {{1, 8192}, {1, 1048576}};

const std::vector<Shape> &shapes_of(gcs_view view) {
    switch (view) {
    case GCS_VIEW_ROWS:
        return row_shapes;
    case GCS_VIEW_COLS:
        return column_shapes;
    case GCS_VIEW_PART:
        return part_shapes;
    case GCS_VIEW_FLAT:
        break;
    }
    return flat_shapes;
}

std::uint64_t group_length(gcs_view view, const Shape &shape) {
    return view == GCS_VIEW_COLS ? shape.rows : shape.cols;
}

void bench(benchmark::State &state, const gcs_kernel *kernel, Shape shape, Regime regime) {
    std::string error;
    auto bench_case = KernelCase::make(kernel, shape.rows, shape.cols, regime, error);
    if (!bench_case) {
        fail(state, error);
        return;
    }
    for (auto _ : state) {
        double seconds = bench_case->step(error);
        if (seconds < 0) {
            fail(state, error);
            return;
        }
        state.SetIterationTime(seconds);
    }
    state.SetBytesProcessed(
        static_cast<std::int64_t>(static_cast<double>(state.iterations()) * bench_case->bytes()));
}

void register_case(const gcs_kernel *kernel, const Shape &shape, Regime regime) {
    std::string name = std::string(kernel->name) + "/rows:" + std::to_string(shape.rows) +
                       "/cols:" + std::to_string(shape.cols) +
                       (regime == Regime::COLD ? "/cold" : "/hot");
    benchmark::RegisterBenchmark(name.c_str(), bench, kernel, shape, regime)
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
}

void register_list(const gcs_kernel_list *list) {
    for (std::size_t k = 0; k < list->count; k++) {
        const gcs_kernel *kernel = &list->kernels[k];
        for (const Shape &shape : shapes_of(kernel->view)) {
            if (!gcs_kernel_accepts(kernel, kernel->op, kernel->rule, kernel->center, kernel->view,
                                    group_length(kernel->view, shape)))
                continue;
            register_case(kernel, shape, Regime::COLD);
            register_case(kernel, shape, Regime::HOT);
        }
    }
}

} // namespace

int main(int argc, char **argv) {
    start(argc, argv, usage, {}, "0.1");
    for (std::size_t i = 0; i < gcs_registry_lists(); i++) {
        const gcs_kernel_list *list = gcs_registry_list(i);
        if (gcs_cpu_allows(list->isa))
            register_list(list);
    }
    return run();
}
