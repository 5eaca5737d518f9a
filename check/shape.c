/* gcs_check_shape: one kernel on one shape, within milliseconds and bounded memory. */
#include "check/cases.h"
#include "check/check.h"
#include "check/trial.h"
#include <stdio.h>

/* Elements that one trial steps, unless a single group has more. */
static const uint64_t budget = (uint64_t)1 << 17;

/* Rows of a COLS matrix that are kept: beyond, whole multiples of 4,096 are left out, which is
 * 64 runs of 64. */
static const uint64_t most_rows = (uint64_t)1 << 14;

/* `size` made smaller by a multiple of `period`, to fewer than limit + period. */
static uint64_t shorten(uint64_t size, uint64_t limit, uint64_t period) {
    return size <= limit ? size : limit - limit % period + size % period;
}

/* The shape on which a COLS kernel is checked: as many columns past a multiple of 64. */
static void shorten_columns(uint64_t *rows, uint64_t *cols) {
    *rows = shorten(*rows, most_rows, 4096);
    uint64_t fitting = 2 * budget / *rows;
    *cols = shorten(*cols, fitting < 64 ? 64 : fitting, 64);
}

/* Where the pieces of a range of `end` groups lie: at the start, in the middle, at the end. */
static bool set_piece(gcs_trial *t, gcs_view view, unsigned piece) {
    uint64_t end = view == GCS_VIEW_ROWS ? t->rows : t->cols;
    uint64_t step = view == GCS_VIEW_PART ? GCS_SEGMENT : 1;
    uint64_t length = view == GCS_VIEW_ROWS ? budget / t->cols : budget;
    if (length == 0) {
        /* Rows beyond the budget: the last two, so that going from one to the next is seen. */
        t->first = end < 2 ? 0 : end - 2;
        t->last = end;
        return piece == 0;
    }
    if (view == GCS_VIEW_COLS || end <= length) {
        t->first = 0;
        t->last = end;
        return piece == 0;
    }
    uint64_t first = piece == 0 ? 0 : piece == 1 ? (end - length) / 2 : end - length;
    t->first = first / step * step;
    t->last = piece == 2 ? end : t->first + length;
    return true;
}

static uint64_t extent(const gcs_trial *t, gcs_view view) {
    uint64_t begin, end;
    gcs_trial_extent(t, view, &begin, &end);
    return end - begin;
}

static bool check_pieces(struct gcs_runner *runner, const gcs_kernel *kernel,
                         const gcs_kernel *canonical, gcs_trial *t, char *why, size_t why_size) {
    double worst = 0;
    for (unsigned piece = 0; piece < 3; piece++) {
        if (!set_piece(t, kernel->view, piece))
            continue;
        gcs_stage stage;
        if (!gcs_stage_open(&stage, extent(t, kernel->view))) {
            snprintf(why, why_size, "memory ran out");
            return false;
        }
        stage.runner = runner;
        t->at_start = piece == 1;
        t->seed = piece + 1;
        bool right = gcs_trial_run(&stage, kernel, canonical, t, &worst, why, why_size);
        gcs_stage_close(&stage);
        if (!right)
            return false;
    }
    return true;
}

bool gcs_check_shape(const gcs_kernel *kernel, const gcs_form *form, uint64_t rows, uint64_t cols,
                     char *why, size_t why_size) {
    return gcs_check_shape_by(NULL, kernel, form, rows, cols, why, why_size);
}

bool gcs_check_shape_by(struct gcs_runner *runner, const gcs_kernel *kernel, const gcs_form *form,
                        uint64_t rows, uint64_t cols, char *why, size_t why_size) {
    if (kernel->general && form == NULL) {
        snprintf(why, why_size, "form: a general kernel needs one");
        return false;
    }
    if (rows == 0 || cols == 0 || rows > UINT64_MAX / sizeof(double) / cols) {
        snprintf(why, why_size, "rows or cols: %llu x %llu is no shape", (unsigned long long)rows,
                 (unsigned long long)cols);
        return false;
    }
    const gcs_kernel *canonical;
    if (!gcs_cases_judge(kernel, &canonical)) {
        snprintf(why, why_size, "there is no portable kernel to compare it with");
        return false;
    }
    if (kernel->view == GCS_VIEW_FLAT) {
        cols *= rows;
        rows = 1;
    } else if (kernel->view == GCS_VIEW_PART) {
        rows = 1;
    } else if (kernel->view == GCS_VIEW_COLS) {
        shorten_columns(&rows, &cols);
    }
    uint64_t length = kernel->view == GCS_VIEW_COLS ? rows : cols;
    if (kernel->max_length != 0 && length > kernel->max_length) {
        snprintf(why, why_size, "groups of %llu elements are longer than the %llu it accepts",
                 (unsigned long long)length, (unsigned long long)kernel->max_length);
        return false;
    }
    gcs_trial t = {.rows = rows, .cols = cols, .class = GCS_CLASS_NORMAL};
    if (kernel->general)
        t.form = *form;
    return check_pieces(runner, kernel, canonical, &t, why, why_size);
}
