/* gcstep verify: runs check/ on the registered kernels, or on those of another backend, or looks at
 * a table. */
#include "check/check.h"
#include "dispatch/cuda/choice.h"
#include "dispatch/opencl/choice.h"
#include "dispatch/registry.h"
#include "tune/command.h"
#include "tune/options.h"
#include "tune/verify_cuda.h"
#include "tune/verify_opencl.h"
#include "tune/verify_report.h"
#include "tune/verify_table.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define MOST_SECONDS 3600
#define MOST_DEVICES 1024
#define MOST_FORMS   1000
#define MOST_CASES   1000000
#define MOST_SHARES  1000

static const char help[] =
    "Runs every registered kernel through its cases. The first portable kernel of each kind is\n"
    "compared with the reference in double (the largest error is shown in units of what rounding\n"
    "can cause; more than 1 fails) and with the arithmetic that docs/arithmetic.md lays down; "
    "every\n"
    "other kernel must give the same bits as that one.\n"
    "\n"
    "Usage: gcstep verify [--isa NAME] [--kernel NAME]\n"
    "       gcstep verify --backend cuda|opencl [--device N] [--kernel NAME] [--small]\n"
    "                     [--forms N|all] [--cases N] [--share K/N]\n"
    "       gcstep verify --table FILE [--time SECONDS]\n"
    "\n"
    "  --isa NAME      only the kernels of this ISA (portable, avx2, avx512)\n"
    "  --kernel NAME   only this kernel\n"
    "  --backend NAME  cpu (default), or cuda: the kernels for NVIDIA GPUs, on one of them, or\n"
    "                  opencl: those for OpenCL devices, on one of them; each must give the bits\n"
    "                  of the portable ones, or on a device that does not keep them be as near to\n"
    "                  the reference as its operations allow\n"
    "  --device N      number of the GPU, or of the device as gcstep info counts; default: 0\n"
    "  --small         few shapes, and on the device buffers of their own: for compute-sanitizer\n"
    "                  or Oclgrind, which then see every access beside one\n"
    "  --cases N       with --small, of OpenCL kernels: at most N cases of each before those of\n"
    "                  single forms, for tools that slow everything down; default: all\n"
    "  --share K/N     of OpenCL kernels: every N-th, beginning with number K, from 0 on\n"
    "  --forms N       of OpenCL kernels, which are built for any form and go through all their\n"
    "                  cases so: build each also for N single forms (a rule, a centre, types) as\n"
    "                  a plan does, and try few shapes; default: 1; all: between them the kernels\n"
    "                  have every form, which takes PoCL's compiler an hour\n"
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
    "Exit status: 0 all passed, 1 a kernel failed or a line names none, 2 bad arguments, no table\n"
    "or no device.\n";

typedef enum backend { CPU, CUDA, OPENCL } backend;

typedef struct selection {
    const gcs_kernel_list *list; /* NULL: every ISA */
    const gcs_kernel *kernel;    /* NULL: every kernel */
    const char *name;            /* of that kernel, whatever the backend; NULL */
    const char *table;           /* NULL: kernels, not a table */
    uint64_t seconds, device;
    uint64_t forms, cases, share, shares;
    bool timed, numbered, formed, counted; /* --time, --device, --forms, --cases was given */
    const char *shared;                    /* what --share has; NULL */
    backend backend;
    bool small;
} selection;

static void verify_kernel(const gcs_kernel *kernel, gcs_verify_totals *totals) {
    gcs_check_report report;
    gcs_check_kernel(kernel, &report);
    gcs_verify_print(kernel, &report, totals);
}

static void verify_list(const gcs_kernel_list *list, gcs_verify_totals *totals) {
    if (!gcs_cpu_allows(list->isa)) {
        printf("%s: this machine cannot run these %zu kernels; not verified\n", list->isa_name,
               list->count);
        totals->left_out += list->count;
        return;
    }
    for (size_t i = 0; i < list->count; i++)
        verify_kernel(&list->kernels[i], totals);
}

static int verify(const selection *chosen) {
    gcs_verify_totals totals = {0};
    if (chosen->kernel) {
        verify_kernel(chosen->kernel, &totals);
    } else {
        for (size_t i = 0; i < gcs_registry_lists(); i++) {
            const gcs_kernel_list *list = gcs_registry_list(i);
            if (!chosen->list || chosen->list == list)
                verify_list(list, &totals);
        }
    }
    return gcs_verify_end(&totals, "");
}

static int verify_cuda(const selection *chosen) {
    gcs_verify_cuda_choice choice = {.device = (int)chosen->device, .small = chosen->small};
    if (chosen->name) {
        choice.kernel = gcs_cuda_find(chosen->name);
        if (!choice.kernel)
            return gcs_usage_error("verify", "--kernel: unknown CUDA kernel '%s'", chosen->name);
    }
    return gcs_verify_cuda(&choice);
}

static int verify_opencl(const selection *chosen) {
    gcs_verify_opencl_choice choice = {.device = (int)chosen->device,
                                       .small = chosen->small,
                                       .forms = chosen->forms,
                                       .cases = chosen->cases,
                                       .share = chosen->share,
                                       .shares = chosen->shares};
    if (chosen->name) {
        choice.kernel = gcs_opencl_find(chosen->name);
        if (!choice.kernel)
            return gcs_usage_error("verify", "--kernel: unknown OpenCL kernel '%s'", chosen->name);
    }
    return gcs_verify_opencl(&choice);
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

static bool choose_backend(const char *name, selection *chosen) {
    static const char *const names[] = {"cpu", "cuda", "opencl"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            chosen->backend = (backend)i;
            return true;
        }
    }
    gcs_usage_error("verify", "--backend: unknown backend '%s'; there are cpu, cuda and opencl",
                    name);
    return false;
}

static bool choose_share(const char *text, selection *chosen) {
    const char *slash = strchr(text, '/');
    char share[16] = "";
    if (slash != NULL && slash - text < (ptrdiff_t)sizeof share)
        memcpy(share, text, (size_t)(slash - text));
    chosen->shared = text;
    return gcs_option_number("verify", "--share", slash != NULL ? slash + 1 : "", 1, MOST_SHARES,
                             &chosen->shares) &&
           gcs_option_number("verify", "--share", share, 0, chosen->shares - 1, &chosen->share);
}

static bool read_option(int answer, selection *chosen) {
    switch (answer) {
    case 'i':
        return choose_isa(optarg, chosen);
    case 'k':
        chosen->name = optarg;
        return true;
    case 'b':
        return choose_backend(optarg, chosen);
    case 'd':
        chosen->numbered = true;
        return gcs_option_number("verify", "--device", optarg, 0, MOST_DEVICES, &chosen->device);
    case 'm':
        chosen->small = true;
        return true;
    case 'f':
        chosen->formed = true;
        chosen->forms = MOST_FORMS;
        return strcmp(optarg, "all") == 0 ||
               gcs_option_number("verify", "--forms", optarg, 0, MOST_FORMS, &chosen->forms);
    case 'c':
        chosen->counted = true;
        return gcs_option_number("verify", "--cases", optarg, 1, MOST_CASES, &chosen->cases);
    case 'a':
        return choose_share(optarg, chosen);
    case 't':
        chosen->table = optarg;
        return true;
    default:
        chosen->timed = true;
        return gcs_option_number("verify", "--time", optarg, 0, MOST_SECONDS, &chosen->seconds);
    }
}

/* Of the CPU's kernels or a table. */
static int verify_here(selection *chosen) {
    if (chosen->numbered || chosen->small)
        return gcs_usage_error("verify", "%s goes with --backend cuda or opencl",
                               chosen->numbered ? "--device" : "--small");
    if (chosen->timed && !chosen->table)
        return gcs_usage_error("verify", "--time goes with --table");
    if (chosen->table && (chosen->list || chosen->name))
        return gcs_usage_error("verify", "--table goes neither with --isa nor with --kernel");
    if (chosen->table)
        return gcs_verify_table(chosen->table, chosen->seconds);
    if (chosen->name && !choose_kernel(chosen->name, chosen))
        return GCS_EXIT_USAGE;
    if (chosen->list && chosen->kernel && chosen->list->isa != chosen->kernel->isa)
        return gcs_usage_error("verify", "--kernel: '%s' is not a kernel of --isa %s",
                               chosen->kernel->name, chosen->list->isa_name);
    return verify(chosen);
}

int gcs_cmd_verify(int argc, char **argv) {
    static const struct option options[] = {
        {"isa", required_argument, NULL, 'i'},     {"kernel", required_argument, NULL, 'k'},
        {"table", required_argument, NULL, 't'},   {"time", required_argument, NULL, 's'},
        {"backend", required_argument, NULL, 'b'}, {"device", required_argument, NULL, 'd'},
        {"small", no_argument, NULL, 'm'},         {"forms", required_argument, NULL, 'f'},
        {"share", required_argument, NULL, 'a'},   {"cases", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    selection chosen = {.seconds = 10, .forms = 1, .cases = MOST_CASES, .shares = 1};
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
    if (chosen.shared && (chosen.backend != OPENCL || chosen.name))
        return gcs_usage_error(argv[0],
                               "--share goes with --backend opencl, and not with --kernel");
    if (chosen.formed && chosen.backend != OPENCL)
        return gcs_usage_error(argv[0], "--forms goes with --backend opencl");
    if (chosen.counted && (chosen.backend != OPENCL || !chosen.small))
        return gcs_usage_error(argv[0], "--cases goes with --backend opencl --small");
    if (chosen.backend == CPU)
        return verify_here(&chosen);
    if (chosen.list || chosen.table || chosen.timed)
        return gcs_usage_error(argv[0], "--backend %s goes with none of --isa, --table and --time",
                               chosen.backend == CUDA ? "cuda" : "opencl");
    return chosen.backend == CUDA ? verify_cuda(&chosen) : verify_opencl(&chosen);
}
