/* What a trainer written from scratch does: plain loops over each tensor, and where gradients are
 * centred a pass of its own before them. A peer for tools/peers.py, which compiles it with
 * -march=native, and with -fopenmp where it may use several threads. No part of gcstep. */
#include <math.h>
#include <stddef.h>
#ifdef _OPENMP
#include <omp.h>
#endif

struct plain_tensor {
    float *w, *g, *m, *v; /* v: Adam only */
    size_t count;
    size_t rows, cols; /* the groups: of `cols` contiguous elements, or columns; 0 rows: none */
    int columns;       /* the groups are the columns */
};

struct plain_hyper {
    float lr, momentum, beta1, beta2, eps, weight_decay;
    float correction1, correction2; /* 1 - beta^t */
    int adam;
};

static void center_rows(float *g, size_t rows, size_t cols) {
#pragma omp parallel for
    for (size_t r = 0; r < rows; r++) {
        float *row = g + r * cols, sum = 0;
        for (size_t c = 0; c < cols; c++)
            sum += row[c];
        const float mean = sum / (float)cols;
        for (size_t c = 0; c < cols; c++)
            row[c] -= mean;
    }
}

/* The columns [first, last), row after row as they lie in memory. */
static void center_some_cols(float *g, size_t rows, size_t cols, size_t first, size_t last) {
    float mean[last - first];
    for (size_t c = first; c < last; c++)
        mean[c - first] = 0;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = first; c < last; c++)
            mean[c - first] += g[r * cols + c];
    for (size_t c = first; c < last; c++)
        mean[c - first] /= (float)rows;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = first; c < last; c++)
            g[r * cols + c] -= mean[c - first];
}

static void center_cols(float *g, size_t rows, size_t cols) {
    const size_t largest = 1 << 16; /* columns at once, whose sums lie on the stack */
    size_t parts = (cols + largest - 1) / largest;
#ifdef _OPENMP
    const size_t threads = (size_t)omp_get_max_threads();
    parts = parts < threads ? threads : parts;
#endif
    parts = parts < cols ? parts : cols;
#pragma omp parallel for
    for (size_t p = 0; p < parts; p++)
        center_some_cols(g, rows, cols, cols * p / parts, cols * (p + 1) / parts);
}

static void sgdm(const struct plain_tensor *t, const struct plain_hyper *h) {
    float *w = t->w, *g = t->g, *m = t->m;
    const float lr = h->lr, momentum = h->momentum;
#pragma omp parallel for
    for (size_t i = 0; i < t->count; i++) {
        m[i] = momentum * m[i] + g[i];
        w[i] -= lr * m[i];
    }
}

static void adam(const struct plain_tensor *t, const struct plain_hyper *h) {
    float *w = t->w, *g = t->g, *m = t->m, *v = t->v;
    const float lr = h->lr, beta1 = h->beta1, beta2 = h->beta2, eps = h->eps;
    const float decay = h->lr * h->weight_decay;
    const float c1 = 1 / h->correction1, c2 = 1 / h->correction2;
#pragma omp parallel for
    for (size_t i = 0; i < t->count; i++) {
        m[i] = beta1 * m[i] + (1 - beta1) * g[i];
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
        w[i] -= decay * w[i] + lr * (m[i] * c1) / (sqrtf(v[i] * c2) + eps);
    }
}

void plain_step(const struct plain_tensor *tensors, size_t count, const struct plain_hyper *hyper,
                int center) {
    for (size_t i = 0; i < count; i++) {
        const struct plain_tensor *t = &tensors[i];
        if (center && t->rows > 0)
            (t->columns ? center_cols : center_rows)(t->g, t->rows, t->cols);
        (hyper->adam ? adam : sgdm)(t, hyper);
    }
}
