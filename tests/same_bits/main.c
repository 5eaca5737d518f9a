/* Steps fixed inputs in every way that this machine allows and prints one hash of the results for
 * each spec. All ways must agree, else the program says which one did not and exits with 1;
 * the scripts of this folder compare the hashes of several compilers and flags.
 *
 * The ways: plans with 1, 2, 3 and 8 threads, by OpenMP (where built with it) and by a pool of the
 * caller, with the built-in table, with default lines only, with no table and with each kernel
 * forced, each measuring before it steps; and each kernel of the registry called directly, its
 * range whole and cut into pieces. With means that the caller gives, the same once more.
 *
 * With the argument "few", one plan for each spec and each kernel called once: for programs that
 * are slow.
 *
 * The specs: each rule with each centre, the types changing from one to the next so that each
 * centre meets each gradient type and each copy. */
#include "dispatch/registry.h"
#include "ways.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool few;

static void print_hash(const gcs_ways *ways) {
    uint64_t hash = GCS_HASH_START;
    for (size_t i = 0; i < ways->sample->count; i++)
        hash = gcs_hash_add(gcs_hash_add(hash, ways->hash[i]), ways->measured[i]);
    printf("%s, %s %016" PRIx64 "\n", gcs_ways_name(ways), ways->sample->name, hash);
    fprintf(stderr, "%s, %s: %u ways\n", gcs_ways_name(ways), ways->sample->name, ways->count);
}

static bool try_small(gcs_sample *sample, const gcs_spec *spec, bool given) {
    gcs_ways ways = {.sample = sample, .spec = *spec, .given = given, .few = few};
    bool good = gcs_ways_tables(&ways) && (few || gcs_ways_pools(&ways)) && gcs_ways_kernels(&ways);
    print_hash(&ways);
    return good;
}

static bool try_large(gcs_sample *sample, const gcs_spec *spec) {
    gcs_ways ways = {.sample = sample, .spec = *spec, .few = few};
    bool good = gcs_ways_large(&ways);
    print_hash(&ways);
    return good;
}

/* 4, 3 and 5, the centres, gradient types and copies, have no common factors. */
static bool try_all_small(gcs_sample *sample) {
    bool good = true;
    int number = 0;
    for (int rule = GCS_RULE_SGD; rule <= GCS_RULE_ADAGRAD; rule++) {
        for (int center = GCS_CENTER_NONE; center <= GCS_CENTER_UPDATE; center++, number++) {
            gcs_spec spec = {.rule = (gcs_rule)rule,
                             .center = (gcs_center)center,
                             .gradient = (gcs_type)(number % 3),
                             .copy = (gcs_copy)(number % 5),
                             .maximize = number % 7 == 0,
                             .authors_form = number % 2 == 0};
            good &= try_small(sample, &spec, false);
            if (center != GCS_CENTER_NONE)
                good &= try_small(sample, &spec, true);
        }
    }
    /* The specialised kernels are for f32 alone. */
    for (int rule = GCS_RULE_SGD; rule <= GCS_RULE_ADAMW; rule++) {
        for (int center = GCS_CENTER_NONE; center <= GCS_CENTER_GRADIENT; center++) {
            gcs_spec spec = {.rule = (gcs_rule)rule, .center = (gcs_center)center};
            good &= try_small(sample, &spec, false);
        }
    }
    return good;
}

static bool try_all_large(gcs_sample *sample) {
    static const gcs_spec specs[] = {
        {.rule = GCS_RULE_SGD, .center = GCS_CENTER_GRADIENT},
        {.rule = GCS_RULE_ADAMW, .center = GCS_CENTER_GRADIENT},
        {.rule = GCS_RULE_NESTEROV,
         .center = GCS_CENTER_UPDATE,
         .gradient = GCS_TYPE_BF16,
         .copy = GCS_COPY_BF16_STOCHASTIC},
        {.rule = GCS_RULE_AMSGRAD,
         .center = GCS_CENTER_RAW_GRADIENT,
         .gradient = GCS_TYPE_F16,
         .copy = GCS_COPY_F16},
    };
    bool good = true;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
        good &= try_large(sample, &specs[i]);
    return good;
}

int main(int argc, char **argv) {
    static const char *const switches[] = {"GCSTEP_ISA",   "GCSTEP_KERNEL", "GCSTEP_TUNED",
                                           "GCSTEP_TABLE", "GCSTEP_RECORD", "GCSTEP_LOG"};
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
        unsetenv(switches[i]);
    few = argc > 1 && strcmp(argv[1], "few") == 0;
    gcs_sample small, large;
    if (!gcs_sample_small(&small) || !gcs_sample_large(&large)) {
        fprintf(stderr, "out of memory\n");
        return 1;
    }
    bool good = try_all_small(&small);
    good &= try_all_large(&large);
    gcs_sample_free(&small);
    gcs_sample_free(&large);
    return good ? 0 : 1;
}
