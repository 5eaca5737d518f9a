/* The variants compiled for NEON: X(view, shape, vectors per iteration), one kernel per rule each.
 * Row shapes take 8 vectors, the 32 lanes of a segment. */
#define GCS_MAX_UNROLL 8

/* Vectors that a general kernel treats between two branches on its form. */
#define GCS_BUNDLE 4

#define GCS_VARIANTS(X)                                                                            \
    X(flat, linear, 8)                                                                             \
    X(flat, linear, 2)                                                                             \
    X(flat, grouped, 4)                                                                            \
    X(flat, traffic, 4)                                                                            \
    X(rows, pass2, 8)                                                                              \
    X(rows, pipe, 8)                                                                               \
    X(rows, fours, 8)                                                                              \
    X(rows, fetch, 8)                                                                              \
    X(rows, tile, 1)                                                                               \
    X(rows, block, 4)                                                                              \
    X(rows, block, 8)                                                                              \
    X(cols, strip, 8)                                                                              \
    X(cols, pipe, 8)                                                                               \
    X(cols, panel, 4)                                                                              \
    X(cols, panel, 8)                                                                              \
    X(part, linear, 8)

#define GCS_SUM_VARIANTS(X) X(sum, GCS_RULE_SGD, part, sums, 8)

/* For all rules, centres and types that have no kernel of their own: X(centre, view, shape,
 * unroll). "given": the caller has the means. "peek": see list.inc. */
#define GCS_GENERAL_VARIANTS(X)                                                                    \
    X(none, flat, linear, 4)                                                                       \
    X(none, flat, traffic, 4)                                                                      \
    X(grad, rows, pass2, 8)                                                                        \
    X(grad, rows, pipe, 8)                                                                         \
    X(grad, rows, block, 4)                                                                        \
    X(grad, cols, pipe, 8)                                                                         \
    X(grad, cols, panel, 4)                                                                        \
    X(grad, part, linear, 4)                                                                       \
    X(grad, part, sums, 8)                                                                         \
    X(update, rows, pass2, 8)                                                                      \
    X(update, rows, pipe, 8)                                                                       \
    X(update, rows, block, 4)                                                                      \
    X(update, cols, pipe, 8)                                                                       \
    X(update, cols, panel, 4)                                                                      \
    X(update, part, linear, 4)                                                                     \
    X(update, part, sums, 8)                                                                       \
    X(given, rows, given, 4)                                                                       \
    X(given, cols, given, 4)                                                                       \
    X(peek, rows, change, 8)                                                                       \
    X(peek, cols, change, 4)
