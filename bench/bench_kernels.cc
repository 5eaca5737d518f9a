// bench_kernels: every compiled kernel that this machine can run, on a few telling shapes, cold
// and hot, by one thread.
#include "bench/kernel_case.hh"
#include "bench/program.hh"
#include <cstdint>

using namespace gcs_bench;

namespace {

const char usage[] =
    "bench_kernels: every kernel that this machine can run, on one thread. Names are\n"
    "KERNEL/rows:R/cols:C/REGIME, or of a general kernel KERNEL/STEP/rows:R/cols:C/REGIME; cold:\n"
    "each step finds its buffers in memory, hot: in a cache.\n"
    "A kernel is verified on each shape before it is timed; one that fails is an error.\n"
    "\n"
    "  --spec=STEP   repeated: the steps that general kernels are timed on, e.g.\n"
    "                amsgrad or adamw_update_bf16-bf16; default: some that have a kernel of\n"
    "                their own too, so that the price of sharing can be read, and some that\n"
    "                have none\n"
    "\n"
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

// Steps of general kernels, by what is centred in them.
const std::vector<std::string> default_steps = {"sgdm",    "adam",     "adamw",
                                                "amsgrad", "nesterov", "adamw_grad_bf16-bf16"};
const std::vector<std::string> measured_gradients = {"sgdm", "sgdm_grad_bf16"};

using Specs = std::vector<gcs_spec>;

Specs read_specs(const Options &options) {
    Specs specs;
    for (const auto &option : options)
        specs.push_back(parse_spec(option.second));
    return specs;
}

Specs default_specs(const gcs_kernel *kernel) {
    Specs specs;
    for (const std::string &name :
         kernel->op == GCS_OP_MEASURE ? measured_gradients : default_steps) {
        specs.push_back(parse_spec(name));
        if (kernel->center == GCS_CENTER_UPDATE)
            specs.back().center = GCS_CENTER_UPDATE;
    }
    return specs;
}

void bench(benchmark::State &state, const gcs_kernel *kernel, const gcs_form &form, Shape shape,
           Regime regime) {
    std::string error;
    auto bench_case = KernelCase::make(kernel, form, shape.rows, shape.cols, regime, error);
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

std::string name_of(const gcs_kernel *kernel, const gcs_form &form) {
    if (!kernel->general)
        return kernel->name;
    char step[GCS_SPEC_NAME];
    const gcs_spec spec = {form.rule, form.center, form.gradient, form.copy, false, false};
    gcs_spec_format(&spec, step);
    return std::string(kernel->name) + "/" + step;
}

void register_case(const gcs_kernel *kernel, const gcs_form &form, const Shape &shape,
                   Regime regime) {
    std::string name = name_of(kernel, form) + "/rows:" + std::to_string(shape.rows) +
                       "/cols:" + std::to_string(shape.cols) +
                       (regime == Regime::COLD ? "/cold" : "/hot");
    benchmark::RegisterBenchmark(name.c_str(), bench, kernel, form, shape, regime)
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
}

bool accepts(const gcs_kernel *kernel, const gcs_form &form, const Shape &shape) {
    const std::uint64_t length = kernel->view == GCS_VIEW_COLS ? shape.rows : shape.cols;
    const gcs_need need = {kernel->op, form, kernel->means_given, kernel->view, length};
    return gcs_kernel_accepts(kernel, &need);
}

void register_form(const gcs_kernel *kernel, const gcs_form &form) {
    for (const Shape &shape : shapes_of(kernel->view)) {
        if (!accepts(kernel, form, shape))
            continue;
        register_case(kernel, form, shape, Regime::COLD);
        register_case(kernel, form, shape, Regime::HOT);
    }
}

void register_kernel(const gcs_kernel *kernel, const Specs &asked) {
    if (!kernel->general) {
        register_form(kernel, own_form(kernel));
        return;
    }
    for (const gcs_spec &spec : asked.empty() ? default_specs(kernel) : asked)
        register_form(kernel, gcs_spec_form(&spec, kernel->view != GCS_VIEW_FLAT));
}

} // namespace

int main(int argc, char **argv) {
    const Specs asked = read_specs(start(argc, argv, usage, {"--spec"}, "0.1"));
    for (std::size_t i = 0; i < gcs_registry_lists(); i++) {
        const gcs_kernel_list *list = gcs_registry_list(i);
        for (std::size_t k = 0; gcs_cpu_allows(list->isa) && k < list->count; k++)
            register_kernel(&list->kernels[k], asked);
    }
    return run();
}
