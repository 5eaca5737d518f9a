/* gcstep merge: several tables become one. */
#include "tune/command.h"
#include "tune/options.h"
#include "tune/result.h"
#include "tune/tool.h"
#include "tune/whole_table.h"
#include "tune/write_file.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Merges tables into one.\n"
    "\n"
    "Usage: gcstep merge TABLE... [-o OUT]\n"
    "\n"
    "  -o, --output OUT  the file to write, which may be one of the tables; what is there must be\n"
    "                    a table. Without it the merged table goes to standard output\n"
    "  --help            this text\n"
    "\n"
    "Each machine, and each device, keeps a section of its own. Where lines of one are about the\n"
    "same step, shape and threads, one is kept: of the kernels of this build rather than of other "
    "ones, then\n"
    "the more rigorous, then the later, then the first; the measured time does not decide.\n"
    "A line that is malformed or names a kernel that is not one for it is named, with its file,\n"
    "and then nothing is written. Comments are not kept. The rules: docs/table.md.\n"
    "\n"
    "Exit status: 0 done, 1 could not be written, 2 bad arguments or a bad table.\n";

typedef struct section {
    char identity[GCS_IDENTITY_SIZE];
    bool any, of_device;
    gcs_machine machine;
    gcs_device_identity device;
} section;

typedef struct item {
    const gcs_table_line *line;
    bool current;
    gcs_isa isa; /* in a section for any machine: of the kernel, GCS_ISA_COUNT: unknown; else 0 */
    size_t section; /* index */
    size_t table;   /* which of the files, as they were named */
} item;

typedef struct merger {
    gcs_whole_table *tables;
    size_t table_count;
    section *sections;
    size_t section_count;
    item *items;
    size_t count;
} merger;

/* ---- Collecting ---------------------------------------------------------------------------- */

static bool is_same_section(const section *a, const section *b) {
    if (a->of_device != b->of_device || a->any != b->any)
        return false;
    return a->of_device ? gcs_device_identity_equal(&a->device, &b->device)
                        : a->any || gcs_machine_same(&a->machine, &b->machine);
}

/* The entry's section, made where there is none; false: memory ran out. */
static bool find_section(merger *m, const gcs_whole_table *table, const gcs_table_entry *entry,
                         size_t *index) {
    section s = {.any = entry->any_machine, .of_device = entry->of_device};
    gcs_entry_identity(table, entry, s.identity);
    if (s.of_device)
        gcs_device_identity_parse(s.identity, &s.device);
    else if (!s.any)
        gcs_machine_parse(s.identity, &s.machine);
    for (*index = 0; *index < m->section_count; ++*index)
        if (is_same_section(&m->sections[*index], &s))
            return true;
    section *grown = realloc(m->sections, (m->section_count + 1) * sizeof *grown);
    if (!grown)
        return false;
    m->sections = grown;
    grown[m->section_count++] = s;
    return true;
}

static bool collect(merger *m) {
    size_t lines = 0;
    for (size_t t = 0; t < m->table_count; t++)
        lines += m->tables[t].entries.count;
    m->items = calloc(lines ? lines : 1, sizeof *m->items);
    if (!m->items)
        return false;
    for (size_t t = 0; t < m->table_count; t++) {
        const gcs_whole_table *table = &m->tables[t];
        for (size_t i = 0; i < table->entries.count; i++) {
            const gcs_table_entry *entry = &table->entries.items[i];
            item *to = &m->items[m->count++];
            *to = (item){.line = &entry->line, .current = entry->current, .table = t};
            if (!find_section(m, table, entry, &to->section))
                return false;
            if (entry->any_machine)
                to->isa = gcs_isa_in_name(entry->line.kernel);
        }
    }
    return true;
}

/* ---- Merging ------------------------------------------------------------------------------- */

/* What two lines must share to be about the same thing. Lines for any machine that differ in the
 * ISA are for different machines: the better ISA stands first, as the built-in table has it. */
static int compare_subjects(const item *a, const item *b) {
    if (a->section != b->section)
        return a->section < b->section ? -1 : 1;
    const int key = gcs_table_compare_keys(&a->line->key, &b->line->key);
    return key ? key : (b->isa > a->isa) - (b->isa < a->isa);
}

/* Among lines of one subject, the one that is kept comes first. */
static int compare_items(const void *left, const void *right) {
    const item *a = left, *b = right;
    const int subject = compare_subjects(a, b);
    if (subject)
        return subject;
    if (a->current != b->current)
        return a->current ? -1 : 1;
    if (a->line->rigor != b->line->rigor)
        return a->line->rigor > b->line->rigor ? -1 : 1;
    const int date = strcmp(a->line->date, b->line->date);
    if (date)
        return date > 0 ? -1 : 1;
    if (a->table != b->table)
        return a->table < b->table ? -1 : 1;
    return (a->line->number > b->line->number) - (a->line->number < b->line->number);
}

static void keep_winners(merger *m) {
    size_t kept = 0;
    if (m->count)
        qsort(m->items, m->count, sizeof *m->items, compare_items);
    for (size_t i = 0; i < m->count; i++)
        if (i == 0 || compare_subjects(&m->items[i], &m->items[kept - 1]) != 0)
            m->items[kept++] = m->items[i];
    m->count = kept;
}

static void write_section(FILE *to, const section *s) {
    fprintf(to, "%s\t%s\n", s->of_device ? "device" : "machine", s->identity);
}

static void write_text(FILE *to, void *context) {
    const merger *m = context;
    char text[2048], date[12];
    gcs_today(date, sizeof date);
    gcs_table_format_header(NULL, gcs_tool_text(), date, text, sizeof text);
    fputs(text, to);
    for (size_t i = 0; i < m->count; i++) {
        if (i == 0 || m->items[i].section != m->items[i - 1].section)
            write_section(to, &m->sections[m->items[i].section]);
        gcs_table_format_line(m->items[i].line, text, sizeof text);
        fputs(text, to);
    }
}

/* ---- The command --------------------------------------------------------------------------- */

static int error(const char *text, int status) {
    fprintf(stderr, "gcstep merge: %s\n", text);
    return status;
}

static bool read_all(merger *m, char **paths, int *status) {
    size_t bad_lines = 0;
    for (size_t t = 0; t < m->table_count; t++) {
        if (!gcs_whole_table_read(&m->tables[t], "merge", paths[t], status))
            return false;
        bad_lines += m->tables[t].bad_lines;
    }
    *status = GCS_EXIT_USAGE;
    if (bad_lines)
        fprintf(stderr, "gcstep merge: %zu bad line%s: nothing is written\n", bad_lines,
                bad_lines == 1 ? "" : "s");
    return bad_lines == 0;
}

static int merge(merger *m, char **paths, const char *output) {
    char why[5000];
    int status;
    if (!read_all(m, paths, &status))
        return status;
    if (output && !gcs_may_write_table(output, why, sizeof why))
        return error(why, GCS_EXIT_USAGE);
    if (!collect(m))
        return error("out of memory", GCS_EXIT_FAILED);
    const size_t read = m->count;
    if (read == 0)
        return error("none of the tables has a line: nothing is written", GCS_EXIT_USAGE);
    keep_winners(m);
    if (!output) {
        write_text(stdout, m);
        return GCS_EXIT_OK;
    }
    if (!gcs_write_file(output, write_text, m, why, sizeof why))
        return error(why, GCS_EXIT_FAILED);
    printf("%zu of %zu lines, %zu section%s, in %s\n", m->count, read, m->section_count,
           m->section_count == 1 ? "" : "s", output);
    return GCS_EXIT_OK;
}

int gcs_cmd_merge(int argc, char **argv) {
    static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *output = NULL;
    int answer;
    opterr = 0;
    while ((answer = getopt_long(argc, argv, ":ho:", options, NULL)) != -1) {
        if (answer == 'h') {
            fputs(help, stdout);
            return GCS_EXIT_OK;
        }
        if (answer != 'o')
            return gcs_bad_option(argv, answer);
        output = optarg;
    }
    if (optind == argc)
        return gcs_usage_error("merge", "which tables?");
    merger m = {.table_count = (size_t)(argc - optind)};
    m.tables = calloc(m.table_count, sizeof *m.tables);
    int status =
        m.tables ? merge(&m, argv + optind, output) : error("out of memory", GCS_EXIT_FAILED);
    for (size_t t = 0; m.tables && t < m.table_count; t++)
        gcs_whole_table_free(&m.tables[t]);
    free(m.tables);
    free(m.sections);
    free(m.items);
    return status;
}
