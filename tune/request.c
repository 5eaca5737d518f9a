/* The arguments of `gcstep tune`. */
#include "tune/request.h"
#include "dispatch/registry.h"
#include "dispatch/table_internal.h"
#include "tune/command.h"
#include "tune/options.h"
#include "tune/shapes.h"
#include "tune/tool.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_SECONDS  (30 * 24 * 3600)
#define PROBE_ELEMENT ((uint64_t)1 << 28) /* a plan this large uses all the threads it may */

static const char help[] =
    "Times every kernel on the tensors of a network and writes a table, from which each step will\n"
    "take its kernels. The result of a step does not depend on the table, only its speed does.\n"
    "\n"
    "Usage: gcstep tune --model NAME | --shapes FILE [OPTION]...\n"
    "\n"
    "  --model NAME    a built-in network, e.g. resnet50; may be repeated\n"
    "  --shapes FILE   tensors of a network of your own (format: models/README.md); may be\n"
    "                  repeated\n"
    "  --spec LIST     steps, separated by commas, e.g. sgdm,sgdm_none; default: sgdm\n"
    "  --time SECONDS  time for all shapes together; default: 1, 4 or 30 per shape, by rigor\n"
    "  --rigor LEVEL   quick, normal (default) or exhaustive: most rounds for each shape\n"
    "  --threads N     threads of a step; default: what this process may use\n"
    "  --table OUT     the table to write; default: the user's, which every step looks into.\n"
    "                  Lines for other shapes that it has already are kept\n"
    "  --fresh         measure again what the journal OUT.journal has already\n"
    "  --help          this text\n"
    "\n" GCS_SPEC_HELP "\n"
    "A run that is stopped goes on where it was when the same command is given again.\n"
    "How it measures and decides: docs/tuning.md.\n";

enum {
    OPT_MODEL = 256,
    OPT_SHAPES,
    OPT_SPEC,
    OPT_TIME,
    OPT_RIGOR,
    OPT_THREADS,
    OPT_TABLE,
    OPT_FRESH
};

static const struct option options[] = {
    {"model", required_argument, NULL, OPT_MODEL},
    {"shapes", required_argument, NULL, OPT_SHAPES},
    {"spec", required_argument, NULL, OPT_SPEC},
    {"time", required_argument, NULL, OPT_TIME},
    {"rigor", required_argument, NULL, OPT_RIGOR},
    {"threads", required_argument, NULL, OPT_THREADS},
    {"table", required_argument, NULL, OPT_TABLE},
    {"fresh", no_argument, NULL, OPT_FRESH},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

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
    if ((size_t)snprintf(r->table, sizeof r->table, "%s", path) < sizeof r->table - 32 && *path)
        return true;
    gcs_usage_error("tune", "--table: '%s' cannot be the name of a table", path);
    return false;
}

static bool read_option(gcs_tune_request *r, int answer) {
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
    case OPT_TABLE:
        return set_table(r, optarg);
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

/* GCSTEP_KERNEL would force the same kernel on all; GCSTEP_RECORD would record the tuner itself. */
static bool check_environment(void) {
    const char *kernel = getenv("GCSTEP_KERNEL");
    if (kernel && *kernel) {
        fprintf(stderr,
                "gcstep tune: GCSTEP_KERNEL is set to '%s': unset it, so that kernels can "
                "be compared\n",
                kernel);
        return false;
    }
    unsetenv("GCSTEP_RECORD");
    gcs_environment env;
    if (gcs_environment_read(&env) == GCS_OK)
        return true;
    fprintf(stderr, "gcstep tune: %s\n", gcs_last_error());
    return false;
}

static bool set_defaults(gcs_tune_request *r) {
    char path[GCS_PATH_SIZE];
    if (r->model_count == 0) {
        gcs_usage_error("tune", "--model or --shapes is missing: which tensors?");
        return false;
    }
    if (r->spec_count == 0)
        r->specs[r->spec_count++] = gcs_spec_sgdm();
    if (!check_environment() || (r->threads == 0 && !probe_threads(r)))
        return false;
    if (r->table[0] == '\0') {
        if (gcs_user_table_path(path, sizeof path) == 0) {
            gcs_usage_error("tune", "--table is missing, and neither HOME nor XDG_CONFIG_HOME "
                                    "says where the user's table lies");
            return false;
        }
        if (!set_table(r, path))
            return false;
    }
    snprintf(r->journal, sizeof r->journal, "%.*s.journal", (int)sizeof r->table - 32, r->table);
    return true;
}

bool gcs_tune_request_read(gcs_tune_request *request, int argc, char **argv, int *status) {
    int answer;
    memset(request, 0, sizeof *request);
    request->rigor = GCS_RIGOR_NORMAL;
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
    request->models = NULL;
    request->model_count = 0;
}
