/* Whole rows that a block holds in registers: each contiguous row is a group. */
#ifndef GCSTEP_KERNELS_CUDA_ROWS_CUH
#define GCSTEP_KERNELS_CUDA_ROWS_CUH

/* Which row an element of the block is in. */
typedef struct row_finder {
    int length;
    uint32_t reciprocal; /* 2^32 / length, rounded up: exact for all that a block holds */
} row_finder;

GCS_INLINE row_finder find_rows(int length) {
    row_finder finder;
    finder.length = length;
    finder.reciprocal = 0xffffffffU / (uint32_t)length + 1; /* of 1: 0 */
    return finder;
}

GCS_INLINE int row_of(const row_finder *finder, int i) {
    return finder->length == 1 ? i : (int)__umulhi((unsigned)i, finder->reciprocal);
}

/* The first pass into shared memory. Rows that single threads will sum are kept an odd number of
 * floats apart, so that these threads meet different banks. */
GCS_INLINE shared_rows share_rows(const stretch *t, float *shared, const row_finder *finder,
                                  const int k, const vf y[]) {
    const int length = finder->length, pad = length <= FEW && length % 2 == 0;
    const shared_rows x = {pad ? shared : shared + t->q.shift, t->n / length, length, length + pad};
    GCS_UNROLL
    for (int j = 0; j < k / 4; j++) {
        const int i = (int)t->at[j].at;
        if (!pad) {
            *(float4 *)(shared + (i + t->q.shift)) =
                make_float4(y[4 * j], y[4 * j + 1], y[4 * j + 2], y[4 * j + 3]);
            continue;
        }
        GCS_UNROLL
        for (int c = 0; c < 4; c++) {
            if (holds(&t->at[j], c))
                shared[i + c + row_of(finder, i + c)] = y[4 * j + c];
        }
    }
    return x;
}

/* The mean that belongs to each of a thread's elements. */
GCS_INLINE void means_of_elements(const stretch *t, const shared_rows *x, const row_finder *finder,
                                  const int k, vf mean[]) {
    if (x->rows == 1) {
        EACH(j)
        mean[j] = x->y[0];
        return;
    }
    GCS_UNROLL
    for (int j = 0; j < k / 4; j++) {
        GCS_UNROLL
        for (int c = 0; c < 4; c++) {
            const int row = row_of(finder, (int)t->at[j].at + c);
            mean[4 * j + c] = holds(&t->at[j], c) ? x->y[row * x->stride] : 0.0F;
        }
    }
}

/* `vectors` fours a thread. The sums are taken in shared memory; weights and state are on their way
 * meanwhile. Shared memory: 1.5 times the block's elements, for rows of two. */
GCS_INLINE void rows_block(const gcs_cuda_launch *launch, const gcs_rule rule, const form fixed,
                           const int threads, const int vectors) {
    GCS_SHARED(shared);
    const int k = 4 * vectors;
    stretch t;
    t.b = open_job(launch, blockIdx.x, rule, fixed);
    const row_finder finder = find_rows((int)t.b.cols);
    open_stretch(&t, t.b.work.first * t.b.cols, (int)t.b.work.count * finder.length, threads, k);
    elements e;
    vf y[GCS_MAX_UNROLL], mean[GCS_MAX_UNROLL];
    read_elements(&t, k, &e);
    if (t.b.skip)
        return;
    first_pass(t.b.f, k, &t.b.c, &e, y);
    const shared_rows x = share_rows(&t, shared, &finder, k, y);
    __syncthreads();
    means_of_rows(&x, threads);
    __syncthreads();
    means_of_elements(&t, &x, &finder, k, mean);
    second_pass(t.b.f, k, &t.b.c, &e, y, mean);
    write_elements(&t, k, &e);
}

#endif
