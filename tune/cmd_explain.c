/* gcstep explain: which kernel a tensor, or each tensor of a network, would get, and why. */
#include "dispatch/registry.h"
#include "dispatch/table.h"
#include "models/model.h"
#include "tune/command.h"
#include "tune/options.h"
#include "tune/rig.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Says which kernel steps a tensor, why it was chosen, and with what evidence.\n"
    "\n"
    "Usage: gcstep explain --layout LAYOUT --rows N --cols N [OPTION]...\n"
    "       gcstep explain --model NAME | --shapes FILE [OPTION]...\n"
    "\n"
    "  --layout LAYOUT  rows: each row is a group; cols: each column is; flat: no groups\n"
    "  --rows N         rows of the tensor (flat: 1, may be left out)\n"
    "  --cols N         columns of the tensor (flat: its elements)\n"
    "  --model NAME     all tensors of a built-in network, e.g. resnet50\n"
    "  --shapes FILE    all tensors of a file (format: models/README.md)\n"
    "  --spec STEP      default: sgdm\n"
    "  --threads N      threads of the step; default: what this process may use\n"
    "  --backend NAME   cpu (default), cuda: a step on an NVIDIA GPU, or opencl: on a device of\n"
    "                   OpenCL\n"
    "  --device N       number of the GPU or device (gcstep info); default: 0\n"
    "  --table FILE     a table to look into first; it must exist\n"
    "  --help           this text\n"
    "\n" GCS_SPEC_HELP;

#define MOST_DEVICES 1024

typedef struct request {
    gcs_spec spec;
    gcs_target target;
    const char *model, *shapes;
    gcs_layout layout; /* 0: not given */
    uint64_t rows, cols;
    const char *backend; /* NULL: the CPU */
    uint64_t device;
    bool device_is_given;
    gcs_rig *rig; /* of a device; NULL: the CPU */
} request;

enum {
    OPT_LAYOUT = 256,
    OPT_ROWS,
    OPT_COLS,
    OPT_MODEL,
    OPT_SHAPES,
    OPT_SPEC,
    OPT_THREADS,
    OPT_BACKEND,
    OPT_DEVICE,
    OPT_TABLE
};

static const struct option options[] = {
    {"layout", required_argument, NULL, OPT_LAYOUT},
    {"rows", required_argument, NULL, OPT_ROWS},
    {"cols", required_argument, NULL, OPT_COLS},
    {"model", required_argument, NULL, OPT_MODEL},
    {"shapes", required_argument, NULL, OPT_SHAPES},
    {"spec", required_argument, NULL, OPT_SPEC},
    {"threads", required_argument, NULL, OPT_THREADS},
    {"backend", required_argument, NULL, OPT_BACKEND},
    {"device", required_argument, NULL, OPT_DEVICE},
    {"table", required_argument, NULL, OPT_TABLE},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* A table that the user names must be one; of other tables the library itself tells in its log. */
static bool check_table(const char *command, const request *r) {
    char why[512];
    gcs_machine machine;
    gcs_machine_read(&machine);
    if (!r->target.table || gcs_table_file_check(r->target.table, &machine,
                                                 r->rig ? r->rig->device : NULL, why, sizeof why))
        return true;
    gcs_usage_error(command, "--table: %s", why);
    return false;
}

static bool read_option(const char *command, int answer, request *r) {
    switch (answer) {
    case OPT_LAYOUT:
        if (gcs_layout_parse(optarg, &r->layout))
            return true;
        gcs_usage_error(command, "--layout: '%s' is none of rows, cols, flat", optarg);
        return false;
    case OPT_ROWS:
        return gcs_option_number(command, "--rows", optarg, 1, INT64_MAX, &r->rows);
    case OPT_COLS:
        return gcs_option_number(command, "--cols", optarg, 1, INT64_MAX, &r->cols);
    case OPT_MODEL:
        r->model = optarg;
        return true;
    case OPT_SHAPES:
        r->shapes = optarg;
        return true;
    case OPT_SPEC:
        return gcs_option_spec(command, optarg, &r->spec);
    case OPT_THREADS:
        return gcs_option_threads(command, optarg, &r->target.threads);
    case OPT_BACKEND:
        r->backend = strcmp(optarg, "cpu") != 0 ? optarg : NULL;
        if (gcs_rig_is_known(optarg))
            return true;
        gcs_usage_error(command, "--backend: unknown backend '%s'; there are %s", optarg,
                        gcs_rig_names());
        return false;
    case OPT_DEVICE:
        r->device_is_given = true;
        return gcs_option_number(command, "--device", optarg, 0, MOST_DEVICES, &r->device);
    default:
        r->target.table = optarg;
        return true;
    }
}

/* Where the step would run; false after an error. */
static bool open_place(const char *command, request *r) {
    char why[512];
    if (!r->backend) {
        if (r->device_is_given)
            gcs_usage_error(command, "--device goes with --backend cuda or opencl");
        return !r->device_is_given;
    }
    if (r->target.threads) {
        gcs_usage_error(command, "--threads goes with --backend cpu");
        return false;
    }
    r->rig = gcs_rig_open(r->backend, (unsigned)r->device, why, sizeof why);
    if (!r->rig) {
        fprintf(stderr, "gcstep %s: %s\n", command, why);
        return false;
    }
    const char *table = r->target.table;
    r->target = r->rig->target(r->rig, NULL);
    r->target.table = table;
    return true;
}

/* False after an error: exactly one of a model, a file and a shape must be asked for. */
static bool check_request(const char *command, const request *r) {
    bool shape = r->layout || r->rows || r->cols;
    if ((r->model != NULL) + (r->shapes != NULL) + shape != 1) {
        gcs_usage_error(command,
                        "give one of --model, --shapes, or --layout with --rows and --cols");
        return false;
    }
    if (!shape)
        return true;
    if (!r->layout || !r->cols || (!r->rows && r->layout != GCS_LAYOUT_FLAT)) {
        gcs_usage_error(command, "%s is missing",
                        !r->layout ? "--layout"
                        : !r->cols ? "--cols"
                                   : "--rows");
        return false;
    }
    if (r->layout == GCS_LAYOUT_FLAT && r->rows > 1) {
        gcs_usage_error(command, "--rows: a flat tensor has one row");
        return false;
    }
    return true;
}

static int explain(const request *r, const gcs_tensor *tensors, const gcs_model *model,
                   size_t count) {
    gcs_plan *plan;
    gcs_status status = gcs_plan_create(&plan, r->target, &r->spec, tensors, count);
    if (status != GCS_OK) {
        fprintf(stderr, "gcstep explain: %s\n", gcs_last_error());
        return status == GCS_OUT_OF_MEMORY ? GCS_EXIT_FAILED : GCS_EXIT_USAGE;
    }
    for (size_t i = 0; i < count; i++) {
        char text[1024];
        gcs_plan_explain(plan, i, text, sizeof text);
        if (model)
            printf("%s: ", model->tensors[i].name);
        printf("%s\n", text);
    }
    gcs_plan_destroy(plan);
    return GCS_EXIT_OK;
}

static int explain_model(const request *r) {
    gcs_model model;
    char error[512];
    bool read = r->model ? gcs_model_load(&model, r->model, error, sizeof error)
                         : gcs_model_read(&model, r->shapes, error, sizeof error);
    if (!read)
        return gcs_usage_error("explain", "%s: %s", r->model ? "--model" : "--shapes", error);
    gcs_tensor *tensors = calloc(model.count ? model.count : 1, sizeof *tensors);
    if (!tensors) {
        gcs_model_free(&model);
        fprintf(stderr, "gcstep explain: out of memory\n");
        return GCS_EXIT_FAILED;
    }
    for (size_t i = 0; i < model.count; i++)
        tensors[i] = gcs_model_as_tensor(&model.tensors[i]);
    int status = explain(r, tensors, &model, model.count);
    free(tensors);
    gcs_model_free(&model);
    return status;
}

static gcs_tensor requested_tensor(const request *r) {
    switch (r->layout) {
    case GCS_LAYOUT_ROWS:
        return gcs_rows(r->rows, r->cols);
    case GCS_LAYOUT_COLS:
        return gcs_cols(r->rows, r->cols);
    default:
        return gcs_flat(r->cols);
    }
}

static int explain_request(const request *r) {
    if (r->model || r->shapes)
        return explain_model(r);
    gcs_tensor tensor = requested_tensor(r);
    return explain(r, &tensor, NULL, 1);
}

int gcs_cmd_explain(int argc, char **argv) {
    request r = {.spec = gcs_spec_sgdm(), .target = gcs_cpu()};
    int answer;
    opterr = 0;
    while ((answer = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (answer == 'h') {
            fputs(help, stdout);
            return GCS_EXIT_OK;
        }
        if (answer == '?' || answer == ':')
            return gcs_bad_option(argv, answer);
        if (!read_option(argv[0], answer, &r))
            return GCS_EXIT_USAGE;
    }
    if (optind < argc)
        return gcs_usage_error(argv[0], "unexpected argument '%s'", argv[optind]);
    int status = GCS_EXIT_USAGE;
    if (check_request(argv[0], &r) && open_place(argv[0], &r) && check_table(argv[0], &r))
        status = explain_request(&r);
    gcs_rig_close(r.rig);
    return status;
}
