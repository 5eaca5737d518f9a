/* What the files of the OpenCL rig have of each other. */
#ifndef GCSTEP_TUNE_RIG_OPENCL_H
#define GCSTEP_TUNE_RIG_OPENCL_H

#include "check/opencl/runner.h"
#include "dispatch/environment.h"
#include "measure/opencl.h"
#include "tune/race.h"
#include "tune/rig.h"

typedef struct rig_opencl {
    gcs_rig rig; /* the first, so that it is found by this */
    gcs_lab lab;
    gcs_environment env;
    gcs_device_identity identity;
    gcs_opencl_runner runner;
    bool runner_is_open; /* it has been opened, perhaps in vain, and is to be closed */
} rig_opencl;

/* Takes over the sentence of gcs_last_error(); false. The second: what failed there once may leave
 * its queue of no use. */
bool gcs_rig_opencl_fail(char *why, size_t why_size);
bool gcs_rig_opencl_lose(rig_opencl *opencl);

/* ---- rig_opencl_race.c: as in gcs_rig ------------------------------------------------------ */

size_t gcs_rig_opencl_copies(const gcs_rig *rig, const gcs_job *job);
bool gcs_rig_opencl_open_race(gcs_rig *rig, gcs_race *race, bool cold, char *why, size_t why_size);
void gcs_rig_opencl_close_race(gcs_rig *rig, gcs_race *race);
bool gcs_rig_opencl_enter(gcs_rig *rig, gcs_race *race, gcs_entrant *entrant, char *why,
                          size_t why_size);
void gcs_rig_opencl_leave(gcs_rig *rig, gcs_entrant *entrant);
bool gcs_rig_opencl_time(gcs_rig *rig, gcs_race *race, gcs_entrant *entrant, double *ns);

#endif
