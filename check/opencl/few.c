/* Few cases: see few.h. */
#include "check/opencl/few.h"
#include "check/suite.h"

#include <stdio.h>

typedef struct few {
    gcs_suite suite;
    gcs_stage stage;
    uint64_t most;   /* cases */
    uint64_t number; /* of the next one: what it varies */
} few;

static bool begin(few *f, gcs_runner *runner, const gcs_kernel *row, gcs_check_report *report) {
    const char *trouble = NULL;
    f->suite = (gcs_suite){.stage = &f->stage, .kernel = row, .report = report, .stream = {1}};
    if (!gcs_cases_judge(row, &f->suite.canonical))
        trouble = "there is no portable kernel to compare it with";
    else if (!gcs_stage_open(&f->stage, GCS_CASES_ELEMENTS))
        trouble = "memory ran out";
    if (trouble != NULL && report->failures++ == 0)
        snprintf(report->why, sizeof report->why, "%s", trouble);
    f->stage.runner = runner;
    report->against_reference = runner->inexact && row->op != GCS_OP_TRAFFIC;
    return trouble == NULL;
}

/* Groups of a length, as the kernel sees them. form: NULL, or in place of the chosen one. */
static void run_case(few *f, gcs_choice choice, const gcs_form *form, uint64_t groups,
                     uint64_t length) {
    const gcs_kernel *row = f->suite.kernel;
    const uint64_t number = f->number++;
    const gcs_class class = row->op == GCS_OP_TRAFFIC || f->stage.runner->flushes
                                ? GCS_CLASS_NORMAL
                                : (gcs_class)(number % GCS_CLASSES);
    if (f->suite.report->failures != 0 || f->suite.report->cases >= f->most ||
        gcs_suite_is_too_long(&f->suite, length))
        return;
    choice.pair %= gcs_forms_pairs(row);
    choice.kind %= gcs_forms_kinds(row);
    gcs_trial trial = gcs_draw_trial(&f->suite, choice, groups, length, class);
    if (form != NULL)
        trial.form = *form;
    if (class != GCS_CLASS_BOUNDARY)
        trial.hyper = (unsigned)(number % gcs_trial_sets());
    if (number % 3 == 2)
        gcs_draw_range(&f->suite, &trial);
    gcs_suite_run(&f->suite, &trial);
}

/* Whether many work-items take one row after another, so that a simulator is long at many rows, of
 * which it sees the same in each. */
static bool takes_rows_alone(const gcs_opencl_kernel *kernel) {
    const gcs_op op = kernel->row.op;
    return kernel->threads > 1 && kernel->row.view == GCS_VIEW_ROWS &&
           (kernel->keeping == GCS_OPENCL_AGAIN || op == GCS_OP_MEASURE || op == GCS_OP_CHANGE);
}

/* Around the pieces of the sums, of a work-item's vectors and of a work-group's items; what tells
 * most comes first: many short rows, a row of more than a segment, and several rows together that
 * are longer than the 32 lanes of a sum, whole (of each third trial only a range is stepped). */
static void run_lengths(few *f, const gcs_opencl_kernel *kernel) {
    const uint64_t at_a_time = (uint64_t)kernel->threads * kernel->width * kernel->vectors;
    const bool split = kernel->depth != 0, alone = takes_rows_alone(kernel);
    const uint64_t shapes[][2] = {{alone ? 5 : 37, 9},
                                  {split ? 1 : 2, split ? kernel->depth + 1 : 1025},
                                  {5, 65},
                                  {3, 33},
                                  {131, 5},
                                  {2, at_a_time + 1},
                                  {2, 1023},
                                  {1, 1},
                                  {2, 2 * at_a_time + 5},
                                  {2, kernel->capacity + 1},
                                  {7, 27},
                                  {3, at_a_time - 1},
                                  {37, alone ? 9 : 0}};
    for (unsigned i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        /* Rows that are shared take three work-groups at least, and simulators their time. */
        const bool few_rows = split && kernel->row.view == GCS_VIEW_ROWS && shapes[i][0] > 3;
        const gcs_choice choice = {3 * i, 4 * i + 1};
        if (shapes[i][1] != 0)
            run_case(f, choice, NULL, few_rows ? 3 : shapes[i][0], shapes[i][1]);
    }
}

void gcs_opencl_few_run(gcs_runner *runner, const gcs_opencl_kernel *kernel, const gcs_kernel *row,
                        uint64_t most, gcs_check_report *report) {
    few f = {.most = most};
    if (!begin(&f, runner, row, report))
        return;
    run_lengths(&f, kernel);
    for (unsigned pair = 0; pair < gcs_forms_pairs(row); pair++)
        run_case(&f, (gcs_choice){pair, pair * 7}, NULL, 3, 41 + pair);
    gcs_stage_close(&f.stage);
}

void gcs_opencl_few_run_form(gcs_runner *runner, const gcs_kernel *row, const gcs_form *form,
                             uint64_t number, gcs_check_report *report) {
    static const uint16_t groups[] = {3, 2, 37, 4, 6, 3}, lengths[] = {41, 1020, 9, 300, 64, 129};
    few f = {.most = UINT64_MAX, .number = number};
    if (!begin(&f, runner, row, report))
        return;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        run_case(&f, (gcs_choice){0, 0}, form, groups[i], lengths[i] + number % 8);
    gcs_stage_close(&f.stage);
}
