/* Few shapes: see few.h. */
#include "check/opencl/few.h"
#include "check/forms.h"

#include <string.h>

typedef struct few {
    gcs_runner *runner;
    const gcs_kernel *row;
    uint64_t most; /* cases */
    gcs_check_report *report;
    bool failed;
} few;

/* A form, by its numbers (check/forms.h). */
typedef struct choice {
    unsigned pair, kind;
} choice;

/* Groups of a length, as the kernel sees them. */
static void run_groups(few *f, choice form, uint64_t groups, uint64_t length) {
    const gcs_kernel *row = f->row;
    const gcs_form chosen =
        gcs_forms_at(row, form.pair % gcs_forms_pairs(row), form.kind % gcs_forms_kinds(row));
    const bool columns = row->view == GCS_VIEW_COLS;
    char why[sizeof f->report->why] = "";
    if (f->failed || f->report->cases >= f->most ||
        (row->max_length != 0 && length > row->max_length))
        return;
    f->report->cases++;
    f->failed = !gcs_check_shape_by(f->runner, row, &chosen, columns ? length : groups,
                                    columns ? groups : length, why, sizeof why);
    if (f->failed && f->report->failures++ == 0)
        memcpy(f->report->why, why, sizeof why);
}

/* Around the pieces of the sums, of a work-item's vectors and of a work-group's items; what tells
 * most comes first. */
static void run_lengths(few *f, const gcs_opencl_kernel *kernel) {
    const uint64_t at_a_time = (uint64_t)kernel->threads * kernel->width * kernel->vectors;
    const bool split = kernel->depth != 0;
    const uint64_t shapes[][2] = {{37, 9},
                                  {split ? 1 : 2, split ? kernel->depth + 1 : 1025},
                                  {5, 65},
                                  {131, 5},
                                  {2, at_a_time + 1},
                                  {3, 33},
                                  {2, 1023},
                                  {1, 1},
                                  {2, 2 * at_a_time + 5},
                                  {2, kernel->capacity + 1},
                                  {7, 27},
                                  {3, at_a_time - 1}};
    for (unsigned i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        /* Rows that are shared take three work-groups at least, and simulators their time. */
        const bool few_rows = split && kernel->row.view == GCS_VIEW_ROWS && shapes[i][0] > 3;
        if (shapes[i][1] != 0)
            run_groups(f, (choice){3 * i, 4 * i + 1}, few_rows ? 3 : shapes[i][0], shapes[i][1]);
    }
}

void gcs_opencl_few_run(gcs_runner *runner, const gcs_opencl_kernel *kernel, const gcs_kernel *row,
                        uint64_t most, gcs_check_report *report) {
    few f = {.runner = runner, .row = row, .most = most, .report = report};
    run_lengths(&f, kernel);
    for (unsigned pair = 0; pair < gcs_forms_pairs(row); pair++)
        run_groups(&f, (choice){pair, pair * 7}, 3, 41 + pair);
}
