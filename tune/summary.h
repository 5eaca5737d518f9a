/* What a tuning run brought, for one spec, in a few lines for a reader. */
#ifndef GCSTEP_TUNE_SUMMARY_H
#define GCSTEP_TUNE_SUMMARY_H

#include "tune/result.h"
#include "tune/shapes.h"

/* Prints to stdout. `jobs`: the spec's shapes, with their occurrences. False when memory ran
 * out. */
bool gcs_summary_print(const gcs_spec *spec, const gcs_jobs *jobs, const gcs_results *results,
                       const gcs_machine *machine);

/* How to read the numbers; once, below all. */
void gcs_summary_print_legend(void);

#endif
