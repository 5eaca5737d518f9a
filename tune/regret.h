/* What a kernel loses on shapes that were measured, and the kernel that loses least: the evidence
 * for default lines. */
#ifndef GCSTEP_TUNE_REGRET_H
#define GCSTEP_TUNE_REGRET_H

#include "tune/result.h"

/* The results that a default line is made from. */
typedef struct gcs_evidence_set {
    const gcs_results *machines; /* [machine_count], of one machine each */
    size_t machine_count;
    gcs_table_key class;   /* rule, centre, types and layout count */
    uint32_t threads;      /* 0: any number */
    uint64_t above, up_to; /* lengths of rows: more than `above`, at most `up_to` (0: any) */
    gcs_isa isa;           /* kernels of this ISA and earlier ones, on machines that were measured
                            * with this one; GCS_ISA_COUNT: all kernels, all machines */
    const gcs_shape_result *left_out; /* NULL: none */
} gcs_evidence_set;

typedef struct gcs_loss {
    size_t shapes;
    double sum, worst; /* of time / best time - 1 */
    double log_gain;   /* sum of log(default's time / this kernel's) */
} gcs_loss;

/* Time / best time - 1, where both are ratios to the default's. A kernel that ties with the winner
 * may have the lower median: no regret. */
double gcs_regret(double ratio, double best);

/* Whether the result is one of the set. */
bool gcs_evidence_has(const gcs_evidence_set *set, const gcs_results *machine,
                      const gcs_shape_result *result);

/* What one kernel, or (kernel NULL) the present default's choice for each shape, loses. False where
 * a shape was not timed with the kernel. */
bool gcs_loss_of(const gcs_evidence_set *set, const char *kernel, gcs_loss *loss);

/* Whether the kernel accepts every shape that a default line of the set would be for. */
bool gcs_serves_set(const gcs_evidence_set *set, const gcs_kernel *kernel);

#endif
