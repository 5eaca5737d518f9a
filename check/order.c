/* The order of summation S, written from docs/arithmetic.md with no regard to speed. */
#include "check/order.h"

/* The numbers are the page's, not the kernels' macros: a change there has to show here. */
enum { LANES = 32, SEGMENT = 1024, RUN = 64 };

float gcs_order_segment(const float *y, uint64_t n) {
    float lane[LANES] = {0};
    for (uint64_t i = 0; i < n; i++)
        lane[i % LANES] += y[i];
    for (unsigned h = LANES / 2; h > 0; h /= 2)
        for (unsigned l = 0; l < h; l++)
            lane[l] += lane[l + h];
    return lane[0];
}

static float sum_run(const float *y, uint64_t n) {
    float sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += y[i];
    return sum;
}

float gcs_order_sum(float *y, uint64_t n, bool contiguous) {
    uint64_t piece = contiguous ? SEGMENT : RUN;
    do {
        uint64_t pieces = 0;
        for (uint64_t first = 0; first < n; first += piece) {
            uint64_t length = n - first < piece ? n - first : piece;
            y[pieces++] =
                contiguous ? gcs_order_segment(y + first, length) : sum_run(y + first, length);
        }
        n = pieces;
    } while (n > 1);
    return y[0];
}

uint64_t gcs_order_depth(uint64_t n, bool contiguous) {
    uint64_t piece = contiguous ? SEGMENT : RUN;
    uint64_t depth = 0;
    do {
        uint64_t length = n < piece ? n : piece;
        /* The first addition, to +0, is exact. The lanes are folded five times. */
        depth += contiguous ? (length + LANES - 1) / LANES - 1 + 5 : length - 1;
        n = (n + piece - 1) / piece;
    } while (n > 1);
    return depth;
}
