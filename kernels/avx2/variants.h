/* The variants compiled for AVX2: X(view, shape, vectors per iteration), one kernel per rule each.
 * Row shapes take multiples of 4 vectors, the 32 lanes of a segment. */
#define GCS_MAX_UNROLL 8

#define GCS_VARIANTS(X)                                                                            \
    X(flat, linear, 1)                                                                             \
    X(flat, linear, 2)                                                                             \
    X(flat, linear, 4)                                                                             \
    X(flat, grouped, 2)                                                                            \
    X(flat, grouped, 4)                                                                            \
    X(flat, traffic, 4)                                                                            \
    X(rows, pass2, 4)                                                                              \
    X(rows, pass2, 8)                                                                              \
    X(rows, pipe, 4)                                                                               \
    X(rows, pipe, 8)                                                                               \
    X(rows, block, 2)                                                                              \
    X(rows, block, 4)                                                                              \
    X(cols, strip, 2)                                                                              \
    X(cols, strip, 4)                                                                              \
    X(cols, strip, 8)                                                                              \
    X(cols, panel, 2)                                                                              \
    X(cols, panel, 4)                                                                              \
    X(part, linear, 4)

#define GCS_SUM_VARIANTS(X) X(sum, GCS_RULE_SGD, part, sums, 4)
