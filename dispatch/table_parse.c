/* The parser of a table's text: header, sections, lines (docs/table.md). */
#include "dispatch/table_internal.h"

#include "dispatch/registry.h"
#include "dispatch/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest line, its end included: above the sum of the longest fields. */
#define LINE_SIZE 1024

typedef enum section {
    SECTION_NONE, /* no line of a machine or a device yet */
    SECTION_BAD,  /* a malformed identity */
    SECTION_OTHER,
    SECTION_ANY,
    SECTION_THIS
} section;

/* Whose lines a section has. */
typedef enum owner { OWNER_CPU, OWNER_DEVICE } owner;

typedef struct parser {
    const gcs_table_file *file;
    const gcs_machine *machine;
    gcs_table_entries *entries;
    gcs_table_report *report;
    section section;
    owner owner;                /* of the section */
    gcs_device_identity device; /* where it is a device's */
    bool section_seen;          /* any */
    bool section_ours;          /* a section whose lines count was seen */
    uint32_t first_other;       /* line number of the first section of another machine; 0: none */
    uint32_t number;            /* of the current line, from 1 */
    size_t at;                  /* offset of the current line in the text */
    size_t identity;            /* of the current section, see gcs_table_entry */
    char line[LINE_SIZE];
} parser;

void gcs_table_pass_over(gcs_table_report *report, uint32_t number, const char *format, ...) {
    char problem[sizeof report->first];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem, sizeof problem, format, arguments);
    va_end(arguments);
    report->passed_over++;
    if (report->listener != NULL)
        report->listener(report->context, number, problem);
    if (report->first_line != 0 && report->first_line <= number)
        return;
    report->first_line = number;
    snprintf(report->first, sizeof report->first, "%s", problem);
}

/* The file's own problem takes the place of any line's. */
static bool refuse_file(gcs_table_report *report, uint32_t number, const char *problem) {
    report->refused = true;
    report->first_line = number;
    snprintf(report->first, sizeof report->first, "%s", problem);
    return true;
}

static bool append(gcs_table_entries *entries, const gcs_table_entry *entry) {
    if (entries->count == entries->capacity) {
        const size_t capacity = entries->capacity == 0 ? 64 : 2 * entries->capacity;
        gcs_table_entry *larger = realloc(entries->items, capacity * sizeof *larger);
        if (larger == NULL)
            return false;
        entries->items = larger;
        entries->capacity = capacity;
    }
    entries->items[entries->count++] = *entry;
    return true;
}

/* ---- One line ---------------------------------------------------------------------------- */

/* Cuts `text` at its tabs; returns the number of fields, GCS_TABLE_COLUMNS + 1 for any more. */
static size_t cut(char *text, char *fields[GCS_TABLE_COLUMNS]) {
    size_t count = 0;
    for (char *at = text; at != NULL;) {
        if (count == GCS_TABLE_COLUMNS)
            return count + 1;
        fields[count++] = at;
        at = strchr(at, '\t');
        if (at != NULL)
            *at++ = '\0';
    }
    return count;
}

/* The longest group that a line is for: a default line without a bound is for any. */
static uint64_t longest_group(const gcs_table_key *key) {
    if (key->rows == 0)
        return key->cols != 0 ? key->cols : UINT64_MAX;
    return key->layout == GCS_LAYOUT_COLS ? key->rows : key->cols;
}

/* Whether the kernel is one for the key's steps: a tensor that is not centred runs as flat. */
static bool kernel_fits(const gcs_kernel *kernel, const gcs_table_key *key) {
    const bool centred = key->center != GCS_CENTER_NONE;
    const gcs_need need = {.op = GCS_OP_STEP,
                           .form = {key->rule, key->center, key->gradient, key->copy},
                           .view = centred ? (gcs_view)key->layout : GCS_VIEW_FLAT,
                           .length = longest_group(key)};
    return gcs_kernel_accepts(kernel, &need);
}

/* A table decides speed and never safety: what this CPU cannot run is not even remembered. */
static bool check_kernel(parser *p, gcs_table_entry *entry) {
    const gcs_device_identity *device = p->owner == OWNER_DEVICE ? &p->device : NULL;
    const gcs_kernel *kernel = gcs_device_kernel(device, entry->line.kernel);
    if (kernel == NULL && p->file->whole)
        return true;
    const bool whole = p->file->whole || device != NULL; /* what a GPU can run its plan asks */
    if (kernel == NULL || (!whole && !gcs_cpu_allows(kernel->isa))) {
        if (!p->file->built_in)
            gcs_table_pass_over(p->report, p->number,
                                kernel == NULL ? "kernel '%.48s' is not in this build"
                                               : "kernel '%.48s' cannot run on this CPU",
                                entry->line.kernel);
        return false;
    }
    if (!kernel_fits(kernel, &entry->line.key)) {
        gcs_table_pass_over(p->report, p->number,
                            "kernel '%.48s' is not one for this spec and shape",
                            entry->line.kernel);
        return false;
    }
    entry->current = strcmp(entry->line.impl_rev, "-") == 0 ||
                     strcmp(entry->line.impl_rev, gcs_device_impl_rev(device, kernel)) == 0;
    return true;
}

static bool take_entry(parser *p) {
    char *fields[GCS_TABLE_COLUMNS];
    char problem[sizeof p->report->first];
    const size_t count = cut(p->line, fields);
    if (count != GCS_TABLE_COLUMNS) {
        gcs_table_pass_over(p->report, p->number, "%s than %d fields",
                            count < GCS_TABLE_COLUMNS ? "fewer" : "more", GCS_TABLE_COLUMNS);
        return true;
    }
    gcs_table_entry entry = {.any_machine = p->section == SECTION_ANY,
                             .of_device = p->owner == OWNER_DEVICE,
                             .identity = p->identity};
    if (!gcs_table_parse_fields(fields, entry.of_device, &entry.line, problem)) {
        gcs_table_pass_over(p->report, p->number, "%s", problem);
        return true;
    }
    entry.line.source = p->file->source;
    entry.line.number = p->number;
    return !check_kernel(p, &entry) || append(p->entries, &entry);
}

static bool section_counts(const parser *p) {
    const owner wanted = p->file->device != NULL ? OWNER_DEVICE : OWNER_CPU;
    return p->file->whole ? p->section >= SECTION_OTHER
                          : p->owner == wanted && p->section >= SECTION_ANY;
}

static void note_section(parser *p, const char *text) {
    p->identity = p->at + (size_t)(text - p->line);
    p->section_seen = true;
    if (section_counts(p))
        p->section_ours = true;
    else if (p->owner == OWNER_CPU && p->first_other == 0)
        p->first_other = p->number;
}

static void begin_device(parser *p, const char *text) {
    p->owner = OWNER_DEVICE;
    if (!gcs_device_identity_parse(text, &p->device)) {
        gcs_table_pass_over(p->report, p->number, "device is malformed");
        p->section = SECTION_BAD;
    } else {
        const gcs_device_identity *own = p->file->device;
        p->section = own != NULL && gcs_device_identity_equal(&p->device, own) ? SECTION_THIS
                                                                               : SECTION_OTHER;
    }
    note_section(p, text);
}

static void begin_machine(parser *p, const char *text) {
    gcs_machine machine;
    p->owner = OWNER_CPU;
    if (strcmp(text, "any") == 0) {
        p->section = SECTION_ANY;
    } else if (!gcs_machine_parse(text, &machine)) {
        gcs_table_pass_over(p->report, p->number, "machine is malformed");
        p->section = SECTION_BAD;
    } else {
        const bool ours = p->machine != NULL && gcs_machine_same(&machine, p->machine);
        p->section = ours ? SECTION_THIS : SECTION_OTHER;
    }
    note_section(p, text);
}

/* False: memory ran out. */
static bool take_line(parser *p) {
    char *tab = strchr(p->line, '\t');
    const size_t word = tab != NULL ? (size_t)(tab - p->line) : strlen(p->line);
    if (word == 0 || p->line[0] == '#') {
        if (tab == p->line)
            gcs_table_pass_over(p->report, p->number, "line begins with a tab");
    } else if (strncmp(p->line, "machine\t", 8) == 0) {
        begin_machine(p, p->line + 8);
    } else if (strncmp(p->line, "device\t", 7) == 0) {
        begin_device(p, p->line + 7);
    } else if (strncmp(p->line, "tool\t", 5) == 0 || strncmp(p->line, "columns\t", 8) == 0) {
        /* for readers */
    } else if (strncmp(p->line, "date\t", 5) == 0) {
        if (!gcs_text_is_date(p->line + 5))
            gcs_table_pass_over(p->report, p->number, "date is not YYYY-MM-DD");
    } else if (strncmp(p->line, "line\t", 5) == 0) {
        if (p->section == SECTION_NONE)
            gcs_table_pass_over(p->report, p->number, "line before the first machine or device");
        else if (section_counts(p))
            return take_entry(p);
    } else {
        gcs_table_pass_over(p->report, p->number, "line begins with no word of the format");
    }
    return true;
}

/* ---- The file ---------------------------------------------------------------------------- */

/* Line number of byte `offset`. */
static uint32_t line_of(const char *text, size_t offset) {
    uint32_t number = 1;
    for (size_t i = 0; i < offset; i++)
        number += text[i] == '\n';
    return number;
}

/* Whether the whole file is to be refused before any line is looked at. */
static bool refuse_early(const gcs_table_file *file, gcs_table_report *report) {
    static const char magic[] = "gcstep-table\t";
    char problem[96];
    if (file->size == 0)
        return refuse_file(report, 1, "the file is empty");
    const char *nul = memchr(file->text, '\0', file->size);
    if (nul != NULL)
        return refuse_file(report, line_of(file->text, (size_t)(nul - file->text)),
                           "holds a NUL byte");
    if (strncmp(file->text, magic, strlen(magic)) != 0)
        return refuse_file(report, 1, "does not begin with 'gcstep-table' and a tab");
    const char *version = file->text + strlen(magic);
    const size_t length = strcspn(version, "\n");
    char known[16];
    snprintf(known, sizeof known, "%d", GCS_TABLE_SCHEMA);
    if (length == strlen(known) && strncmp(version, known, length) == 0 && version[length] == '\n')
        return false;
    snprintf(problem, sizeof problem, "is not of schema %s, the one that this library reads",
             known);
    return refuse_file(report, 1, problem);
}

bool gcs_table_parse(const gcs_table_file *file, const gcs_machine *machine,
                     gcs_table_entries *entries, gcs_table_report *report) {
    *report = (gcs_table_report){.listener = file->listener, .context = file->context};
    if (refuse_early(file, report))
        return true;
    parser p = {.file = file, .machine = machine, .entries = entries, .report = report};
    const char *at = strchr(file->text, '\n') + 1;
    for (p.number = 2; *at != '\0'; p.number++) {
        const size_t length = strcspn(at, "\n");
        const bool ended = at[length] == '\n';
        p.at = (size_t)(at - file->text);
        /* Without its newline the last line may be the beginning of a longer one. */
        if (!ended || length >= sizeof p.line) {
            gcs_table_pass_over(report, p.number,
                                ended ? "line is too long"
                                      : "last line has no newline: the file may be cut short");
        } else {
            memcpy(p.line, at, length);
            p.line[length] = '\0';
            if (!take_line(&p))
                return false;
        }
        at += length + ended;
    }
    if (!p.section_seen)
        return refuse_file(report, p.number - 1, "names no machine and no device");
    /* A machine has several devices, and none that a table must have lines for. */
    if (!p.section_ours && p.first_other != 0 && file->device == NULL)
        return refuse_file(report, p.first_other, "is of another machine");
    return true;
}
