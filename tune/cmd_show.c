/* gcstep show: a table, or the merged tables in use, in columns. */
#include "dispatch/file.h"
#include "dispatch/registry.h"
#include "dispatch/table_internal.h"
#include "tune/command.h"
#include "tune/options.h"
#include "tune/shapes.h"
#include "tune/whole_table.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Prints the lines of a table in columns.\n"
    "\n"
    "Usage: gcstep show [FILE]\n"
    "\n"
    "Without FILE: the merged tables in use, each line with the table it came from. Of a file the\n"
    "lines of this machine, then those of devices, whatever devices they are.\n"
    "\n"
    "  tensor   layout and rows x cols; 'default' is the line for all shapes without one\n"
    "  us       microseconds of one step over the tensor\n"
    "  ceiling  fraction of the speed of plain memory traffic; higher is better\n"
    "  gain     time of the default rule's kernel / time of this kernel; higher is better\n"
    "  gap      time of the runner-up / time of this kernel - 1\n"
    "  --help   this text\n";

/* Lines of one spec, layout and number of threads stand together. */
static int order_classes(const gcs_table_key *a, const gcs_table_key *b) {
    gcs_table_key x = *a, y = *b;
    x.rows = x.cols = y.rows = y.cols = 0;
    return gcs_table_compare_keys(&x, &y);
}

/* The lines to print; `path`s are those of gcs_tables_source or of the one file. */
typedef struct shown {
    const gcs_table_line *line;
    const char *path;
    bool stale;
} shown;

static int by_key(const void *left, const void *right) {
    const shown *a = left, *b = right;
    int order = order_classes(&a->line->key, &b->line->key);
    return order ? order : gcs_table_compare_keys(&a->line->key, &b->line->key);
}

/* Widths of the columns that hold names. */
typedef struct widths {
    int spec, kernel;
} widths;

static void spec_text(const gcs_table_key *key, char text[GCS_SPEC_NAME]) {
    const gcs_spec spec = gcs_key_spec(key);
    gcs_spec_format(&spec, text);
}

static int wider(int width, const char *text) {
    const int length = (int)strlen(text);
    return length > width ? length : width;
}

static widths widths_of(const shown *lines, size_t count) {
    widths w = {(int)strlen("sgdm_grad"), (int)strlen("kernel")};
    for (size_t i = 0; i < count; i++) {
        char spec[GCS_SPEC_NAME];
        spec_text(&lines[i].line->key, spec);
        w.spec = wider(w.spec, spec);
        w.kernel = wider(w.kernel, lines[i].line->kernel);
    }
    return w;
}

static void print_line(const shown *s, widths w) {
    const gcs_table_key *key = &s->line->key;
    const gcs_evidence *e = &s->line->evidence;
    char shape[48] = "default", threads[12] = "any", spec[GCS_SPEC_NAME];
    spec_text(key, spec);
    if (key->rows)
        snprintf(shape, sizeof shape, "%" PRIu64 "x%" PRIu64, key->rows, key->cols);
    else if (key->cols)
        snprintf(shape, sizeof shape, "rows <=%" PRIu64, key->cols);
    if (key->threads)
        snprintf(threads, sizeof threads, "%" PRIu32, key->threads);
    printf("%-*s %-4s %-14s %7s  %-*s", w.spec, spec, gcs_view_name((gcs_view)key->layout), shape,
           threads, w.kernel, s->line->kernel);
    if (e->rounds)
        printf(" %9.2f %7.3f %6.3f %6.3f %6" PRIu32, e->median_ns / 1000, e->ceiling, e->vs_default,
               e->runner_up_gap, e->rounds);
    else
        printf(" %9s %7s %6s %6s %6s", "-", "-", "-", "-", "-");
    printf("  %-10s  %s:%" PRIu32 "%s\n", s->line->date, s->path, s->line->number,
           s->stale ? " (older kernels)" : "");
}

static void print_lines(shown *lines, size_t count) {
    const widths w = widths_of(lines, count);
    if (count)
        qsort(lines, count, sizeof *lines, by_key);
    printf("%-*s %-14s %7s  %-*s %9s %7s %6s %6s %6s  %-10s  %s\n", w.spec + 5, "spec, layout",
           "tensor", "threads", w.kernel, "kernel", "us", "ceiling", "gain", "gap", "rounds",
           "date", "from");
    for (size_t i = 0; i < count; i++)
        print_line(&lines[i], w);
    printf("%zu lines\n", count);
}

static int fail(const char *text, int status) {
    fprintf(stderr, "gcstep show: %s\n", text);
    return status;
}

/* ---- The merged tables --------------------------------------------------------------------- */

static int print_merged(const gcs_tables *tables) {
    size_t count = gcs_tables_lines(tables);
    shown *lines = calloc(count ? count : 1, sizeof *lines);
    if (!lines)
        return fail("out of memory", GCS_EXIT_FAILED);
    for (size_t i = 0; i < count; i++) {
        const gcs_table_entry *entry = &tables->entries.items[i];
        lines[i] = (shown){&entry->line, gcs_tables_source(tables, entry->line.source)->path,
                           gcs_entry_is_stale(entry)};
    }
    print_lines(lines, count);
    free(lines);
    for (size_t i = 0; i < gcs_tables_sources(tables); i++)
        if (gcs_tables_source(tables, i)->warning)
            fprintf(stderr, "gcstep show: %s\n", gcs_tables_source(tables, i)->warning);
    return GCS_EXIT_OK;
}

static int show_merged(void) {
    gcs_environment env;
    gcs_machine machine;
    if (gcs_environment_read(&env) != GCS_OK)
        return fail(gcs_last_error(), GCS_EXIT_USAGE);
    env.log = GCS_LOG_OFF; /* the warnings are printed here */
    gcs_machine_read(&machine);
    gcs_tables *tables = gcs_tables_open(&env, &machine, NULL);
    if (!tables)
        return fail("out of memory", GCS_EXIT_FAILED);
    int status = print_merged(tables);
    gcs_tables_close(tables);
    return status;
}

/* ---- One file ------------------------------------------------------------------------------ */

static int print_file(const char *path, const gcs_table_entries *entries,
                      const gcs_table_report *report) {
    if (report->first_line)
        fprintf(stderr, "gcstep show: %s:%" PRIu32 ": %s%s\n", path, report->first_line,
                report->first, report->refused ? "" : " (such lines are passed over)");
    if (report->refused)
        return GCS_EXIT_USAGE;
    shown *lines = calloc(entries->count ? entries->count : 1, sizeof *lines);
    if (!lines)
        return fail("out of memory", GCS_EXIT_FAILED);
    for (size_t i = 0; i < entries->count; i++)
        lines[i] = (shown){&entries->items[i].line, path, gcs_entry_is_stale(&entries->items[i])};
    print_lines(lines, entries->count);
    free(lines);
    return GCS_EXIT_OK;
}

/* The lines of the section whose identity is at `identity` in the file's text. */
static bool print_section(const char *path, const char *text, const gcs_table_entries *entries,
                          size_t identity) {
    shown *lines = calloc(entries->count, sizeof *lines);
    size_t count = 0;
    if (!lines)
        return false;
    for (size_t i = 0; i < entries->count; i++) {
        const gcs_table_entry *entry = &entries->items[i];
        if (entry->identity == identity)
            lines[count++] = (shown){&entry->line, path, gcs_entry_is_stale(entry)};
    }
    printf("\ndevice %.*s\n", (int)strcspn(text + identity, "\n"), text + identity);
    print_lines(lines, count);
    free(lines);
    return true;
}

/* The sections of devices, whatever they are; *found: there is one with lines. */
static int print_devices(const char *path, const char *text, size_t size, bool *found) {
    const gcs_table_file file = {.text = text, .size = size, .whole = true};
    gcs_table_entries entries = {NULL, 0, 0};
    gcs_table_report report;
    size_t last = SIZE_MAX;
    bool printed = gcs_table_parse(&file, NULL, &entries, &report);
    *found = false;
    for (size_t i = 0; printed && i < entries.count; i++) {
        if (!entries.items[i].of_device || entries.items[i].identity == last)
            continue;
        last = entries.items[i].identity;
        *found = true;
        printed = print_section(path, text, &entries, last);
    }
    free(entries.items);
    return printed ? GCS_EXIT_OK : fail("out of memory", GCS_EXIT_FAILED);
}

static int show_file(const char *path) {
    char *text;
    size_t size;
    const char *problem;
    if (gcs_file_read(path, GCS_TABLE_MAX_BYTES, &text, &size, &problem) != GCS_FILE_OK) {
        fprintf(stderr, "gcstep show: %s: %s\n", path, problem ? problem : "there is no such file");
        return GCS_EXIT_USAGE;
    }
    const gcs_table_file file = {.text = text, .size = size};
    gcs_table_entries entries = {NULL, 0, 0};
    gcs_table_report report;
    gcs_machine machine;
    gcs_machine_read(&machine);
    bool devices = false;
    int status = gcs_table_parse(&file, &machine, &entries, &report)
                     ? print_file(path, &entries, &report)
                     : fail("out of memory", GCS_EXIT_FAILED);
    /* A table of another machine may have lines for this one's devices. */
    if (status != GCS_EXIT_FAILED) {
        const int of_devices = print_devices(path, text, size, &devices);
        status = of_devices != GCS_EXIT_OK || devices ? of_devices : status;
    }
    free(entries.items);
    free(text);
    return status;
}

int gcs_cmd_show(int argc, char **argv) {
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int answer;
    opterr = 0;
    while ((answer = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (answer != 'h')
            return gcs_bad_option(argv, answer);
        fputs(help, stdout);
        return GCS_EXIT_OK;
    }
    if (argc - optind > 1)
        return gcs_usage_error(argv[0], "unexpected argument '%s'", argv[optind + 1]);
    return optind < argc ? show_file(argv[optind]) : show_merged();
}
