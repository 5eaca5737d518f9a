/* Autotuning tables: reading, merging, looking up. Format and rules: docs/table.md.
 *
 * A table says which kernel is fast, never which is safe: the caller filters (gcs_table_filter). */
#ifndef GCSTEP_DISPATCH_TABLE_H
#define GCSTEP_DISPATCH_TABLE_H

#include "dispatch/device_identity.h"
#include "dispatch/environment.h"
#include "dispatch/machine.h"
#include "kernels/kernel.h"

#define GCS_TABLE_SCHEMA    1
#define GCS_TABLE_MAX_BYTES ((size_t)16 << 20) /* a larger file is refused */

/* What a line is about. FLAT: rows = 1, cols = elements. Rule, centre and types as gcs_spec_form
 * gives them, so that what is the same has one key. */
typedef struct gcs_table_key {
    gcs_rule rule;
    gcs_center center;
    gcs_type gradient;
    gcs_copy copy;
    gcs_layout layout;
    uint64_t rows, cols; /* rows 0: a default line of what stands above, for any shape where cols is
                          * 0, for rows of at most cols elements where it is not */
    uint32_t threads;    /* 0 in a default line that is for any number, and of a device */
} gcs_table_key;

typedef enum gcs_rigor {
    GCS_RIGOR_NONE,
    GCS_RIGOR_QUICK,
    GCS_RIGOR_NORMAL,
    GCS_RIGOR_EXHAUSTIVE
} gcs_rigor;

/* What the measurement said. Fractions are ratios of times. */
typedef struct gcs_evidence {
    double median_ns;     /* of one step over the tensor */
    double spread;        /* interquartile range of the paired ratios */
    double ceiling;       /* ceiling's time / this kernel's time */
    double vs_default;    /* default's time / this kernel's time */
    double runner_up_gap; /* runner-up's time / this kernel's time - 1 */
    uint32_t rounds;
    char ties[256]; /* kernels that could not be told apart, joined by ','; "-": none */
} gcs_evidence;

typedef struct gcs_table_line {
    gcs_table_key key;
    char kernel[96];
    char impl_rev[24];
    gcs_rigor rigor;
    char date[12]; /* YYYY-MM-DD */
    gcs_evidence evidence;
    uint32_t source; /* index of the file it came from, in gcs_tables */
    uint32_t number; /* line number in that file, from 1 */
} gcs_table_line;

typedef struct gcs_tables gcs_tables;

/* One file that was looked for: its path ("built-in" for the compiled one) and what became of it.
 */
typedef struct gcs_table_source {
    const char *path;
    bool found;
    bool used;           /* at least its default lines count */
    size_t lines;        /* lines taken */
    const char *warning; /* NULL, or one sentence that names file and line */
} gcs_table_source;

/* Reads every table in the order of docs/table.md: `override` (a path or NULL) before the
 * environment's, the user's, the system's and the built-in one. Warnings go to gcs_log, one per
 * file. Never fails because of a table; NULL only when memory ran out. */
gcs_tables *gcs_tables_open(const gcs_environment *env, const gcs_machine *machine,
                            const char *override);

/* The same of the lines for this device, which are others than those for the CPU. The device's
 * backend must be one of this build. */
gcs_tables *gcs_tables_open_for_device(const gcs_environment *env,
                                       const gcs_device_identity *device, const char *override);
void gcs_tables_close(gcs_tables *tables);

/* Whether the file can be read as a table that is valid on this machine or, where `device` is not
 * NULL, for this device. False: `why` names the file, and the line where there is one. */
bool gcs_table_file_check(const char *path, const gcs_machine *machine,
                          const gcs_device_identity *device, char *why, size_t size);

size_t gcs_tables_sources(const gcs_tables *tables);
const gcs_table_source *gcs_tables_source(const gcs_tables *tables, size_t index);

/* The merged lines, in no particular order. */
size_t gcs_tables_lines(const gcs_tables *tables);
const gcs_table_line *gcs_tables_line(const gcs_tables *tables, size_t index);

/* How a kernel came to be chosen. */
typedef enum gcs_why {
    GCS_WHY_FORCED,
    GCS_WHY_EXACT,
    GCS_WHY_NEAREST,
    GCS_WHY_DEFAULT_LINE,
    GCS_WHY_FIXED_RULE
} gcs_why;

typedef struct gcs_choice {
    const gcs_kernel *kernel;
    gcs_why why;
    double octaves;             /* NEAREST: distance in (log2 rows, log2 cols), the larger one */
    const gcs_table_line *line; /* NULL for FORCED and FIXED_RULE */
} gcs_choice;

/* Whether the caller could run this kernel for what it has in mind. */
typedef bool gcs_table_filter(const void *context, const gcs_kernel *kernel);

/* Exact line, else the nearest within one octave in the same cache regime, else the default line;
 * (of several that hold, the one for the shortest rows, then the one for the number of threads);
 * a line whose kernel does not exist or that `filter` refuses is passed over. False: no line.
 * `tuned` false: default lines only. */
bool gcs_tables_find(const gcs_tables *tables, const gcs_table_key *key, bool tuned,
                     gcs_table_filter *filter, const void *context, gcs_choice *choice);

/* What the tables are asked while a plan for a device is made; `tables` NULL: they are not. */
typedef struct gcs_table_question {
    const gcs_tables *tables;
    gcs_table_key key;
    bool tuned;
} gcs_table_question;

/* gcs_tables_find of that question. */
bool gcs_tables_answer(const gcs_table_question *question, gcs_table_filter *filter,
                       const void *context, gcs_choice *choice);

/* Default lines are apart for rows that are short for the kernels of the key's form. */
uint64_t gcs_table_short_row(const gcs_table_key *key);

/* 0: in L2, 1: in L3, 2: beyond; from the bytes of state and gradient of the tensor, per thread. */
int gcs_table_regime(const gcs_machine *machine, const gcs_table_key *key);

/* The same on a device, which has one cache before its memory: 1: in it, 2: beyond. */
int gcs_table_device_regime(const gcs_device_identity *device, const gcs_table_key *key);

/* The built-in table's text (tables/builtin.tsv), compiled in. */
extern const char gcs_table_builtin[];

/* Text of the format, for those who write tables (tune/). Each returns the whole length as
 * snprintf does; the text ends in a newline. `tool` is e.g. "gcstep 0.1.0 gcc 12.2.0". `machine`
 * NULL: the writer adds sections of its own. */
size_t gcs_table_format_header(const gcs_machine *machine, const char *tool, const char *date,
                               char *text, size_t size);
size_t gcs_table_format_line(const gcs_table_line *line, char *text, size_t size);

#endif
