/* Loops over elements without groups. */
#ifndef GCSTEP_KERNELS_CUDA_FLAT_CUH
#define GCSTEP_KERNELS_CUDA_FLAT_CUH

/* A contiguous stretch of elements as a block holds it in registers, k a thread. */
typedef struct stretch {
    job b;
    grid q;
    int n;
    four at[MAX_FOURS];
} stretch;

/* n elements from element `first` of the matrix on. */
GCS_INLINE void open_stretch(stretch *t, uint64_t first, int n, const int threads, const int k) {
    move_streams(t->b.f, &t->b.s, first);
    t->n = n;
    t->q = grid_of_range(t->b.f, &t->b.s, n, k * threads);
    fours_of_range(&t->q, (int)threadIdx.x, threads, n, k, t->at);
}

/* Everything that a step reads, before anything is stored. */
GCS_INLINE void read_elements(const stretch *t, const int k, elements *e) {
    read_gradient(t->b.f, &t->b.s, &t->q, t->at, k, e->g);
    read_stream(t->b.s.w, &t->q, t->at, k, e->w);
    read_state(t->b.f, &t->b.s, &t->q, t->at, k, e);
}

GCS_INLINE void write_elements(const stretch *t, const int k, const elements *e) {
    write_state(t->b.f, &t->b.s, &t->q, t->at, k, e);
    write_weights(t->b.f, &t->b.s, &t->q, t->at, k, e->w);
}

GCS_INLINE void flat_linear(const gcs_cuda_launch *launch, const gcs_rule rule, const form fixed,
                            const int threads, const int vectors) {
    const int k = 4 * vectors;
    stretch t;
    t.b = open_job(launch, blockIdx.x, rule, fixed);
    open_stretch(&t, t.b.work.first, (int)t.b.work.count, threads, k);
    elements e;
    vf y[GCS_MAX_UNROLL], mean[GCS_MAX_UNROLL];
    clear(k, mean);
    read_elements(&t, k, &e);
    if (t.b.skip)
        return;
    first_pass(t.b.f, k, &t.b.c, &e, y);
    second_pass(t.b.f, k, &t.b.c, &e, y, mean);
    write_elements(&t, k, &e);
}

/* The traffic of flat_linear without arithmetic: each weight is written as it was. The coefficient
 * `step` is 0, which the compiler does not know, so that the gradient is read. */
GCS_INLINE void flat_traffic(const gcs_cuda_launch *launch, const gcs_rule rule, const form fixed,
                             const int threads, const int vectors) {
    const int k = 4 * vectors;
    stretch t;
    t.b = open_job(launch, blockIdx.x, rule, fixed);
    t.b.f &= ~(form)FRESH;
    open_stretch(&t, t.b.work.first, (int)t.b.work.count, threads, k);
    elements e;
    read_elements(&t, k, &e);
    if (t.b.skip)
        return;
    EACH(j)
    e.w[j] = v_from_bits(v_bits(e.w[j]) | (v_bits(e.g[j]) & v_bits(t.b.c.step)));
    write_elements(&t, k, &e);
}

#endif
