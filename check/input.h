/* Classes of input values, from a seed. */
#ifndef GCSTEP_CHECK_INPUT_H
#define GCSTEP_CHECK_INPUT_H

#include <gcstep/gcstep.h>
#include <stdint.h>

typedef enum gcs_class {
    GCS_CLASS_NORMAL,    /* of size 1, all groups with a mean that shows */
    GCS_CLASS_NAN,       /* normal, a NaN here and there */
    GCS_CLASS_INF,       /* normal, an infinity here and there */
    GCS_CLASS_SUBNORMAL, /* subnormal and a little above */
    GCS_CLASS_HUGE,      /* sums, squares or products overflow */
    GCS_CLASS_ZERO,      /* +0 and -0 */
    GCS_CLASS_BOUNDARY,  /* pairs (a, -a) of powers of two: states of exactly 2^-126 */
    GCS_CLASS_MIXED,     /* any of these, element by element */
    GCS_CLASS_BITS,      /* w, g and m of random bits */
    GCS_CLASSES
} gcs_class;

const char *gcs_class_name(gcs_class class);

/* A stream of pseudo-random numbers (splitmix64). */
typedef struct gcs_stream {
    uint64_t state;
} gcs_stream;

uint64_t gcs_stream_next(gcs_stream *stream);

/* In [0, bound), bound > 0 and small. */
uint64_t gcs_stream_below(gcs_stream *stream, uint64_t bound);

/* Where the values go, each `count` floats. */
typedef struct gcs_input {
    float *w, *g, *m, *v, *v_max;
} gcs_input;

/* Elements i and i + `stride` with i / stride even are neighbours in one group, for the pairs. v
 * and v_max are never negative. */
void gcs_input_fill(gcs_class class, uint64_t seed, uint64_t count, uint64_t stride,
                    const gcs_input *to);

/* A gradient of that type, 16 bits, from one in f32. Where all numbers of a class would become 0 or
 * infinite, they are moved to where f16 has the like; random bits become others. */
void gcs_input_narrow(gcs_class class, gcs_type type, uint64_t count, const float *g, uint16_t *to);

#endif
