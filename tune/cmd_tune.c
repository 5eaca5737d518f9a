/* gcstep tune: from the shapes of networks to a table. */
#include "dispatch/machine.h"
#include "measure/measure.h"
#include "tune/command.h"
#include "tune/interrupt.h"
#include "tune/journal.h"
#include "tune/progress.h"
#include "tune/request.h"
#include "tune/shapes.h"
#include "tune/summary.h"
#include "tune/table_output.h"
#include "tune/tournament.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS 1000000000u

typedef struct run {
    const gcs_tune_request *request;
    gcs_rig *rig;
    gcs_machine machine;
    gcs_jobs all;                   /* each shape once */
    gcs_jobs specs[GCS_MOST_SPECS]; /* by spec, for the summary */
    gcs_results results;
    gcs_journal journal;
    gcs_progress progress;
    size_t rejected; /* kernels that did not pass verification */
    size_t failed;   /* shapes that could not be measured */
} run;

static int error(const char *text, int status) {
    fprintf(stderr, "gcstep tune: %s\n", text);
    return status;
}

/* An emulator's times say nothing of a processor: they are shown, and written nowhere. */
static bool keeps_results(const run *r) {
    return !r->rig->on_cpu || !r->machine.emulated;
}

/* ---- What there is to do ------------------------------------------------------------------- */

static bool collect_jobs(run *r) {
    const gcs_tune_request *q = r->request;
    for (size_t s = 0; s < q->spec_count; s++) {
        for (size_t m = 0; m < q->model_count; m++) {
            if (!gcs_jobs_add(&r->all, &q->specs[s], &q->models[m], (uint32_t)q->threads) ||
                !gcs_jobs_add(&r->specs[s], &q->specs[s], &q->models[m], (uint32_t)q->threads))
                return false;
        }
    }
    gcs_jobs_sort(&r->all);
    return true;
}

static bool is_done(const run *r, const gcs_job *job) {
    const gcs_shape_result *result = gcs_results_find(&r->results, &job->key);
    return result && result->rigor >= r->request->rigor;
}

static size_t count_open(const run *r) {
    size_t open = 0;
    for (size_t i = 0; i < r->all.count; i++)
        open += !is_done(r, &r->all.jobs[i]);
    return open;
}

static uint64_t seconds_for(const gcs_tune_request *request, size_t shapes) {
    static const uint64_t per_shape[] = {
        [GCS_RIGOR_QUICK] = 1, [GCS_RIGOR_NORMAL] = 4, [GCS_RIGOR_EXHAUSTIVE] = 30};
    return request->seconds ? request->seconds : per_shape[request->rigor] * shapes;
}

/* ---- Measuring ----------------------------------------------------------------------------- */

/* A shape's claim to time: what a round over it takes, and more where a network has it often. The
 * constant stands for setting up and verifying, which a small shape takes as long for as a big. */
static double weight(const run *r, const gcs_job *job) {
    const double setting_up = 8 << 20;
    double round = (double)gcs_job_bytes(job) * (double)r->rig->copies(r->rig, job);
    return setting_up + round * sqrt((double)job->occurrences);
}

static double open_weight(const run *r, size_t from) {
    double sum = 0;
    for (size_t i = from; i < r->all.count; i++)
        if (!is_done(r, &r->all.jobs[i]))
            sum += weight(r, &r->all.jobs[i]);
    return sum;
}

/* False when the run is over: its time is up, the user interrupted, or the journal is full. */
static bool measure(run *r, size_t index) {
    const gcs_job *job = &r->all.jobs[index];
    uint64_t now = gcs_now_ns(), end = r->progress.deadline;
    if (now >= end || gcs_interrupted())
        return false;
    double part = weight(r, job) / open_weight(r, index);
    gcs_time_limits limits = {.share = now + (uint64_t)(part * (double)(end - now)), .run = end};
    gcs_shape_result result;
    char why[640];
    gcs_progress_shape(&r->progress, &job->key);
    switch (gcs_tournament(r->rig, job, r->request->rigor, &limits, &r->progress, &result,
                           &r->rejected, why, sizeof why)) {
    case GCS_OUTCOME_DONE:
        break;
    case GCS_OUTCOME_NO_TIME:
        gcs_result_free(&result);
        return !gcs_interrupted(); /* a smaller shape may still fit in */
    case GCS_OUTCOME_FAILED:
        gcs_progress_note(&r->progress, "not measured: %s", why);
        gcs_result_free(&result);
        r->failed++;
        return !r->rig->lost;
    }
    gcs_progress_result(&r->progress, &result,
                        (double)gcs_job_bytes(job) / result.evidence.median_ns);
    if ((!keeps_results(r) || gcs_journal_append(&r->journal, &result)) &&
        gcs_results_put(&r->results, &result))
        return true;
    gcs_progress_note(&r->progress, "gcstep tune: %s: %s", r->request->journal, strerror(errno));
    gcs_result_free(&result);
    r->failed++;
    return false;
}

/* Pairing takes the noise out of the ratios, but a step that waits for a thread which another
 * program keeps from running is no measurement. */
static void warn_if_busy(const run *r) {
    double load;
    if (getloadavg(&load, 1) == 1 && load > 0.5 * (double)r->machine.cores)
        fprintf(stderr,
                "gcstep tune: other programs are running (load average %.1f on %u "
                "processors): the result will be less certain\n",
                load, r->machine.cores);
}

static void measure_all(run *r) {
    size_t open = count_open(r);
    uint64_t seconds = seconds_for(r->request, open);
    fprintf(stderr, "gcstep tune: %zu of %zu shapes to measure ", open, r->all.count);
    if (r->rig->device)
        fprintf(stderr, "on %s", r->rig->text);
    else
        fprintf(stderr, "with %d thread%s", r->request->threads,
                r->request->threads == 1 ? "" : "s");
    fprintf(stderr, ", at most %u:%02u\n", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
    if (open < r->all.count)
        fprintf(stderr, "gcstep tune: %zu are in %s already (--fresh measures them again)\n",
                r->all.count - open, r->request->journal);
    if (r->all.split > 0)
        fprintf(stderr,
                "gcstep tune: left out: %zu tensor%s of few long rows, which threads share by "
                "pieces; there no kernel is chosen\n",
                r->all.split, r->all.split == 1 ? "" : "s");
    gcs_progress_open(&r->progress, open, gcs_now_ns() + seconds * SECOND_NS);
    gcs_interrupt_catch();
    if (open > 0 && r->rig->on_cpu)
        warn_if_busy(r);
    for (size_t i = 0; i < r->all.count; i++)
        if (!is_done(r, &r->all.jobs[i]) && !measure(r, i))
            break;
    gcs_progress_clear(&r->progress);
}

/* ---- The end ------------------------------------------------------------------------------- */

static int finish(run *r) {
    const gcs_tune_request *q = r->request;
    char why[640];
    size_t lines = r->results.count;
    size_t open = count_open(r);
    if (gcs_interrupted() && keeps_results(r)) {
        char place[64] = "";
        if (r->rig->device)
            snprintf(place, sizeof place, "--backend %s --device %u ", q->backend,
                     (unsigned)q->device);
        fprintf(stderr,
                "gcstep tune: interrupted; what is measured is in %s, and 'gcstep tune --resume "
                "%s--table %s' or the same command goes on from there\n",
                q->journal, place, q->table);
        return GCS_EXIT_INTERRUPTED;
    }
    if (keeps_results(r) && !gcs_table_output_write(q->table, &r->machine, &r->results, &r->all,
                                                    &lines, why, sizeof why))
        return error(why, GCS_EXIT_FAILED);
    for (size_t s = 0; s < q->spec_count; s++)
        if (!gcs_summary_print(&q->specs[s], &r->specs[s], &r->results, &r->machine))
            return error("out of memory", GCS_EXIT_FAILED);
    if (lines > 0)
        gcs_summary_print_legend();
    if (keeps_results(r))
        printf("\n%zu line%s in %s\n", lines, lines == 1 ? "" : "s", q->table);
    else
        printf("\nAll of these are times of an emulator: nothing was written to %s\n", q->table);
    fflush(stdout);
    if (gcs_interrupted())
        return GCS_EXIT_INTERRUPTED;
    if (open > r->failed)
        fprintf(stderr, "gcstep tune: the time was up before %zu of %zu shapes were measured%s\n",
                open - r->failed, r->all.count,
                keeps_results(r) ? "; --resume or the same command goes on with them" : "");
    if (r->rejected)
        fprintf(stderr, "gcstep tune: %zu times a kernel failed verification\n", r->rejected);
    return r->rejected || r->failed ? GCS_EXIT_FAILED : GCS_EXIT_OK;
}

/* The journal that results are kept in, with what it has of an earlier run. */
static int open_journal(run *r) {
    const gcs_tune_request *q = r->request;
    char why[1024];
    if (!gcs_journal_open(&r->journal, q->journal, &r->machine, q->fresh, &r->results, why,
                          sizeof why))
        return error(why, GCS_EXIT_USAGE);
    if (*why)
        fprintf(stderr, "gcstep tune: %s\n", why);
    if (q->run_is_told && !gcs_journal_begin_run(&r->journal, q->run)) {
        fprintf(stderr, "gcstep tune: %s: %s\n", q->journal, strerror(errno));
        return GCS_EXIT_FAILED;
    }
    return GCS_EXIT_OK;
}

static int tune(run *r) {
    char why[1024];
    gcs_machine_read(&r->machine);
    r->rig = gcs_rig_open(r->request->backend, (unsigned)r->request->device, why, sizeof why);
    if (!r->rig)
        return error(why, GCS_EXIT_USAGE);
    r->rig->all = r->request->rigor == GCS_RIGOR_EXHAUSTIVE;
    r->results.device = r->rig->device;
    if (keeps_results(r) &&
        !gcs_table_output_check(r->request->table, &r->machine, r->rig->device, why, sizeof why))
        return error(why, GCS_EXIT_USAGE);
    if (!collect_jobs(r))
        return error("out of memory", GCS_EXIT_FAILED);
    const int opened = keeps_results(r) ? open_journal(r) : GCS_EXIT_OK;
    if (opened != GCS_EXIT_OK)
        return opened;
    if (!keeps_results(r))
        fprintf(stderr, "gcstep tune: this processor is emulated: what follows are times of the "
                        "emulator, and nothing is written\n");
    measure_all(r);
    int status = finish(r);
    gcs_journal_close(&r->journal);
    return status;
}

int gcs_cmd_tune(int argc, char **argv) {
    gcs_tune_request request;
    run r = {.request = &request, .journal = {.file = -1}};
    int status;
    if (gcs_tune_request_read(&request, argc, argv, &status))
        status = tune(&r);
    gcs_rig_close(r.rig);
    gcs_results_free(&r.results);
    gcs_jobs_free(&r.all);
    for (size_t s = 0; s < GCS_MOST_SPECS; s++)
        gcs_jobs_free(&r.specs[s]);
    gcs_tune_request_free(&request);
    return status;
}
