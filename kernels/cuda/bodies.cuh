/* All that kernels.cu instantiates, in the order in which it builds up. */
#include "kernels/cuda/launch.h"

#include "kernels/cuda/vec.cuh"

#include "kernels/formulas.inc"

#include "kernels/half.inc"

#include "kernels/cuda/access.cuh"

#include "kernels/cuda/job.cuh"

#include "kernels/cuda/sums.cuh"

#include "kernels/cuda/flat.cuh"

#include "kernels/cuda/rows.cuh"

#include "kernels/cuda/keep.cuh"

#include "kernels/cuda/cluster.cuh"

#include "kernels/cuda/split.cuh"

#include "kernels/cuda/given.cuh"

#include "kernels/cuda/measure.cuh"
