/* A range of a kernel can be cut anywhere: the pieces give the bits of the whole. */
#include "tests/step_fixture.h"

#include "dispatch/coefficients.h"
#include "dispatch/registry.h"

enum { GROUPS = 130, FIGURES = 6 }; /* groups at most; sums, and what gcs_measured has */

static const gcs_hyper hyper = {.lr = 0.1,
                                .momentum = 0.9,
                                .dampening = 0.25,
                                .beta1 = 0.8,
                                .beta2 = 0.95,
                                .eps = 0.5,
                                .weight_decay = 0.3,
                                .t = 3,
                                .lr_decay = 0.1,
                                .clip = 0.75};

/* A tensor, given means, and room for what is found. */
typedef struct bench {
    fixture f;
    float means[GROUPS], w_means[GROUPS];
    float figures[FIGURES][GROUPS];
} bench;

static bench *bench_make(const gcs_tensor *tensor, gcs_type gradient) {
    bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->f = fixture_make_typed(tensor, 1, 5, gradient);
    for (uint64_t i = 0; i < GROUPS; i++) {
        b->means[i] = fixture_value(77, i);
        b->w_means[i] = fixture_value(78, i);
    }
    return b;
}

static void bench_free(bench *b) {
    fixture_free(&b->f);
    free(b);
}

static void run_range(const gcs_kernel *kernel, const gcs_form *form, bench *b, uint64_t first,
                      uint64_t last) {
    const gcs_buffers *buffers = b->f.buffers;
    const gcs_spec spec = {.rule = form->rule, .center = form->center};
    gcs_coef coef;
    gcs_coefficients(&spec, &hyper, &coef);
    const gcs_measured measured = {.sum = b->figures[1],
                                   .square = b->figures[2],
                                   .max = b->figures[3],
                                   .square_centered = b->figures[4],
                                   .max_centered = b->figures[5]};
    const gcs_args args = {.w = buffers->w,
                           .g = buffers->g,
                           .m = buffers->m,
                           .v = buffers->v,
                           .v_max = buffers->v_max,
                           .copy = buffers->copy,
                           .rows = b->f.tensors->rows,
                           .cols = b->f.tensors->cols,
                           .first = first,
                           .last = last,
                           .coef = &coef,
                           .form = form,
                           .mean = 0.125f,
                           .means = kernel->means_given ? b->means : NULL,
                           .w_means = kernel->means_given ? b->w_means : NULL,
                           .out = b->figures[0],
                           .measured = &measured,
                           .draw = {.key = {12345, 54321}, .index = 99}};
    kernel->run(&args);
}

static gcs_tensor tensor_for(const gcs_kernel *kernel) {
    const uint64_t length =
        kernel->max_length != 0 && kernel->max_length < 100 ? kernel->max_length : 100;
    switch (kernel->view) {
    case GCS_VIEW_ROWS:
        return gcs_rows(37, length);
    case GCS_VIEW_COLS:
        return gcs_cols(length, 117);
    default: /* PART: three segments and a piece */
        return gcs_flat(3 * GCS_SEGMENT + 77);
    }
}

static void check_split(const gcs_kernel *kernel, const gcs_form *form, uint64_t piece) {
    const gcs_tensor t = tensor_for(kernel);
    bench *whole = bench_make(&t, form->gradient), *pieces = bench_make(&t, form->gradient);
    const uint64_t end = kernel->view == GCS_VIEW_ROWS ? t.rows : t.cols;
    run_range(kernel, form, whole, 0, end);
    for (uint64_t first = 0; first < end; first += piece)
        run_range(kernel, form, pieces, first, end - first < piece ? end : first + piece);
    if (memcmp(whole->f.memory, pieces->f.memory, whole->f.floats * sizeof(float)) != 0 ||
        memcmp(whole->figures, pieces->figures, sizeof whole->figures) != 0)
        fail_msg("%s: pieces of %llu give other bits", kernel->name, (unsigned long long)piece);
    bench_free(whole);
    bench_free(pieces);
}

/* Forms that a kernel is tried with, between them all kinds of rules and types. */
static size_t forms_of(const gcs_kernel *kernel, gcs_form forms[3]) {
    if (!kernel->general) {
        forms[0] = (gcs_form){.rule = kernel->rule, .center = kernel->center};
        return 1;
    }
    const gcs_center center = kernel->op == GCS_OP_MEASURE ? GCS_CENTER_GRADIENT : kernel->center;
    forms[0] = (gcs_form){GCS_RULE_AMSGRAD, center, GCS_TYPE_BF16, GCS_COPY_F16_STOCHASTIC};
    forms[1] = (gcs_form){GCS_RULE_NESTEROVW, center, GCS_TYPE_F32, GCS_COPY_BF16_STOCHASTIC};
    forms[2] = (gcs_form){GCS_RULE_ADAGRAD, center, GCS_TYPE_F16, GCS_COPY_BF16};
    if (kernel->means_given)
        forms[1].center = GCS_CENTER_UPDATE;
    return 3;
}

static void split_ranges_change_no_bit(void **state) {
    (void)state;
    static const uint64_t sizes[] = {1, 2, 5, 13, 36};
    size_t checked[GCS_OP_CHANGE + 1] = {0};
    for (size_t l = 0; l < gcs_registry_lists(); l++) {
        const gcs_kernel_list *list = gcs_registry_list(l);
        for (size_t i = 0; gcs_cpu_allows(list->isa) && i < list->count; i++) {
            const gcs_kernel *kernel = &list->kernels[i];
            const uint64_t grain = kernel->view == GCS_VIEW_PART ? GCS_SEGMENT : 1;
            gcs_form forms[3];
            const size_t count = forms_of(kernel, forms);
            for (size_t k = 0; kernel->op != GCS_OP_TRAFFIC && k < count * 5; k++) {
                check_split(kernel, &forms[k % count], sizes[k / count] * grain);
                checked[kernel->op]++;
            }
        }
    }
    assert_true(checked[GCS_OP_STEP] > 0 && checked[GCS_OP_SUM] > 0);
    assert_true(checked[GCS_OP_MEASURE] > 0 && checked[GCS_OP_CHANGE] > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_ranges_change_no_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
