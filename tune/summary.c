/* What a tuning run brought, for one spec, in a few lines for a reader. */
#include "tune/summary.h"
#include "dispatch/registry.h"
#include "tune/lookup.h"
#include "tune/regret.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

typedef struct totals {
    size_t shapes, hot_shapes,
        changed; /* measured; measured hot; with another kernel than before */
    uint64_t tensors;
    double log_gain, hot_log_gain, hot_log_ceiling;
    double default_ns, tuned_ns, ceiling_ns; /* of one step over all tensors of the networks */
    double regret, worst_regret, default_regret, worst_default_regret;
    double clear_regret, worst_clear_regret; /* of the table, beyond the noise */
    gcs_table_key worst, worst_clear, worst_default;
} totals;

static void add_times(totals *t, const gcs_shape_result *result, uint64_t occurrences) {
    double times = (double)occurrences;
    t->shapes++;
    t->tensors += occurrences;
    t->changed += result->winner != 0;
    t->log_gain += log(result->evidence.vs_default);
    t->default_ns += times * result->evidence.median_ns * result->evidence.vs_default;
    t->tuned_ns += times * result->evidence.median_ns;
    t->ceiling_ns += times * result->evidence.median_ns * result->evidence.ceiling;
    if (result->hot_rounds == 0)
        return;
    t->hot_shapes++;
    t->hot_log_gain += log(result->hot_gain);
    t->hot_log_ceiling += log(result->hot_ceiling);
}

static void add_one(double regret, const gcs_table_key *key, double *sum, double *worst,
                    gcs_table_key *of_worst) {
    *sum += regret;
    if (regret < *worst)
        return;
    *worst = regret;
    *of_worst = *key;
}

static void add_regret(totals *t, const gcs_shape_result *result, const gcs_left_out *lost) {
    const double default_regret = gcs_regret(1, gcs_result_best(result));
    add_one(lost->regret, &result->key, &t->regret, &t->worst_regret, &t->worst);
    add_one(lost->beyond_noise, &result->key, &t->clear_regret, &t->worst_clear_regret,
            &t->worst_clear);
    add_one(default_regret, &result->key, &t->default_regret, &t->worst_default_regret,
            &t->worst_default);
}

static bool collect(const gcs_jobs *jobs, const gcs_results *results, const gcs_machine *machine,
                    totals *t) {
    *t = (totals){.shapes = 0};
    for (size_t i = 0; i < jobs->count; i++) {
        const gcs_shape_result *result = gcs_results_find(results, &jobs->jobs[i].key);
        gcs_left_out lost;
        if (!result)
            continue;
        if (!gcs_leave_out(results, result, machine, &lost))
            return false;
        add_times(t, result, jobs->jobs[i].occurrences);
        add_regret(t, result, &lost);
    }
    return true;
}

static void print_times(const totals *t) {
    double n = (double)t->shapes, hot = (double)t->hot_shapes;
    printf("  %-34s %9s %9s\n", "", "cold", "hot");
    printf("  %-34s %7.3f x", "speed-up, geometric mean of shapes", exp(t->log_gain / n));
    if (t->hot_shapes)
        printf(" %7.3f x\n", exp(t->hot_log_gain / hot));
    else
        printf(" %9s\n", "-");
    printf("  %-34s %7.3f x %9s\n", "speed-up, one step of the network",
           t->default_ns / t->tuned_ns, "-");
    printf("  %-34s %7.1f %%", "fraction of the ceiling", 100 * t->ceiling_ns / t->tuned_ns);
    if (t->hot_shapes)
        printf(" %7.1f %%\n", 100 * exp(t->hot_log_ceiling / hot));
    else
        printf(" %9s\n", "-");
    printf("  %-34s %7.1f %%\n", "  the same without the table",
           100 * t->ceiling_ns / t->default_ns);
}

static void print_regret(const char *name, double mean, double worst, const gcs_table_key *key) {
    char text[96];
    gcs_key_text(key, text, sizeof text);
    printf("  %-34s %7.1f %%   worst %.1f %% (%s)\n", name, 100 * mean, 100 * worst, text);
}

bool gcs_summary_print(const gcs_spec *spec, const gcs_jobs *jobs, const gcs_results *results,
                       const gcs_machine *machine) {
    char name[GCS_SPEC_NAME];
    totals t;
    if (!collect(jobs, results, machine, &t))
        return false;
    gcs_spec_format(spec, name);
    printf("\n%s: %zu of %zu shapes measured", name, t.shapes, jobs->count);
    if (t.shapes == 0) {
        printf("\n");
        return true;
    }
    printf(" (%" PRIu64 " tensors), %zu with another kernel than the default's\n", t.tensors,
           t.changed);
    print_times(&t);
    print_regret("regret of the table", t.regret / (double)t.shapes, t.worst_regret, &t.worst);
    print_regret("  beyond the noise", t.clear_regret / (double)t.shapes, t.worst_clear_regret,
                 &t.worst_clear);
    print_regret("regret without the table", t.default_regret / (double)t.shapes,
                 t.worst_default_regret, &t.worst_default);
    return true;
}

void gcs_summary_print_legend(void) {
    printf(
        "\n"
        "  speed-up  time with the default kernels / time with the table's; above 1 is faster\n"
        "  ceiling   speed of the same memory traffic without arithmetic; 100 %% is all there is\n"
        "  regret    time that a shape which is not in the table would lose against the best\n"
        "            kernel for it; each shape is left out in turn; 0 %% is perfect\n"
        "  cold      tensors come from memory, as in training; hot: the same ones again and "
        "again\n");
}
