/* Loops over groups whose means the caller gives: any range of elements is stepped by itself. */
#ifndef GCSTEP_KERNELS_CUDA_GIVEN_CUH
#define GCSTEP_KERNELS_CUDA_GIVEN_CUH

/* What is taken off, of group number `group` of the matrix. */
GCS_INLINE float given_mean(const job *b, uint64_t group) {
    if (b->f & CENTER_LAST)
        return b->matrix->means[group];
    const float scaled = v_mul(b->c.scale, b->matrix->means[group]);
    return (b->f & L2_FIRST) ? v_add(scaled, v_mul(b->c.decay, b->matrix->w_means[group])) : scaled;
}

/* An item: elements [first, first + count) of the matrix. With `columns` its columns are the
 * groups, else its rows; the means of a slice follow those of the one before. */
GCS_INLINE void step_given(const gcs_cuda_launch *launch, const bool columns, const int threads,
                           const int vectors) {
    const int k = 4 * vectors;
    stretch t;
    t.b = open_job(launch, blockIdx.x, (gcs_rule)0, 0);
    t.b.f |= center_form(launch->form.center);
    const uint64_t base = t.b.work.slice * (columns ? t.b.cols : t.b.rows);
    open_stretch(&t, t.b.work.first, (int)t.b.work.count, threads, k);
    elements e;
    vf y[GCS_MAX_UNROLL], mean[GCS_MAX_UNROLL];
    read_elements(&t, k, &e);
    if (t.b.skip)
        return;
    EACH(j) {
        mean[j] = 0.0F;
        if (holds(&t.at[j / 4], j % 4)) {
            const uint64_t i = t.b.work.first + (uint64_t)(t.at[j / 4].at + j % 4);
            mean[j] = given_mean(&t.b, base + (columns ? i % t.b.cols : i / t.b.cols));
        }
    }
    first_pass(t.b.f, k, &t.b.c, &e, y);
    second_pass(t.b.f, k, &t.b.c, &e, y, mean);
    write_elements(&t, k, &e);
}

GCS_INLINE void rows_given(const gcs_cuda_launch *launch, const gcs_rule, const form,
                           const int threads, const int vectors) {
    step_given(launch, false, threads, vectors);
}
GCS_INLINE void cols_given(const gcs_cuda_launch *launch, const gcs_rule, const form,
                           const int threads, const int vectors) {
    step_given(launch, true, threads, vectors);
}

#endif
