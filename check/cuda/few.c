/* Few shapes: see few.h. */
#include "check/cuda/few.h"
#include "check/forms.h"

#include <string.h>

typedef struct few {
    gcs_runner *runner;
    const gcs_kernel *row;
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
    const gcs_form chosen = gcs_forms_at(row, form.pair, form.kind % gcs_forms_kinds(row));
    const bool columns = row->view == GCS_VIEW_COLS;
    char why[sizeof f->report->why] = "";
    if (f->failed || (row->max_length != 0 && length > row->max_length))
        return;
    f->report->cases++;
    f->failed = !gcs_check_shape_by(f->runner, row, &chosen, columns ? length : groups,
                                    columns ? groups : length, why, sizeof why);
    if (f->failed && f->report->failures++ == 0)
        memcpy(f->report->why, why, sizeof why);
}

/* Around the pieces of the sums, of a thread's vectors, of a block's items and of a cluster's
 * blocks; the longest groups that are kept. */
static void run_lengths(few *f, choice form, const gcs_cuda_kernel *kernel) {
    const uint64_t capacity = kernel->capacity, segments = kernel->cluster * (uint64_t)GCS_SEGMENT;
    const uint64_t longest = f->row->max_length;
    const uint64_t lengths[] = {1,
                                9,
                                27,
                                31,
                                32,
                                33,
                                65,
                                147,
                                1023,
                                1025,
                                2304,
                                4610,
                                8193,
                                57345,
                                capacity - 1,
                                capacity,
                                capacity + 1,
                                2 * capacity,
                                segments,
                                segments + 1,
                                3 * segments - 5};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        const uint64_t length = lengths[i], groups = length <= 33 ? 37 : length < 2000 ? 5 : 2;
        if (length != 0)
            run_groups(f, form, groups, length);
    }
    if (longest <= 1 << 20) /* 0, or more than there is a bound of the GPU's for: run already */
        run_groups(f, form, 3, longest != 0 ? longest : 100);
}

void gcs_cuda_few_run(gcs_runner *runner, const gcs_cuda_kernel *kernel, const gcs_kernel *row,
                      gcs_check_report *report) {
    few f = {.runner = runner, .row = row, .report = report};
    for (unsigned pair = 0; pair < gcs_forms_pairs(row); pair++) {
        const unsigned kind = pair * 7;
        run_groups(&f, (choice){pair, kind}, 7, 70 + pair);
        run_groups(&f, (choice){pair, kind + 4}, 2, 1100 + pair);
        if (pair % 11 == 0)
            run_lengths(&f, (choice){pair, kind + 1}, kernel);
    }
}
