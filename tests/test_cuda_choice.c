/* The fixed rule: for any form and length, on any GPU, a kernel that can run there. */
#include "step_fixture.h"

#include "dispatch/cuda/choice.h"
#include "dispatch/cuda/cut.h"

/* Shared memory of a block as NVIDIA's table of compute capabilities has it. */
static const gcs_cuda_device devices[] = {
    {.major = 7, .minor = 5, .shared_bytes = 64 << 10},
    {.major = 8, .minor = 0, .shared_bytes = 163 << 10},
    {.major = 8, .minor = 6, .shared_bytes = 99 << 10},
    {.major = 9, .minor = 0, .shared_bytes = 227 << 10},
    {.major = 10, .minor = 0, .shared_bytes = 227 << 10},
    {.major = 12, .minor = 0, .shared_bytes = 99 << 10},
};
enum { DEVICES = sizeof devices / sizeof devices[0] };

static gcs_need need_of(gcs_rule rule, gcs_center center, gcs_type gradient, gcs_view view,
                        uint64_t length) {
    return (gcs_need){.op = GCS_OP_STEP,
                      .form = {rule, center, gradient, GCS_COPY_NONE},
                      .view = view,
                      .length = length};
}

/* All lengths up to some thousand, then further and further apart, to beyond what any can keep. */
static uint64_t next_length(uint64_t length) {
    return length + 1 + length / 200;
}
#define LONGEST ((uint64_t)1 << 32)

static bool is_specialised_for(const gcs_need *need) {
    return need->form.gradient == GCS_TYPE_F32 && need->form.center == GCS_CENTER_GRADIENT &&
           need->form.rule == GCS_RULE_SGDM;
}

static void check(const gcs_need *need, const gcs_cuda_device *device) {
    const gcs_cuda_kernel *kernel = gcs_cuda_kernel_for(need, device);
    if (kernel == NULL)
        fail_msg("no kernel for length %llu on sm_%d%d", (unsigned long long)need->length,
                 device->major, device->minor);
    const uint64_t columns = gcs_cuda_columns(kernel, need->length, device->shared_bytes);
    assert_true(columns >= 1);
    assert_true(gcs_cuda_shared_bytes(kernel, need->length, columns) <= device->shared_bytes);
    assert_true(kernel->keeping != GCS_CUDA_CLUSTER || device->code_major >= 9);
    assert_true(gcs_kernel_accepts(&kernel->row, need));
    assert_int_equal(kernel->row.general, !is_specialised_for(need));
    /* The gradient is read twice only where nothing can keep it. */
    for (size_t i = 0; i < gcs_cuda_kernel_count && kernel->keeping == GCS_CUDA_SPLIT; i++) {
        const gcs_cuda_kernel *other = &gcs_cuda_kernels[i];
        if (other->row.general == kernel->row.general && gcs_cuda_fits(other, need, device))
            assert_int_equal(other->keeping, GCS_CUDA_SPLIT);
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
                    gcs_need need =
                        need_of(GCS_RULE_SGDM, centers[c], GCS_TYPE_F32, (gcs_view)view, length);
                    check(&need, &devices[d]);
                    need.form.gradient = GCS_TYPE_BF16;
                    check(&need, &devices[d]);
                }
            }
        }
    }
}

static void flat_and_given(void **state) {
    (void)state;
    for (size_t d = 0; d < DEVICES; d++) {
        for (size_t r = 0; r < ALL_RULES; r++) {
            gcs_need need =
                need_of(all_rules[r], GCS_CENTER_NONE, GCS_TYPE_F32, GCS_VIEW_FLAT, 1000000);
            const gcs_cuda_kernel *kernel = gcs_cuda_kernel_for(&need, &devices[d]);
            assert_non_null(kernel);
            assert_false(kernel->row.means_given);
            need.op = GCS_OP_TRAFFIC;
            kernel = gcs_cuda_kernel_for(&need, &devices[d]);
            assert_non_null(kernel);
            assert_int_equal(kernel->row.op, GCS_OP_TRAFFIC);
            need = need_of(all_rules[r], GCS_CENTER_UPDATE, GCS_TYPE_F16, GCS_VIEW_COLS, 1 << 20);
            need.means_given = true;
            kernel = gcs_cuda_kernel_for(&need, &devices[d]);
            assert_non_null(kernel);
            assert_true(kernel->row.means_given);
        }
    }
}

/* A block that whole rows fill, or nearly: that is the smallest of these, or the fullest of all. */
static void blocks_are_filled(void **state) {
    (void)state;
    for (uint64_t length = 1; length <= 2048; length++) {
        const gcs_need need =
            need_of(GCS_RULE_SGDM, GCS_CENTER_GRADIENT, GCS_TYPE_F32, GCS_VIEW_ROWS, length);
        const gcs_cuda_kernel *kernel = gcs_cuda_kernel_for(&need, &devices[3]);
        assert_int_equal(kernel->keeping, GCS_CUDA_BLOCK);
        const uint64_t rows = gcs_cuda_rows_of_block(kernel, length);
        assert_true(rows * length <= kernel->capacity);
        assert_true(2 * rows * length >= kernel->capacity || length > kernel->capacity / 2);
    }
}

static void forced(void **state) {
    (void)state;
    static const gcs_table_question nothing = {.tables = NULL};
    const gcs_need need =
        need_of(GCS_RULE_SGDM, GCS_CENTER_GRADIENT, GCS_TYPE_F32, GCS_VIEW_ROWS, 500);
    gcs_choice choice;
    const gcs_cuda_kernel *other = NULL;
    for (size_t i = 0; i < gcs_cuda_kernel_count; i++) {
        if (gcs_cuda_fits(&gcs_cuda_kernels[i], &need, &devices[3]))
            other = &gcs_cuda_kernels[i];
    }
    assert_true(gcs_cuda_choose(&need, &devices[3], other, &nothing, &choice));
    assert_ptr_equal(choice.kernel, &other->row);
    assert_int_equal(choice.why, GCS_WHY_FORCED);
    const gcs_need flat = need_of(GCS_RULE_SGDM, GCS_CENTER_NONE, GCS_TYPE_F32, GCS_VIEW_FLAT, 500);
    assert_true(gcs_cuda_choose(&flat, &devices[3], other, &nothing, &choice));
    assert_int_equal(choice.why, GCS_WHY_FIXED_RULE);
    assert_int_equal(choice.kernel->view, GCS_VIEW_FLAT);
}

/* Names are keys: of tables, of GCSTEP_KERNEL and in the module. */
static void names(void **state) {
    (void)state;
    for (size_t i = 0; i < gcs_cuda_kernel_count; i++) {
        const char *name = gcs_cuda_kernels[i].row.name;
        assert_ptr_equal(gcs_cuda_find(name), &gcs_cuda_kernels[i]);
        assert_non_null(strstr(name, "_cuda_"));
        assert_null(gcs_registry_find(name));
    }
    assert_null(gcs_cuda_find("no_such_kernel"));
    assert_int_equal(strlen(gcs_cuda_impl_rev()), 12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length),
        cmocka_unit_test(flat_and_given),
        cmocka_unit_test(blocks_are_filled),
        cmocka_unit_test(forced),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
