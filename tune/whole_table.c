/* Table files as a whole, for the programs that work on them. */
#include "tune/whole_table.h"
#include "dispatch/file.h"
#include "tune/command.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct place {
    const char *command, *path;
} place;

static void print_problem(void *context, uint32_t number, const char *problem) {
    const place *p = context;
    fprintf(stderr, "gcstep %s: %s:%" PRIu32 ": %s\n", p->command, p->path, number, problem);
}

static bool fail(const place *p, const char *what, int *status, int value) {
    fprintf(stderr, "gcstep %s: %s: %s\n", p->command, p->path, what);
    *status = value;
    return false;
}

bool gcs_whole_table_read(gcs_whole_table *table, const char *command, const char *path,
                          int *status) {
    place here = {command, path};
    size_t size;
    const char *problem = NULL;
    gcs_machine machine;
    gcs_table_report report;
    *table = (gcs_whole_table){.path = path};
    switch (gcs_file_read(path, GCS_TABLE_MAX_BYTES, &table->text, &size, &problem)) {
    case GCS_FILE_OK:
        break;
    case GCS_FILE_ABSENT:
        return fail(&here, "no such file", status, GCS_EXIT_USAGE);
    case GCS_FILE_BAD:
        return fail(&here, problem, status, GCS_EXIT_USAGE);
    case GCS_FILE_NO_MEMORY:
        return fail(&here, "out of memory", status, GCS_EXIT_FAILED);
    }
    const gcs_table_file file = {.text = table->text,
                                 .size = size,
                                 .whole = true,
                                 .listener = print_problem,
                                 .context = &here};
    gcs_machine_read(&machine);
    if (!gcs_table_parse(&file, &machine, &table->entries, &report))
        return fail(&here, "out of memory", status, GCS_EXIT_FAILED);
    table->bad_lines = report.passed_over;
    if (!report.refused)
        return true;
    print_problem(&here, report.first_line, report.first);
    *status = GCS_EXIT_USAGE;
    return false;
}

void gcs_whole_table_free(gcs_whole_table *table) {
    free(table->entries.items);
    free(table->text);
    *table = (gcs_whole_table){.path = NULL};
}

void gcs_entry_identity(const gcs_whole_table *table, const gcs_table_entry *entry,
                        char text[GCS_IDENTITY_SIZE]) {
    const char *identity = table->text + entry->identity;
    snprintf(text, GCS_IDENTITY_SIZE, "%.*s", (int)strcspn(identity, "\n"), identity);
}

const gcs_device_identity *gcs_entry_device(const gcs_whole_table *table,
                                            const gcs_table_entry *entry,
                                            gcs_device_identity *device) {
    char text[GCS_IDENTITY_SIZE];
    if (!entry->of_device)
        return NULL;
    gcs_entry_identity(table, entry, text);
    gcs_device_identity_parse(text, device); /* as the parser has */
    return device;
}

bool gcs_entry_is_stale(const gcs_table_entry *entry) {
    return strcmp(entry->line.impl_rev, "-") != 0 && !entry->current;
}
