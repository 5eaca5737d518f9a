/* How well a table made from the results serves shapes that were not measured. */
#ifndef GCSTEP_TUNE_LOOKUP_H
#define GCSTEP_TUNE_LOOKUP_H

#include "tune/result.h"

/* A line of the table for the shape. */
gcs_table_line gcs_line_of(const gcs_shape_result *result);

/* The default line of the key's (rule, centre, types, layout, threads), from all results of that
 * class but `left_out` (may be NULL): the kernel with the least summed regret over the shapes, of
 * those that won a shape beyond the noise and the present default. False where no single kernel
 * does at least as well as the default that there is without the line. */
bool gcs_default_line_of(const gcs_results *results, const gcs_table_key *key,
                         const gcs_shape_result *left_out, gcs_table_line *line);

/* What a tensor of this shape would lose if it were not in the table: the kernel is looked up as
 * dispatch does, among the lines of all other results, and its time on this shape is compared with
 * the best kernel's: time / best time - 1. False when memory ran out. */
bool gcs_regret_of(const gcs_results *results, const gcs_shape_result *shape,
                   const gcs_machine *machine, double *lost);

#endif
