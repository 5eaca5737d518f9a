/* What a block is to do: its item of work with all that belongs to it. */
#ifndef GCSTEP_KERNELS_CUDA_JOB_CUH
#define GCSTEP_KERNELS_CUDA_JOB_CUH

typedef struct job {
    gcs_cuda_work work;
    const gcs_cuda_matrix *matrix;
    uint64_t rows, cols; /* of the matrix */
    streams s;           /* at the matrix's first element, until move_streams */
    coefficients c;
    form f;
    bool skip; /* found_inf: nothing may be written */
} job;

/* splitmix64 (docs/arithmetic.md). */
GCS_INLINE uint64_t finish_bits(uint64_t z) {
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

GCS_INLINE gcs_draw draw_of(const gcs_cuda_group *group, const gcs_cuda_matrix *matrix) {
    const uint64_t key = finish_bits((group->draw ^ matrix->id) + 0x9e3779b97f4a7c15ULL);
    gcs_draw draw;
    draw.key[0] = (uint32_t)key;
    draw.key[1] = (uint32_t)(key >> 32);
    draw.index = matrix->index;
    return draw;
}

/* The form of a general kernel, or the one that is compiled in: rule 0 stands for general. */
GCS_INLINE form form_of(const gcs_cuda_launch *launch, const gcs_rule rule, const form fixed,
                        bool decay) {
    if (rule != 0)
        return rule_form(rule, decay, 0) | fixed;
    const gcs_form *wanted = &launch->form;
    return rule_form(wanted->rule, decay, wanted->center == GCS_CENTER_RAW_GRADIENT) |
           gradient_form(wanted->gradient) | copy_form(wanted->copy) | fixed;
}

GCS_INLINE streams streams_of(const gcs_cuda_matrix *x) {
    streams s;
    s.w = x->w;
    s.g = x->g;
    s.m = x->m;
    s.v = x->v;
    s.v_max = x->v_max;
    s.copy = x->copy;
    return s;
}

GCS_INLINE void move_streams(const form f, streams *s, uint64_t elements) {
    s->w += elements;
    s->g = (const char *)s->g + elements * (has_halves(f) ? 2 : 4);
    s->m += elements;
    s->v += elements;
    s->v_max += elements;
    s->copy += elements;
    s->draw.index += elements;
}

/* Item number `item` of the launch's work. */
GCS_INLINE job open_job(const gcs_cuda_launch *launch, uint32_t item, const gcs_rule rule,
                        const form fixed) {
    job b;
    b.work = launch->work[item];
    b.matrix = launch->matrices + b.work.matrix;
    b.rows = b.matrix->rows;
    b.cols = b.matrix->cols;
    const gcs_cuda_group *group =
        (launch->groups != NULL ? launch->groups : launch->inline_groups) + b.matrix->group;
    b.c = broadcast(&group->coef);
    b.f = form_of(launch, rule, fixed, group->coef.decay != 0);
    if (group->first_step)
        b.f |= FRESH;
    b.skip = group->found_inf != NULL && *group->found_inf != 0;
    b.s = streams_of(b.matrix);
    b.s.draw = draw_of(group, b.matrix);
    if (b.work.slice != 0)
        move_streams(b.f, &b.s, b.work.slice * b.rows * b.cols);
    return b;
}

/* The first pass: y, what the mean is taken of. With CENTER_LAST that is the change, and e holds
 * the new state; PEEK and the like have no place here. */
GCS_INLINE void first_pass(const form f, const int k, const coefficients *c, elements *e, vf y[]) {
    if (!(f & CENTER_LAST)) {
        gradient_term(f, k, c, e, y);
        return;
    }
    vf x[GCS_MAX_UNROLL];
    gradient_term(f, k, c, e, x);
    advance_state(f, k, c, x, e);
    change_of(f, k, c, x, e, y);
}

/* The second: from y and the mean of its group to the new weights, and the new state where the
 * first has not made it. */
GCS_INLINE void second_pass(const form f, const int k, const coefficients *c, elements *e, vf y[],
                            const vf mean[]) {
    if (f & CENTER_LAST) {
        EACH(j)
        e->w[j] = v_sub(e->w[j], v_sub(y[j], mean[j]));
        return;
    }
    if (f & CENTER_FIRST) {
        EACH(j)
        y[j] = v_sub(y[j], mean[j]);
    }
    if (f & L2_LAST) {
        EACH(j)
        y[j] = v_add(y[j], v_mul(c->decay, e->w[j]));
    }
    vf change[GCS_MAX_UNROLL];
    advance_state(f, k, c, y, e);
    change_of(f, k, c, y, e, change);
    EACH(j)
    e->w[j] = v_sub(e->w[j], change[j]);
}

#endif
