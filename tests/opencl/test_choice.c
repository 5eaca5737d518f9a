/* The fixed rule: for any form and length, on any OpenCL device, a kernel that can run there. */
#include "../step_fixture.h"

#include "dispatch/opencl/choice.h"

/* Limits as devices of their kind tell them, and those of the smallest that OpenCL 1.2 allows. */
static const gcs_opencl_device devices[] = {
    {.type = GCS_CL_DEVICE_TYPE_CPU,
     .compute_units = 2,
     .max_group = 4096,
     .max_items = 4096,
     .local_bytes = 1 << 20,
     .float_width_native = 16},
    {.type = GCS_CL_DEVICE_TYPE_CPU,
     .compute_units = 64,
     .max_group = 8192,
     .max_items = 8192,
     .local_bytes = 32 << 10,
     .float_width_native = 8},
    {.type = GCS_CL_DEVICE_TYPE_GPU,
     .compute_units = 132,
     .max_group = 1024,
     .max_items = 1024,
     .local_bytes = 48 << 10,
     .float_width_native = 1},
    {.type = GCS_CL_DEVICE_TYPE_GPU,
     .compute_units = 32,
     .max_group = 256,
     .max_items = 256,
     .local_bytes = 64 << 10,
     .float_width_native = 1},
    {.type = GCS_CL_DEVICE_TYPE_ACCELERATOR,
     .compute_units = 1,
     .max_group = 1,
     .max_items = 1,
     .local_bytes = 32 << 10,
     .float_width_native = 4},
};
enum { DEVICES = sizeof devices / sizeof devices[0], CPU = 0, GPU = 2, ONE = 4 };

static const gcs_table_question nothing = {.tables = NULL};

static gcs_need need_of(gcs_center center, gcs_view view, uint64_t length) {
    return (gcs_need){.op = GCS_OP_STEP,
                      .form = {GCS_RULE_SGDM, center, GCS_TYPE_F32, GCS_COPY_NONE},
                      .view = view,
                      .length = length};
}

/* All lengths up to some hundred, then further and further apart. */
static uint64_t next_length(uint64_t length) {
    return length + 1 + length / 100;
}
#define LONGEST ((uint64_t)1 << 32)

static void check(const gcs_need *need, const gcs_opencl_device *device) {
    static const uint64_t groups[] = {0, 1, 1000000};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        const gcs_opencl_kernel *kernel = gcs_opencl_kernel_for(need, groups[i], device, NULL);
        if (kernel == NULL)
            fail_msg("no kernel for length %llu on device %d", (unsigned long long)need->length,
                     (int)(device - devices));
        assert_true(kernel->threads <= device->max_group && kernel->threads <= device->max_items);
        assert_true(gcs_opencl_local_bytes(kernel, need->length) <= device->local_bytes);
        assert_true(gcs_kernel_accepts(&kernel->row, need));
    }
}

static void every_length(void **state) {
    (void)state;
    static const gcs_center centers[] = {GCS_CENTER_GRADIENT, GCS_CENTER_RAW_GRADIENT,
                                         GCS_CENTER_UPDATE};
    for (size_t d = 0; d < DEVICES; d++) {
        for (uint64_t length = 1; length < LONGEST; length = next_length(length)) {
            for (size_t c = 0; c < sizeof centers / sizeof centers[0]; c++) {
                for (int view = GCS_VIEW_ROWS; view <= GCS_VIEW_COLS; view++) {
                    const gcs_need need = need_of(centers[c], (gcs_view)view, length);
                    check(&need, &devices[d]);
                }
            }
        }
    }
}

static void all_that_is_not_centred_here(void **state) {
    (void)state;
    for (size_t d = 0; d < DEVICES; d++) {
        gcs_need need = need_of(GCS_CENTER_NONE, GCS_VIEW_FLAT, 1000000);
        check(&need, &devices[d]);
        need.op = GCS_OP_TRAFFIC;
        check(&need, &devices[d]);
        for (int view = GCS_VIEW_ROWS; view <= GCS_VIEW_COLS; view++) {
            need = need_of(GCS_CENTER_UPDATE, (gcs_view)view, 5000);
            need.means_given = true;
            check(&need, &devices[d]);
            need.means_given = false;
            need.op = GCS_OP_MEASURE;
            check(&need, &devices[d]);
            need.op = GCS_OP_CHANGE;
            check(&need, &devices[d]);
        }
        need = need_of(GCS_CENTER_GRADIENT, GCS_VIEW_PART, GCS_SEGMENT);
        need.op = GCS_OP_MEASURE;
        check(&need, &devices[d]);
    }
}

static const gcs_opencl_kernel *chosen(int device, gcs_view view, uint64_t length,
                                       uint64_t groups) {
    const gcs_need need = need_of(GCS_CENTER_GRADIENT, view, length);
    const gcs_opencl_kernel *kernel = gcs_opencl_kernel_for(&need, groups, &devices[device], NULL);
    assert_non_null(kernel);
    return kernel;
}

static void where_groups_are_kept(void **state) {
    (void)state;
    static const struct {
        int device;
        gcs_view view;
        uint64_t length, groups;
        gcs_opencl_keeping keeping;
    } cases[] = {
        {CPU, GCS_VIEW_ROWS, 9, 1000, GCS_OPENCL_KEEP},
        {CPU, GCS_VIEW_ROWS, 65, 1000, GCS_OPENCL_PIPE},
        {CPU, GCS_VIEW_ROWS, 1000000, 2, GCS_OPENCL_PIPE},
        {CPU, GCS_VIEW_ROWS, 2000000, 2, GCS_OPENCL_AGAIN},
        {CPU, GCS_VIEW_ROWS, 1000000, 1, GCS_OPENCL_SPLIT},
        {CPU, GCS_VIEW_ROWS, 65536, 1, GCS_OPENCL_PIPE},
        {CPU, GCS_VIEW_COLS, 9, 1000, GCS_OPENCL_PIPE},
        {CPU, GCS_VIEW_COLS, 100000, 64, GCS_OPENCL_SPLIT},
        {CPU, GCS_VIEW_COLS, 100000, 65, GCS_OPENCL_PIPE},
        {GPU, GCS_VIEW_ROWS, 9, 1000, GCS_OPENCL_BLOCK},
        {GPU, GCS_VIEW_ROWS, 4096, 1000, GCS_OPENCL_BLOCK},
        {GPU, GCS_VIEW_ROWS, 4097, 1000, GCS_OPENCL_KEEP},
        {GPU, GCS_VIEW_ROWS, 20000, 1000, GCS_OPENCL_AGAIN},
        {GPU, GCS_VIEW_ROWS, 20000, 100, GCS_OPENCL_SPLIT},
        {GPU, GCS_VIEW_ROWS, 65537, 1000, GCS_OPENCL_SPLIT},
        {GPU, GCS_VIEW_COLS, 9, 1000, GCS_OPENCL_KEEP},
        {GPU, GCS_VIEW_COLS, 1000, 100000, GCS_OPENCL_AGAIN},
        {GPU, GCS_VIEW_COLS, 1000, 1000, GCS_OPENCL_SPLIT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const gcs_opencl_kernel *kernel =
            chosen(cases[i].device, cases[i].view, cases[i].length, cases[i].groups);
        if (kernel->keeping != cases[i].keeping || (kernel->threads == 1) != (cases[i].device == 0))
            fail_msg("case %zu: %s", i, kernel->row.name);
    }
}

static void vectors_and_blocks(void **state) {
    (void)state;
    assert_int_equal(chosen(CPU, GCS_VIEW_ROWS, 1000, 0)->width, 16);
    assert_int_equal(chosen(1, GCS_VIEW_ROWS, 1000, 0)->width, 8);
    assert_int_equal(chosen(GPU, GCS_VIEW_ROWS, 1024, 0)->capacity, 1024);
    assert_int_equal(chosen(GPU, GCS_VIEW_ROWS, 1025, 0)->capacity, 2048);
    assert_int_equal(chosen(GPU, GCS_VIEW_ROWS, 9000, 0)->width, 1);
    assert_int_equal(chosen(ONE, GCS_VIEW_ROWS, 9000, 0)->threads, 1);
}

static void forced_and_refused(void **state) {
    (void)state;
    const gcs_need need = need_of(GCS_CENTER_GRADIENT, GCS_VIEW_ROWS, 2000);
    const gcs_opencl_kernel *fits = gcs_opencl_find("any_grad_rows_any_opencl_pipe1x16_u4");
    const gcs_opencl_kernel *unfit = gcs_opencl_find("any_none_flat_any_opencl_linear256x1_u4");
    bool refused[256] = {false};
    gcs_choice choice;
    assert_non_null(fits);
    assert_non_null(unfit);
    assert_null(gcs_opencl_find("any_grad_rows_any_opencl_again"));
    assert_true(gcs_opencl_kernel_count <= 256);
    assert_true(gcs_opencl_choose(&need, 0, &devices[GPU], NULL, fits, &nothing, &choice));
    assert_ptr_equal(gcs_opencl_kernel_of(choice.kernel), fits);
    assert_int_equal(choice.why, GCS_WHY_FORCED);
    assert_true(gcs_opencl_choose(&need, 0, &devices[GPU], NULL, unfit, &nothing, &choice));
    assert_ptr_not_equal(gcs_opencl_kernel_of(choice.kernel), unfit);
    assert_int_equal(choice.why, GCS_WHY_FIXED_RULE);
    /* One after the other, until none is left. */
    size_t count = 0;
    refused[fits - gcs_opencl_kernels] = true;
    while (gcs_opencl_choose(&need, 0, &devices[GPU], refused, fits, &nothing, &choice)) {
        assert_int_equal(choice.why, GCS_WHY_FIXED_RULE);
        assert_false(refused[gcs_opencl_kernel_of(choice.kernel) - gcs_opencl_kernels]);
        refused[gcs_opencl_kernel_of(choice.kernel) - gcs_opencl_kernels] = true;
        count++;
    }
    assert_in_range(count, 5, gcs_opencl_kernel_count - 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length),          cmocka_unit_test(all_that_is_not_centred_here),
        cmocka_unit_test(where_groups_are_kept), cmocka_unit_test(vectors_and_blocks),
        cmocka_unit_test(forced_and_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
