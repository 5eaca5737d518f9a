/* The kernels of kernels/neon: the shared loop bodies, compiled with this folder's vec.h. */
#include "kernels/kernel.h"

#include "kernels/neon/variants.h"
#include "kernels/neon/vec.h"

#include "kernels/bodies.inc"

const gcs_kernel_list gcs_kernels_neon = {
    .kernels = kernels,
    .count = sizeof kernels / sizeof kernels[0],
    .isa = GCS_ISA,
    .isa_name = GCS_ISA_TEXT,
    .impl_rev = GCSTEP_IMPL_REV,
};
