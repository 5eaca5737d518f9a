/* What the tests of the parser share: a machine that no test runs on, and one table parsed. */
#ifndef GCSTEP_TESTS_PARSE_FIXTURE_H
#define GCSTEP_TESTS_PARSE_FIXTURE_H

#include "table_fixture.h"

#include "dispatch/table_internal.h"

static const gcs_machine machine = {.arch = "x86_64",
                                    .vendor = "TestVendor",
                                    .family = 25,
                                    .model = 1,
                                    .cores = 4,
                                    .l1d = 32768,
                                    .l2 = 1 << 20,
                                    .l3 = 1 << 25,
                                    .isa = "portable"};

static gcs_table_entries entries;
static gcs_table_report report;

static inline void parse_bytes(const char *bytes, size_t size, bool built_in) {
    const gcs_table_file file = {.text = bytes, .size = size, .source = 3, .built_in = built_in};
    entries.count = 0;
    assert_true(gcs_table_parse(&file, &machine, &entries, &report));
}

static inline void parse(text *t) {
    parse_bytes(t->at, t->size, false);
    free_text(t);
}

static char machine_text[256];

static inline int parse_start(void **state) {
    (void)state;
    gcs_machine_format(&machine, machine_text, sizeof machine_text);
    return 0;
}

static inline int parse_stop(void **state) {
    (void)state;
    free(entries.items);
    return 0;
}

#endif
