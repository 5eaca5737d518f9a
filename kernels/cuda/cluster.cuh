/* Groups that a cluster of blocks keeps together in its shared memory, so that g is read once: each
 * block has its part of one row, or some of the rows of a strip of columns. What `keep` does, with
 * sums that are read from block to block. */
#ifndef GCSTEP_KERNELS_CUDA_CLUSTER_CUH
#define GCSTEP_KERNELS_CUDA_CLUSTER_CUH

/* In front of what a block keeps: the sums of its segments (the mean behind them), at the same
 * place in each block. */
#define CLUSTER_SEGMENTS GCS_CUDA_CLUSTER_SEGMENTS
#define CLUSTER_FLOATS   GCS_CUDA_CLUSTER_FLOATS

/* Loads from other blocks that a thread has under way at a time: on an H100 one takes some 200
 * cycles (arXiv 2402.13499), an addition four. */
#define GATHERED 8

/* This thread's lane of the sums of `segments` segments, of which each block of the cluster has
 * `each` in its `sums`. Behind the last +0 is added, which changes no sum that began as +0. */
GCS_INLINE float sum_of_cluster(const float *sums, int each, int segments) {
    float sum = 0.0F;
    for (int i = lane_of_warp(); i < segments; i += GATHERED * GCS_LANES) {
        float x[GATHERED];
        GCS_UNROLL
        for (int j = 0; j < GATHERED; j++) {
            const int at = i + j * GCS_LANES, owner = at / each;
            x[j] =
                at < segments ? load_of_cluster(sums + at - owner * each, (uint32_t)owner) : 0.0F;
        }
        GCS_UNROLL
        for (int j = 0; j < GATHERED; j++)
            sum = sum + x[j];
    }
    return sum;
}

/* The mean of a row, of which each block has `each` segments summed in its `sums`, behind a barrier
 * of the cluster. All threads call; to be followed by cluster_wait, before which no block's shared
 * memory goes. */
GCS_INLINE float mean_of_cluster(float *sums, int each, int segments, float length) {
    if (warp_of_block() == 0) {
        const float sum = fold_lanes(sum_of_cluster(sums, each, segments));
        if (lane_of_warp() == 0)
            sums[CLUSTER_SEGMENTS] = sum / length;
    }
    __syncthreads();
    cluster_arrive_unordered();
    return sums[CLUSTER_SEGMENTS];
}

/* The cluster's barrier behind the sums, while the first loads of the second walk are under way:
 * asked for before it, they would be waited for there. */
GCS_INLINE void meet_cluster(const kept *t, const bool strip, const int threads, const int k,
                             elements *e) {
    cluster_arrive();
    load_round(t, strip, (int)threadIdx.x, threads, k, e);
    cluster_wait();
}

/* All items of a cluster's blocks are the same: row `first`. At most 1,024 segments. */
GCS_INLINE void rows_cluster(const gcs_cuda_launch *launch, const gcs_rule rule, const form fixed,
                             const int threads, const int vectors) {
    GCS_SHARED(shared);
    const int k = 4 * vectors, blocks = (int)cluster_blocks(), rank = (int)cluster_rank();
    kept t;
    t.b = open_job(launch, blockIdx.x / (uint32_t)blocks, rule, fixed);
    if (t.b.skip)
        return;
    const int length = (int)t.b.cols, segments = (length + GCS_SEGMENT - 1) / GCS_SEGMENT;
    const int each = (segments + blocks - 1) / blocks;
    const int at = rank * each * GCS_SEGMENT, left = length - at;
    t.n = left < 0 ? 0 : left < each * GCS_SEGMENT ? left : each * GCS_SEGMENT;
    move_streams(t.b.f, &t.b.s, t.b.work.first * t.b.cols + (uint64_t)at);
    t.q = grid_of(t.b.f, &t.b.s);
    t.y = shared + CLUSTER_FLOATS;
    t.fours = t.n == 0 ? 0 : (t.n + t.q.shift + 3) / 4;
    keep_all(&t, false, threads, k, 2);
    __syncthreads();
    for (int i = warp_of_block(); i * GCS_SEGMENT < t.n; i += threads / 32) {
        const int rest = t.n - i * GCS_SEGMENT, n = rest < GCS_SEGMENT ? rest : GCS_SEGMENT;
        const float sum = sum_of_segment(t.y + t.q.shift + i * GCS_SEGMENT, n);
        if (lane_of_warp() == 0)
            shared[i] = sum;
    }
    elements e;
    meet_cluster(&t, false, threads, k, &e);
    const float mean = mean_of_cluster(shared, each, segments, (float)t.b.cols);
    const vf means[4] = {mean, mean, mean, mean};
    step_kept(&t, false, threads, k, means, &e);
    cluster_wait();
}

/* `count` sums, of which each block of the cluster has `each` in its `sums`, to `copies`. */
GCS_INLINE void gather_sums(const float *sums, int each, int count, float *copies,
                            const int threads) {
    for (int i = (int)threadIdx.x; i < count; i += threads * GATHERED) {
        float x[GATHERED];
        GCS_UNROLL
        for (int j = 0; j < GATHERED; j++) {
            const int at = i + j * threads, owner = at / each;
            x[j] = at < count ? load_of_cluster(sums + at - owner * each, (uint32_t)owner) : 0.0F;
        }
        GCS_UNROLL
        for (int j = 0; j < GATHERED; j++) {
            if (i + j * threads < count)
                copies[i + j * threads] = x[j];
        }
    }
}

/* A strip as in cols_keep; each block has `each` runs of its rows. In front of the rows: the sums
 * of its own runs, and a copy of the sums of all runs, which are at most 64. */
GCS_INLINE void cols_cluster(const gcs_cuda_launch *launch, const gcs_rule rule, const form fixed,
                             const int threads, const int vectors) {
    GCS_SHARED(shared);
    const int k = 4 * vectors, blocks = (int)cluster_blocks(), rank = (int)cluster_rank();
    kept t;
    t.b = open_job(launch, blockIdx.x / (uint32_t)blocks, rule, fixed);
    if (t.b.skip)
        return;
    t.count = (int)t.b.work.count;
    t.line = line_of_strip(t.count);
    const int width = 4 << t.line;
    const int all = (int)t.b.rows, runs = (all + GCS_RUN - 1) / GCS_RUN;
    const int each = (runs + blocks - 1) / blocks;
    const int at = rank * each * GCS_RUN, left = all - at;
    const int rows = left < 0 ? 0 : left < each * GCS_RUN ? left : each * GCS_RUN;
    float *const copies = shared + each * width;
    move_streams(t.b.f, &t.b.s, (uint64_t)at * t.b.cols + t.b.work.first);
    t.q = grid_of(t.b.f, &t.b.s);
    whole_lines(&t);
    t.y = copies + runs * width;
    t.fours = rows << t.line;
    keep_all(&t, true, threads, k, 2);
    __syncthreads();
    sums_of_runs(t.y, rows, width, shared, threads);
    elements e;
    meet_cluster(&t, true, threads, k, &e);
    gather_sums(shared, each * width, runs * width, copies, threads);
    __syncthreads();
    cluster_arrive_unordered();
    means_of_columns(copies, runs, width, all);
    __syncthreads();
    vf mean[4];
    read_means(copies, width, mean);
    step_kept(&t, true, threads, k, mean, &e);
    cluster_wait();
}

#endif
