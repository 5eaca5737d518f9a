// bench_kernels must not time a kernel that fails its verification: a kernel that computes one
// wrong weight is refused with a reason, the same kernel unspoilt is not.
#include "bench/kernel_case.hh"

#include <cstdio>
#include <string>

using namespace gcs_bench;

namespace {

const gcs_kernel *sound; // what the spoilt kernel runs first

void run_spoilt(const gcs_args *args) {
    sound->run(args);
    float *last = &args->w[(args->last - 1) * args->cols + args->cols - 1];
    *last = -*last;
}

} // namespace

int main() {
    sound = gcs_registry_find("sgdm_grad_rows_f32_portable_pipe_u32");
    if (sound == nullptr) {
        std::puts("the kernel that this test spoils is not in the registry");
        return 1;
    }
    gcs_kernel spoilt = *sound;
    spoilt.run = run_spoilt;

    std::string error;
    const gcs_form form = own_form(sound);
    if (!KernelCase::make(sound, form, 64, 147, Regime::HOT, error)) {
        std::printf("the unspoilt kernel was refused: %s\n", error.c_str());
        return 1;
    }
    bool refused = !KernelCase::make(&spoilt, form, 64, 147, Regime::HOT, error);
    std::printf("spoilt kernel: %s\n", refused ? error.c_str() : "accepted");
    return refused && error.find("verification failed, not timed: ") == 0 ? 0 : 1;
}
