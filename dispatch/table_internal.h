/* What the table's files share: entries, the parser's interface and the merged tables. */
#ifndef GCSTEP_DISPATCH_TABLE_INTERNAL_H
#define GCSTEP_DISPATCH_TABLE_INTERNAL_H

#include "dispatch/table.h"

/* A line, and what decides between it and another one of the same key. */
typedef struct gcs_table_entry {
    gcs_table_line line;
    bool current;     /* impl_rev is that of the kernel in this build, or "-" */
    bool any_machine; /* from a section `machine any` */
    bool of_device;   /* from a section of a device */
    size_t identity;  /* offset in the file's text of the identity of its section */
} gcs_table_entry;

typedef struct gcs_table_entries {
    gcs_table_entry *items;
    size_t count, capacity;
} gcs_table_entries;

/* Is told of each line that is passed over. */
typedef void gcs_table_listener(void *context, uint32_t number, const char *problem);

/* What was wrong in one file. */
typedef struct gcs_table_report {
    bool refused;                 /* nothing of the file counts */
    size_t passed_over;           /* lines */
    uint32_t first_line;          /* number of the first line with a problem; 0: none */
    char first[256];              /* what the problem is */
    gcs_table_listener *listener; /* NULL: nobody listens */
    void *context;                /* of the listener */
} gcs_table_report;

/* Adds a line that is passed over; the problem of the earliest line is the one that is kept. */
__attribute__((format(printf, 3, 4))) void
gcs_table_pass_over(gcs_table_report *report, uint32_t number, const char *format, ...);

typedef struct gcs_table_file {
    const char *text;
    size_t size;
    uint32_t source;                   /* index in gcs_tables */
    const gcs_device_identity *device; /* NULL: the CPU's lines count; else those of this device */
    bool built_in; /* serves every build: kernels that this one lacks are no problem */
    bool whole;    /* for tools: the sections of all machines and devices count, and lines of
                    * kernels that this build or this CPU lacks */
    gcs_table_listener *listener; /* may be NULL */
    void *context;                /* of the listener */
} gcs_table_file;

/* Appends the file's lines that are valid on `machine`, or on file->device. False: memory ran out.
 * Where the report says `refused`, what was appended is to be dropped by the caller. */
bool gcs_table_parse(const gcs_table_file *file, const gcs_machine *machine,
                     gcs_table_entries *entries, gcs_table_report *report);

/* Reads one `line` line, already cut at its tabs, without source and number; false: `problem`
 * (size 256) says why. `of_device`: from a section of a device. */
#define GCS_TABLE_COLUMNS 18
bool gcs_table_parse_fields(char *const fields[GCS_TABLE_COLUMNS], bool of_device,
                            gcs_table_line *line, char *problem);

/* -1, 0, 1: rule, centre, gradient, copy, layout, rows, cols, threads in this order. */
int gcs_table_compare_keys(const gcs_table_key *a, const gcs_table_key *b);

/* Whether the keys differ in rows, cols and threads at most. */
bool gcs_table_same_class(const gcs_table_key *a, const gcs_table_key *b);

const char *gcs_rigor_name(gcs_rigor rigor);
bool gcs_rigor_parse(const char *name, gcs_rigor *rigor);

struct gcs_tables {
    gcs_machine machine;
    bool of_device; /* the lines are those of `device`, not of the machine */
    gcs_device_identity device;
    gcs_table_entries entries; /* after merging: one per key, sorted by key */
    gcs_table_source *sources; /* path and warning are owned */
    size_t source_count;
};

#endif
