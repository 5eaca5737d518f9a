/* The progress of a tuning run, on stderr: one line that is rewritten where stderr is a terminal,
 * else one line per shape. */
#ifndef GCSTEP_TUNE_PROGRESS_H
#define GCSTEP_TUNE_PROGRESS_H

#include "tune/result.h"
#include <stdio.h>

typedef struct gcs_progress {
    bool terminal;
    size_t shape, shapes; /* number of this one, from 1, and of all */
    uint64_t deadline;    /* of the run, gcs_now_ns */
    uint64_t written;     /* when the line was last rewritten, gcs_now_ns */
    gcs_table_key key;    /* of this shape */
} gcs_progress;

void gcs_progress_open(gcs_progress *progress, size_t shapes, uint64_t deadline);
void gcs_progress_shape(gcs_progress *progress, const gcs_table_key *key);

/* After each round: the stage, kernels still in it, the best one so far, its speed in GB/s
 * (1e9 bytes) and as a fraction of the ceiling. */
void gcs_progress_round(gcs_progress *progress, const char *stage, size_t kernels, const char *best,
                        double gb_per_s, double ceiling);

/* The shape's result. */
void gcs_progress_result(gcs_progress *progress, const gcs_shape_result *result, double gb_per_s);

/* A sentence of its own. */
__attribute__((format(printf, 2, 3))) void gcs_progress_note(gcs_progress *progress,
                                                             const char *format, ...);

/* Leaves the line empty for what is printed next. */
void gcs_progress_clear(gcs_progress *progress);

#endif
