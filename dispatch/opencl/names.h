/* The trainer's memory as a step sees it.
 *
 * A cl_mem is no address, but what is checked of buffers (that they are there, aligned, apart) and
 * what becomes of a tensor's pieces is said of addresses, for every backend by the same code. So a
 * place in a cl_mem gets a *name*: a pointer that stands for it, in a part of the address space
 * that no process has. Names in one cl_mem, or in sub-buffers of one, are as far from each other as
 * the places are. Nothing reads at one. An address of SVM is its own name. */
#ifndef GCSTEP_DISPATCH_OPENCL_NAMES_H
#define GCSTEP_DISPATCH_OPENCL_NAMES_H

#include "dispatch/opencl/driver.h"
#include "dispatch/opencl/plan.h"
#include "kernels/opencl/launch.h"

/* A cl_mem of the trainer's, as it was when it was first met. */
typedef struct gcs_opencl_memory_facts {
    gcs_cl_mem handle;
    uint64_t bytes, origin; /* a sub-buffer: where it begins in `root` */
    gcs_cl_flags flags;
    size_t root; /* number of the buffer that it is a part of: itself, if it is no part */
    bool given;  /* by the trainer, and not only met as what another is a part of */
} gcs_opencl_memory_facts;

/* All that have been met. */
typedef struct gcs_opencl_memories {
    gcs_opencl_memory_facts *items;
    size_t count, room;
    uint32_t *slots; /* [slot_count], a power of two: 1 + number, by the handle's hash; 0: free */
    size_t slot_count;
} gcs_opencl_memories;

/* Where something is. memory NULL: at an address, of SVM; 0: nowhere. */
typedef struct gcs_opencl_place {
    gcs_cl_mem memory;
    uint64_t at; /* bytes */
} gcs_opencl_place;

typedef struct gcs_opencl_names {
    gcs_opencl_memories memories;
    gcs_cl_buffers *given;                          /* [tensors]: what the names are of */
    gcs_buffers *buffers;                           /* [tensors]: the names */
    gcs_opencl_place (*places)[GCS_OPENCL_STREAMS]; /* [tensors], by stream */
    gcs_cl_buffer *given_flags;                     /* [parameter groups] */
    uint32_t *flag_of;                              /* [parameter groups]: 0, or 1 + number */
    gcs_opencl_place *flags;                        /* [flag_count] */
    size_t flag_count;
    bool flags_in_svm;
    bool valid; /* all of this is as the last call had it, and was in order */
} gcs_opencl_names;

gcs_status gcs_opencl_names_open(gcs_opencl_names *names, const gcs_plan *plan);
void gcs_opencl_names_close(gcs_opencl_names *names);

/* What is done to a buffer. */
typedef enum gcs_opencl_access {
    GCS_OPENCL_UNUSED = 0,
    GCS_OPENCL_READ = 1,
    GCS_OPENCL_WRITE = 2,
    GCS_OPENCL_COPIED = 4 /* by commands of the queue, which no flag of the cl_mem concerns */
} gcs_opencl_access;

/* Names of a trainer's buffer of so many bytes, and its place. `array`, `index` and `field` are
 * what errors call it. A NULL buffer has the name NULL. */
gcs_status gcs_opencl_name(const gcs_plan *plan, gcs_opencl_names *names, const char *array,
                           size_t index, const char *field, const gcs_cl_buffer *buffer,
                           uint64_t bytes, unsigned access, void **name, gcs_opencl_place *place);

/* The names of a tensor's buffers. accesses[stream] is gcs_opencl_access bits. */
gcs_status gcs_opencl_name_tensor(const gcs_plan *plan, gcs_opencl_names *names, size_t index,
                                  const unsigned accesses[GCS_OPENCL_STREAMS]);

/* Takes what a step is given into `names`. *changed: something differs from the last call's; what
 * does not is not looked at again, but for the sizes of the cl_mems. */
gcs_status gcs_opencl_take_names(const gcs_plan *plan, const gcs_hyper *hyper,
                                 const gcs_opencl_given *given, gcs_opencl_names *names,
                                 bool *changed);

/* The buffers of tensor `index`, in either form. */
gcs_cl_buffers gcs_opencl_buffers_of(const gcs_opencl_given *given, size_t index);

/* Forgets the cl_mems that have been met. */
void gcs_opencl_forget(gcs_opencl_memories *memories);

#endif
