/* Timing one line of a table again: does what it says still hold? The rules are stated in
 * docs/table.md. */
#ifndef GCSTEP_TUNE_RETIME_H
#define GCSTEP_TUNE_RETIME_H

#include "dispatch/table.h"
#include "measure/statistics.h"
#include "tune/rig.h"

typedef enum gcs_retimed {
    GCS_RETIMED_HOLDS,
    GCS_RETIMED_DRIFT,
    GCS_RETIMED_NO_TIME, /* the time was up before there was a result */
    GCS_RETIMED_FAILED   /* `why` says what failed */
} gcs_retimed;

/* What was compared: times of the default, or (the line's kernel being the default) of the ceiling,
 * over those of the line's kernel. */
typedef struct gcs_retiming {
    bool with_ceiling;
    double recorded, recorded_low, recorded_high;
    double now, now_low, now_high;
    uint32_t rounds;
} gcs_retiming;

/* Times the line's kernel against the default on cold buffers until `deadline` (gcs_now_ns), but
 * not longer than it takes. Its kernel must be one that can run there. */
gcs_retimed gcs_retime(gcs_rig *rig, const gcs_table_line *line, uint64_t deadline,
                       gcs_retiming *timing, char *why, size_t why_size);

#endif
