/* Groups that are too long for registers: y is kept in shared memory, so that g is read once.
 * Weights and state follow in a second walk. One row a block, or a strip of columns. */
#ifndef GCSTEP_KERNELS_CUDA_KEEP_CUH
#define GCSTEP_KERNELS_CUDA_KEEP_CUH

/* What a block keeps: four number i of it is at y + 4 i. */
typedef struct kept {
    job b;
    grid q;
    float *y;
    int fours;
    int n;     /* rows: elements */
    int line;  /* strips: the logarithm of a line's fours, */
    int count; /* and how many columns there are */
} kept;

/* A thread's fours from number `first` on, every `stride`-th. Those behind the last hold nothing.
 */
GCS_INLINE void fours_of_kept(const kept *t, const bool strip, int first, int stride, const int k,
                              four x[]) {
    if (!strip) {
        fours_of_range(&t->q, first, stride, t->n, k, x);
        return;
    }
    /* All in the same columns: `stride` is a multiple of a line's fours. */
    const int row = first >> t->line, column = 4 * (first - (row << t->line));
    const int64_t begin = (int64_t)((uint64_t)row * t->b.cols) + column;
    const int64_t step = (int64_t)((uint64_t)(stride >> t->line) * t->b.cols);
    const int left = t->count - column < 4 ? t->count - column : 4;
    GCS_UNROLL
    for (int j = 0; j < k / 4; j++) {
        x[j].at = begin + j * step;
        x[j].from = 0;
        x[j].to = first + j * stride < t->fours ? left : 0;
    }
}

/* One round of the first walk. */
GCS_INLINE void keep_round(const kept *t, const form f, const bool strip, int first, int stride,
                           const int k) {
    const bool change = (f & CENTER_LAST) != 0;
    four at[MAX_FOURS];
    elements e;
    vf y[GCS_MAX_UNROLL];
    fours_of_kept(t, strip, first, stride, k, at);
    read_gradient(f, &t->b.s, &t->q, at, k, e.g);
    clear(k, e.w);
    if (change || (f & L2_FIRST))
        read_stream_to_keep(t->b.s.w, &t->q, at, k, e.w);
    if (change)
        read_state(f, &t->b.s, &t->q, at, k, &e);
    first_pass(f, k, &t->b.c, &e, y);
    if (change)
        write_state(f, &t->b.s, &t->q, at, k, &e);
    GCS_UNROLL
    for (int j = 0; j < k / 4; j++) {
        if (first + j * stride < t->fours)
            *(float4 *)(t->y + 4 * (first + j * stride)) =
                make_float4(y[4 * j], y[4 * j + 1], y[4 * j + 2], y[4 * j + 3]);
    }
}

/* The first walk. Where it reads one stream alone, a thread takes `ahead` times k elements a round.
 */
GCS_INLINE void keep_all(const kept *t, const bool strip, const int threads, const int k,
                         const int ahead) {
    const form f = t->b.f;
    if (ahead == 1 || (f & (L2_FIRST | CENTER_LAST))) {
        for (int i = (int)threadIdx.x; i < t->fours; i += threads * (k / 4))
            keep_round(t, f, strip, i, threads, k);
    } else {
        for (int i = (int)threadIdx.x; i < t->fours; i += threads * (k / 4) * ahead)
            keep_round(t, f & ~(form)L2_FIRST, strip, i, threads, k * ahead);
    }
}

/* What a round of the second walk reads from memory. */
GCS_INLINE void load_round(const kept *t, const bool strip, int first, int stride, const int k,
                           elements *e) {
    four at[MAX_FOURS];
    fours_of_kept(t, strip, first, stride, k, at);
    read_stream(t->b.s.w, &t->q, at, k, e->w);
    if (!(t->b.f & CENTER_LAST))
        read_state(t->b.f, &t->b.s, &t->q, at, k, e);
}

GCS_INLINE float4 kept_four(const kept *t, int number) {
    if (number < t->fours)
        return *(const float4 *)(t->y + 4 * number);
    return make_float4(0, 0, 0, 0);
}

/* `mean`: of the row, or of each of the thread's four columns. */
GCS_INLINE void step_round(const kept *t, const bool strip, int first, int stride, const int k,
                           const vf mean[4], elements *e) {
    const form f = t->b.f;
    four at[MAX_FOURS];
    vf y[GCS_MAX_UNROLL], means[GCS_MAX_UNROLL];
    fours_of_kept(t, strip, first, stride, k, at);
    GCS_UNROLL
    for (int j = 0; j < k / 4; j++) {
        const float4 four = kept_four(t, first + j * stride);
        y[4 * j] = four.x;
        y[4 * j + 1] = four.y;
        y[4 * j + 2] = four.z;
        y[4 * j + 3] = four.w;
    }
    EACH(j)
    means[j] = mean[j % 4];
    second_pass(f, k, &t->b.c, e, y, means);
    if (!(f & CENTER_LAST))
        write_state(f, &t->b.s, &t->q, at, k, e);
    write_weights(f, &t->b.s, &t->q, at, k, e->w);
}

/* The second walk, whose first round has been loaded. */
GCS_INLINE void step_kept(const kept *t, const bool strip, const int threads, const int k,
                          const vf mean[4], elements *e) {
    const int begin = (int)threadIdx.x, round = threads * (k / 4);
    for (int i = begin; i < t->fours; i += round) {
        if (i != begin)
            load_round(t, strip, i, threads, k, e);
        step_round(t, strip, i, threads, k, mean, e);
    }
}

/* Behind the row: the sums of its segments, the mean. */
GCS_INLINE void rows_keep(const gcs_cuda_launch *launch, const gcs_rule rule, const form fixed,
                          const int threads, const int vectors) {
    GCS_SHARED(shared);
    const int k = 4 * vectors;
    kept t;
    t.b = open_job(launch, blockIdx.x, rule, fixed);
    if (t.b.skip)
        return;
    t.n = (int)t.b.cols;
    move_streams(t.b.f, &t.b.s, t.b.work.first * t.b.cols);
    t.q = grid_of(t.b.f, &t.b.s);
    t.y = shared;
    t.fours = (t.n + t.q.shift + 3) / 4;
    const int ahead = threads == 1024 ? 2 : 1; /* one block must do to keep the memory busy */
    keep_all(&t, false, threads, k, ahead);
    elements e;
    load_round(&t, false, (int)threadIdx.x, threads, k, &e);
    __syncthreads();
    const float mean = mean_of_row(shared + t.q.shift, t.n, shared + 4 * t.fours, threads);
    const vf means[4] = {mean, mean, mean, mean};
    step_kept(&t, false, threads, k, means, &e);
}

/* The logarithm of the fours of a line that holds so many columns. */
GCS_INLINE int line_of_strip(int count) {
    int line = 3;
    while ((4 << line) < count)
        line++;
    return line;
}

/* Of a strip no line begins before its first column. */
GCS_INLINE void whole_lines(kept *t) {
    t->q.together = t->q.together && t->q.shift % 4 == 0 && t->b.cols % 4 == 0;
    t->q.shift = 0;
}

/* Of the thread's four columns. */
GCS_INLINE void read_means(const float *means, int width, vf mean[4]) {
    const float4 x = *(const float4 *)(means + 4 * ((int)threadIdx.x % (width / 4)));
    mean[0] = x.x;
    mean[1] = x.y;
    mean[2] = x.z;
    mean[3] = x.w;
}

/* A strip of `work.count` columns in lines of a power of two of at least 32 floats, of which
 * `threads` is a multiple when divided by 4: so a thread meets the same four columns in each line.
 * Behind the lines: the sums of runs, of which there are at most 64. */
GCS_INLINE void cols_keep(const gcs_cuda_launch *launch, const gcs_rule rule, const form fixed,
                          const int threads, const int vectors) {
    GCS_SHARED(shared);
    const int k = 4 * vectors;
    kept t;
    t.b = open_job(launch, blockIdx.x, rule, fixed);
    if (t.b.skip)
        return;
    const int rows = (int)t.b.rows;
    t.count = (int)t.b.work.count;
    t.line = line_of_strip(t.count);
    const int width = 4 << t.line;
    move_streams(t.b.f, &t.b.s, t.b.work.first);
    t.q = grid_of(t.b.f, &t.b.s);
    whole_lines(&t);
    t.y = shared;
    t.fours = rows << t.line;
    keep_all(&t, true, threads, k, 1);
    elements e;
    load_round(&t, true, (int)threadIdx.x, threads, k, &e);
    float *const sums = shared + rows * width;
    __syncthreads();
    sums_of_runs(shared, rows, width, sums, threads);
    __syncthreads();
    means_of_columns(sums, (rows + GCS_RUN - 1) / GCS_RUN, width, rows);
    __syncthreads();
    vf mean[4];
    read_means(sums, width, mean);
    step_kept(&t, true, threads, k, mean, &e);
}

#endif
