/* Writing the table of a tuning run: merged with what the file has. */
#include "tune/table_output.h"
#include "dispatch/file.h"
#include "dispatch/table_internal.h"
#include "tune/lookup.h"
#include "tune/tool.h"
#include "tune/write_file.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 1024

static bool fail(char *why, size_t size, const char *path, const char *what) {
    snprintf(why, size, "%s: %s", path, what);
    return false;
}

/* ---- The file that is there ---------------------------------------------------------------- */

/* *text is NULL where there is no file. */
static bool read_old(const char *path, char **text, size_t *size, char *why, size_t why_size) {
    const char *problem = "cannot be read";
    *text = NULL;
    *size = 0;
    switch (gcs_file_read(path, GCS_TABLE_MAX_BYTES, text, size, &problem)) {
    case GCS_FILE_OK:
        return true;
    case GCS_FILE_ABSENT:
        *text = NULL;
        return true;
    case GCS_FILE_NO_MEMORY:
        return fail(why, why_size, path, "out of memory");
    case GCS_FILE_BAD:
        break;
    }
    return fail(why, why_size, path, problem);
}

static size_t count_sections(const char *text) {
    size_t sections = 0;
    for (const char *at = text; (at = strstr(at, "\nmachine\t")) != NULL; at++)
        sections++;
    return sections;
}

static bool check_old(const char *path, const char *text, size_t size, const gcs_machine *machine,
                      const gcs_device_identity *device, char *why, size_t why_size) {
    const gcs_table_file file = {.text = text, .size = size, .device = device};
    gcs_table_entries entries = {NULL, 0, 0};
    gcs_table_report report;
    bool parsed = gcs_table_parse(&file, machine, &entries, &report);
    free(entries.items);
    if (!parsed)
        return fail(why, why_size, path, "out of memory");
    if (report.refused) {
        snprintf(why, why_size, "%s:%" PRIu32 ": %s; it is not written over", path,
                 report.first_line, report.first);
        return false;
    }
    if (!device && count_sections(text) > 1)
        return fail(why, why_size, path, "has tables of several machines; it is not written over");
    return true;
}

bool gcs_table_output_check(const char *path, const gcs_machine *machine,
                            const gcs_device_identity *device, char *why, size_t why_size) {
    char *text;
    size_t size;
    if (!gcs_make_folder_of(path, why, why_size) || !read_old(path, &text, &size, why, why_size))
        return false;
    bool fine = !text || check_old(path, text, size, machine, device, why, why_size);
    free(text);
    return fine;
}

/* ---- The new lines ------------------------------------------------------------------------- */

typedef struct line_list {
    gcs_table_line *lines;
    size_t count;
} line_list;

static bool has_key(const line_list *list, const gcs_table_key *key) {
    for (size_t i = 0; i < list->count; i++)
        if (gcs_key_equal(&list->lines[i].key, key))
            return true;
    return false;
}

/* One line per result and the default lines of each class; there is room for all of each job. */
static bool new_lines(const gcs_results *results, const gcs_jobs *jobs, line_list *list) {
    list->count = 0;
    list->lines = calloc((1 + GCS_MOST_DEFAULT_LINES) * jobs->count + 1, sizeof *list->lines);
    if (!list->lines)
        return false;
    for (size_t i = 0; i < jobs->count; i++) {
        const gcs_shape_result *result = gcs_results_find(results, &jobs->jobs[i].key);
        gcs_table_line defaults[GCS_MOST_DEFAULT_LINES];
        if (!result)
            continue;
        list->lines[list->count++] = gcs_line_of(results->device, result);
        const size_t count = gcs_default_lines_of(results, &result->key, NULL, defaults);
        for (size_t d = 0; d < count; d++)
            if (!has_key(list, &defaults[d].key))
                list->lines[list->count++] = defaults[d];
    }
    return true;
}

/* ---- The new file -------------------------------------------------------------------------- */

/* Length of the part of a line's text that is its key: the word `line` and six fields. */
static size_t key_length(const char *line) {
    size_t length = 0;
    for (int tabs = 0; line[length] != '\0' && line[length] != '\n'; length++)
        if (line[length] == '\t' && ++tabs == 7)
            return length;
    return length;
}

static bool is_replaced(const char *old, const line_list *list) {
    size_t length = key_length(old);
    for (size_t i = 0; i < list->count; i++) {
        char text[LINE_SIZE];
        gcs_table_format_line(&list->lines[i], text, sizeof text);
        if (key_length(text) == length && strncmp(text, old, length) == 0)
            return true;
    }
    return false;
}

/* What is to be written. */
typedef struct new_table {
    const gcs_machine *machine;
    const gcs_device_identity *device; /* NULL: of the machine */
    const line_list *list;
    const char *old; /* text of the file that is there; NULL: there is none */
    size_t lines;    /* how many were written */
} new_table;

static bool begins(const char *line, const char *word) {
    return strncmp(line, word, strlen(word)) == 0;
}

/* Whether the section that begins with this line of the old file is the one that is written. A file
 * that a CPU's table is written to has one of a machine at the most. */
static bool is_own_section(const new_table *table, const char *line) {
    char text[LINE_SIZE];
    gcs_device_identity device;
    if (!begins(line, "device\t"))
        return !table->device;
    line += strlen("device\t");
    const int length = snprintf(text, sizeof text, "%.*s", (int)strcspn(line, "\n"), line);
    return table->device && length > 0 && (size_t)length < sizeof text &&
           gcs_device_identity_parse(text, &device) &&
           gcs_device_identity_equal(&device, table->device);
}

/* Whether a line of another section stays: all but what tells of the program that wrote it. */
static bool stays(const char *line) {
    return !begins(line, "tool\t") && !begins(line, "date\t") && !begins(line, "columns\t");
}

/* The old file's lines as they are, also those of kernels that this build has not got: of its own
 * section those of other keys, or (`own` false) all other sections. Returns how many lines of
 * tables. */
static size_t write_old(FILE *to, const new_table *table, bool own) {
    size_t written = 0;
    bool in_section = own && !table->device; /* what comes before a CPU's first section */
    for (const char *at = table->old; at && *at;) {
        const size_t length = strcspn(at, "\n");
        const bool line = begins(at, "line\t"), whole = at[length] == '\n';
        if (begins(at, "machine\t") || begins(at, "device\t"))
            in_section = is_own_section(table, at) == own;
        if (in_section && whole && (own ? line && !is_replaced(at, table->list) : stays(at))) {
            fwrite(at, 1, length + 1, to);
            written += line;
        }
        at += length + whole;
    }
    return written;
}

static void write_head(FILE *to, const new_table *table) {
    char text[2 * LINE_SIZE], date[12];
    gcs_today(date, sizeof date);
    gcs_table_format_header(table->device ? NULL : table->machine, gcs_tool_text(), date, text,
                            sizeof text);
    fputs(text, to);
    if (!table->device)
        return;
    gcs_device_identity_format(table->device, text, sizeof text);
    fprintf(to, "device\t%s\n", text);
}

static void write_text(FILE *to, void *context) {
    new_table *table = context;
    char text[LINE_SIZE];
    write_head(to, table);
    for (size_t i = 0; i < table->list->count; i++) {
        gcs_table_format_line(&table->list->lines[i], text, sizeof text);
        fputs(text, to);
    }
    table->lines = table->list->count + write_old(to, table, true);
    write_old(to, table, false);
}

bool gcs_table_output_write(const char *path, const gcs_machine *machine,
                            const gcs_results *results, const gcs_jobs *jobs, size_t *lines,
                            char *why, size_t why_size) {
    line_list list;
    char *old;
    size_t size;
    if (!read_old(path, &old, &size, why, why_size))
        return false;
    bool written = false;
    /* Looked at again: it may have been replaced during the run. */
    if (old && !check_old(path, old, size, machine, results->device, why, why_size)) {
        free(old);
        return false;
    }
    if (!new_lines(results, jobs, &list)) {
        fail(why, why_size, path, "out of memory");
    } else {
        new_table table = {
            .machine = machine, .device = results->device, .list = &list, .old = old};
        written = gcs_write_file(path, write_text, &table, why, why_size);
        *lines = table.lines;
    }
    free(list.lines);
    free(old);
    return written;
}
