/* The scalar reference: the oracle of what is right. In double, one plain loop per formula, written
 * from the formulas in <gcstep/gcstep.h> and the papers named there; it shares nothing with the
 * kernels. */
#ifndef GCSTEP_REFERENCE_REFERENCE_H
#define GCSTEP_REFERENCE_REFERENCE_H

#include <gcstep/gcstep.h>

/* The buffers of one tensor, or of its piece, before the step. State may be NULL where the rule has
 * none, and at t = 1, where it is zero. */
typedef struct gcs_reference_in {
    const float *w;
    const void *g; /* of spec.gradient's type */
    const float *m;
    const float *v;
    const float *v_max;
    const float *means; /* NULL, or the groups' means as gcs_buffers has them; a piece that cuts */
    const float *w_means; /* groups needs them where a mean is taken off */
} gcs_reference_in;

/* The buffers after the step. State may be NULL where the rule has none. */
typedef struct gcs_reference_out {
    double *w;
    double *m;
    double *v;
    double *v_max;
} gcs_reference_out;

/* One step over the elements of the tensor, or of its piece. found_inf is not looked at, and no
 * copy is made: see gcs_reference_copy_fits. */
void gcs_reference_step(const gcs_spec *spec, const gcs_tensor *tensor, const gcs_hyper *hyper,
                        const gcs_reference_in *in, const gcs_reference_out *out);

/* The sum, over the elements of group number `group` (gcs_tensor_first_group), of what the spec
 * takes the mean of: the gradient term, or with CENTER_UPDATE the change of w. Of the part of the
 * group that the piece holds. 0 where nothing is centred. */
double gcs_reference_group_sum(const gcs_spec *spec, const gcs_tensor *tensor,
                               const gcs_hyper *hyper, const gcs_reference_in *in, uint64_t group);

/* What a measuring finds of some elements of g. NaN where an element leads to one; a NaN is above
 * all magnitudes. */
typedef struct gcs_reference_found {
    double sum, square, max;              /* of g: sum, sum of squares, largest magnitude */
    double square_centered, max_centered; /* of g less the mean */
    bool finite;
} gcs_reference_found;

/* Of `length` elements of g from index `start`, `stride` apart, as they are in the buffer. mean: of
 * g, NULL where it is to be taken from these elements. */
gcs_reference_found gcs_reference_find(gcs_type type, const void *g, uint64_t start,
                                       uint64_t length, uint64_t stride, const double *mean);

/* What gcs_measure has to find of a whole tensor, whose means it takes itself; `sums` may be NULL.
 */
typedef struct gcs_reference_measures {
    double *sums;
    double norm, norm_centered, max, max_centered;
    bool finite;
} gcs_reference_measures;

void gcs_reference_measure(const gcs_spec *spec, const gcs_tensor *tensor, const gcs_hyper *hyper,
                           const gcs_reference_in *in, gcs_reference_measures *measures);

/* ---- Numbers of 16 bits (numbers.c) ------------------------------------------------------- */

/* Element i of an array of that type. */
double gcs_reference_number(gcs_type type, const void *array, uint64_t i);

/* Whether `bits` may stand in the copy for the weight w: plain, no number of the format is nearer;
 * stochastic, it is the nearest number above or below. No finite weight within the format's range
 * becomes infinite by a draw. */
bool gcs_reference_copy_fits(gcs_copy copy, float w, uint16_t bits);

#endif
