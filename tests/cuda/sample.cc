// The kernels of sample.h, written as those of kernels/cuda/ are.
#include "cuda/sample.h"
#include "kernels/cuda/target.cuh"

GCS_DEVICE unsigned element() {
    return blockIdx.x * blockDim.x + threadIdx.x;
}

GCS_DEVICE const float *gradient(const gcs_cuda_launch &launch) {
    return (const float *)launch.matrices[0].g;
}

/* Lane 0: the sum of the warp's. */
GCS_DEVICE float fold(float x) {
    for (int h = 16; h > 0; h /= 2)
        x = x + shuffle_down(x, h);
    return x;
}

/* Thread 0: the sum of the block's. */
GCS_DEVICE float sum_of_block(float x, float *shared) {
    const float sum = fold(x);
    if (threadIdx.x % 32 == 0)
        shared[threadIdx.x / 32] = sum;
    __syncthreads();
    return threadIdx.x == 0 ? shared[0] + shared[1] : 0.0F;
}

GCS_KERNEL(sample_sums, SAMPLE_THREADS, 1) {
    GCS_SHARED(shared);
    shared[threadIdx.x] = load_stream(gradient(launch) + element());
    __syncthreads();
    const float mirrored = shared[blockDim.x - 1 - threadIdx.x];
    __syncthreads();
    const float sum = sum_of_block(mirrored, shared);
    if (threadIdx.x == 0)
        launch.matrices[0].w[blockIdx.x] = sum;
}

GCS_DEVICE void tickets(const gcs_cuda_launch &launch, float *shared, bool with_fence) {
    float *const w = launch.matrices[0].w;
    const float sum = sum_of_block(gradient(launch)[element()], shared);
    if (threadIdx.x != 0)
        return;
    w[blockIdx.x] = sum;
    if (with_fence)
        fence();
    if (count_up(launch.scratch, gridDim.x - 1) != gridDim.x - 1)
        return;
    fence();
    float all = 0.0F;
    for (unsigned i = 0; i < gridDim.x; i++)
        all = all + w[i];
    launch.matrices[0].m[0] = all;
}

GCS_KERNEL(sample_tickets, SAMPLE_THREADS, 1) {
    GCS_SHARED(shared);
    tickets(launch, shared, true);
}

GCS_KERNEL(sample_no_fence, SAMPLE_THREADS, 1) {
    GCS_SHARED(shared);
    tickets(launch, shared, false);
}

GCS_KERNEL(sample_no_barrier, SAMPLE_THREADS, 1) {
    GCS_SHARED(shared);
    shared[threadIdx.x] = gradient(launch)[element()];
    launch.matrices[0].w[element()] = shared[(threadIdx.x + 1) % blockDim.x];
}

GCS_KERNEL(sample_no_warp_barrier, SAMPLE_THREADS, 1) {
    GCS_SHARED(shared);
    shared[threadIdx.x] = gradient(launch)[element()];
    (void)shuffle_down(0.0F, 1);
    launch.matrices[0].w[element()] = shared[threadIdx.x ^ 1];
}

GCS_KERNEL(sample_same_element, SAMPLE_THREADS, 1) {
    if (threadIdx.x == 7)
        launch.matrices[0].w[0] = gradient(launch)[element()];
}

GCS_KERNEL(sample_unwritten, SAMPLE_THREADS, 1) {
    GCS_SHARED(shared);
    if (threadIdx.x != 9)
        shared[threadIdx.x] = 1.0F;
    __syncthreads();
    launch.matrices[0].w[element()] = shared[threadIdx.x ^ 1] + 1.0F;
}

GCS_KERNEL(sample_beyond_warp, SAMPLE_THREADS, 1) {
    launch.matrices[0].w[element()] = shuffle_down(1.0F, 1);
}

GCS_KERNEL(sample_early_return, SAMPLE_THREADS, 1) {
    if (threadIdx.x == 5)
        return;
    __syncthreads();
    launch.matrices[0].w[element()] = 1.0F;
}

GCS_KERNEL(sample_two_barriers, SAMPLE_THREADS, 1) {
    if (threadIdx.x < 32)
        __syncthreads();
    else
        __syncthreads();
    launch.matrices[0].w[element()] = 1.0F;
}

GCS_KERNEL(sample_half_warp, SAMPLE_THREADS, 1) {
    if (threadIdx.x < 48)
        launch.matrices[0].w[element()] = shuffle_down(1.0F, 1);
}

GCS_KERNEL(sample_misaligned, SAMPLE_THREADS, 1) {
    if (element() == 0)
        launch.matrices[0].w[0] = load_stream((const float4 *)(gradient(launch) + 1)).x;
}

GCS_KERNEL(sample_overrun, SAMPLE_THREADS, 1) {
    GCS_SHARED(shared);
    shared[threadIdx.x + 1] = 1.0F;
}

GCS_KERNEL(sample_overread, SAMPLE_THREADS, 1) {
    GCS_SHARED(shared);
    launch.matrices[0].w[element()] = shared[threadIdx.x + 1];
}

/* The element of the next block of the cluster. */
GCS_DEVICE void cluster_kernel(const gcs_cuda_launch &launch, float *shared, bool first,
                               bool last) {
    shared[threadIdx.x] = gradient(launch)[element()];
    if (first) {
        cluster_arrive();
        cluster_wait();
    }
    const uint32_t next = (cluster_rank() + 1) % cluster_blocks();
    launch.matrices[0].w[element()] = load_of_cluster(shared + threadIdx.x, next);
    if (last) {
        cluster_arrive();
        cluster_wait();
    }
}

GCS_KERNEL(sample_cluster, SAMPLE_THREADS, 1) {
    GCS_SHARED(shared);
    cluster_kernel(launch, shared, true, true);
}

GCS_KERNEL(sample_cluster_early, SAMPLE_THREADS, 1) {
    GCS_SHARED(shared);
    cluster_kernel(launch, shared, false, true);
}

GCS_KERNEL(sample_cluster_unordered, SAMPLE_THREADS, 1) {
    GCS_SHARED(shared);
    shared[threadIdx.x] = gradient(launch)[element()];
    cluster_arrive_unordered();
    cluster_wait();
    const uint32_t next = (cluster_rank() + 1) % cluster_blocks();
    launch.matrices[0].w[element()] = load_of_cluster(shared + threadIdx.x, next);
    cluster_arrive_unordered();
    cluster_wait();
}

GCS_KERNEL(sample_cluster_ends, SAMPLE_THREADS, 1) {
    GCS_SHARED(shared);
    cluster_kernel(launch, shared, true, false);
}

GCS_KERNEL(sample_cluster_half, SAMPLE_THREADS, 1) {
    cluster_arrive();
}

GCS_KERNEL(sample_cluster_twice, SAMPLE_THREADS, 1) {
    cluster_arrive();
    cluster_arrive();
}
