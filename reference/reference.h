/* The scalar reference: the oracle of what is right. In double, one plain loop per formula, written
 * from the formulas in <gcstep/gcstep.h> and the papers named there; it shares nothing with the
 * kernels. */
#ifndef GCSTEP_REFERENCE_REFERENCE_H
#define GCSTEP_REFERENCE_REFERENCE_H

#include <gcstep/gcstep.h>

/* The buffers of one tensor before the step. m and v may be NULL where the rule has none, and at
 * t = 1, where the state is zero. */
typedef struct gcs_reference_in {
    const float *w;
    const float *g;
    const float *m;
    const float *v;
} gcs_reference_in;

/* The buffers after the step. m and v may be NULL where the rule has none. */
typedef struct gcs_reference_out {
    double *w;
    double *m;
    double *v;
} gcs_reference_out;

/* One step over rows x cols elements. found_inf is not looked at. */
void gcs_reference_step(const gcs_spec *spec, const gcs_tensor *tensor, const gcs_hyper *hyper,
                        const gcs_reference_in *in, const gcs_reference_out *out);

#endif
