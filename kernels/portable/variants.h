/* The variants compiled in portable C: X(view, shape, elements per iteration), one kernel per rule
 * each. Row shapes take multiples of 32, the lanes of a segment. */
#define GCS_MAX_UNROLL 32

/* Elements that a general kernel treats between two branches on its form. */
#define GCS_BUNDLE 32

#define GCS_VARIANTS(X)                                                                            \
    X(flat, linear, 1)                                                                             \
    X(flat, linear, 32)                                                                            \
    X(flat, grouped, 16)                                                                           \
    X(flat, traffic, 1)                                                                            \
    X(rows, pass2, 32)                                                                             \
    X(rows, pipe, 32)                                                                              \
    X(rows, block, 16)                                                                             \
    X(cols, strip, 16)                                                                             \
    X(cols, panel, 16)                                                                             \
    X(part, linear, 16)

#define GCS_SUM_VARIANTS(X) X(sum, GCS_RULE_SGD, part, sums, 32)

/* For all rules, centres and types that have no kernel of their own: X(centre, view, shape,
 * unroll). "given": the caller has the means. "peek": see list.inc. */
#define GCS_GENERAL_VARIANTS(X)                                                                    \
    X(none, flat, linear, 32)                                                                      \
    X(none, flat, traffic, 1)                                                                      \
    X(grad, rows, pass2, 32)                                                                       \
    X(grad, rows, pipe, 32)                                                                        \
    X(grad, rows, block, 32)                                                                       \
    X(grad, cols, strip, 32)                                                                       \
    X(grad, cols, panel, 32)                                                                       \
    X(grad, part, linear, 32)                                                                      \
    X(grad, part, sums, 32)                                                                        \
    X(update, rows, pass2, 32)                                                                     \
    X(update, rows, pipe, 32)                                                                      \
    X(update, rows, block, 32)                                                                     \
    X(update, cols, strip, 32)                                                                     \
    X(update, cols, panel, 32)                                                                     \
    X(update, part, linear, 32)                                                                    \
    X(update, part, sums, 32)                                                                      \
    X(given, rows, given, 32)                                                                      \
    X(given, cols, given, 32)                                                                      \
    X(peek, rows, change, 32)                                                                      \
    X(peek, cols, change, 32)
