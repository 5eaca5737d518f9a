/* Which kernel a tensor gets where no table says more: every step that the interface has finds one,
 * of the best instruction set and made for it where there is such a kernel. And what a table's key
 * does not distinguish, and how a choice is explained. */
#include "step_fixture.h"
#include "table_fixture.h"

#include "dispatch/plan_internal.h"

static const gcs_center all_centers[] = {GCS_CENTER_NONE, GCS_CENTER_GRADIENT,
                                         GCS_CENTER_RAW_GRADIENT, GCS_CENTER_UPDATE};

static int start(void **state) {
    static const char *const unset[] = {"GCSTEP_ISA",    "GCSTEP_KERNEL", "GCSTEP_TUNED",
                                        "GCSTEP_RECORD", "GCSTEP_TABLE",  "GCSTEP_LOG"};
    for (size_t i = 0; i < sizeof unset / sizeof unset[0]; i++)
        unsetenv(unset[i]);
    return scratch_make(state);
}

/* ---- The fixed rule ------------------------------------------------------------------------ */

static gcs_isa best_isa(gcs_isa cap) {
    gcs_isa best = GCS_ISA_PORTABLE;
    for (size_t i = 0; i < gcs_registry_lists(); i++) {
        const gcs_isa isa = gcs_registry_list(i)->isa;
        if (isa <= cap && gcs_cpu_allows(isa))
            best = isa;
    }
    return best;
}

/* The kernel for the need, with or without the last ISA. */
static const gcs_kernel *expect_kernel(const gcs_need *need, gcs_isa cap) {
    const gcs_kernel *kernel = gcs_kernel_for(need, cap);
    if (kernel == NULL)
        fail_msg("no kernel for op %d, %s_%s %s %s, length %d", (int)need->op,
                 gcs_rule_name(need->form.rule), gcs_center_name(need->form.center),
                 gcs_view_name(need->view), gcs_types_name(need->form.gradient, need->form.copy),
                 (int)need->length);
    assert_true(gcs_kernel_accepts(kernel, need));
    assert_int_equal(kernel->isa, best_isa(cap));
    return kernel;
}

/* The forms with kernels of their own: docs/decisions.md. */
static bool is_specialised(const gcs_form *form) {
    const bool common = form->rule == GCS_RULE_SGD || form->rule == GCS_RULE_SGDM ||
                        form->rule == GCS_RULE_ADAM || form->rule == GCS_RULE_ADAMW;
    return common && form->gradient == GCS_TYPE_F32 && form->copy == GCS_COPY_NONE &&
           (form->center == GCS_CENTER_NONE || form->center == GCS_CENTER_GRADIENT);
}

static void expect_step(const gcs_form *form, gcs_view view, uint64_t length, const char *shape) {
    const gcs_need need = {.op = GCS_OP_STEP, .form = *form, .view = view, .length = length};
    for (int cap = GCS_ISA_PORTABLE; cap < GCS_ISA_COUNT; cap++) {
        const gcs_kernel *kernel = expect_kernel(&need, (gcs_isa)cap);
        /* Plain C has neither pipelined strips nor tiles, which are of four vectors elsewhere. */
        static const uint64_t longest[] = {
            [GCS_ISA_AVX2] = 32, [GCS_ISA_AVX512] = 64, [GCS_ISA_NEON] = 16};
        const bool panel = view == GCS_VIEW_COLS && kernel->isa == GCS_ISA_PORTABLE;
        const bool no_tile = strcmp(shape, "tile") == 0 &&
                             (kernel->isa == GCS_ISA_PORTABLE || length > longest[kernel->isa]);
        assert_string_equal(kernel->shape, panel ? "panel" : no_tile ? "block" : shape);
        assert_int_equal(kernel->general, !is_specialised(form));
    }
}

static void expect_other(gcs_op op, const gcs_form *form, bool means_given, gcs_view view) {
    const gcs_need need = {
        .op = op, .form = *form, .means_given = means_given, .view = view, .length = 100000};
    for (int cap = GCS_ISA_PORTABLE; cap < GCS_ISA_COUNT; cap++)
        expect_kernel(&need, (gcs_isa)cap);
}

static void expect_all_of(const gcs_form *form) {
    if (form->center == GCS_CENTER_NONE) {
        expect_step(form, GCS_VIEW_FLAT, 1000, "linear");
        expect_other(GCS_OP_TRAFFIC, form, false, GCS_VIEW_FLAT);
        return;
    }
    const bool own = is_specialised(form);
    expect_step(form, GCS_VIEW_ROWS, 1, own ? "tile" : "block");
    expect_step(form, GCS_VIEW_ROWS, 32, own ? "tile" : "block");
    expect_step(form, GCS_VIEW_ROWS, 63, own ? "tile" : "block");
    expect_step(form, GCS_VIEW_ROWS, 64, own ? "tile" : "pipe");
    expect_step(form, GCS_VIEW_ROWS, 65, own ? "block" : "pipe");
    expect_step(form, GCS_VIEW_ROWS, 256, own ? "block" : "pipe");
    expect_step(form, GCS_VIEW_ROWS, 257, own ? "pass2" : "pipe");
    expect_step(form, GCS_VIEW_ROWS, 1536, own ? "pass2" : "pipe");
    expect_step(form, GCS_VIEW_ROWS, 1537, "pipe");
    expect_step(form, GCS_VIEW_ROWS, 100000, "pipe");
    expect_step(form, GCS_VIEW_COLS, 1, "pipe");
    expect_step(form, GCS_VIEW_COLS, 100000, "pipe");
    expect_step(form, GCS_VIEW_PART, 100000, "linear");
    expect_other(GCS_OP_STEP, form, true, GCS_VIEW_ROWS);
    expect_other(GCS_OP_STEP, form, true, GCS_VIEW_COLS);
    expect_other(GCS_OP_SUM, form, false, GCS_VIEW_PART);
    expect_other(GCS_OP_MEASURE, form, false, GCS_VIEW_ROWS);
    expect_other(GCS_OP_MEASURE, form, false, GCS_VIEW_COLS);
    expect_other(GCS_OP_MEASURE, form, false, GCS_VIEW_PART);
    if (form->center != GCS_CENTER_UPDATE)
        return;
    expect_other(GCS_OP_CHANGE, form, false, GCS_VIEW_ROWS);
    expect_other(GCS_OP_CHANGE, form, false, GCS_VIEW_COLS);
}

static void every_step_has_a_kernel(void **state) {
    (void)state;
    for (size_t rule = 0; rule < ALL_RULES; rule++) {
        for (size_t center = 0; center < 4; center++) {
            gcs_spec spec = {.rule = all_rules[rule], .center = all_centers[center]};
            for (int type = GCS_TYPE_F32; type <= GCS_TYPE_F16; type++) {
                for (int copy = GCS_COPY_NONE; copy <= GCS_COPY_F16_STOCHASTIC; copy++) {
                    spec.gradient = (gcs_type)type;
                    spec.copy = (gcs_copy)copy;
                    const gcs_form form = gcs_spec_form(&spec, true);
                    expect_all_of(&form);
                }
            }
        }
    }
}

/* ---- Plans --------------------------------------------------------------------------------- */

static gcs_plan *make_plan(const gcs_spec *spec, const gcs_tensor *tensors, size_t count,
                           const char *kernel, const char *table) {
    gcs_target target = gcs_cpu();
    target.threads = 1;
    target.kernel = kernel;
    target.table = table;
    gcs_plan *plan = NULL;
    assert_ok(gcs_plan_create(&plan, target, spec, tensors, count));
    return plan;
}

/* A general kernel on rows, of which SGDM has specialised ones. */
static const gcs_kernel *general_rows_kernel(void) {
    const gcs_need need = {.op = GCS_OP_STEP,
                           .form = {GCS_RULE_SGDM, GCS_CENTER_GRADIENT, GCS_TYPE_F16, 0},
                           .view = GCS_VIEW_ROWS,
                           .length = 50};
    const gcs_kernel *kernel = nth_kernel(&need, 0);
    assert_non_null(kernel);
    assert_true(kernel->general);
    return kernel;
}

static void a_forced_general_kernel(void **state) {
    (void)state;
    static const gcs_tensor tensors[] = {ROWS(40, 50), COLS(70, 20), FLAT(100)};
    const char *name = general_rows_kernel()->name;
    const gcs_spec spec = gcs_spec_sgdm();
    gcs_plan *plan = make_plan(&spec, tensors, 3, name, "");
    gcs_plan *free_plan = make_plan(&spec, tensors, 3, NULL, "");
    assert_string_equal(gcs_plan_kernel(plan, 0), name);
    assert_int_equal(gcs_plan_choice(plan, 0)->why, GCS_WHY_FORCED);
    assert_string_not_equal(gcs_plan_kernel(free_plan, 0), name);
    for (size_t i = 1; i < 3; i++)
        assert_string_equal(gcs_plan_kernel(plan, i), gcs_plan_kernel(free_plan, i));
    gcs_plan_destroy(plan);
    gcs_plan_destroy(free_plan);
    const gcs_spec update = {.rule = GCS_RULE_SGDM, .center = GCS_CENTER_UPDATE};
    plan = make_plan(&update, tensors, 3, name, ""); /* it is one for another centre */
    assert_int_not_equal(gcs_plan_choice(plan, 0)->why, GCS_WHY_FORCED);
    gcs_plan_destroy(plan);
}

/* The scratch folder's table: one line for 40 x 50, by a kernel that no rule would take. */
static const char *write_line(char path[512], const char *spec, const char *layout,
                              const char *types, const char *kernel) {
    text t = {0};
    table_fields fields = good_fields();
    fields.at[F_SPEC] = spec;
    fields.at[F_LAYOUT] = layout;
    fields.at[F_TYPES] = types;
    fields.at[F_ROWS] = "40";
    fields.at[F_COLS] = "50";
    fields.at[F_KERNEL] = kernel;
    add_head(&t, "any");
    add_fields(&t, fields);
    write_file(scratch_path(path, "table.tsv"), t.at, t.size);
    free_text(&t);
    return path;
}

static void expect_line(const gcs_spec *spec, const gcs_tensor *tensor, const char *table,
                        bool exact) {
    gcs_plan *plan = make_plan(spec, tensor, 1, NULL, table);
    assert_int_equal(gcs_plan_choice(plan, 0)->why == GCS_WHY_EXACT, exact);
    gcs_plan_destroy(plan);
}

static void what_a_key_does_not_tell_apart(void **state) {
    (void)state;
    char path[512];
    const gcs_tensor rows = gcs_rows(40, 50), cols = gcs_cols(40, 50);
    const char *table = write_line(path, "adamw_grad", "rows", "f32", general_rows_kernel()->name);
    gcs_spec spec = gcs_spec_adamw();
    expect_line(&spec, &rows, table, true);
    spec.center = GCS_CENTER_RAW_GRADIENT; /* the same as GRADIENT: the decay is decoupled */
    expect_line(&spec, &rows, table, true);
    spec.maximize = spec.authors_form = true;
    expect_line(&spec, &rows, table, true);
    const gcs_tensor whole_rows = gcs_shard(rows, 5 * 50, 3 * 50);
    expect_line(&spec, &whole_rows, table, true);
    spec.center = GCS_CENTER_UPDATE;
    expect_line(&spec, &rows, table, false);
    spec = gcs_spec_adamw();
    spec.copy = GCS_COPY_BF16;
    expect_line(&spec, &rows, table, false);

    const gcs_need need = {.op = GCS_OP_STEP,
                           .form = {GCS_RULE_ADAM, GCS_CENTER_UPDATE, GCS_TYPE_BF16, 0},
                           .view = GCS_VIEW_COLS,
                           .length = 40};
    write_line(path, "adam_update", "cols", "bf16", nth_kernel(&need, 0)->name);
    spec = (gcs_spec){GCS_RULE_ADAM, GCS_CENTER_UPDATE, GCS_TYPE_BF16, 0, false, false};
    expect_line(&spec, &cols, table, true);
    const gcs_tensor three = gcs_general(3, 40, 50);
    expect_line(&spec, &three, table, true);
    spec.gradient = GCS_TYPE_F16;
    expect_line(&spec, &cols, table, false);
}

/* ---- Explaining ---------------------------------------------------------------------------- */

static void expect_explained(const gcs_plan *plan, size_t index, const char *part) {
    char explained[1024];
    gcs_plan_explain(plan, index, explained, sizeof explained);
    assert_contains(explained, part);
    assert_contains(explained, gcs_plan_kernel(plan, index));
}

static void explanations(void **state) {
    (void)state;
    const gcs_spec spec = {.rule = GCS_RULE_ADAMW,
                           .center = GCS_CENTER_UPDATE,
                           .gradient = GCS_TYPE_BF16,
                           .copy = GCS_COPY_BF16};
    const gcs_tensor tensors[] = {gcs_rows(40, 50), gcs_general(3, 70, 20), gcs_flat(100),
                                  gcs_shard(gcs_rows(40, 50), 7, 1000)};
    gcs_plan *plan = make_plan(&spec, tensors, 4, NULL, "");
    expect_explained(plan, 0, "adamw_update bf16-bf16 rows 40 x 50 on 1 thread: ");
    expect_explained(plan, 0, "; fixed rule: ");
    expect_explained(plan, 1, "adamw_update bf16-bf16 cols 70 x 20, 3 matrices on 1 thread: ");
    expect_explained(plan, 2, "adamw_none bf16-bf16 flat 1 x 100 on 1 thread: ");
    expect_explained(plan, 3, "rows 40 x 50, of it 1000 elements from 7 on 1 thread: ");
    expect_explained(plan, 3, "caller gives their means");
    gcs_plan_destroy(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_has_a_kernel),
        cmocka_unit_test(a_forced_general_kernel),
        cmocka_unit_test(what_a_key_does_not_tell_apart),
        cmocka_unit_test(explanations),
    };
    return cmocka_run_group_tests(tests, start, scratch_remove);
}
