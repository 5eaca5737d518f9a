/* What the kernels need of CUDA beyond its C++: each name here has a twin in the tests' header
 * (tests/cuda/twin.h), with which the same sources compile for the host. Kernels keep to it and to
 * a plain subset: blocks of one dimension, dynamic shared memory alone, full-mask shuffles. */
#ifndef GCSTEP_KERNELS_CUDA_TARGET_CUH
#define GCSTEP_KERNELS_CUDA_TARGET_CUH

#ifdef __CUDACC__

#include <float.h>
#include <stdint.h>

#define GCS_DEVICE static __device__ __forceinline__

/* Compute capability 12 takes a few registers more for the same code, and has fewer threads at a
 * time. */
#if __CUDA_ARCH__ >= 1000
#define GCS_BLOCKS(blocks) ((blocks) == 1 ? 1 : (blocks)*3 / 4)
#else
#define GCS_BLOCKS(blocks) (blocks)
#endif

/* A kernel of so many threads a block, so many blocks at a time on a multiprocessor. */
#define GCS_KERNEL(name, threads, blocks)                                                          \
    extern "C" __global__ void __launch_bounds__(threads, GCS_BLOCKS(blocks))                      \
        name(const __grid_constant__ gcs_cuda_launch launch)

/* The block's dynamic shared memory as an array of floats. */
#define GCS_SHARED(name)                                                                           \
    extern __shared__ float4 gcs_shared_memory[];                                                  \
    float *const name = (float *)gcs_shared_memory

#define GCS_FULL_WARP 0xffffffffU

/* x of the lane `down` further on; of lanes without one, anything. */
GCS_DEVICE float shuffle_down(float x, int down) {
    return __shfl_down_sync(GCS_FULL_WARP, x, (unsigned)down);
}

/* Loads and stores of what the step touches once: first to leave the L2. */
GCS_DEVICE float4 load_stream(const float4 *p) {
    return __ldcs(p);
}
GCS_DEVICE float load_stream(const float *p) {
    return __ldcs(p);
}
GCS_DEVICE uint2 load_stream(const uint2 *p) {
    return __ldcs(p);
}
GCS_DEVICE uint16_t load_stream(const uint16_t *p) {
    return __ldcs(p);
}
GCS_DEVICE void store_stream(float4 *p, float4 x) {
    __stcs(p, x);
}
GCS_DEVICE void store_stream(float *p, float x) {
    __stcs(p, x);
}
GCS_DEVICE void store_stream(uint2 *p, uint2 x) {
    __stcs(p, x);
}
GCS_DEVICE void store_stream(uint16_t *p, uint16_t x) {
    __stcs(p, x);
}

/* 1 + the old value, but 0 where that is `last`; between blocks. */
GCS_DEVICE uint32_t count_up(uint32_t *counter, uint32_t last) {
    return atomicInc(counter, last);
}

/* What this thread has written is seen by others before what it writes next. */
GCS_DEVICE void fence() {
    __threadfence();
}

/* The launch behind this one may begin, where it is one that may, when all blocks have come here.
 * Such a launch is to end after the one before it. From compute capability 9.0 on; else nothing. */
GCS_DEVICE void let_next_begin() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;");
#endif
}
GCS_DEVICE void end_after_previous() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" : : : "memory");
#endif
}

/* Clusters: blocks that run at the same time and reach each other's shared memory, from compute
 * capability 9.0 on. Kernels that use them are never launched on others. */
#if __CUDA_ARCH__ >= 900
#define GCS_CLUSTER_ASM(...) asm volatile(__VA_ARGS__)
#else
#define GCS_CLUSTER_ASM(...) __trap()
#endif

GCS_DEVICE uint32_t cluster_rank() {
    uint32_t x = 0;
    GCS_CLUSTER_ASM("mov.u32 %0, %%cluster_ctarank;" : "=r"(x));
    return x;
}
GCS_DEVICE uint32_t cluster_blocks() {
    uint32_t x = 1;
    GCS_CLUSTER_ASM("mov.u32 %0, %%cluster_nctarank;" : "=r"(x));
    return x;
}

/* A barrier of the cluster's threads in two halves: what was written before the one is seen behind
 * the other. The first is a fence: it waits for all that the thread has asked of memory, loads too.
 */
GCS_DEVICE void cluster_arrive() {
    GCS_CLUSTER_ASM("barrier.cluster.arrive.release.aligned;" : : : "memory");
}

/* The first half where nobody is to see anything: it waits for nothing. What the thread has loaded
 * from other blocks must have been used before it, behind a barrier of the block. */
GCS_DEVICE void cluster_arrive_unordered() {
    GCS_CLUSTER_ASM("barrier.cluster.arrive.relaxed.aligned;" : : : "memory");
}
GCS_DEVICE void cluster_wait() {
    GCS_CLUSTER_ASM("barrier.cluster.wait.acquire.aligned;" : : : "memory");
}

/* The float in the shared memory of block `rank` of the cluster that lies where *p lies in this
 * one's. */
GCS_DEVICE float load_of_cluster(const float *p, uint32_t rank) {
    float x = 0.0F;
    GCS_CLUSTER_ASM("{\n\t.reg .u32 there;\n\t"
                    "mapa.shared::cluster.u32 there, %1, %2;\n\t"
                    "ld.shared::cluster.f32 %0, [there];\n\t}"
                    : "=f"(x)
                    : "r"((uint32_t)__cvta_generic_to_shared(p)), "r"(rank)
                    : "memory");
    return x;
}

/* binary16, exactly, and to nearest with ties to even. */
GCS_DEVICE float float_of_f16(uint32_t bits) {
    float x;
    asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"((uint16_t)bits));
    return x;
}
GCS_DEVICE uint32_t f16_of_float(float x) {
    uint16_t bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
    return bits;
}

#else
#include "cuda/twin.h" /* of the tests */
#endif
#endif
