/* Timing steps on an NVIDIA GPU: graphs of several steps, each on buffers of its own, between two
 * events. How and why: docs/tuning.md. */
#include "check/check.h"
#include "check/cuda/runner.h"
#include "dispatch/cuda/choice.h"
#include "dispatch/cuda/identity.h"
#include "dispatch/cuda/image.h"
#include "dispatch/cuda/uploads.h"
#include "dispatch/error.h"
#include "dispatch/plan.h"
#include "measure/gpu_buffers.h"
#include "measure/measure.h"
#include "tune/race.h"
#include "tune/rig.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A plan can be captured with so many sets; with two, a step does not find what it left. */
#define MOST_SETS  GCS_CUDA_CAPTURES
#define LEAST_SETS 2
/* Tensors of one step: for each the plans of all entrants keep some kilobytes of host and device.
 */
#define MOST_COPIES 16384
/* Between two events at least as long: their clock goes in steps of half a microsecond. */
#define LEAST_NS     400e3
#define MOST_REPLAYS 256
/* A copy that keeps the GPU busy while the host enqueues, and how many of them at the most. */
#define LEAD_BYTES ((uint64_t)64 << 20)
#define MOST_LEADS 64

typedef struct rig_cuda {
    gcs_rig rig; /* the first, so that it is found by this */
    gcs_gpu gpu;
    gcs_device_identity identity;
    gcs_cuda_runner runner;
    bool runner_is_open; /* it has been opened, perhaps in vain, and is to be closed */
    gcs_gpu_copies lead;
    gcs_gpu_event before, begin, end; /* of the lead, of what is timed */
    uint64_t leads, turn;             /* copies before it; counted on */
} rig_cuda;

/* What a race has beside its plans. */
typedef struct memory {
    gcs_gpu_sets sets;
    gcs_gpu_copies copies; /* of the bytes of a step */
    unsigned replays;      /* of a graph between two events; 0: not known yet */
} memory;

/* What an entrant has beside its plan. `copy`: the ceiling's alone. */
typedef struct work {
    gcs_gpu_graph step, copy;
} work;

static rig_cuda *cuda_of(gcs_rig *rig) {
    return (rig_cuda *)rig;
}

static bool fail(char *why, size_t why_size) {
    snprintf(why, why_size, "%s", gcs_last_error());
    return false;
}

/* An error of the device stays with its context. */
static bool lose(rig_cuda *cuda) {
    cuda->rig.lost = true;
    return fail(cuda->rig.why, sizeof cuda->rig.why);
}

/* ---- Kernels ------------------------------------------------------------------------------- */

static const gcs_kernel *kernel_at(const gcs_rig *rig, size_t index) {
    return index < rig->kernels ? &gcs_cuda_kernels[index].row : NULL;
}

/* The kernels are loaded when they are asked for. */
static bool open_runner(rig_cuda *cuda) {
    if (cuda->runner_is_open)
        return !cuda->rig.lost;
    cuda->runner_is_open = true;
    return gcs_cuda_runner_open(&cuda->runner, cuda->gpu.driver, cuda->gpu.which, false) ==
               GCS_OK ||
           lose(cuda);
}

static bool may_race(gcs_rig *rig, const gcs_kernel *kernel, const gcs_need *need) {
    rig_cuda *cuda = cuda_of(rig);
    const gcs_cuda_kernel *row = gcs_cuda_kernel_of(kernel);
    return open_runner(cuda) && gcs_cuda_fits(row, need, &cuda->runner.device) &&
           gcs_cuda_has_work(row, need->length);
}

static bool verify(gcs_rig *rig, const gcs_kernel *kernel, const gcs_job *job, char *why,
                   size_t why_size) {
    rig_cuda *cuda = cuda_of(rig);
    const gcs_form form = gcs_key_form(&job->key);
    gcs_runner *runner = &cuda->runner.runner;
    gcs_kernel row;
    if (!open_runner(cuda)) {
        snprintf(why, why_size, "%s", rig->why);
        return false;
    }
    if (gcs_cuda_runner_take(&cuda->runner, gcs_cuda_kernel_of(kernel), &row) != GCS_OK)
        return fail(why, why_size);
    const bool right =
        gcs_check_shape_by(runner, &row, &form, job->key.rows, job->key.cols, why, why_size);
    if (runner->ended && !rig->lost) {
        rig->lost = true;
        snprintf(rig->why, sizeof rig->why, "%s", why);
    }
    return right;
}

static gcs_target target(const gcs_rig *rig, const gcs_job *job) {
    const rig_cuda *cuda = (const rig_cuda *)rig;
    (void)job;
    return gcs_cuda(cuda->gpu.stream);
}

/* ---- Buffers ------------------------------------------------------------------------------- */

static size_t divided(uint64_t a, uint64_t b) {
    return (size_t)((a + b - 1) / b);
}

/* Half of what it takes to be cold: two sets are then enough. */
static size_t copies(const gcs_rig *rig, const gcs_job *job) {
    const rig_cuda *cuda = (const rig_cuda *)rig;
    const size_t wanted = divided(gcs_gpu_cold_bytes(&cuda->gpu) / LEAST_SETS,
                                  gcs_streams_tensor_bytes(&job->spec, &job->tensor));
    return wanted < MOST_COPIES ? wanted : MOST_COPIES;
}

static size_t set_count(const rig_cuda *cuda, const gcs_race *race) {
    const uint64_t bytes = race->copies * gcs_streams_tensor_bytes(&race->spec, &race->tensors[0]);
    const size_t wanted = divided(gcs_gpu_cold_bytes(&cuda->gpu), bytes);
    return wanted < LEAST_SETS ? LEAST_SETS : wanted < MOST_SETS ? wanted : MOST_SETS;
}

/* Bytes that a step over all copies moves. */
static uint64_t step_bytes(const gcs_race *race) {
    const gcs_tensor *tensor = &race->tensors[0];
    return race->copies * tensor->rows * tensor->cols * gcs_spec_bytes(&race->spec);
}

static bool open_race(gcs_rig *rig, gcs_race *race, bool cold, char *why, size_t why_size) {
    rig_cuda *cuda = cuda_of(rig);
    (void)cold; /* always */
    memory *m = race->memory = calloc(1, sizeof *m);
    if (!m) {
        snprintf(why, why_size, "out of memory for its buffers");
        return false;
    }
    return (gcs_gpu_sets_open(&m->sets, &cuda->gpu, &race->spec, race->tensors, race->copies,
                              set_count(cuda, race)) == GCS_OK &&
            gcs_gpu_copies_open(&m->copies, &cuda->gpu, step_bytes(race)) == GCS_OK) ||
           fail(why, why_size);
}

static void close_race(gcs_rig *rig, gcs_race *race) {
    rig_cuda *cuda = cuda_of(rig);
    memory *m = race->memory;
    if (!m)
        return;
    gcs_gpu_copies_close(&m->copies, &cuda->gpu);
    gcs_gpu_sets_close(&m->sets, &cuda->gpu);
    free(m);
}

/* ---- Entrants ------------------------------------------------------------------------------ */

/* What a graph is captured of. */
typedef struct steps {
    rig_cuda *cuda;
    const gcs_race *race;
    gcs_plan *plan;
} steps;

static gcs_status enqueue_steps(void *arg) {
    const steps *s = arg;
    const memory *m = s->race->memory;
    const gcs_hyper hyper = gcs_race_hyper();
    gcs_status status = GCS_OK;
    for (size_t k = 0; k < m->sets.count && status == GCS_OK; k++)
        status = gcs_step(s->plan, &hyper, m->sets.buffers + k * s->race->copies);
    return status;
}

static gcs_status enqueue_copies(void *arg) {
    const steps *s = arg;
    const memory *m = s->race->memory;
    gcs_status status = GCS_OK;
    for (size_t k = 0; k < m->sets.count && status == GCS_OK; k++)
        status = gcs_gpu_copies_enqueue(&m->copies, &s->cuda->gpu, k);
    return status;
}

/* Steps once before the capture, in which the driver may load nothing more. */
static bool enter(gcs_rig *rig, gcs_race *race, gcs_entrant *entrant, char *why, size_t why_size) {
    rig_cuda *cuda = cuda_of(rig);
    steps s = {cuda, race, entrant->plan};
    work *w = entrant->work = calloc(1, sizeof *w);
    if (!w) {
        snprintf(why, why_size, "out of memory");
        return false;
    }
    gcs_status status = enqueue_steps(&s);
    const gcs_status end = gcs_gpu_wait(&cuda->gpu);
    if (end != GCS_OK)
        lose(cuda);
    if (status != GCS_OK || end != GCS_OK)
        return fail(why, why_size);
    status = gcs_gpu_capture(&cuda->gpu, enqueue_steps, &s, &w->step);
    if (status == GCS_OK && !entrant->kernel)
        status = gcs_gpu_capture(&cuda->gpu, enqueue_copies, &s, &w->copy);
    return status == GCS_OK || fail(why, why_size);
}

static void leave(gcs_rig *rig, gcs_entrant *entrant) {
    rig_cuda *cuda = cuda_of(rig);
    work *w = entrant->work;
    if (!w)
        return;
    gcs_gpu_wait(&cuda->gpu);
    gcs_gpu_graph_free(&cuda->gpu, w->step);
    gcs_gpu_graph_free(&cuda->gpu, w->copy);
    free(w);
    entrant->work = NULL;
}

/* ---- Time ---------------------------------------------------------------------------------- */

static gcs_status lead_in(rig_cuda *cuda) {
    gcs_status status = gcs_gpu_event_record(&cuda->gpu, cuda->before);
    for (uint64_t i = 0; i < cuda->leads && status == GCS_OK; i++)
        status = gcs_gpu_copies_enqueue(&cuda->lead, &cuda->gpu, cuda->turn++);
    return status;
}

static gcs_status enqueue(const rig_cuda *cuda, gcs_gpu_graph graph, unsigned replays) {
    gcs_status status = gcs_gpu_event_record(&cuda->gpu, cuda->begin);
    for (unsigned i = 0; i < replays && status == GCS_OK; i++)
        status = gcs_gpu_replay(&cuda->gpu, graph);
    return status == GCS_OK ? gcs_gpu_event_record(&cuda->gpu, cuda->end) : status;
}

/* As many copies as last twice as long as the host took to enqueue what is behind them. */
static gcs_status adapt_leads(rig_cuda *cuda, double host_ns) {
    double lead_ns = 0;
    const gcs_status status = gcs_gpu_elapsed_ns(&cuda->gpu, cuda->before, cuda->begin, &lead_ns);
    if (status != GCS_OK || !(lead_ns > 0))
        return status;
    const double wanted = 2 * host_ns * (double)cuda->leads / lead_ns + 1;
    cuda->leads = wanted < MOST_LEADS ? (uint64_t)wanted : MOST_LEADS;
    return status;
}

/* The time of so many replays. */
static bool time_graph(rig_cuda *cuda, gcs_gpu_graph graph, unsigned replays, double *ns) {
    gcs_status status = lead_in(cuda);
    const uint64_t start = gcs_now_ns();
    if (status == GCS_OK)
        status = enqueue(cuda, graph, replays);
    const double host_ns = (double)(gcs_now_ns() - start);
    const gcs_status end = gcs_gpu_wait(&cuda->gpu);
    if (status == GCS_OK)
        status = end;
    if (status == GCS_OK)
        status = adapt_leads(cuda, host_ns);
    if (status == GCS_OK)
        status = gcs_gpu_elapsed_ns(&cuda->gpu, cuda->begin, cuda->end, ns);
    *ns = *ns > 0 ? *ns : 1;
    return status == GCS_OK || lose(cuda);
}

/* By the second of two, the first being slower. */
static bool find_replays(rig_cuda *cuda, memory *m, gcs_gpu_graph graph) {
    double ns = 0;
    if (!time_graph(cuda, graph, 1, &ns) || !time_graph(cuda, graph, 1, &ns))
        return false;
    const double wanted = ceil(LEAST_NS / ns);
    m->replays = wanted < MOST_REPLAYS ? (unsigned)wanted : MOST_REPLAYS;
    return true;
}

/* The ceiling is the faster of the traffic kernel and the copy, in whichever order. */
static bool time_step(gcs_rig *rig, gcs_race *race, gcs_entrant *entrant, double *ns) {
    rig_cuda *cuda = cuda_of(rig);
    memory *m = race->memory;
    const work *w = entrant->work;
    const gcs_gpu_graph graphs[] = {w->step, w->copy};
    const size_t count = w->copy ? 2 : 1, first = gcs_random_next(&race->random) % count;
    double least = INFINITY;
    if (rig->lost || (m->replays == 0 && !find_replays(cuda, m, w->step)))
        return false;
    for (size_t i = 0; i < count; i++) {
        double taken = 0;
        if (!time_graph(cuda, graphs[(first + i) % count], m->replays, &taken))
            return false;
        least = fmin(least, taken);
    }
    *ns = least / ((double)m->replays * (double)m->sets.count);
    return true;
}

/* ---- The GPU ------------------------------------------------------------------------------- */

static void destroy(gcs_rig *rig) {
    rig_cuda *cuda = cuda_of(rig);
    if (cuda->runner_is_open)
        gcs_cuda_runner_close(&cuda->runner);
    gcs_gpu_copies_close(&cuda->lead, &cuda->gpu);
    gcs_gpu_event_destroy(&cuda->gpu, cuda->before);
    gcs_gpu_event_destroy(&cuda->gpu, cuda->begin);
    gcs_gpu_event_destroy(&cuda->gpu, cuda->end);
    gcs_gpu_close(&cuda->gpu);
    free(cuda);
}

static gcs_status open_gpu(rig_cuda *cuda, unsigned number) {
    if (gcs_cuda_built_image.fatbin == NULL)
        return gcs_fail(GCS_UNSUPPORTED, "this build has no CUDA kernels (nvcc was not found)");
    gcs_status status = gcs_gpu_open(&cuda->gpu, (int)number);
    if (status != GCS_OK)
        return status;
    status = gcs_gpu_event_create(&cuda->gpu, &cuda->before);
    if (status == GCS_OK)
        status = gcs_gpu_event_create(&cuda->gpu, &cuda->begin);
    if (status == GCS_OK)
        status = gcs_gpu_event_create(&cuda->gpu, &cuda->end);
    if (status == GCS_OK)
        status = gcs_gpu_copies_open(&cuda->lead, &cuda->gpu, LEAD_BYTES);
    if (status == GCS_OK) {
        gcs_cuda_identity(&cuda->gpu.device, &cuda->identity);
        gcs_gpu_format(&cuda->gpu, cuda->rig.text, sizeof cuda->rig.text);
    }
    return status;
}

gcs_rig *gcs_rig_cuda(unsigned number, char *why, size_t why_size) {
    rig_cuda *cuda = calloc(1, sizeof *cuda);
    if (!cuda) {
        snprintf(why, why_size, "out of memory");
        return NULL;
    }
    *cuda = (rig_cuda){.rig = {.device = &cuda->identity,
                               .kernels = gcs_cuda_kernel_count,
                               .kernel = kernel_at,
                               .may_race = may_race,
                               .verify = verify,
                               .target = target,
                               .copies = copies,
                               .open = open_race,
                               .close = close_race,
                               .enter = enter,
                               .leave = leave,
                               .time = time_step,
                               .destroy = destroy},
                       .leads = 4};
    const gcs_status status = open_gpu(cuda, number);
    if (status == GCS_OK)
        return &cuda->rig;
    fail(why, why_size);
    if (cuda->gpu.context != NULL)
        destroy(&cuda->rig);
    else
        free(cuda);
    return NULL;
}

bool gcs_rig_cuda_identify(unsigned number, gcs_device_identity *identity, char *why,
                           size_t why_size) {
    gcs_cuda_device device;
    int count = 0;
    gcs_status status = gcs_cuda_device_count(&count);
    if (status == GCS_OK && number >= (unsigned)count)
        status = gcs_fail(GCS_INVALID_ARGUMENT,
                          "there is no GPU number %u: of %d they count from 0", number, count);
    if (status == GCS_OK)
        status = gcs_cuda_device_at((int)number, &device);
    if (status != GCS_OK)
        return fail(why, why_size);
    gcs_cuda_identity(&device, identity);
    return true;
}
