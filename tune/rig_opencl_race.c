/* Races on an OpenCL device: buffers, plans, and times by the device's own clock, behind a gate
 * that opens when all is enqueued. How and why: docs/tuning.md. */
#include "tune/rig_opencl.h"

#include "dispatch/plan.h"
#include "measure/opencl_buffers.h"
#include <stdio.h>
#include <stdlib.h>

/* A CPU: a step of so much, on one of as many sets as exceed its cache. */
#define CPU_STEP_BYTES  ((uint64_t)16 << 20)
#define CPU_MOST_COPIES 4096
/* Others: few sets, each with a plan of its own, since sending the tensors' places to the device
 * takes as long as a step. So much moves in one timing: half a millisecond of the fastest memory.
 */
#define LEAST_SETS   2
#define MOST_SETS    8
#define MOST_COPIES  16384
#define TIMED_BYTES  ((uint64_t)256 << 20)
#define MOST_REPEATS 64

/* What a race has beside its plans. */
typedef struct memory {
    gcs_lab_sets sets;
    size_t turn;    /* counted on: of the set that is stepped next */
    size_t repeats; /* steps of one timing */
} memory;

/* What an entrant has beside its plan: the plans of the sets behind the first. */
typedef struct work {
    size_t count;
    gcs_plan *plans[MOST_SETS - 1];
} work;

static rig_opencl *opencl_of(gcs_rig *rig) {
    return (rig_opencl *)rig;
}

/* ---- Buffers ------------------------------------------------------------------------------- */

static size_t divided(uint64_t a, uint64_t b) {
    return (size_t)((a + b - 1) / b);
}

size_t gcs_rig_opencl_copies(const gcs_rig *rig, const gcs_job *job) {
    const rig_opencl *opencl = (const rig_opencl *)rig;
    const uint64_t each = gcs_streams_tensor_bytes(&job->spec, &job->tensor);
    const uint64_t step =
        rig->on_cpu ? CPU_STEP_BYTES : gcs_lab_cold_bytes(&opencl->lab) / LEAST_SETS;
    const size_t wanted = divided(step, each), most = rig->on_cpu ? CPU_MOST_COPIES : MOST_COPIES;
    return wanted < most ? wanted : most;
}

static size_t set_count(const rig_opencl *opencl, uint64_t step_bytes) {
    const size_t wanted = divided(gcs_lab_cold_bytes(&opencl->lab), step_bytes);
    if (wanted < LEAST_SETS)
        return LEAST_SETS;
    return wanted < MOST_SETS || opencl->rig.on_cpu ? wanted : MOST_SETS;
}

/* A CPU's steps are long, and a plan that goes from set to set sends the places of its tensors,
 * which more than a few times could not be before the gate is opened. */
static size_t repeats_of(const rig_opencl *opencl, uint64_t step_bytes) {
    const size_t wanted = divided(TIMED_BYTES, step_bytes);
    if (opencl->rig.on_cpu)
        return 1;
    return wanted < MOST_REPEATS ? wanted : MOST_REPEATS;
}

bool gcs_rig_opencl_open_race(gcs_rig *rig, gcs_race *race, bool cold, char *why, size_t why_size) {
    rig_opencl *opencl = opencl_of(rig);
    const uint64_t step_bytes =
        race->copies * gcs_streams_tensor_bytes(&race->spec, &race->tensors[0]);
    (void)cold; /* always */
    memory *m = race->memory = calloc(1, sizeof *m);
    if (!m) {
        snprintf(why, why_size, "out of memory for its buffers");
        return false;
    }
    m->repeats = repeats_of(opencl, step_bytes);
    return gcs_lab_sets_open(&m->sets, &opencl->lab, &race->spec, race->tensors, race->copies,
                             set_count(opencl, step_bytes)) == GCS_OK ||
           gcs_rig_opencl_fail(why, why_size);
}

void gcs_rig_opencl_close_race(gcs_rig *rig, gcs_race *race) {
    memory *m = race->memory;
    if (!m)
        return;
    gcs_lab_sets_close(&m->sets, &opencl_of(rig)->lab);
    free(m);
}

/* ---- Entrants ------------------------------------------------------------------------------ */

static gcs_plan *plan_for(const gcs_entrant *entrant, size_t set) {
    const work *w = entrant->work;
    return w->count == 0 || set == 0 ? entrant->plan : w->plans[set - 1];
}

static gcs_status add_plan(const rig_opencl *opencl, const gcs_race *race,
                           const gcs_entrant *entrant, gcs_plan **plan) {
    gcs_target target = gcs_lab_target(&opencl->lab);
    target.table = "";
    if (!entrant->kernel)
        return gcs_plan_create_traffic(plan, target, &race->spec, race->tensors, race->copies);
    target.kernel = entrant->kernel->name;
    return gcs_plan_create(plan, target, &race->spec, race->tensors, race->copies);
}

static gcs_status step(const gcs_race *race, const gcs_entrant *entrant, size_t turn,
                       const gcs_cl_call *call) {
    const memory *m = race->memory;
    const gcs_hyper hyper = gcs_race_hyper();
    const size_t set = turn % m->sets.count;
    return gcs_step_opencl(plan_for(entrant, set), &hyper, gcs_lab_set(&m->sets, set), call);
}

/* Each plan steps once, so that the device has all but the tensors. */
bool gcs_rig_opencl_enter(gcs_rig *rig, gcs_race *race, gcs_entrant *entrant, char *why,
                          size_t why_size) {
    rig_opencl *opencl = opencl_of(rig);
    const memory *m = race->memory;
    work *w = entrant->work = calloc(1, sizeof *w);
    if (!w) {
        snprintf(why, why_size, "out of memory");
        return false;
    }
    gcs_status status = step(race, entrant, 0, NULL);
    while (!rig->on_cpu && status == GCS_OK && w->count + 1 < m->sets.count) {
        status = add_plan(opencl, race, entrant, &w->plans[w->count]);
        w->count += status == GCS_OK;
        if (status == GCS_OK)
            status = step(race, entrant, w->count, NULL);
    }
    const gcs_cl_int end = opencl->lab.driver->finish(opencl->lab.queue);
    if (status == GCS_OK && end != GCS_CL_SUCCESS)
        status = gcs_opencl_fail(end, "a step failed");
    if (end != GCS_CL_SUCCESS)
        gcs_rig_opencl_lose(opencl);
    return status == GCS_OK || gcs_rig_opencl_fail(why, why_size);
}

void gcs_rig_opencl_leave(gcs_rig *rig, gcs_entrant *entrant) {
    work *w = entrant->work;
    (void)rig;
    for (size_t i = 0; w && i < w->count; i++)
        gcs_plan_destroy(w->plans[i]);
    free(w);
    entrant->work = NULL;
}

/* ---- Time ---------------------------------------------------------------------------------- */

typedef struct timing {
    const gcs_race *race;
    const gcs_entrant *entrant;
} timing;

/* The first step waits for the gate, the last one gives the event. */
static gcs_status enqueue(void *arg, const gcs_cl_call *call) {
    const timing *t = arg;
    memory *m = t->race->memory;
    gcs_status status = GCS_OK;
    for (size_t i = 0; i < m->repeats && status == GCS_OK; i++) {
        const gcs_cl_call of = {.wait_count = i == 0 ? call->wait_count : 0,
                                .wait_list = call->wait_list,
                                .event = i + 1 == m->repeats ? call->event : NULL};
        status = step(t->race, t->entrant, m->turn++, &of);
    }
    return status;
}

/* By the device's clock, also of a CPU's: it is the host's there, without the time that the host
 * takes to enqueue, which a trainer's steps overlap with. */
bool gcs_rig_opencl_time(gcs_rig *rig, gcs_race *race, gcs_entrant *entrant, double *ns) {
    rig_opencl *opencl = opencl_of(rig);
    const memory *m = race->memory;
    timing t = {race, entrant};
    gcs_lab_times times;
    if (rig->lost)
        return false;
    if (gcs_lab_time(&opencl->lab, enqueue, &t, &times) != GCS_OK)
        return gcs_rig_opencl_lose(opencl);
    *ns = times.device_ns > 0 ? times.device_ns / (double)m->repeats : 1;
    return true;
}
