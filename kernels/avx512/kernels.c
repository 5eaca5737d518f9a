/* The kernels of kernels/avx512: the shared loop bodies, compiled with this folder's vec.h. */
#include "kernels/kernel.h"

#include "kernels/avx512/variants.h"
#include "kernels/avx512/vec.h"

#include "kernels/bodies.inc"

const gcs_kernel_list gcs_kernels_avx512 = {
    .kernels = kernels,
    .count = sizeof kernels / sizeof kernels[0],
    .isa = GCS_ISA,
    .isa_name = GCS_ISA_TEXT,
    .impl_rev = GCSTEP_IMPL_REV,
};
