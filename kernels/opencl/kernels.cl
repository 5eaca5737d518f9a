/* The OpenCL kernels: one body of those below for one form, as the options say (list.c,
 * gcs_opencl_options): KERNEL its name, BODY, THREADS, VL, VECTORS, CAPACITY, DEPTH, CENTER, FORM.
 */
#pragma OPENCL FP_CONTRACT OFF

#include "kernels/opencl/launch.h"

#include "kernels/opencl/vec.clh"

#include "kernels/formulas.inc"

/* half.inc has variables of the name of a type. */
#define half half_bits
#include "kernels/half.inc"
#undef half

#include "kernels/opencl/access.clh"

#include "kernels/opencl/job.clh"

#include "kernels/opencl/sums.clh"

#include "kernels/opencl/flat.clh"

#include "kernels/opencl/rows.clh"

#include "kernels/opencl/cols.clh"

#include "kernels/opencl/given.clh"

#include "kernels/opencl/measure.clh"

#define BINDING_NUMBERS(X)                                                                         \
    X(0)                                                                                           \
    X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17)   \
        X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31)

#define PARAMETER(n) , __global char *binding##n
#define CASE(n)                                                                                    \
    case n:                                                                                        \
        base = (size_t)binding##n;                                                                 \
        break;
#define BEGIN(stream)                                                                              \
    {                                                                                              \
        size_t base = 0; /* of addresses */                                                        \
        switch (b.matrix->binding[stream]) {                                                       \
            BINDING_NUMBERS(CASE)                                                                  \
        default:                                                                                   \
            break;                                                                                 \
        }                                                                                          \
        b.s.at[stream] = begin_of(&b, stream, base);                                               \
    }

__attribute__((reqd_work_group_size(THREADS, 1, 1))) __kernel void
KERNEL(__global const gcs_opencl_matrix *matrices, __global const gcs_opencl_work *work, uint first,
       __global const gcs_opencl_group *groups, __global const float *flags, uint wanted,
       __global float *scratch, ulong stride,
       __local float *local_memory BINDING_NUMBERS(PARAMETER)) {
    job b;
    b.work = work[first + get_group_id(0)];
    b.matrix = matrices + b.work.matrix;
    b.rows = b.matrix->rows;
    b.cols = b.matrix->cols;
    b.local_memory = local_memory;
    b.scratch = scratch;
    b.stride = stride;
    __global const gcs_opencl_group *const group = groups + b.matrix->group;
    const gcs_coef coef = group->coef;
    const uint32_t form_wanted = ANY_FORM ? wanted : FORM;
    b.c = broadcast(&coef);
    b.scale = coef.scale;
    b.decay = coef.decay;
    b.center = form_wanted >> 8 & 255;
    b.f = form_of(form_wanted, coef.decay != 0);
    if (group->first_step)
        b.f |= FRESH;
    b.s.draw = draw_of(group, b.matrix);
    b.s.draw.index += b.work.slice * b.rows * b.cols;
    EACH_STREAM(BEGIN)
    if (group->flag == 0 || flags[group->flag - 1] == 0.0f)
        BODY(&b);
}
