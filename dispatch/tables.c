/* Reading every table in its order and merging the lines, one per key. */
#include "dispatch/table_internal.h"

#include "dispatch/file.h"
#include "dispatch/registry.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Text -------------------------------------------------------------------------------- */

/* A new string; NULL: memory ran out. */
__attribute__((format(printf, 1, 2))) static char *new_text(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        return NULL;
    char *text = malloc((size_t)length + 1);
    if (text == NULL)
        return NULL;
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

/* ---- Which files ------------------------------------------------------------------------- */

/* `path` is taken over. */
static bool append_source(gcs_tables *tables, char *path) {
    gcs_table_source *larger =
        path != NULL ? realloc(tables->sources, (tables->source_count + 1) * sizeof *larger) : NULL;
    if (larger == NULL) {
        free(path);
        return false;
    }
    larger[tables->source_count] = (gcs_table_source){.path = path};
    tables->sources = larger;
    tables->source_count++;
    return true;
}

/* A file that is listed already is not read a second time. `path` is taken over. */
static bool add_file(gcs_tables *tables, char *path) {
    for (size_t i = 0; path != NULL && i < tables->source_count; i++) {
        if (strcmp(tables->sources[i].path, path) == 0) {
            free(path);
            return true;
        }
    }
    return append_source(tables, path);
}

/* The XDG base directory specification has relative paths ignored. */
static bool is_absolute(const char *path) {
    return path != NULL && path[0] == '/';
}

static bool add_users(gcs_tables *tables) {
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (is_absolute(config))
        return add_file(tables, new_text("%s/gcstep/table.tsv", config));
    if (is_absolute(home))
        return add_file(tables, new_text("%s/.config/gcstep/table.tsv", home));
    return true;
}

static bool add_systems(gcs_tables *tables) {
    const char *folders = getenv("XDG_CONFIG_DIRS");
    for (const char *at = folders != NULL ? folders : ""; *at != '\0';) {
        const size_t length = strcspn(at, ":");
        if (at[0] == '/' && length < 4096 &&
            !add_file(tables, new_text("%.*s/gcstep/table.tsv", (int)length, at)))
            return false;
        at += length + (at[length] == ':');
    }
    return add_file(tables, new_text("/etc/gcstep/table.tsv"));
}

/* In the order in which they count. *named: how many were asked for by name; their absence is
 * worth a warning. */
static bool add_sources(gcs_tables *tables, const gcs_environment *env, const char *override,
                        size_t *named) {
    *named = 0;
    if (env->tuned) {
        if (override != NULL && !add_file(tables, new_text("%s", override)))
            return false;
        if (env->table != NULL && !add_file(tables, new_text("%s", env->table)))
            return false;
        *named = tables->source_count;
        if (!add_users(tables) || !add_systems(tables))
            return false;
    }
    return append_source(tables, new_text("built-in"));
}

/* ---- Conflicts --------------------------------------------------------------------------- */

/* The key, and among lines of one key the one that wins first. The time is not looked at: a lucky
 * measurement is no better than an honest one. */
static int compare_entries(const void *left, const void *right) {
    const gcs_table_entry *a = left, *b = right;
    const int key = gcs_table_compare_keys(&a->line.key, &b->line.key);
    if (key != 0)
        return key;
    if (a->current != b->current)
        return a->current ? -1 : 1;
    if (a->line.source != b->line.source)
        return a->line.source < b->line.source ? -1 : 1;
    if (a->any_machine != b->any_machine)
        return a->any_machine ? 1 : -1;
    if (a->line.rigor != b->line.rigor)
        return a->line.rigor > b->line.rigor ? -1 : 1;
    const int date = strcmp(a->line.date, b->line.date);
    if (date != 0)
        return date > 0 ? -1 : 1;
    return (a->line.number > b->line.number) - (a->line.number < b->line.number);
}

/* Sorts entries[first..] and keeps of each key the winner. In one file (`report` not NULL) two
 * lines of one key in one kind of section are a problem of the file; not in the built-in one, which
 * has a line for each ISA, the best ISA's first. */
static void keep_winners(gcs_table_entries *entries, size_t first, gcs_table_report *report) {
    gcs_table_entry *items = entries->items;
    if (entries->count == first)
        return;
    qsort(items + first, entries->count - first, sizeof *items, compare_entries);
    size_t kept = first;
    for (size_t i = first + 1; i < entries->count; i++) {
        const gcs_table_line *winner = &items[kept].line, *line = &items[i].line;
        if (gcs_table_compare_keys(&winner->key, &line->key) != 0) {
            items[++kept] = items[i];
        } else if (report != NULL && items[kept].any_machine == items[i].any_machine) {
            const bool later = line->number > winner->number;
            gcs_table_pass_over(report, later ? line->number : winner->number,
                                "is about the same shape as line %" PRIu32 ", and line %" PRIu32
                                " is taken",
                                later ? winner->number : line->number, winner->number);
        }
    }
    entries->count = kept + 1;
}

/* ---- One source -------------------------------------------------------------------------- */

static bool warn(const gcs_environment *env, gcs_table_source *source, char *warning) {
    source->warning = warning;
    if (warning == NULL)
        return false;
    gcs_log(env, GCS_LOG_WARN, "table %s", warning);
    return true;
}

/* One sentence for all that is wrong in the file. */
static bool warn_of_report(const gcs_environment *env, gcs_table_source *source,
                           const gcs_table_report *report) {
    char rest[64] = "the file is not used";
    if (!report->refused && report->passed_over == 1)
        snprintf(rest, sizeof rest, "1 line is passed over");
    else if (!report->refused)
        snprintf(rest, sizeof rest, "%zu lines are passed over", report->passed_over);
    return warn(
        env, source,
        new_text("%s:%" PRIu32 ": %s; %s", source->path, report->first_line, report->first, rest));
}

static void drop_shapes(gcs_table_entries *entries, size_t first) {
    size_t kept = first;
    for (size_t i = first; i < entries->count; i++) {
        if (entries->items[i].line.key.rows == 0)
            entries->items[kept++] = entries->items[i];
    }
    entries->count = kept;
}

/* As if this were a CPU without the ISAs above the cap: such lines hide no others. */
static void drop_above_cap(gcs_table_entries *entries, size_t first, gcs_isa cap) {
    size_t kept = first;
    for (size_t i = first; i < entries->count; i++) {
        const gcs_kernel *kernel = gcs_registry_find(entries->items[i].line.kernel);
        if (kernel != NULL && kernel->isa <= cap)
            entries->items[kept++] = entries->items[i];
    }
    entries->count = kept;
}

/* False: memory ran out. */
static bool take_text(gcs_tables *tables, const gcs_environment *env, const gcs_table_file *file) {
    gcs_table_source *source = &tables->sources[file->source];
    const size_t first = tables->entries.count;
    gcs_table_report report;
    source->found = true;
    if (!gcs_table_parse(file, &tables->machine, &tables->entries, &report))
        return false;
    if (report.refused)
        tables->entries.count = first;
    if (!tables->of_device)
        drop_above_cap(&tables->entries, first, env->isa_cap);
    if (!report.refused)
        keep_winners(&tables->entries, first, file->built_in ? NULL : &report);
    if (!env->tuned)
        drop_shapes(&tables->entries, first);
    source->used = !report.refused;
    source->lines = tables->entries.count - first;
    gcs_log(env, GCS_LOG_INFO, "table %s: %zu lines", source->path, source->lines);
    return report.first_line == 0 || warn_of_report(env, source, &report);
}

static const gcs_device_identity *device_of(const gcs_tables *tables) {
    return tables->of_device ? &tables->device : NULL;
}

/* False: memory ran out. */
static bool read_source(gcs_tables *tables, const gcs_environment *env, size_t index, bool named) {
    gcs_table_source *source = &tables->sources[index];
    char *text;
    size_t size;
    const char *problem;
    const gcs_file_result result =
        gcs_file_read(source->path, GCS_TABLE_MAX_BYTES, &text, &size, &problem);
    if (result == GCS_FILE_NO_MEMORY)
        return false;
    if (result == GCS_FILE_ABSENT)
        return !named || warn(env, source, new_text("%s: no such file", source->path));
    if (result == GCS_FILE_BAD) {
        source->found = true;
        return warn(env, source, new_text("%s: %s; the file is not used", source->path, problem));
    }
    const gcs_table_file file = {
        .text = text, .size = size, .source = (uint32_t)index, .device = device_of(tables)};
    const bool taken = take_text(tables, env, &file);
    free(text);
    return taken;
}

/* The built-in table is the last source. */
static bool read_all(gcs_tables *tables, const gcs_environment *env, size_t named) {
    const size_t last = tables->source_count - 1;
    for (size_t i = 0; i < last; i++) {
        if (!read_source(tables, env, i, i < named))
            return false;
    }
    const gcs_table_file file = {.text = gcs_table_builtin,
                                 .size = strlen(gcs_table_builtin),
                                 .source = (uint32_t)last,
                                 .device = device_of(tables),
                                 .built_in = true};
    return take_text(tables, env, &file);
}

/* ---- Interface --------------------------------------------------------------------------- */

/* Fills what is empty; NULL: memory ran out. */
static gcs_tables *fill(gcs_tables *tables, const gcs_environment *env, const char *override) {
    size_t named;
    if (!add_sources(tables, env, override, &named) || !read_all(tables, env, named)) {
        gcs_tables_close(tables);
        return NULL;
    }
    keep_winners(&tables->entries, 0, NULL);
    return tables;
}

gcs_tables *gcs_tables_open(const gcs_environment *env, const gcs_machine *machine,
                            const char *override) {
    gcs_tables *tables = calloc(1, sizeof *tables);
    if (tables == NULL)
        return NULL;
    tables->machine = *machine;
    return fill(tables, env, override);
}

gcs_tables *gcs_tables_open_for_device(const gcs_environment *env,
                                       const gcs_device_identity *device, const char *override) {
    gcs_tables *tables = calloc(1, sizeof *tables);
    if (tables == NULL)
        return NULL;
    tables->of_device = true;
    tables->device = *device;
    return fill(tables, env, override);
}

void gcs_tables_close(gcs_tables *tables) {
    if (tables == NULL)
        return;
    for (size_t i = 0; i < tables->source_count; i++) {
        free((void *)tables->sources[i].path);
        free((void *)tables->sources[i].warning);
    }
    free(tables->sources);
    free(tables->entries.items);
    free(tables);
}

bool gcs_table_file_check(const char *path, const gcs_machine *machine,
                          const gcs_device_identity *device, char *why, size_t size) {
    char *text = NULL;
    size_t length = 0;
    const char *problem = NULL;
    const gcs_file_result result =
        gcs_file_read(path, GCS_TABLE_MAX_BYTES, &text, &length, &problem);
    if (result != GCS_FILE_OK) {
        snprintf(why, size, "%s: %s", path,
                 result == GCS_FILE_ABSENT      ? "no such file"
                 : result == GCS_FILE_NO_MEMORY ? "out of memory"
                                                : problem);
        return false;
    }
    const gcs_table_file file = {.text = text, .size = length, .device = device};
    gcs_table_entries entries = {NULL, 0, 0};
    gcs_table_report report;
    const bool parsed = gcs_table_parse(&file, machine, &entries, &report);
    if (!parsed)
        snprintf(why, size, "%s: out of memory", path);
    else if (report.refused)
        snprintf(why, size, "%s:%u: %s", path, report.first_line, report.first);
    free(entries.items);
    free(text);
    return parsed && !report.refused;
}

size_t gcs_tables_sources(const gcs_tables *tables) {
    return tables->source_count;
}

const gcs_table_source *gcs_tables_source(const gcs_tables *tables, size_t index) {
    return index < tables->source_count ? &tables->sources[index] : NULL;
}

size_t gcs_tables_lines(const gcs_tables *tables) {
    return tables->entries.count;
}

const gcs_table_line *gcs_tables_line(const gcs_tables *tables, size_t index) {
    return index < tables->entries.count ? &tables->entries.items[index].line : NULL;
}
