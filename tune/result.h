/* What the tuner found out about one shape. */
#ifndef GCSTEP_TUNE_RESULT_H
#define GCSTEP_TUNE_RESULT_H

#include "dispatch/table.h"

#define GCS_KERNEL_NAME_SIZE 96

/* How far a kernel came. */
typedef enum gcs_fate {
    GCS_FATE_DEFAULT, /* the fixed rule's own choice, that all others are compared with */
    GCS_FATE_FAILED,  /* did not pass verification on this shape; not timed */
    GCS_FATE_DROPPED, /* clearly behind in the race */
    GCS_FATE_RACED,   /* ran all rounds of the race, was not taken into the final */
    GCS_FATE_FINAL    /* timed once more among the best */
} gcs_fate;

/* Ratios are this kernel's time over the default's in the same round: below 1 is faster. Those of
 * finalists are of the final's rounds alone, since the race chose them for being lucky too. */
typedef struct gcs_candidate_result {
    char kernel[GCS_KERNEL_NAME_SIZE];
    gcs_fate fate;
    double median, lower_quartile, upper_quartile;
    uint32_t rounds;
} gcs_candidate_result;

typedef struct gcs_shape_result {
    gcs_table_key key;
    gcs_rigor rigor;
    char date[12];
    gcs_candidate_result *candidates; /* the first is the default */
    size_t count;
    size_t winner;         /* index of the kernel for the table */
    double default_ns;     /* one step over the tensor by the default's kernel, cold */
    gcs_evidence evidence; /* of the winner, cold */
    double hot_gain;       /* hot: default's time / winner's time */
    double hot_ceiling;    /* hot: ceiling's time / winner's time */
    uint32_t hot_rounds;   /* 0: no time was left to measure hot */
} gcs_shape_result;

typedef struct gcs_results {
    gcs_shape_result *results;
    size_t count;
    unsigned isas; /* bit 1 << gcs_isa: a kernel of it is among the candidates */
    const gcs_device_identity *device; /* that they were measured on; NULL: a CPU */
} gcs_results;

/* Room for one more candidate; NULL when memory ran out. */
gcs_candidate_result *gcs_result_add(gcs_shape_result *result);

/* Takes over the candidates of `result`. A result of the same key is replaced. False when memory
 * ran out; `result` is then still the caller's. */
bool gcs_results_put(gcs_results *results, const gcs_shape_result *result);
gcs_shape_result *gcs_results_find(const gcs_results *results, const gcs_table_key *key);
void gcs_result_free(gcs_shape_result *result);
void gcs_results_free(gcs_results *results);

/* Median ratio of the kernel to the default on this shape; false when it was not timed there. */
bool gcs_result_ratio(const gcs_shape_result *result, const char *kernel, double *ratio);

/* Median ratio of the winner to the default. The least median of all would be that of the luckiest
 * kernel: where nobody beats the default beyond the noise, the default is the best there is. */
double gcs_result_best(const gcs_shape_result *result);

/* Half the width of the 99 % confidence interval of a median, estimated from the interquartile
 * range of so many values as of a normal distribution: 2.576 * sqrt(pi / 2) * (range / 1.349) /
 * sqrt(n). */
double gcs_interval_of(double interquartile_range, uint32_t rounds);

/* Whether the kernel's ratio differs from the winner's by no more than the noise of both. */
bool gcs_result_ties(const gcs_shape_result *result, const char *kernel);

/* The ISA in a kernel's name, also of a kernel that this build lacks; GCS_ISA_COUNT: an unknown
 * one. */
gcs_isa gcs_isa_in_name(const char *kernel);

const char *gcs_fate_name(gcs_fate fate);
bool gcs_fate_parse(const char *name, gcs_fate *fate);

#endif
