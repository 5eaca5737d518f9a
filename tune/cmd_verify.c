/* gcstep verify: runs check/ on the registered kernels, or looks at a table. */
#include "check/check.h"
#include "dispatch/registry.h"
#include "tune/command.h"
#include "tune/options.h"
#include "tune/verify_table.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MOST_SECONDS 3600

static const char help[] =
    "Runs every registered kernel through its cases. The first portable kernel of each kind is\n"
    "compared with the reference in double (the largest error is shown in units of what rounding\n"
    "can cause; more than 1 fails) and with the arithmetic that docs/arithmetic.md lays down; "
    "every\n"
    "other kernel must give the same bits as that one.\n"
    "\n"
    "Usage: gcstep verify [--isa NAME] [--kernel NAME]\n"
    "       gcstep verify --table FILE [--time SECONDS]\n"
    "\n"
    "  --isa NAME      only the kernels of this ISA (portable, avx2, avx512)\n"
    "  --kernel NAME   only this kernel\n"
    "  --table FILE    look at a table instead: does each line, of whatever machine, name a\n"
    "                  kernel of this build that is one for it? And does what the lines of this\n"
    "                  machine say still hold? A random sample is timed again, cold, each kernel\n"
    "                  against the default's, or the default itself against the ceiling\n"
    "  --time SECONDS  for timing the sample; default: 10; 0: nothing is timed\n"
    "  --help          this text\n"
    "\n"
    "Drift (the two intervals are more than 1 % apart, of the ceiling 3 %) is named and is no\n"
    "error: a table decides the speed of a step and nothing else.\n"
    "\n"
    "Exit status: 0 all passed, 1 a kernel failed or a line names none, 2 bad arguments or no\n"
    "table.\n";

typedef struct selection {
    const gcs_kernel_list *list; /* NULL: every ISA */
    const gcs_kernel *kernel;    /* NULL: every kernel */
    const char *table;           /* NULL: kernels, not a table */
    uint64_t seconds;
    bool timed; /* --time was given */
} selection;

typedef struct totals {
    uint64_t kernels, cases, failures, left_out;
} totals;

static void print_report(const gcs_kernel *kernel, const gcs_check_report *report) {
    printf("%-46s %5" PRIu64 " cases  %" PRIu64 " failures  ", kernel->name, report->cases,
           report->failures);
    if (report->against_reference)
        printf("largest error %.3f\n", report->worst);
    else if (kernel->op == GCS_OP_TRAFFIC)
        printf(report->failures ? "changed bits\n" : "no bit changed\n");
    else
        printf(report->failures ? "not the same bits\n" : "same bits\n");
    if (report->failures)
        printf("  first failure: %s\n", report->why);
    fflush(stdout);
}

static void verify_kernel(const gcs_kernel *kernel, totals *sum) {
    gcs_check_report report;
    gcs_check_kernel(kernel, &report);
    print_report(kernel, &report);
    sum->kernels++;
    sum->cases += report.cases;
    sum->failures += report.failures;
}

static void verify_list(const gcs_kernel_list *list, totals *sum) {
    if (!gcs_cpu_allows(list->isa)) {
        printf("%s: this machine cannot run these %zu kernels; not verified\n", list->isa_name,
               list->count);
        sum->left_out += list->count;
        return;
    }
    for (size_t i = 0; i < list->count; i++)
        verify_kernel(&list->kernels[i], sum);
}

static int verify(const selection *chosen) {
    totals sum = {0};
    if (chosen->kernel) {
        verify_kernel(chosen->kernel, &sum);
    } else {
        for (size_t i = 0; i < gcs_registry_lists(); i++) {
            const gcs_kernel_list *list = gcs_registry_list(i);
            if (!chosen->list || chosen->list == list)
                verify_list(list, &sum);
        }
    }
    if (sum.left_out != 0)
        printf("left out %" PRIu64 " kernels that this machine cannot run\n", sum.left_out);
    printf("verified %" PRIu64 " kernels, %" PRIu64 " cases, %" PRIu64 " failures\n", sum.kernels,
           sum.cases, sum.failures);
    return sum.failures == 0 ? GCS_EXIT_OK : GCS_EXIT_FAILED;
}

static bool choose_isa(const char *name, selection *chosen) {
    gcs_isa isa;
    if (!gcs_isa_parse(name, &isa)) {
        gcs_usage_error("verify", "--isa: unknown ISA '%s'", name);
        return false;
    }
    chosen->list = gcs_registry_isa(isa);
    if (!chosen->list) {
        gcs_usage_error("verify", "--isa: '%s' is not compiled into this build", name);
        return false;
    }
    return true;
}

static bool choose_kernel(const char *name, selection *chosen) {
    chosen->kernel = gcs_registry_find(name);
    if (!chosen->kernel) {
        gcs_usage_error("verify", "--kernel: unknown kernel '%s'", name);
        return false;
    }
    if (!gcs_cpu_allows(chosen->kernel->isa)) {
        gcs_usage_error("verify", "--kernel: this machine cannot run '%s'", name);
        return false;
    }
    return true;
}

static bool read_option(int answer, selection *chosen) {
    switch (answer) {
    case 'i':
        return choose_isa(optarg, chosen);
    case 'k':
        return choose_kernel(optarg, chosen);
    case 't':
        chosen->table = optarg;
        return true;
    default:
        chosen->timed = true;
        return gcs_option_number("verify", "--time", optarg, 0, MOST_SECONDS, &chosen->seconds);
    }
}

int gcs_cmd_verify(int argc, char **argv) {
    static const struct option options[] = {
        {"isa", required_argument, NULL, 'i'},   {"kernel", required_argument, NULL, 'k'},
        {"table", required_argument, NULL, 't'}, {"time", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0}};
    selection chosen = {.seconds = 10};
    int answer;
    opterr = 0;
    while ((answer = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (answer == 'h') {
            fputs(help, stdout);
            return GCS_EXIT_OK;
        }
        if (answer == '?' || answer == ':')
            return gcs_bad_option(argv, answer);
        if (!read_option(answer, &chosen))
            return GCS_EXIT_USAGE;
    }
    if (optind < argc)
        return gcs_usage_error(argv[0], "unexpected argument '%s'", argv[optind]);
    if (chosen.timed && !chosen.table)
        return gcs_usage_error(argv[0], "--time goes with --table");
    if (chosen.table && (chosen.list || chosen.kernel))
        return gcs_usage_error(argv[0], "--table goes neither with --isa nor with --kernel");
    if (chosen.table)
        return gcs_verify_table(chosen.table, chosen.seconds);
    if (chosen.list && chosen.kernel && chosen.list->isa != chosen.kernel->isa)
        return gcs_usage_error(argv[0], "--kernel: '%s' is not a kernel of --isa %s",
                               chosen.kernel->name, chosen.list->isa_name);
    return verify(&chosen);
}
