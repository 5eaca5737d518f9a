/* Takes the place of dispatch/features.c's: emulated AVX-512 asks for what it is emulated with.
 * Where the CPU has AVX-512 itself, the kernels are verified on it, and need no emulation. */
#include "dispatch/registry.h"

bool gcs_cpu_allows(gcs_isa isa) {
    (void)isa;
    return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("avx512f") == 0;
}
