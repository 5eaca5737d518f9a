/* The default lines of the built-in table, from what was measured on several machines. The rules
 * are stated in docs/tuning.md. */
#ifndef GCSTEP_TUNE_BUILTIN_H
#define GCSTEP_TUNE_BUILTIN_H

#include "tune/regret.h"

typedef struct gcs_builtin_line {
    gcs_table_line line;
    gcs_loss loss; /* shapes 0: a line of this build's table, for which nothing was measured */
} gcs_builtin_line;

typedef struct gcs_builtin_lines {
    gcs_builtin_line *items; /* sorted by key, those of one key by ISA, the best first */
    size_t count;
} gcs_builtin_lines;

/* `machines`: the results of each machine. False when memory ran out; gcs_builtin_free in any
 * case. */
bool gcs_builtin_choose(const gcs_results *machines, size_t machine_count,
                        gcs_builtin_lines *lines);
void gcs_builtin_free(gcs_builtin_lines *lines);

#endif
