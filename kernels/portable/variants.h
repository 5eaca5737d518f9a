/* The variants compiled in portable C: X(view, shape, elements per iteration), one kernel per rule
 * each. Row shapes take multiples of 32, the lanes of a segment. */
#define GCS_MAX_UNROLL 32

#define GCS_VARIANTS(X)                                                                            \
    X(flat, linear, 1)                                                                             \
    X(flat, linear, 8)                                                                             \
    X(flat, linear, 32)                                                                            \
    X(flat, grouped, 16)                                                                           \
    X(flat, traffic, 1)                                                                            \
    X(rows, pass2, 32)                                                                             \
    X(rows, pipe, 32)                                                                              \
    X(rows, block, 8)                                                                              \
    X(rows, block, 16)                                                                             \
    X(cols, strip, 16)                                                                             \
    X(cols, strip, 32)                                                                             \
    X(cols, panel, 16)                                                                             \
    X(part, linear, 16)

#define GCS_SUM_VARIANTS(X) X(sum, GCS_RULE_SGD, part, sums, 32)
