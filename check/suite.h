/* Drawing trials of one kernel from a fixed seed, running and counting them. */
#ifndef GCSTEP_CHECK_SUITE_H
#define GCSTEP_CHECK_SUITE_H

#include "check/cases.h"
#include "check/forms.h"

typedef struct gcs_suite {
    gcs_stage *stage;
    const gcs_kernel *kernel;
    const gcs_kernel *canonical; /* NULL: the contract and the reference */
    gcs_check_report *report;
    gcs_stream stream;
} gcs_suite;

/* A form of the kernel, by its numbers (forms.h). */
typedef struct gcs_choice {
    unsigned pair, kind;
} gcs_choice;

gcs_choice gcs_draw_choice(gcs_suite *suite);

/* A trial of the whole tensor, the rest drawn. Without groups: one group of all elements. Groups
 * that are longer than the kernel takes become as long as it takes. */
gcs_trial gcs_draw_trial(gcs_suite *suite, gcs_choice form, uint64_t groups, uint64_t length,
                         gcs_class class);

/* A range that a caller may ask for, in place of the whole. */
void gcs_draw_range(gcs_suite *suite, gcs_trial *trial);

void gcs_suite_run(gcs_suite *suite, const gcs_trial *trial);

/* One shape with values of every class, each with a form of its own. */
void gcs_suite_run_shape(gcs_suite *suite, uint64_t groups, uint64_t length);

/* One shape with values of every class for every rule and centre. Over 15 shapes with numbers that
 * follow each other, each of these meets each kind with each class. */
void gcs_suite_run_all(gcs_suite *suite, uint64_t groups, uint64_t length, uint64_t number);

/* Whether groups of that length are more than the kernel takes. */
bool gcs_suite_is_too_long(const gcs_suite *suite, uint64_t length);

#endif
