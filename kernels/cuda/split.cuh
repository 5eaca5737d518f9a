/* Groups that several blocks share. Two launches: in the first (work.phase 0) blocks take sums, and
 * the last of a group's to end makes its mean of them; in the second (1) blocks step pieces of the
 * groups. g is read twice; the host orders the steps so that they begin with what the sums have
 * read last, which the L2 may still have.
 *
 * A row's or strip's record in the scratch memory begins with a word that is 0 between launches:
 * the items of sums that have ended. Behind it a row has its mean, the sums of its segments, and of
 * segments of these; a strip the means of its columns, and lines of the sums of their runs, and of
 * runs of these. */
#ifndef GCSTEP_KERNELS_CUDA_SPLIT_CUH
#define GCSTEP_KERNELS_CUDA_SPLIT_CUH

#define RECORD_DATA GCS_CUDA_RECORD

/* Ends an item of `items`; true for all threads of the block that is the last to end. What the
 * blocks have written before is seen by it. */
GCS_INLINE bool is_last(uint32_t *counter, uint32_t items, float *shared) {
    uint32_t *const last = (uint32_t *)shared;
    __syncthreads();
    if (threadIdx.x == 0) {
        fence();
        *last = count_up(counter, items - 1) == items - 1;
        fence();
    }
    __syncthreads();
    return *last != 0;
}

/* What the mean is taken of, of element i; with CENTER_UPDATE the new state is written. */
GCS_INLINE float term_at(const job *b, uint64_t i) {
    const form f = b->f;
    const bool change = (f & CENTER_LAST) != 0, old = change && !(f & FRESH);
    elements e;
    vf y[1];
    e.g[0] = has_halves(f) ? float_of_half(f, ((const uint16_t *)b->s.g)[i])
                           : ((const float *)b->s.g)[i];
    e.w[0] = change || (f & L2_FIRST) ? b->s.w[i] : 0.0F;
    e.m[0] = old && (f & HAS_M) ? b->s.m[i] : 0.0F;
    e.v[0] = old && (f & HAS_V) ? b->s.v[i] : 0.0F;
    e.v_max[0] = old && (f & HAS_V_MAX) ? b->s.v_max[i] : 0.0F;
    first_pass(f, 1, &b->c, &e, y);
    if (change && (f & HAS_M))
        b->s.m[i] = e.m[0];
    if (change && (f & HAS_V))
        b->s.v[i] = e.v[0];
    if (change && (f & HAS_V_MAX))
        b->s.v_max[i] = e.v_max[0];
    return y[0];
}

/* Adds `count` elements, `stride` apart, from element `at` on, to `sum` in their order. `loads` of
 * them are read before the first is added. */
GCS_INLINE float add_elements(const job *b, uint64_t at, int count, uint64_t stride, float sum,
                              const int loads) {
    int i = 0;
    for (; i + loads <= count; i += loads) {
        float y[GCS_MAX_UNROLL];
        GCS_UNROLL
        for (int j = 0; j < loads; j++)
            y[j] = term_at(b, at + (uint64_t)(i + j) * stride);
        GCS_UNROLL
        for (int j = 0; j < loads; j++)
            sum = sum + y[j];
    }
    GCS_EIGHT_TIMES
    for (; i < count; i++)
        sum = sum + term_at(b, at + (uint64_t)i * stride);
    return sum;
}

/* The change once more, from the state that the sums have made. */
GCS_INLINE void change_again(const job *b, const int k, elements *e, vf y[]) {
    vf x[GCS_MAX_UNROLL];
    gradient_term(b->f, k, &b->c, e, x);
    change_of(b->f, k, &b->c, x, e, y);
}

/* Steps a thread's k elements, in fours `at`. means: of the row, or with `columns` of the four
 * columns that all of them are in. */
GCS_INLINE void step_piece(job *b, const grid *q, const four at[], const float *means, bool columns,
                           const int k) {
    const bool change = (b->f & CENTER_LAST) != 0;
    elements e;
    vf y[GCS_MAX_UNROLL], mean[GCS_MAX_UNROLL];
    if (change)
        b->f &= ~(form)FRESH; /* the sums have made the state */
    read_gradient(b->f, &b->s, q, at, k, e.g);
    read_stream(b->s.w, q, at, k, e.w);
    read_state(b->f, &b->s, q, at, k, &e);
    EACH(j)
    mean[j] = means[columns ? j % 4 : 0];
    if (change)
        change_again(b, k, &e, y);
    else
        gradient_term(b->f, k, &b->c, &e, y);
    second_pass(b->f, k, &b->c, &e, y, mean);
    if (!change)
        write_state(b->f, &b->s, q, at, k, &e);
    write_weights(b->f, &b->s, q, at, k, e.w);
}

/* ---- Rows ------------------------------------------------------------------------------------ */

/* S of n floats in global memory, by the block; behind them is room for the sums of segments. */
GCS_INLINE float fold_segments(float *from, uint64_t n, const int threads) {
    while (n > 1) {
        const uint64_t segments = (n + GCS_SEGMENT - 1) / GCS_SEGMENT;
        for (uint64_t i = (uint64_t)warp_of_block(); i < segments; i += (uint64_t)threads / 32) {
            const uint64_t left = n - i * GCS_SEGMENT;
            const float sum = sum_of_segment(from + i * GCS_SEGMENT,
                                             left < GCS_SEGMENT ? (int)left : GCS_SEGMENT);
            if (lane_of_warp() == 0)
                from[n + i] = sum;
        }
        __syncthreads();
        from += n;
        n = segments;
    }
    return from[0];
}

/* An item of sums: one segment for each warp. */
GCS_INLINE void split_row_sums(const job *b, uint32_t *record, float *shared, const int threads,
                               const int loads) {
    const uint32_t warps = (uint32_t)threads / 32;
    const uint64_t segments = (b->cols + GCS_SEGMENT - 1) / GCS_SEGMENT;
    const uint64_t i = (uint64_t)b->work.part * warps + (uint64_t)warp_of_block();
    float *const mean = (float *)record + RECORD_DATA, *const sums = mean + 1;
    if (i < segments) {
        const uint64_t left = b->cols - i * GCS_SEGMENT;
        const int n = left < GCS_SEGMENT ? (int)left : GCS_SEGMENT, lane = lane_of_warp();
        const float sum =
            fold_lanes(add_elements(b, i * GCS_SEGMENT + (uint64_t)lane,
                                    (n - lane + 31) / GCS_LANES, GCS_LANES, 0.0F, loads));
        if (lane_of_warp() == 0)
            sums[i] = sum;
    }
    if (!is_last(record, (uint32_t)((segments + warps - 1) / warps), shared))
        return;
    const float sum = fold_segments(sums, segments, threads);
    if (threadIdx.x == 0)
        *mean = sum / (float)b->cols;
}

/* Elements that a thread reads at a time where it sums: few where there is much to compute. */
GCS_INLINE int loads_of(const form fixed, const int most) {
    return (fixed & CENTER_LAST) ? 4 : most;
}

/* An item of the step: elements [part x capacity, + capacity) of row `first`. */
GCS_INLINE void rows_split(const gcs_cuda_launch *launch, const gcs_rule rule, const form fixed,
                           const int threads, const int vectors) {
    GCS_SHARED(shared);
    const int k = 4 * vectors;
    job b = open_job(launch, blockIdx.x, rule, fixed);
    if (b.skip)
        return;
    uint32_t *const record = launch->scratch + b.work.place;
    move_streams(b.f, &b.s, b.work.first * b.cols);
    if (b.work.phase == 0) {
        split_row_sums(&b, record, shared, threads, loads_of(fixed, 32));
        return;
    }
    const uint64_t capacity = (uint64_t)(k * threads), from = b.work.part * capacity;
    const uint64_t left = b.cols - from;
    const int n = left < capacity ? (int)left : k * threads;
    move_streams(b.f, &b.s, from);
    const grid q = grid_of_range(b.f, &b.s, n, k * threads);
    four at[MAX_FOURS];
    fours_of_range(&q, (int)threadIdx.x, threads, n, k, at);
    step_piece(&b, &q, at, (const float *)record + RECORD_DATA, false, k);
}

/* ---- Columns --------------------------------------------------------------------------------- */

/* S of each column of lines[n][width], by the block, in the first of them. */
GCS_INLINE void fold_runs(float *lines, uint64_t n, int width, const int threads) {
    while (n > 1) {
        const uint64_t runs = (n + GCS_RUN - 1) / GCS_RUN;
        for (uint64_t i = threadIdx.x; i < runs * (uint64_t)width; i += (uint64_t)threads) {
            const uint64_t run = i / (uint64_t)width, left = n - run * GCS_RUN;
            const float *const from = lines + run * GCS_RUN * (uint64_t)width + i % (uint64_t)width;
            const float sum = sum_of_run(from, left < GCS_RUN ? (int)left : GCS_RUN, width);
            /* Behind what is read: the room of another level. */
            lines[n * (uint64_t)width + i] = sum;
        }
        __syncthreads();
        lines += n * (uint64_t)width;
        n = runs;
    }
}

/* An item of sums: one run for each warp, of the columns [first, first + count). */
GCS_INLINE void split_column_sums(const job *b, uint32_t *record, float *shared, const int threads,
                                  const int line, const int loads) {
    const uint32_t warps = (uint32_t)threads / 32;
    const uint64_t runs = (b->rows + GCS_RUN - 1) / GCS_RUN;
    const uint64_t i = (uint64_t)b->work.part * warps + (uint64_t)warp_of_block();
    float *const means = (float *)record + RECORD_DATA, *const sums = means + line;
    if (i < runs) {
        const uint64_t left = b->rows - i * GCS_RUN;
        const int rows = left < GCS_RUN ? (int)left : GCS_RUN;
        for (int column = lane_of_warp(); column < (int)b->work.count; column += 32)
            sums[i * (uint64_t)line + (uint64_t)column] = add_elements(
                b, i * GCS_RUN * b->cols + (uint64_t)column, rows, b->cols, 0.0F, loads);
    }
    if (!is_last(record, (uint32_t)((runs + warps - 1) / warps), shared))
        return;
    fold_runs(sums, runs, line, threads);
    uint64_t at = 0;
    for (uint64_t n = runs; n > 1; n = (n + GCS_RUN - 1) / GCS_RUN)
        at += n;
    if ((int)threadIdx.x < line)
        means[threadIdx.x] = sums[at * (uint64_t)line + threadIdx.x] / (float)b->rows;
}

/* An item of the step: run `part` of the columns, in lines of `capacity` floats. */
GCS_INLINE void cols_split(const gcs_cuda_launch *launch, const gcs_rule rule, const form fixed,
                           const int threads, const int vectors) {
    GCS_SHARED(shared);
    const int k = 4 * vectors, fours = threads * vectors / GCS_RUN; /* of a line */
    job b = open_job(launch, blockIdx.x, rule, fixed);
    if (b.skip)
        return;
    uint32_t *const record = launch->scratch + b.work.place;
    move_streams(b.f, &b.s, b.work.first);
    if (b.work.phase == 0) {
        split_column_sums(&b, record, shared, threads, 4 * fours, loads_of(fixed, 8));
        return;
    }
    const uint64_t row = (uint64_t)b.work.part * GCS_RUN, left = b.rows - row;
    const int rows = left < GCS_RUN ? (int)left : GCS_RUN;
    move_streams(b.f, &b.s, row * b.cols);
    grid q = grid_of(b.f, &b.s);
    q.together = q.together && q.shift % 4 == 0 && b.cols % 4 == 0;
    four at[MAX_FOURS];
    GCS_UNROLL
    for (int j = 0; j < vectors; j++) {
        const int i = (int)threadIdx.x + j * threads, column = 4 * (i % fours);
        const int there = (int)b.work.count - column;
        at[j].at = (int64_t)((uint64_t)(i / fours) * b.cols) + column;
        at[j].from = 0;
        at[j].to = i / fours >= rows ? 0 : there < 4 ? there : 4;
    }
    const float *const means = (const float *)record + RECORD_DATA;
    step_piece(&b, &q, at, means + 4 * ((int)threadIdx.x % fours), true, k);
}

#endif
