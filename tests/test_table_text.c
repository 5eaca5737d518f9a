/* The writer of tables: a written line reads back as it was, in any locale and also from a table
 * whose bytes were changed at random. */
#include "parse_fixture.h"

#include "dispatch/text.h"

#include <locale.h>
#include <math.h>

/* ---- Writing ----------------------------------------------------------------------------- */

static void expect_round_trip(const gcs_table_line *line) {
    char written[1024], again[1024];
    text t = {0};
    assert_true(gcs_table_format_line(line, written, sizeof written) < sizeof written);
    add_head(&t, machine_text);
    add(&t, "%s", written);
    parse(&t);
    assert_string_equal(report.first, "");
    assert_int_equal(entries.count, 1);
    gcs_table_line back = entries.items[0].line;
    back.source = line->source;
    back.number = line->number;
    gcs_table_format_line(&back, again, sizeof again);
    assert_string_equal(again, written);
    assert_int_equal(gcs_table_compare_keys(&back.key, &line->key), 0);
    assert_true(back.evidence.median_ns == line->evidence.median_ns);
    assert_true(back.evidence.runner_up_gap == line->evidence.runner_up_gap);
    assert_string_equal(back.evidence.ties, line->evidence.ties);
}

static void round_trip(void **state) {
    (void)state;
    gcs_table_line line = {.key = {.rule = GCS_RULE_ADAM,
                                   .center = GCS_CENTER_NONE,
                                   .layout = GCS_LAYOUT_FLAT,
                                   .rows = 1,
                                   .cols = UINT64_MAX / 4,
                                   .threads = UINT32_MAX},
                           .impl_rev = "0123456789ab",
                           .rigor = GCS_RIGOR_EXHAUSTIVE,
                           .date = "2024-12-31",
                           .evidence = {.median_ns = 123456789.125,
                                        .spread = 0.000001,
                                        .ceiling = 1,
                                        .vs_default = 1.5,
                                        .runner_up_gap = -0.25,
                                        .rounds = 7,
                                        .ties = "a,b"}};
    strcpy(line.kernel, kernel_for(GCS_OP_STEP, GCS_RULE_ADAM, GCS_VIEW_FLAT, 1, 0));
    expect_round_trip(&line);
    line.key.cols = 3;
    line.evidence.median_ns = 999999999999999.0;
    line.evidence.runner_up_gap = 0;
    expect_round_trip(&line);
    const gcs_need need = {
        .op = GCS_OP_STEP, .form = {.rule = GCS_RULE_AMSGRADW}, .view = GCS_VIEW_FLAT};
    strcpy(line.kernel, nth_kernel(&need, 0)->name);
    line.key.rule = GCS_RULE_AMSGRADW;
    for (int type = GCS_TYPE_F32; type <= GCS_TYPE_F16; type++) {
        for (int copy = GCS_COPY_NONE; copy <= GCS_COPY_F16_STOCHASTIC; copy++) {
            line.key.gradient = (gcs_type)type;
            line.key.copy = (gcs_copy)copy;
            expect_round_trip(&line);
        }
    }
    char small[10];
    assert_true(gcs_table_format_line(&line, small, sizeof small) > sizeof small);
    assert_int_equal(strlen(small), sizeof small - 1);
}

static void round_trip_with_decimal_commas(void **state) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8",  "fr_FR.UTF-8", "fr_FR.utf8",
                                        "es_ES.UTF-8", "pt_BR.UTF-8", "ru_RU.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!setlocale(LC_ALL, names[i]) || localeconv()->decimal_point[0] != ',')
            continue;
        round_trip(state);
        setlocale(LC_ALL, "C");
        return;
    }
    skip();
}

static void decimals(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"},
                 {1, "1"},
                 {0.5, "0.5"},
                 {0.000001, "0.000001"},
                 {0.0000004, "0"},
                 {0.9999996, "1"},
                 {1234.05, "1234.05"},
                 {-0.25, "-0.25"},
                 {-0.0000001, "0"},
                 {1e30, "999999999999999"},
                 {(double)NAN, "0"},
                 {(double)INFINITY, "0"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char written[GCS_TEXT_DECIMAL];
        gcs_text_format_decimal(cases[i].value, written);
        assert_string_equal(written, cases[i].text);
    }
}

/* ---- Noise ------------------------------------------------------------------------------- */

/* A table with some bytes changed: whatever is still taken is a line that can be written. */
static void changed_bytes(void **state) {
    (void)state;
    uint64_t x = 88172645463325252u;
    text t = {0};
    add_head(&t, machine_text);
    for (int i = 0; i < 8; i++)
        add_fields(&t, good_fields());
    char *copy = malloc(t.size + 1);
    assert_non_null(copy);
    for (int round = 0; round < 20000; round++) {
        memcpy(copy, t.at, t.size + 1);
        for (int change = 0; change < 3; change++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            copy[x % t.size] = (char)(x >> 40);
        }
        parse_bytes(copy, t.size, false);
        assert_true(entries.count <= 8);
        assert_true(report.refused || entries.count + report.passed_over >= 5);
        for (size_t i = 0; i < entries.count; i++) {
            char written[1024];
            gcs_table_format_line(&entries.items[i].line, written, sizeof written);
            assert_int_equal(count_lines(written), 1);
            assert_non_null(gcs_registry_find(entries.items[i].line.kernel));
        }
    }
    free(copy);
    free_text(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(round_trip_with_decimal_commas),
        cmocka_unit_test(decimals),
        cmocka_unit_test(changed_bytes),
    };
    return cmocka_run_group_tests(tests, parse_start, parse_stop);
}
