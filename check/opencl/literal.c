/* Kernels built for one form: see literal.h. */
#include "check/opencl/literal.h"

size_t gcs_opencl_literal_count(const gcs_opencl_kernel *kernel, bool small) {
    (void)kernel;
    (void)small;
    return 0;
}
gcs_form gcs_opencl_literal_at(const gcs_opencl_kernel *kernel, bool small, size_t index) {
    (void)kernel;
    (void)small;
    (void)index;
    return (gcs_form){.rule = GCS_RULE_SGD};
}
void gcs_opencl_literal_run(gcs_runner *runner, const gcs_opencl_kernel *kernel,
                            const gcs_kernel *row, const gcs_form *form, size_t number,
                            gcs_check_report *report) {
    (void)runner;
    (void)kernel;
    (void)row;
    (void)form;
    (void)number;
    (void)report;
}
