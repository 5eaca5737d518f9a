/* Where steps are timed: this CPU, or one device beside it. A rig has what race, candidates and
 * tournament need of the place, so that they are the same for all. A further backend is a file like
 * rig_cuda.c and one line in rig.c. */
#ifndef GCSTEP_TUNE_RIG_H
#define GCSTEP_TUNE_RIG_H

#include "dispatch/device_identity.h"
#include "dispatch/registry.h"
#include "tune/shapes.h"

struct gcs_race;
struct gcs_entrant;

typedef struct gcs_rig gcs_rig;
struct gcs_rig {
    const gcs_device_identity *device; /* NULL: the CPU */
    char text[512];                    /* of a device: what it is, for a reader */
    bool on_cpu;                       /* the host's processors take the steps */
    bool all;     /* kernels that are bound to be slow there take part too; the caller's to set */
    bool has_hot; /* the hot regime means something there */
    bool lost;    /* nothing can be run there any more; `why` says why */
    char why[512];

    /* All kernels that there are, whether or not one can run. */
    size_t kernels;
    const gcs_kernel *(*kernel)(const gcs_rig *rig, size_t index);

    /* Whether the kernel can do what is needed, and is worth a try. */
    bool (*may_race)(gcs_rig *rig, const gcs_kernel *kernel, const gcs_need *need);

    /* Whether it gives the bits of the canonical kernel on the job's shape; false: why. */
    bool (*verify)(gcs_rig *rig, const gcs_kernel *kernel, const gcs_job *job, char *why,
                   size_t why_size);

    /* Of plans for the job (NULL: of a device any); .table and .kernel are the caller's to set. */
    gcs_target (*target)(const gcs_rig *rig, const gcs_job *job);

    /* Copies of the tensor in one step, so many that the step is long enough to be timed. */
    size_t (*copies)(const gcs_rig *rig, const gcs_job *job);

    /* The buffers of a race, whose spec, tensors and copies are set: race->memory. Cold: all steps
     * find them in memory. False: why. close: also of a race that could not be opened. */
    bool (*open)(gcs_rig *rig, struct gcs_race *race, bool cold, char *why, size_t why_size);
    void (*close)(gcs_rig *rig, struct gcs_race *race);

    /* NULL, or what is to be made for an entrant beside its plan: entrant->work. False: why. leave:
     * also of one that could not enter. */
    bool (*enter)(gcs_rig *rig, struct gcs_race *race, struct gcs_entrant *entrant, char *why,
                  size_t why_size);
    void (*leave)(gcs_rig *rig, struct gcs_entrant *entrant);

    /* Times one step of an entrant in ns, more than 0. False: a step failed (gcs_last_error). */
    bool (*time)(gcs_rig *rig, struct gcs_race *race, struct gcs_entrant *entrant, double *ns);

    void (*destroy)(gcs_rig *rig);
};

/* The names of the backends, for a reader: "cpu, cuda and opencl". */
const char *gcs_rig_names(void);
bool gcs_rig_is_known(const char *backend);

/* That device, by its number; of the CPU's rig there is number 0 alone. NULL: why. */
gcs_rig *gcs_rig_open(const char *backend, unsigned number, char *why, size_t why_size);
void gcs_rig_close(gcs_rig *rig); /* NULL is allowed */

/* What the device of that number is; it is not opened for work. False: there is none of that
 * number or backend, and `why` says so. */
bool gcs_rig_identify(const char *backend, unsigned number, gcs_device_identity *identity,
                      char *why, size_t why_size);

/* A device of that identity; NULL: none is here. */
gcs_rig *gcs_rig_open_same(const gcs_device_identity *identity, char *why, size_t why_size);

/* ---- For rig.c ----------------------------------------------------------------------------- */

gcs_rig *gcs_rig_cpu(unsigned number, char *why, size_t why_size);
gcs_rig *gcs_rig_cuda(unsigned number, char *why, size_t why_size);
bool gcs_rig_cuda_identify(unsigned number, gcs_device_identity *identity, char *why,
                           size_t why_size);
gcs_rig *gcs_rig_opencl(unsigned number, char *why, size_t why_size);
bool gcs_rig_opencl_identify(unsigned number, gcs_device_identity *identity, char *why,
                             size_t why_size);

#endif
