/* The lines of a table that is made from results, and how well it serves shapes that were not
 * measured. */
#ifndef GCSTEP_TUNE_LOOKUP_H
#define GCSTEP_TUNE_LOOKUP_H

#include "tune/result.h"

/* A line of the table for the shape. `device` as in gcs_results. */
gcs_table_line gcs_line_of(const gcs_device_identity *device, const gcs_shape_result *result);

#define GCS_MOST_DEFAULT_LINES 2

/* The default lines of the key's (rule, centre, types, layout, threads), from all results of that
 * class but `left_out` (may be NULL); for rows one for short ones and one for the others. Each
 * names the kernel with the least summed regret over its shapes, of those that won a shape beyond
 * the noise and the present default. Where no single kernel does better than the default that there
 * is without the line there is none, but where a line for all rows would take the short ones too,
 * a line keeps them as they are. On a device there are such lines for flat tensors alone. Returns
 * their number. */
size_t gcs_default_lines_of(const gcs_results *results, const gcs_table_key *key,
                            const gcs_shape_result *left_out,
                            gcs_table_line lines[GCS_MOST_DEFAULT_LINES]);

/* What a tensor would lose if its shape were not in the table. */
typedef struct gcs_left_out {
    double regret;       /* time / best kernel's time - 1 */
    double beyond_noise; /* the same; 0 where the two are not told apart */
} gcs_left_out;

/* The kernel for the shape is looked up as dispatch does, among the lines of all other results and
 * the built-in table's. `machine` is that of the results where they are of a CPU. False when memory
 * ran out. */
bool gcs_leave_out(const gcs_results *results, const gcs_shape_result *shape,
                   const gcs_machine *machine, gcs_left_out *lost);

#endif
