/* Sums in the order of docs/arithmetic.md, of floats in shared or global memory. */
#ifndef GCSTEP_KERNELS_CUDA_SUMS_CUH
#define GCSTEP_KERNELS_CUDA_SUMS_CUH

GCS_INLINE int lane_of_warp() {
    return (int)(threadIdx.x % 32);
}
GCS_INLINE int warp_of_block() {
    return (int)(threadIdx.x / 32);
}

/* ---- A contiguous group ------------------------------------------------------------------------
 */

/* Folds the lanes of a warp, all of which must call. The result is lane 0's. */
GCS_INLINE float fold_lanes(float lane) {
    GCS_UNROLL
    for (int h = 16; h > 0; h /= 2)
        lane = lane + shuffle_down(lane, h);
    return lane;
}

/* This thread's lane of a segment of n <= 1,024 floats. */
GCS_INLINE float sum_lane(const float *y, int n) {
    float sum = 0.0F;
    GCS_EIGHT_TIMES
    for (int i = lane_of_warp(); i < n; i += GCS_LANES)
        sum = sum + y[i];
    return sum;
}

/* S of n <= 1,024 floats, by one warp; lane 0's. */
GCS_INLINE float sum_of_segment(const float *y, int n) {
    return fold_lanes(sum_lane(y, n));
}

/* Lane `lane` of n <= 32 floats when the lanes have been folded down to `width`: each fold adds
 * lanes that are as far apart as the lanes then left. `lanes` is a power of two, n or more; lanes
 * from n on are +0, so that the folds down to `lanes` change nothing. */
template <int lanes, int width> GCS_INLINE float folded(const float *y, int n, int lane) {
    if constexpr (width == lanes)
        return lane < n ? 0.0F + y[lane] : 0.0F;
    else
        return folded<lanes, 2 * width>(y, n, lane) + folded<lanes, 2 * width>(y, n, lane + width);
}

/* S of n <= 32 floats, by one thread. */
GCS_INLINE float sum_of_few(const float *y, int n) {
    if (n > 16)
        return folded<32, 1>(y, n, 0);
    if (n > 8)
        return folded<16, 1>(y, n, 0);
    if (n > 4)
        return folded<8, 1>(y, n, 0);
    return folded<4, 1>(y, n, 0);
}

/* Rows in shared memory, `stride` floats from one to the next. */
typedef struct shared_rows {
    float *y;
    int rows, length, stride;
} shared_rows;

/* Rows that a thread sums alone. */
#define FEW GCS_LANES

/* Rows that a warp sums side by side, so that one's folds do not wait for another's. */
#define BATCH 4

/* The means of the rows row, row + step, ... of one segment each, by one warp. */
GCS_INLINE void means_of_batch(const shared_rows *x, int row, int step) {
    float sum[BATCH];
    GCS_UNROLL
    for (int j = 0; j < BATCH; j++) {
        const int at = row + j * step;
        sum[j] = sum_lane(x->y + at * x->stride, at < x->rows ? x->length : 0);
    }
    GCS_UNROLL
    for (int h = 16; h > 0; h /= 2) {
        GCS_UNROLL
        for (int j = 0; j < BATCH; j++)
            sum[j] = sum[j] + shuffle_down(sum[j], h);
    }
    if (lane_of_warp() != 0)
        return;
    GCS_UNROLL
    for (int j = 0; j < BATCH; j++) {
        const int at = row + j * step;
        if (at < x->rows)
            x->y[at * x->stride] = sum[j] / (float)x->length;
    }
}

/* The means of the rows, each left in its row's first float, which nobody else reads. The floats
 * must have been written before a barrier; the means are there behind the next. */
GCS_INLINE void means_of_rows(const shared_rows *x, const int threads) {
    const float n = (float)x->length;
    if (x->length <= FEW) {
        for (int row = (int)threadIdx.x; row < x->rows; row += threads) {
            float *const at = x->y + row * x->stride;
            *at = sum_of_few(at, x->length) / n;
        }
        return;
    }
    const int segments = (x->length + GCS_SEGMENT - 1) / GCS_SEGMENT;
    if (segments == 1) {
        for (int row = warp_of_block(); row < x->rows; row += threads / 32 * BATCH)
            means_of_batch(x, row, threads / 32);
        return;
    }
    for (int i = warp_of_block(); i < x->rows * segments; i += threads / 32) {
        const int row = i / segments, from = (i - row * segments) * GCS_SEGMENT;
        const int left = x->length - from, count = left < GCS_SEGMENT ? left : GCS_SEGMENT;
        float *const at = x->y + row * x->stride + from;
        const float sum = sum_of_segment(at, count);
        if (lane_of_warp() == 0)
            *at = sum;
    }
    __syncthreads();
    for (int row = warp_of_block(); row < x->rows; row += threads / 32) {
        float *const at = x->y + row * x->stride;
        const int i = lane_of_warp();
        /* Fewer than 32 segments fit shared memory's rows of this kind. */
        const float sum = fold_lanes(i < segments ? 0.0F + at[i * GCS_SEGMENT] : 0.0F);
        if (i == 0)
            *at = sum / n;
    }
}

/* The mean of one row that stays as it is: `sums` has room for its segments and one float more. For
 * all threads, behind barriers. */
GCS_INLINE float mean_of_row(const float *y, int length, float *sums, const int threads) {
    const int segments = (length + GCS_SEGMENT - 1) / GCS_SEGMENT;
    for (int i = warp_of_block(); i < segments; i += threads / 32) {
        const int left = length - i * GCS_SEGMENT, n = left < GCS_SEGMENT ? left : GCS_SEGMENT;
        const float sum = sum_of_segment(y + i * GCS_SEGMENT, n);
        if (lane_of_warp() == 0)
            sums[i] = sum;
    }
    __syncthreads();
    if (warp_of_block() == 0) {
        const float sum = sum_of_segment(sums, segments);
        if (lane_of_warp() == 0)
            sums[segments] = sum / (float)length;
    }
    __syncthreads();
    return sums[segments];
}

/* ---- A strided group ---------------------------------------------------------------------------
 */

/* n <= 64 floats, `stride` apart, added in order. */
GCS_INLINE float sum_of_run(const float *y, int n, int stride) {
    float sum = 0.0F;
    GCS_EIGHT_TIMES
    for (int i = 0; i < n; i++)
        sum = sum + y[i * stride];
    return sum;
}

/* The sums of the runs of y[rows][width], to sums[run][width]. */
GCS_INLINE void sums_of_runs(const float *y, int rows, int width, float *sums, const int threads) {
    const int runs = (rows + GCS_RUN - 1) / GCS_RUN;
    for (int i = (int)threadIdx.x; i < runs * width; i += threads) {
        const int run = i / width, column = i - run * width;
        const int left = rows - run * GCS_RUN, n = left < GCS_RUN ? left : GCS_RUN;
        sums[i] = sum_of_run(y + run * GCS_RUN * width + column, n, width);
    }
}

/* The means of columns of `rows` elements from the sums of their runs, at most 64, which are in
 * sums[run][width]: each is left in the column's first, which nobody else reads. One thread a
 * column: read by all that need a mean, the sums would cost more time of the shared memory than the
 * strip's elements. Behind a barrier; the means are there behind the next. */
GCS_INLINE void means_of_columns(float *sums, int runs, int width, int rows) {
    const int column = (int)threadIdx.x;
    if (column < width)
        sums[column] = sum_of_run(sums + column, runs, width) / (float)rows;
}

#endif
