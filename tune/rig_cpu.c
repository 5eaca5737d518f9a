/* Timing steps on this CPU: one call of gcs_step, on the next set of buffers. */
#include "check/check.h"
#include "dispatch/environment.h"
#include "measure/measure.h"
#include "tune/race.h"
#include "tune/rig.h"
#include <stdio.h>
#include <stdlib.h>

/* A step of fewer bytes takes so little time that the clock and the waking of threads show. */
#define LEAST_STEP_BYTES ((uint64_t)4 << 20)
#define MOST_COPIES      4096

typedef struct rig_cpu {
    gcs_rig rig; /* the first, so that it is found by this */
    gcs_isa isa_cap;
} rig_cpu;

static const gcs_kernel *kernel_at(const gcs_rig *rig, size_t index) {
    (void)rig;
    for (size_t i = 0; i < gcs_registry_lists(); i++) {
        const gcs_kernel_list *list = gcs_registry_list(i);
        if (index < list->count)
            return &list->kernels[index];
        index -= list->count;
    }
    return NULL;
}

static bool may_race(gcs_rig *rig, const gcs_kernel *kernel, const gcs_need *need) {
    const rig_cpu *cpu = (const rig_cpu *)rig;
    return kernel->isa <= cpu->isa_cap && gcs_cpu_allows(kernel->isa) &&
           gcs_kernel_accepts(kernel, need);
}

static bool verify(gcs_rig *rig, const gcs_kernel *kernel, const gcs_job *job, char *why,
                   size_t why_size) {
    (void)rig;
    const gcs_form form = gcs_key_form(&job->key);
    return gcs_check_shape(kernel, &form, job->key.rows, job->key.cols, why, why_size);
}

static gcs_target target(const gcs_rig *rig, const gcs_job *job) {
    (void)rig;
    gcs_target target = gcs_cpu();
    target.threads = (int)job->key.threads;
    return target;
}

static size_t copies(const gcs_rig *rig, const gcs_job *job) {
    (void)rig;
    uint64_t bytes = gcs_job_bytes(job);
    uint64_t copies = (LEAST_STEP_BYTES + bytes - 1) / bytes;
    return copies < MOST_COPIES ? (size_t)copies : (size_t)MOST_COPIES;
}

static bool open_race(gcs_rig *rig, gcs_race *race, bool cold, char *why, size_t why_size) {
    (void)rig;
    race->memory = gcs_buffer_sets_create(&race->spec, race->tensors, race->copies,
                                          cold ? gcs_cold_bytes() : 0);
    if (!race->memory)
        snprintf(why, why_size, "out of memory for its buffers");
    return race->memory != NULL;
}

static void close_race(gcs_rig *rig, gcs_race *race) {
    (void)rig;
    gcs_buffer_sets_destroy(race->memory);
}

/* What a set had before is put back into it afterwards. */
static bool time_step(gcs_rig *rig, gcs_race *race, gcs_entrant *entrant, double *ns) {
    (void)rig;
    const gcs_hyper hyper = gcs_race_hyper();
    const gcs_buffers *buffers = gcs_buffer_sets_next(race->memory);
    uint64_t start = gcs_now_ns();
    gcs_status status = gcs_step(entrant->plan, &hyper, buffers);
    uint64_t end = gcs_now_ns();
    gcs_buffer_sets_restore(race->memory);
    *ns = end > start ? (double)(end - start) : 1;
    return status == GCS_OK;
}

static void destroy(gcs_rig *rig) {
    free(rig);
}

gcs_rig *gcs_rig_cpu(unsigned number, char *why, size_t why_size) {
    gcs_environment env;
    if (number != 0) {
        snprintf(why, why_size, "there is no CPU number %u", number);
        return NULL;
    }
    if (gcs_environment_read(&env) != GCS_OK) {
        snprintf(why, why_size, "%s", gcs_last_error());
        return NULL;
    }
    rig_cpu *cpu = calloc(1, sizeof *cpu);
    if (!cpu) {
        snprintf(why, why_size, "out of memory");
        return NULL;
    }
    *cpu = (rig_cpu){.rig = {.on_cpu = true,
                             .has_hot = true,
                             .kernel = kernel_at,
                             .may_race = may_race,
                             .verify = verify,
                             .target = target,
                             .copies = copies,
                             .open = open_race,
                             .close = close_race,
                             .time = time_step,
                             .destroy = destroy},
                     .isa_cap = env.isa_cap};
    for (size_t i = 0; i < gcs_registry_lists(); i++)
        cpu->rig.kernels += gcs_registry_list(i)->count;
    return &cpu->rig;
}
