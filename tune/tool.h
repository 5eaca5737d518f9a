/* Which program measured: version and compiler, for tables and `gcstep info`. */
#ifndef GCSTEP_TUNE_TOOL_H
#define GCSTEP_TUNE_TOOL_H

#include <stddef.h>

/* E.g. "gcstep 0.1.0 gcc 12.2.0". */
const char *gcs_tool_text(void);

/* Today's date in UTC, YYYY-MM-DD. */
void gcs_today(char *text, size_t size);

/* The user's table: $XDG_CONFIG_HOME/gcstep/table.tsv, else $HOME/.config/gcstep/table.tsv.
 * Returns 0 where neither variable is set, else the whole length, as snprintf. */
size_t gcs_user_table_path(char *path, size_t size);

#endif
