/* The tuner's jobs: the distinct (spec, shape) pairs of networks, and how often each occurs. */
#include "tune/shapes.h"
#include "dispatch/plan.h"
#include "dispatch/registry.h"
#include "dispatch/table_internal.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

gcs_table_key gcs_key_of(const gcs_spec *spec, const gcs_tensor *tensor, uint32_t threads) {
    const bool centred = tensor->layout != GCS_LAYOUT_FLAT && spec->center != GCS_CENTER_NONE;
    const gcs_form form = gcs_spec_form(spec, centred);
    return (gcs_table_key){
        .rule = form.rule,
        .center = form.center,
        .gradient = form.gradient,
        .copy = form.copy,
        .layout = centred ? tensor->layout : GCS_LAYOUT_FLAT,
        .rows = centred ? tensor->rows : 1,
        .cols = centred ? tensor->cols : tensor->rows * tensor->cols,
        .threads = threads,
    };
}

bool gcs_key_equal(const gcs_table_key *a, const gcs_table_key *b) {
    return gcs_table_compare_keys(a, b) == 0;
}

gcs_form gcs_key_form(const gcs_table_key *key) {
    return (gcs_form){key->rule, key->center, key->gradient, key->copy};
}

gcs_spec gcs_key_spec(const gcs_table_key *key) {
    return (gcs_spec){
        .rule = key->rule, .center = key->center, .gradient = key->gradient, .copy = key->copy};
}

void gcs_key_text(const gcs_table_key *key, char *text, size_t size) {
    char name[GCS_SPEC_NAME];
    const gcs_spec spec = gcs_key_spec(key);
    gcs_spec_format(&spec, name);
    if (key->layout == GCS_LAYOUT_FLAT)
        snprintf(text, size, "%s flat %" PRIu64, name, key->cols);
    else
        snprintf(text, size, "%s %s %" PRIu64 "x%" PRIu64, name,
                 gcs_view_name((gcs_view)key->layout), key->rows, key->cols);
}

uint64_t gcs_job_bytes(const gcs_job *job) {
    return job->tensor.rows * job->tensor.cols * gcs_spec_bytes(&job->spec);
}

static gcs_job *find(const gcs_jobs *jobs, const gcs_table_key *key) {
    for (size_t i = 0; i < jobs->count; i++)
        if (gcs_key_equal(&jobs->jobs[i].key, key))
            return &jobs->jobs[i];
    return NULL;
}

static bool append(gcs_jobs *jobs, const gcs_table_key *key) {
    gcs_job *grown = realloc(jobs->jobs, (jobs->count + 1) * sizeof *grown);
    if (!grown)
        return false;
    jobs->jobs = grown;
    grown[jobs->count++] = (gcs_job){
        .spec = gcs_key_spec(key),
        .tensor = {.layout = key->layout, .rows = key->rows, .cols = key->cols},
        .key = *key,
        .occurrences = 1,
    };
    return true;
}

bool gcs_jobs_add(gcs_jobs *jobs, const gcs_spec *spec, const gcs_model *model, uint32_t threads) {
    for (size_t i = 0; i < model->count; i++) {
        gcs_tensor tensor = gcs_model_as_tensor(&model->tensors[i]);
        gcs_table_key key = gcs_key_of(spec, &tensor, threads);
        if (threads > 0 && gcs_tensor_is_split(spec, &tensor, (int)threads)) {
            jobs->split++;
            continue;
        }
        gcs_job *job = find(jobs, &key);
        if (job)
            job->occurrences++;
        else if (!append(jobs, &key))
            return false;
    }
    return true;
}

static int by_share(const void *left, const void *right) {
    const gcs_job *a = left, *b = right;
    double share_a = (double)gcs_job_bytes(a) * (double)a->occurrences;
    double share_b = (double)gcs_job_bytes(b) * (double)b->occurrences;
    return (share_b > share_a) - (share_b < share_a);
}

void gcs_jobs_sort(gcs_jobs *jobs) {
    if (jobs->count)
        qsort(jobs->jobs, jobs->count, sizeof *jobs->jobs, by_share);
}

void gcs_jobs_free(gcs_jobs *jobs) {
    free(jobs->jobs);
    *jobs = (gcs_jobs){NULL, 0, 0};
}
