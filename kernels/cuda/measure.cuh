/* Measuring the gradient: sums, squares and largest magnitudes of each group, before and after its
 * mean is taken off, and the sums of changes. Nothing is stepped. A long group is walked twice;
 * where it is not too long the second walk finds it in a cache. */
#ifndef GCSTEP_KERNELS_CUDA_MEASURE_CUH
#define GCSTEP_KERNELS_CUDA_MEASURE_CUH

/* Of some elements: the sum, the sum of squares, the largest magnitude's bits. */
typedef struct findings {
    float sum, square;
    uint32_t max;
} findings;

/* What is looked at: g less a mean, or the change of w. */
GCS_INLINE float looked_at(const job *b, const bool change, uint64_t i, float mean) {
    const form f = b->f;
    elements e;
    vf y[1];
    e.g[0] = has_halves(f) ? float_of_half(f, ((const uint16_t *)b->s.g)[i])
                           : ((const float *)b->s.g)[i];
    if (!change)
        return e.g[0] - mean;
    const bool old = !(f & FRESH);
    e.w[0] = (f & (L2_FIRST | DECOUPLED)) ? b->s.w[i] : 0.0F;
    e.m[0] = old && (f & HAS_M) ? b->s.m[i] : 0.0F;
    e.v[0] = old && (f & HAS_V) ? b->s.v[i] : 0.0F;
    e.v_max[0] = old && (f & HAS_V_MAX) ? b->s.v_max[i] : 0.0F;
    first_pass(f, 1, &b->c, &e, y);
    return y[0];
}

GCS_INLINE void find(findings *to, float x) {
    const uint32_t magnitude = v_bits(x) & ~SIGN;
    to->sum = to->sum + x;
    to->square = to->square + x * x;
    to->max = magnitude > to->max ? magnitude : to->max;
}

GCS_INLINE uint32_t larger_bits(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

/* ---- Contiguous groups, each by one warp -------------------------------------------------------
 */

/* Lane 0's: of the lanes that have been found each for itself. */
GCS_INLINE findings fold_findings(findings lane) {
    lane.sum = fold_lanes(lane.sum);
    lane.square = fold_lanes(lane.square);
    GCS_UNROLL
    for (int h = 16; h > 0; h /= 2) {
        const float other = shuffle_down(v_from_bits(lane.max), h);
        if (lane_of_warp() < h)
            lane.max = larger_bits(lane.max, v_bits(other));
    }
    return lane;
}

/* n <= 1,024 elements from element `at` on. */
GCS_INLINE findings find_segment(const job *b, const bool change, uint64_t at, int n, float mean) {
    findings lane = {0.0F, 0.0F, 0};
    GCS_EIGHT_TIMES
    for (int i = lane_of_warp(); i < n; i += GCS_LANES)
        find(&lane, looked_at(b, change, at + (uint64_t)i, mean));
    return fold_findings(lane);
}

/* Lanes of the two levels above a segment, of sums and of squares, in shared memory. */
#define LEVEL_FLOATS (2 * GCS_LANES)
#define ROW_FLOATS   (2 * LEVEL_FLOATS)

GCS_INLINE void clear_level(float *level) {
    __syncwarp();
    level[lane_of_warp()] = 0.0F;
    level[GCS_LANES + lane_of_warp()] = 0.0F;
    __syncwarp();
}

/* Lane 0 adds what is element number `number` of a level. */
GCS_INLINE void add_to_level(float *level, uint64_t number, const findings *x) {
    const int lane = (int)(number % GCS_LANES);
    if (lane_of_warp() == 0) {
        level[lane] = level[lane] + x->sum;
        level[GCS_LANES + lane] = level[GCS_LANES + lane] + x->square;
    }
    __syncwarp();
}

GCS_INLINE void fold_level(const float *level, findings *to) {
    to->sum = fold_lanes(level[lane_of_warp()]);
    to->square = fold_lanes(level[GCS_LANES + lane_of_warp()]);
}

/* A row of at most 1,024^3 elements; lane 0's. */
GCS_INLINE findings find_row(const job *b, const bool change, float *levels, uint64_t at,
                             float mean) {
    const uint64_t n = b->cols, of_level = (uint64_t)GCS_SEGMENT * GCS_SEGMENT;
    float *const above = levels + LEVEL_FLOATS;
    findings all = {0.0F, 0.0F, 0};
    if (n <= GCS_SEGMENT)
        return find_segment(b, change, at, (int)n, mean);
    clear_level(above);
    for (uint64_t from = 0; from < n; from += of_level) {
        const uint64_t end = n - from < of_level ? n : from + of_level;
        findings part = {0.0F, 0.0F, 0};
        clear_level(levels);
        for (uint64_t i = from; i < end; i += GCS_SEGMENT) {
            const int count = end - i < GCS_SEGMENT ? (int)(end - i) : GCS_SEGMENT;
            const findings found = find_segment(b, change, at + i, count, mean);
            add_to_level(levels, i / GCS_SEGMENT, &found);
            all.max = larger_bits(all.max, found.max);
        }
        fold_level(levels, &part);
        add_to_level(above, from / of_level, &part);
    }
    fold_level(above, &all);
    return all;
}

/* The first lane's value for all lanes of a warp. */
GCS_INLINE float from_first_lane(float *place, float x) {
    __syncwarp();
    if (lane_of_warp() == 0)
        *place = x;
    __syncwarp();
    return *place;
}

/* Where the figures of group number `i` of the item's slice go. */
GCS_INLINE void write_raw(const gcs_measured *to, uint64_t i, const findings *found) {
    to->sum[i] = found->sum;
    to->square[i] = found->square;
    to->max[i] = v_from_bits(found->max);
}
GCS_INLINE void write_centred(const gcs_measured *to, uint64_t i, const findings *found) {
    to->square_centered[i] = found->square;
    to->max_centered[i] = v_from_bits(found->max);
}

/* An item: rows [first, first + count). Rows have no slices. */
GCS_INLINE void rows_measure(const gcs_cuda_launch *launch, const gcs_rule rule, const form fixed,
                             const int threads, const int) {
    GCS_SHARED(shared);
    const job b = open_job(launch, blockIdx.x, rule, fixed);
    const gcs_measured to = b.matrix->measured;
    float *const levels = shared + warp_of_block() * ROW_FLOATS;
    for (uint32_t i = (uint32_t)warp_of_block(); i < b.work.count; i += (uint32_t)threads / 32) {
        const uint64_t row = b.work.first + i, at = row * b.cols;
        const findings raw = find_row(&b, false, levels, at, 0.0F);
        if (lane_of_warp() == 0)
            write_raw(&to, row, &raw);
        if (launch->form.center == GCS_CENTER_NONE)
            continue;
        const float own = from_first_lane(levels, raw.sum / (float)b.cols);
        const float mean = b.matrix->means != NULL ? b.matrix->means[row] : own;
        const findings centred = find_row(&b, false, levels, at, mean);
        if (lane_of_warp() == 0)
            write_centred(&to, row, &centred);
    }
}

/* An item: segments [first, first + count) of the one row, each less the mean that is given, or 0.
 */
GCS_INLINE void part_measure(const gcs_cuda_launch *launch, const gcs_rule rule, const form fixed,
                             const int threads, const int) {
    const job b = open_job(launch, blockIdx.x, rule, fixed);
    const gcs_measured to = b.matrix->measured;
    const float mean = b.matrix->means != NULL ? *b.matrix->means : 0.0F;
    for (uint32_t i = (uint32_t)warp_of_block(); i < b.work.count; i += (uint32_t)threads / 32) {
        const uint64_t segment = b.work.first + i, at = segment * GCS_SEGMENT;
        const uint64_t left = b.cols - at;
        const int n = left < GCS_SEGMENT ? (int)left : GCS_SEGMENT;
        const findings found = find_segment(&b, false, at, n, mean);
        if (lane_of_warp() == 0)
            write_raw(&to, segment, &found);
    }
}

/* The sums of the changes of rows [first, first + count). */
GCS_INLINE void rows_change(const gcs_cuda_launch *launch, const gcs_rule rule, const form fixed,
                            const int threads, const int) {
    GCS_SHARED(shared);
    const job b = open_job(launch, blockIdx.x, rule, fixed);
    float *const levels = shared + warp_of_block() * ROW_FLOATS;
    for (uint32_t i = (uint32_t)warp_of_block(); i < b.work.count; i += (uint32_t)threads / 32) {
        const uint64_t row = b.work.first + i;
        const findings found = find_row(&b, true, levels, row * b.cols, 0.0F);
        if (lane_of_warp() == 0)
            b.matrix->out[row] = found.sum;
    }
}

/* ---- Columns, a lane each; the warps share the runs ---------------------------------------------
 */

/* Sums of runs of 64 runs: the levels above one another. */
typedef struct run_levels {
    uint64_t runs; /* of the lowest of these levels */
    float low, middle, high;
} run_levels;

GCS_INLINE void add_to_levels(run_levels *x, float sum) {
    x->low = x->low + sum;
    if (++x->runs % GCS_RUN != 0)
        return;
    x->middle = x->middle + x->low;
    x->low = 0.0F;
    if (x->runs % (GCS_RUN * GCS_RUN) != 0)
        return;
    x->high = x->high + x->middle;
    x->middle = 0.0F;
}

/* Levels without a run under way add +0. */
GCS_INLINE float total_of_levels(const run_levels *x) {
    return x->high + (x->middle + x->low);
}

/* Rows whose runs are in shared memory at a time, [64][32] of sums, then of squares. */
#define CHUNK_ROWS   (GCS_RUN * GCS_RUN)
#define CHUNK_FLOATS (GCS_RUN * 32)

/* Rows [row, row + n) of the lane's column. What a change takes to compute is not unfolded. */
GCS_INLINE void find_run(const job *b, const bool change, uint64_t row, int n, uint64_t column,
                         float mean, findings *to) {
    if (change) {
        GCS_ONCE
        for (int i = 0; i < n; i++)
            find(to, looked_at(b, true, (row + (uint64_t)i) * b->cols + column, mean));
        return;
    }
    GCS_EIGHT_TIMES
    for (int i = 0; i < n; i++)
        find(to, looked_at(b, false, (row + (uint64_t)i) * b->cols + column, mean));
}

/* The lane's column, at most 64^5 rows; all of the block's warps call, and get it. */
GCS_INLINE findings find_column(const job *b, const bool change, float *shared, bool there,
                                uint64_t column, float mean, const int threads) {
    run_levels sums = {0, 0.0F, 0.0F, 0.0F}, squares = sums;
    uint32_t max = 0;
    for (uint64_t from = 0; from < b->rows; from += CHUNK_ROWS) {
        const uint64_t left = b->rows - from;
        const int rows = left < CHUNK_ROWS ? (int)left : CHUNK_ROWS;
        const int runs = (rows + GCS_RUN - 1) / GCS_RUN;
        __syncthreads();
        for (int run = warp_of_block(); run < runs; run += threads / 32) {
            const int end = rows - run * GCS_RUN < GCS_RUN ? rows : (run + 1) * GCS_RUN;
            findings found = {0.0F, 0.0F, 0};
            if (there)
                find_run(b, change, from + (uint64_t)(run * GCS_RUN), end - run * GCS_RUN, column,
                         mean, &found);
            shared[run * 32 + lane_of_warp()] = found.sum;
            shared[CHUNK_FLOATS + run * 32 + lane_of_warp()] = found.square;
            max = larger_bits(max, found.max);
        }
        __syncthreads();
        add_to_levels(&sums, sum_of_run(shared + lane_of_warp(), runs, 32));
        add_to_levels(&squares, sum_of_run(shared + CHUNK_FLOATS + lane_of_warp(), runs, 32));
    }
    __syncthreads();
    shared[threadIdx.x] = v_from_bits(max);
    __syncthreads();
    for (int warp = 0; warp < threads / 32; warp++)
        max = larger_bits(max, v_bits(shared[warp * 32 + lane_of_warp()]));
    const findings all = {total_of_levels(&sums), total_of_levels(&squares), max};
    return all;
}

/* An item: at most 32 columns. */
GCS_INLINE void cols_measure(const gcs_cuda_launch *launch, const gcs_rule rule, const form fixed,
                             const int threads, const int) {
    GCS_SHARED(shared);
    const job b = open_job(launch, blockIdx.x, rule, fixed);
    const gcs_measured to = b.matrix->measured;
    const bool there = lane_of_warp() < (int)b.work.count, writes = there && warp_of_block() == 0;
    const uint64_t column = b.work.first + (uint64_t)lane_of_warp();
    const uint64_t group = b.work.slice * b.cols + column;
    const findings raw = find_column(&b, false, shared, there, column, 0.0F, threads);
    if (writes)
        write_raw(&to, group, &raw);
    if (launch->form.center == GCS_CENTER_NONE)
        return;
    const float mean =
        b.matrix->means != NULL && there ? b.matrix->means[group] : raw.sum / (float)b.rows;
    const findings centred = find_column(&b, false, shared, there, column, mean, threads);
    if (writes)
        write_centred(&to, group, &centred);
}

/* The sums of the changes of at most 32 columns. */
GCS_INLINE void cols_change(const gcs_cuda_launch *launch, const gcs_rule rule, const form fixed,
                            const int threads, const int) {
    GCS_SHARED(shared);
    const job b = open_job(launch, blockIdx.x, rule, fixed);
    const bool there = lane_of_warp() < (int)b.work.count;
    const uint64_t column = b.work.first + (uint64_t)lane_of_warp();
    const findings found = find_column(&b, true, shared, there, column, 0.0F, threads);
    if (there && warp_of_block() == 0)
        b.matrix->out[b.work.slice * b.cols + column] = found.sum;
}

#endif
