/* The arguments of `gcstep tune`. */
#include "tune/request.h"
#include "dispatch/registry.h"
#include "dispatch/table_internal.h"
#include "tune/command.h"
#include "tune/journal.h"
#include "tune/options.h"
#include "tune/rig.h"
#include "tune/shapes.h"
#include "tune/tool.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_SECONDS  (30 * 24 * 3600)
#define MOST_DEVICES  1024
#define PROBE_ELEMENT ((uint64_t)1 << 28) /* a plan this large uses all the threads it may */

static const char help[] =
    "Times every kernel on the tensors of a network and writes a table, from which each step will\n"
    "take its kernels. The result of a step does not depend on the table, only its speed does.\n"
    "\n"
    "Usage: gcstep tune --model NAME | --shapes FILE [OPTION]...\n"
    "       gcstep tune --resume [--table OUT] [OPTION]...\n"
    "\n"
    "  --model NAME    a built-in network, e.g. resnet50; may be repeated\n"
    "  --shapes FILE   tensors of a network of your own (format: models/README.md); may be\n"
    "                  repeated\n"
    "  --spec LIST     steps, separated by commas, e.g. sgdm,sgdm_none; default: sgdm\n"
    "  --time SECONDS  time for all shapes together; default: 1, 4 or 30 per shape, by rigor\n"
    "  --rigor LEVEL   quick, normal (default) or exhaustive: most rounds for each shape\n"
    "  --threads N     threads of a step; default: what this process may use\n"
    "  --backend NAME  cpu (default), cuda: an NVIDIA GPU, or opencl: a device of OpenCL, with a\n"
    "                  journal of its own, OUT.NAME-N.journal\n"
    "  --device N      number of the GPU or device (gcstep info); default: 0\n"
    "  --table OUT     the table to write; default: the user's, which every step looks into.\n"
    "                  Lines for other shapes, and for other devices, that it has already are\n"
    "                  kept\n"
    "  --output OUT    the same as --table\n"
    "  --resume        go on with the last run: with what OUT.journal says that it was asked for.\n"
    "                  Other options count before the journal's; --model or --shapes ask anew.\n"
    "                  It is an error if there is no journal of this machine and these kernels\n"
    "  --fresh         measure again what the journal OUT.journal has already\n"
    "  --help          this text\n"
    "\n" GCS_SPEC_HELP "\n"
    "A run that is stopped goes on where it was with --resume, or when the same command is given\n"
    "again.\n"
    "How it measures and decides: docs/tuning.md.\n";

enum {
    OPT_MODEL = 256,
    OPT_SHAPES,
    OPT_SPEC,
    OPT_TIME,
    OPT_RIGOR,
    OPT_THREADS,
    OPT_BACKEND,
    OPT_DEVICE,
    OPT_TABLE,
    OPT_RESUME,
    OPT_FRESH
};

static const struct option options[] = {
    {"model", required_argument, NULL, OPT_MODEL},
    {"shapes", required_argument, NULL, OPT_SHAPES},
    {"spec", required_argument, NULL, OPT_SPEC},
    {"time", required_argument, NULL, OPT_TIME},
    {"rigor", required_argument, NULL, OPT_RIGOR},
    {"threads", required_argument, NULL, OPT_THREADS},
    {"backend", required_argument, NULL, OPT_BACKEND},
    {"device", required_argument, NULL, OPT_DEVICE},
    {"table", required_argument, NULL, OPT_TABLE},
    {"output", required_argument, NULL, OPT_TABLE},
    {"resume", no_argument, NULL, OPT_RESUME},
    {"fresh", no_argument, NULL, OPT_FRESH},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* ---- What a run was asked for -------------------------------------------------------------- */

/* Adds an option to what the journal is told. A value with a tab or a newline in it cannot be: such
 * a run goes on by its whole command. */
static bool remember(gcs_tune_request *r, const char *option, const char *value) {
    const size_t length = r->run ? strlen(r->run) : 0;
    const size_t more = strlen(option) + strlen(value) + sizeof "\t--\t";
    char *grown = realloc(r->run, length + more);
    if (!grown) {
        fprintf(stderr, "gcstep tune: out of memory\n");
        return false;
    }
    r->run = grown;
    snprintf(grown + length, more, "%s--%s\t%s", length ? "\t" : "", option, value);
    r->run_is_told = r->run_is_told && !strpbrk(value, "\t\n");
    return true;
}

static const struct option *find_option(int value) {
    for (const struct option *o = options; o->name; o++)
        if (o->val == value)
            return o;
    return NULL;
}

/* ---- Options ------------------------------------------------------------------------------- */

static bool add_model(gcs_tune_request *r, bool is_file, const char *name) {
    char error[512];
    gcs_model *grown = realloc(r->models, (r->model_count + 1) * sizeof *grown);
    if (!grown) {
        fprintf(stderr, "gcstep tune: out of memory\n");
        return false;
    }
    r->models = grown;
    gcs_model *model = &grown[r->model_count];
    if (!(is_file ? gcs_model_read(model, name, error, sizeof error)
                  : gcs_model_load(model, name, error, sizeof error))) {
        gcs_usage_error("tune", "%s: %s", is_file ? "--shapes" : "--model", error);
        return false;
    }
    r->model_count++;
    return true;
}

/* RAW_GRADIENT and GRADIENT are one with decoupled decay: a shape would count twice. */
static bool is_same_step(const gcs_spec *a, const gcs_spec *b) {
    const gcs_tensor any = gcs_rows(1, 1);
    const gcs_table_key key_a = gcs_key_of(a, &any, 1), key_b = gcs_key_of(b, &any, 1);
    return gcs_key_equal(&key_a, &key_b);
}

static bool add_spec(gcs_tune_request *r, const char *name) {
    gcs_spec spec;
    if (!gcs_option_spec("tune", name, &spec))
        return false;
    for (size_t i = 0; i < r->spec_count; i++)
        if (is_same_step(&r->specs[i], &spec))
            return true;
    if (r->spec_count == GCS_MOST_SPECS) {
        gcs_usage_error("tune", "--spec: more than %d specs", GCS_MOST_SPECS);
        return false;
    }
    r->specs[r->spec_count++] = spec;
    return true;
}

static bool add_specs(gcs_tune_request *r, char *list) {
    char *rest = list;
    for (char *name; (name = strsep(&rest, ",")) != NULL;)
        if (!add_spec(r, name))
            return false;
    return true;
}

static bool set_table(gcs_tune_request *r, const char *path) {
    if ((size_t)snprintf(r->table, sizeof r->table, "%s", path) < sizeof r->table - 48 && *path)
        return true;
    gcs_usage_error("tune", "--table: '%s' cannot be the name of a table", path);
    return false;
}

static bool set_backend(gcs_tune_request *r, const char *name) {
    r->backend = name;
    if (gcs_rig_is_known(name))
        return true;
    gcs_usage_error("tune", "--backend: unknown backend '%s'; there are %s", name, gcs_rig_names());
    return false;
}

/* Whether the option says which journal it is, and so is none of those that a journal is told. */
static bool names_journal(int option) {
    return option == OPT_TABLE || option == OPT_BACKEND || option == OPT_DEVICE;
}

static bool read_option(gcs_tune_request *r, int answer) {
    const struct option *option = find_option(answer);
    if (option->has_arg && !names_journal(answer) && !remember(r, option->name, optarg))
        return false;
    switch (answer) {
    case OPT_MODEL:
    case OPT_SHAPES:
        return add_model(r, answer == OPT_SHAPES, optarg);
    case OPT_SPEC:
        return add_specs(r, optarg);
    case OPT_TIME:
        return gcs_option_number("tune", "--time", optarg, 1, MOST_SECONDS, &r->seconds);
    case OPT_RIGOR:
        if (gcs_rigor_parse(optarg, &r->rigor) && r->rigor != GCS_RIGOR_NONE)
            return true;
        gcs_usage_error("tune", "--rigor: '%s' is none of quick, normal, exhaustive", optarg);
        return false;
    case OPT_THREADS:
        return gcs_option_threads("tune", optarg, &r->threads);
    case OPT_BACKEND:
        return set_backend(r, optarg);
    case OPT_DEVICE:
        r->device_is_given = true;
        return gcs_option_number("tune", "--device", optarg, 0, MOST_DEVICES, &r->device);
    case OPT_TABLE:
        return set_table(r, optarg);
    case OPT_RESUME:
        r->resume = true;
        return true;
    default:
        r->fresh = true;
        return true;
    }
}

/* The number of threads that a large step would use here. */
static bool probe_threads(gcs_tune_request *r) {
    gcs_plan *plan;
    gcs_spec spec = gcs_spec_sgdm();
    gcs_tensor tensor = gcs_flat(PROBE_ELEMENT);
    gcs_target target = gcs_cpu();
    target.table = "";
    if (gcs_plan_create(&plan, target, &spec, &tensor, 1) != GCS_OK) {
        fprintf(stderr, "gcstep tune: %s\n", gcs_last_error());
        return false;
    }
    r->threads = gcs_plan_threads(plan);
    gcs_plan_destroy(plan);
    return true;
}

static bool is_of_device(const gcs_tune_request *r) {
    return strcmp(r->backend, "cpu") != 0;
}

/* The table's path, and by it the journal's. */
static bool set_paths(gcs_tune_request *r) {
    char path[GCS_PATH_SIZE];
    if (r->table[0] == '\0') {
        if (gcs_user_table_path(path, sizeof path) == 0) {
            gcs_usage_error("tune", "--table is missing, and neither HOME nor XDG_CONFIG_HOME "
                                    "says where the user's table lies");
            return false;
        }
        if (!set_table(r, path))
            return false;
    }
    /* Of a device another one than the CPU's: both may write to one table. */
    char device[32] = "";
    if (is_of_device(r))
        snprintf(device, sizeof device, ".%s-%u", r->backend, (unsigned)r->device);
    snprintf(r->journal, sizeof r->journal, "%.*s%s.journal", (int)sizeof r->table - 48, r->table,
             device);
    return true;
}

/* ---- Going on with a run ------------------------------------------------------------------- */

static int option_number(const char *name) {
    for (const struct option *o = options; o->name; o++)
        if (strncmp(name, "--", 2) == 0 && strcmp(name + 2, o->name) == 0 && o->has_arg)
            return o->val;
    return 0;
}

/* Whether an option of the journal's gives way to one that was given now. */
static bool is_given(const gcs_tune_request *given, int option) {
    return (option == OPT_SPEC && given->spec_count) || (option == OPT_TIME && given->seconds) ||
           (option == OPT_RIGOR && given->rigor != GCS_RIGOR_NONE) ||
           (option == OPT_THREADS && given->threads) || names_journal(option);
}

static bool take_run(gcs_tune_request *r, char *words) {
    gcs_tune_request given = *r;
    for (char *name; (name = strsep(&words, "\t")) != NULL;) {
        const int option = option_number(name);
        optarg = strsep(&words, "\t");
        if (!option || !optarg) {
            gcs_usage_error("tune", "--resume: %s: what '%s' of its last run means is not known",
                            r->journal, name);
            return false;
        }
        if (!is_given(&given, option) && !read_option(r, option))
            return false;
    }
    return true;
}

/* Whether a journal with that header is of the machine, or of the device, that is asked for. */
static bool is_of_place(const gcs_tune_request *r, const gcs_journal_header *header) {
    gcs_machine machine;
    gcs_device_identity device;
    char why[512];
    if (header->of_device != is_of_device(r))
        return false;
    if (header->of_device)
        return gcs_rig_identify(r->backend, (unsigned)r->device, &device, why, sizeof why) &&
               gcs_device_identity_equal(&header->device, &device);
    gcs_machine_read(&machine);
    return gcs_machine_same(&header->machine, &machine);
}

/* Whether the journal is one to go on with; false after an error. */
static bool check_journal(const gcs_tune_request *r, const gcs_journal_contents *contents) {
    if (!is_of_place(r, &contents->header) || !contents->header.same_kernels) {
        gcs_usage_error("tune",
                        "--resume: %s is of another %s or of other kernels, so that its "
                        "results do not hold here; without --resume it is set aside",
                        r->journal, is_of_device(r) ? "device" : "machine");
        return false;
    }
    if (contents->run || r->model_count > 0)
        return true;
    gcs_usage_error("tune",
                    "--resume: %s does not say what its run was asked for: give --model or "
                    "--shapes again",
                    r->journal);
    return false;
}

/* Goes on with the journal's last run or, where tensors are asked for, with its results alone. */
static bool resume(gcs_tune_request *r) {
    gcs_journal_contents contents;
    char why[GCS_PATH_SIZE + 128];
    bool read = gcs_journal_read(&contents, r->journal, why, sizeof why);
    if (!read)
        gcs_usage_error("tune", "--resume: %s", why);
    read = read && check_journal(r, &contents) && (r->model_count > 0 || take_run(r, contents.run));
    gcs_journal_contents_free(&contents);
    return read;
}

static bool check_place(const gcs_tune_request *r) {
    if (!is_of_device(r) && r->device_is_given)
        gcs_usage_error("tune", "--device goes with --backend cuda or opencl");
    else if (is_of_device(r) && r->threads)
        gcs_usage_error("tune", "--threads goes with --backend cpu");
    else
        return true;
    return false;
}

static bool set_defaults(gcs_tune_request *r) {
    gcs_environment env;
    if (!r->backend)
        r->backend = "cpu";
    if (!check_place(r))
        return false;
    if (r->resume && r->fresh) {
        gcs_usage_error("tune", "--resume and --fresh contradict each other");
        return false;
    }
    if (r->model_count == 0 && !r->resume) {
        gcs_usage_error("tune", "--model or --shapes is missing: which tensors?");
        return false;
    }
    if (!gcs_check_timing_environment("tune", &env) || !set_paths(r) || (r->resume && !resume(r)))
        return false;
    if (r->spec_count == 0)
        r->specs[r->spec_count++] = gcs_spec_sgdm();
    if (r->rigor == GCS_RIGOR_NONE)
        r->rigor = GCS_RIGOR_NORMAL;
    if (is_of_device(r))
        return true;
    if (r->threads == 0 && !probe_threads(r))
        return false;
    char threads[16];
    snprintf(threads, sizeof threads, "%d", r->threads);
    return remember(r, "threads", threads);
}

bool gcs_tune_request_read(gcs_tune_request *request, int argc, char **argv, int *status) {
    int answer;
    memset(request, 0, sizeof *request);
    request->run_is_told = true;
    *status = GCS_EXIT_USAGE;
    opterr = 0;
    while ((answer = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (answer == 'h') {
            fputs(help, stdout);
            *status = GCS_EXIT_OK;
            return false;
        }
        if (answer == '?' || answer == ':') {
            *status = gcs_bad_option(argv, answer);
            return false;
        }
        if (!read_option(request, answer))
            return false;
    }
    if (optind < argc) {
        gcs_usage_error("tune", "unexpected argument '%s'", argv[optind]);
        return false;
    }
    return set_defaults(request);
}

void gcs_tune_request_free(gcs_tune_request *request) {
    for (size_t i = 0; i < request->model_count; i++)
        gcs_model_free(&request->models[i]);
    free(request->models);
    free(request->run);
    request->run = NULL;
    request->models = NULL;
    request->model_count = 0;
}
