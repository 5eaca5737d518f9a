/* gcstep builtin: the built-in table from the journals of several machines. */
#include "tune/builtin.h"
#include "tune/command.h"
#include "tune/journal.h"
#include "tune/options.h"
#include "tune/write_file.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "Makes the table that is compiled into the library (tables/builtin.tsv) from the journals of\n"
    "gcstep tune on one or several machines: for each step and layout, and for each instruction\n"
    "set, the kernel that loses least summed over all shapes of all machines.\n"
    "\n"
    "Usage: gcstep builtin JOURNAL... [-o OUT]\n"
    "\n"
    "  -o, --output OUT  the file to write; what is there must be a table. Without it the table\n"
    "                    goes to standard output\n"
    "  --help            this text\n"
    "\n"
    "Give the journals of all machines at once. Lines of this build's own table are kept where no\n"
    "journal has a shape that they are for. The rules: docs/tuning.md.\n"
    "\n"
    "Exit status: 0 done, 1 could not be written, 2 bad arguments or a bad journal.\n";

typedef struct work {
    size_t count;
    gcs_journal_contents *journals; /* [count] */
    gcs_results *machines;          /* [count], those of the journals */
    gcs_builtin_lines lines;
} work;

static int error(const char *text, int status) {
    fprintf(stderr, "gcstep builtin: %s\n", text);
    return status;
}

static bool read_journal(work *w, size_t index, const char *path) {
    char why[5000];
    gcs_journal_contents *journal = &w->journals[index];
    if (!gcs_journal_read(journal, path, why, sizeof why)) {
        error(why, GCS_EXIT_USAGE);
        return false;
    }
    if (journal->header.of_device) {
        fprintf(stderr,
                "gcstep builtin: %s: is of a device: the built-in table has lines for CPUs "
                "alone\n",
                path);
        return false;
    }
    if (journal->bad_lines) {
        fprintf(stderr, "gcstep builtin: %s:%zu: is not understood (%zu such line%s)\n", path,
                journal->first_bad, journal->bad_lines, journal->bad_lines == 1 ? "" : "s");
        return false;
    }
    if (!journal->header.same_kernels)
        fprintf(stderr, "gcstep builtin: %s: measured on other kernels than this build's\n", path);
    w->machines[index] = journal->results;
    return true;
}

static void write_line(FILE *to, const gcs_builtin_line *line) {
    char text[2048];
    const gcs_loss *loss = &line->loss;
    if (loss->shapes)
        fprintf(to, "# regret %.1f %%, at most %.1f %%, over %zu shape%s\n",
                100 * loss->sum / (double)loss->shapes, 100 * loss->worst, loss->shapes,
                loss->shapes == 1 ? "" : "s");
    gcs_table_format_line(&line->line, text, sizeof text);
    fputs(text, to);
}

/* Without date and tool: the same journals give the same text. */
static void write_text(FILE *to, void *context) {
    const work *w = context;
    char identity[512];
    fprintf(to,
            "gcstep-table\t%d\n"
            "# The table that is compiled into the library (docs/table.md), made by gcstep builtin "
            "from\n"
            "# journals of gcstep tune (docs/tuning.md). Regret is time lost against the best "
            "kernel for each\n"
            "# shape; lines without it were kept: nothing was measured for them. Measured on:\n",
            GCS_TABLE_SCHEMA);
    for (size_t i = 0; i < w->count; i++) {
        gcs_machine_format(&w->journals[i].header.machine, identity, sizeof identity);
        fprintf(to, "#   %s (%zu shapes)\n", identity, w->machines[i].count);
    }
    fprintf(to, "machine\tany\n"
                "columns\tspec\tlayout\ttypes\trows\tcols\tthreads\tkernel\timpl_rev\trigor\tdate"
                "\tmedian_ns\tspread\tceiling\tvs_default\trunner_up_gap\tties\trounds\n");
    for (size_t i = 0; i < w->lines.count; i++)
        write_line(to, &w->lines.items[i]);
}

static int make(work *w, char **paths, const char *output) {
    char why[5000];
    for (size_t i = 0; i < w->count; i++)
        if (!read_journal(w, i, paths[i]))
            return GCS_EXIT_USAGE;
    if (output && !gcs_may_write_table(output, why, sizeof why))
        return error(why, GCS_EXIT_USAGE);
    if (!gcs_builtin_choose(w->machines, w->count, &w->lines))
        return error("out of memory", GCS_EXIT_FAILED);
    if (!output)
        write_text(stdout, w);
    else if (!gcs_write_file(output, write_text, w, why, sizeof why))
        return error(why, GCS_EXIT_FAILED);
    else
        printf("%zu lines in %s\n", w->lines.count, output);
    return GCS_EXIT_OK;
}

int gcs_cmd_builtin(int argc, char **argv) {
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
        return gcs_usage_error("builtin", "which journals?");
    work w = {.count = (size_t)(argc - optind)};
    w.journals = calloc(w.count, sizeof *w.journals);
    w.machines = calloc(w.count, sizeof *w.machines);
    int status = w.journals && w.machines ? make(&w, argv + optind, output)
                                          : error("out of memory", GCS_EXIT_FAILED);
    for (size_t i = 0; w.journals && i < w.count; i++)
        gcs_journal_contents_free(&w.journals[i]);
    free(w.journals);
    free(w.machines);
    gcs_builtin_free(&w.lines);
    return status;
}
