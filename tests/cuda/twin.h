/* The host's twin of what kernels/cuda/target.cuh has of CUDA: with it the kernels compile as C++20
 * for the host, and twin_run.h runs them. Each name means what it means on the device, and no more:
 * what CUDA leaves open (which thread goes first, memory that nobody has written, the order of
 * memory at a shuffle) is used against the kernel. */
#ifndef GCSTEP_TESTS_CUDA_TWIN_H
#define GCSTEP_TESTS_CUDA_TWIN_H

#include "cuda/twin_half.h"
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A kernel has many small functions, and not each uses all of them. */
#define GCS_DEVICE [[maybe_unused]] static inline

/* Visible, so that the tests find a kernel by the symbol of its row, as the driver does. */
#define GCS_KERNEL(name, threads, blocks)                                                          \
    static_assert((threads) % 32 == 0 && (threads) <= 1024 && (blocks) > 0, "bounds of a launch"); \
    extern "C" __attribute__((visibility("default"))) void name(                                   \
        [[maybe_unused]] const gcs_cuda_launch &launch)

#define GCS_SHARED(name) float *const name = (float *)twin_shared_memory

#define GCS_FULL_WARP 0xffffffffU

/* ---- Types --------------------------------------------------------------------------------- */

struct alignas(8) float2 {
    float x, y;
};
struct alignas(16) float4 {
    float x, y, z, w;
};
struct alignas(8) uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};

GCS_DEVICE float2 make_float2(float x, float y) {
    return {x, y};
}
GCS_DEVICE float4 make_float4(float x, float y, float z, float w) {
    return {x, y, z, w};
}
GCS_DEVICE uint2 make_uint2(unsigned x, unsigned y) {
    return {x, y};
}
GCS_DEVICE uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) {
    return {x, y, z, w};
}

/* ---- Where a thread is --------------------------------------------------------------------- */

/* Blocks have one dimension: there is no y. */
struct twin_index {
    unsigned x;
};
extern twin_index threadIdx, blockIdx, blockDim, gridDim; /* of the thread that runs */
extern void *twin_shared_memory;                          /* of its block */

/* ---- Waiting for each other ---------------------------------------------------------------- */

/* Where in the source a thread is: the call that has twin_here() as its default argument. */
struct twin_place {
    const char *file;
    unsigned line;
};
GCS_DEVICE constexpr twin_place twin_here(const char *file = __builtin_FILE(),
                                          unsigned line = __builtin_LINE()) {
    return {file, line};
}

/* The twins that switch to other threads (twin_sync.cc). */
void twin_barrier(const twin_place &place);
void twin_warp_barrier(const twin_place &place);
float twin_shuffle(float x, unsigned lane, const twin_place &place);
uint32_t twin_count_up(uint32_t *counter, uint32_t last);
void twin_fence();
uint32_t twin_cluster_rank();
uint32_t twin_cluster_blocks();
void twin_cluster_arrive(bool ordered, const twin_place &place);
void twin_cluster_wait(const twin_place &place);
const float *twin_of_cluster(const float *p, uint32_t rank, const twin_place &place);
[[noreturn]] void twin_misaligned(const void *p, unsigned bytes, const twin_place &place);

/* Threads that wait at different places of the source are an error, as they are on the device where
 * not all threads of a block take the same way. */
GCS_DEVICE void __syncthreads(const twin_place &place = twin_here()) {
    twin_barrier(place);
}
/* Launches come one after the other here. */
GCS_DEVICE void let_next_begin() {}
GCS_DEVICE void end_after_previous() {}

GCS_DEVICE void __syncwarp(const twin_place &place = twin_here()) {
    twin_warp_barrier(place);
}
GCS_DEVICE float shuffle_down(float x, int down, const twin_place &place = twin_here()) {
    return twin_shuffle(x, threadIdx.x % 32 + (unsigned)down, place);
}

GCS_DEVICE uint32_t count_up(uint32_t *counter, uint32_t last) {
    return twin_count_up(counter, last);
}
GCS_DEVICE void fence() {
    twin_fence();
}
GCS_DEVICE uint32_t cluster_rank() {
    return twin_cluster_rank();
}
GCS_DEVICE uint32_t cluster_blocks() {
    return twin_cluster_blocks();
}
GCS_DEVICE void cluster_arrive(const twin_place &place = twin_here()) {
    twin_cluster_arrive(true, place);
}
GCS_DEVICE void cluster_arrive_unordered(const twin_place &place = twin_here()) {
    twin_cluster_arrive(false, place);
}
GCS_DEVICE void cluster_wait(const twin_place &place = twin_here()) {
    twin_cluster_wait(place);
}
GCS_DEVICE float load_of_cluster(const float *p, uint32_t rank,
                                 const twin_place &place = twin_here()) {
    return *twin_of_cluster(p, rank, place);
}
/* ---- Memory -------------------------------------------------------------------------------- */

/* The device stops at an access that is not aligned to its size. */
template <typename T> GCS_DEVICE T load_stream(const T *p, const twin_place &place = twin_here()) {
    if ((uintptr_t)p % sizeof(T) != 0)
        twin_misaligned(p, sizeof(T), place);
    return *p;
}
template <typename T, typename U>
GCS_DEVICE void store_stream(T *p, U x, const twin_place &place = twin_here()) {
    static_assert(sizeof(T) == sizeof(U), "what is stored has the type of where it is stored");
    if ((uintptr_t)p % sizeof(T) != 0)
        twin_misaligned(p, sizeof(T), place);
    *p = x;
}

/* ---- Numbers ------------------------------------------------------------------------------- */

GCS_DEVICE unsigned __float_as_uint(float x) {
    unsigned bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
GCS_DEVICE float __uint_as_float(unsigned bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
GCS_DEVICE unsigned __umulhi(unsigned a, unsigned b) {
    return (unsigned)((uint64_t)a * b >> 32);
}
GCS_DEVICE float float_of_f16(uint32_t bits) {
    return twin_float_of_f16((uint16_t)bits);
}
GCS_DEVICE uint32_t f16_of_float(float x) {
    return twin_f16_of_float(x);
}

#endif
