/* Getting elements from the buffers and back, four at a time. */
#ifndef GCSTEP_KERNELS_CUDA_ACCESS_CUH
#define GCSTEP_KERNELS_CUDA_ACCESS_CUH

/* Pointers to some element, of which `draw.index` is the number in its tensor. */
typedef struct streams {
    float *w;
    const void *g;
    float *m, *v, *v_max;
    uint16_t *copy;
    gcs_draw draw;
} streams;

/* Elements of a line of memory, 128 bytes of floats. A warp that begins at a line touches no more
 * of them than it must. */
#define LINE 32

/* How a range's elements are accessed: where all streams are apart from a line of w by the same
 * number of elements modulo four, `shift` is that number, fours begin at -shift and are accessed as
 * one; else each element is by itself. */
typedef struct grid {
    int shift;
    bool together;
} grid;

/* Four elements from `at` on, counted from where the streams point, of which [from, to) are in the
 * range. */
typedef struct four {
    int64_t at;
    int from, to;
} four;

/* The most fours of a thread. */
#define MAX_FOURS (GCS_MAX_UNROLL / 4)

/* Elements from a multiple of so many. */
GCS_INLINE int place_of(const void *p, unsigned bytes, unsigned elements) {
    return (int)((uintptr_t)p / bytes % elements);
}

GCS_INLINE bool has_halves(const form f) {
    return (f & (GRADIENT_BF16 | GRADIENT_F16)) != 0;
}

GCS_INLINE grid grid_of(const form f, const streams *s) {
    const int place = place_of(s->w, 4, 4);
    grid q;
    q.together = place_of(s->g, has_halves(f) ? 2 : 4, 4) == place;
    if (f & HAS_M)
        q.together = q.together && place_of(s->m, 4, 4) == place;
    if (f & HAS_V)
        q.together = q.together && place_of(s->v, 4, 4) == place;
    if (f & HAS_V_MAX)
        q.together = q.together && place_of(s->v_max, 4, 4) == place;
    if (f & (COPY_BF16 | COPY_F16))
        q.together = q.together && place_of(s->copy, 2, 4) == place;
    q.shift = q.together ? place_of(s->w, 4, LINE) : 0;
    return q;
}

/* The same for a contiguous range of n elements that starts where the streams point, in `room`
 * elements for its fours: where there is no room for the whole shift, fours begin at less of it. */
GCS_INLINE grid grid_of_range(const form f, const streams *s, int n, int room) {
    grid q = grid_of(f, s);
    if (n + q.shift > room)
        q.shift %= 4;
    if (n + q.shift > room) {
        q.shift = 0;
        q.together = false;
    }
    return q;
}

/* Number `number` of the range's fours, the first of which begins at -shift. */
GCS_INLINE four four_of_range(const grid *q, int number, int n) {
    const int i = 4 * number - q->shift;
    four x;
    x.at = i;
    x.from = i < 0 ? -i : 0;
    x.to = n - i < 4 ? n - i : 4; /* from and to may be beyond the four */
    return x;
}

/* A thread's fours: `first` and every `stride`-th behind it. */
GCS_INLINE void fours_of_range(const grid *q, int first, int stride, int n, const int k, four x[]) {
    GCS_UNROLL
    for (int j = 0; j < k / 4; j++)
        x[j] = four_of_range(q, first + j * stride, n);
}

GCS_INLINE bool is_whole(const grid *q, const four *x) {
    return q->together && x->from == 0 && x->to == 4;
}
GCS_INLINE bool holds(const four *x, int c) {
    return c >= x->from && c < x->to;
}

/* Elements outside of the range are +0. `again`: they will be read once more, and are to stay in
 * the L2 meanwhile. */
GCS_INLINE void read4(const float *p, const grid *q, const four *i, const bool again, vf x[]) {
    if (is_whole(q, i)) {
        const float4 *const from = (const float4 *)(p + i->at);
        const float4 y = again ? *from : load_stream(from);
        x[0] = y.x;
        x[1] = y.y;
        x[2] = y.z;
        x[3] = y.w;
        return;
    }
    GCS_UNROLL
    for (int c = 0; c < 4; c++)
        x[c] = holds(i, c) ? load_stream(p + (i->at + c)) : 0.0F;
}

GCS_INLINE void write4(float *p, const grid *q, const four *i, const vf x[]) {
    if (is_whole(q, i)) {
        store_stream((float4 *)(p + i->at), make_float4(x[0], x[1], x[2], x[3]));
        return;
    }
    GCS_UNROLL
    for (int c = 0; c < 4; c++) {
        if (holds(i, c))
            store_stream(p + (i->at + c), x[c]);
    }
}

GCS_INLINE vf float_of_half(const form f, uint32_t bits) {
    return (f & GRADIENT_BF16) ? v_from_bits(bits << 16) : float_of_f16(bits);
}

GCS_INLINE void read_halves4(const form f, const uint16_t *p, const grid *q, const four *i,
                             vf x[]) {
    uint32_t bits[4];
    if (is_whole(q, i)) {
        const uint2 y = load_stream((const uint2 *)(p + i->at));
        bits[0] = y.x & 0xffffU;
        bits[1] = y.x >> 16;
        bits[2] = y.y & 0xffffU;
        bits[3] = y.y >> 16;
    } else {
        GCS_UNROLL
        for (int c = 0; c < 4; c++)
            bits[c] = holds(i, c) ? load_stream(p + (i->at + c)) : 0;
    }
    GCS_UNROLL
    for (int c = 0; c < 4; c++)
        x[c] = float_of_half(f, bits[c]);
}

GCS_INLINE uint32_t half_of_float(const form f, const gcs_draw *draw, int64_t i, vf w) {
    if (!(f & STOCHASTIC))
        return (f & COPY_F16) ? f16_of_float(w) : bf16_nearest(w);
    const uint32_t bits = draw_bits(draw, (uint64_t)i);
    return (f & COPY_F16) ? f16_stochastic(w, bits) : bf16_stochastic(w, bits);
}

GCS_INLINE void write_copy4(const form f, const streams *s, const grid *q, const four *i,
                            const vf w[]) {
    uint32_t half[4];
    GCS_UNROLL
    for (int c = 0; c < 4; c++)
        half[c] = half_of_float(f, &s->draw, i->at + c, w[c]);
    if (is_whole(q, i)) {
        store_stream((uint2 *)(s->copy + i->at),
                     make_uint2(half[0] | half[1] << 16, half[2] | half[3] << 16));
        return;
    }
    GCS_UNROLL
    for (int c = 0; c < 4; c++) {
        if (holds(i, c))
            store_stream(s->copy + (i->at + c), (uint16_t)half[c]);
    }
}

/* ---- All elements of a thread: k of them in k / 4 fours ----------------------------------------
 */

GCS_INLINE void clear(const int k, vf x[]) {
    EACH(j)
    x[j] = 0.0F;
}

GCS_INLINE void read_stream(const float *p, const grid *q, const four i[], const int k, vf x[]) {
    GCS_UNROLL
    for (int j = 0; j < k / 4; j++)
        read4(p, q, i + j, false, x + 4 * j);
}

GCS_INLINE void read_stream_to_keep(const float *p, const grid *q, const four i[], const int k,
                                    vf x[]) {
    GCS_UNROLL
    for (int j = 0; j < k / 4; j++)
        read4(p, q, i + j, true, x + 4 * j);
}

GCS_INLINE void write_stream(float *p, const grid *q, const four i[], const int k, const vf x[]) {
    GCS_UNROLL
    for (int j = 0; j < k / 4; j++)
        write4(p, q, i + j, x + 4 * j);
}

GCS_INLINE void read_gradient(const form f, const streams *s, const grid *q, const four i[],
                              const int k, vf g[]) {
    if (!has_halves(f)) {
        read_stream((const float *)s->g, q, i, k, g);
        return;
    }
    GCS_UNROLL
    for (int j = 0; j < k / 4; j++)
        read_halves4(f, (const uint16_t *)s->g, q, i + j, g + 4 * j);
}

/* The old state; +0 what there is none of, and all of it at the first step. */
GCS_INLINE void read_state(const form f, const streams *s, const grid *q, const four i[],
                           const int k, elements *e) {
    clear(k, e->m);
    clear(k, e->v);
    clear(k, e->v_max);
    if (f & FRESH)
        return;
    if (f & HAS_M)
        read_stream(s->m, q, i, k, e->m);
    if (f & HAS_V)
        read_stream(s->v, q, i, k, e->v);
    if (f & HAS_V_MAX)
        read_stream(s->v_max, q, i, k, e->v_max);
}

GCS_INLINE void write_state(const form f, const streams *s, const grid *q, const four i[],
                            const int k, const elements *e) {
    if (f & HAS_M)
        write_stream(s->m, q, i, k, e->m);
    if (f & HAS_V)
        write_stream(s->v, q, i, k, e->v);
    if (f & HAS_V_MAX)
        write_stream(s->v_max, q, i, k, e->v_max);
}

/* The new weights, and their copy. */
GCS_INLINE void write_weights(const form f, const streams *s, const grid *q, const four i[],
                              const int k, const vf w[]) {
    write_stream(s->w, q, i, k, w);
    if (!(f & (COPY_BF16 | COPY_F16)))
        return;
    GCS_UNROLL
    for (int j = 0; j < k / 4; j++)
        write_copy4(f, s, q, i + j, w + 4 * j);
}

#endif
