/* The parts of machine*.c that read the system's files, with the folders to
 * read them from as arguments, so that a test can hand them folders of its own. */
#ifndef GCSTEP_DISPATCH_MACHINE_INTERNAL_H
#define GCSTEP_DISPATCH_MACHINE_INTERNAL_H

#include "dispatch/machine.h"

/* Sets l1d, l2 and l3 from <cpu_folder>/cpu<cpu>/cache/index<i>/{level,type,size}; a cache that is
 * not listed there keeps its value. */
void gcs_machine_read_caches(gcs_machine *machine, const char *cpu_folder, uint32_t cpu);

/* Number of processors in <cpu_folder>/online ("0-3,8"); 0 where it cannot be told. */
uint32_t gcs_machine_online(const char *cpu_folder);

/* Cores of one kind, that is of one MIDR but for the revision. */
typedef struct gcs_core_kind {
    uint32_t implementer, part;
    uint32_t cores, first; /* how many, and the number of the fastest of them */
    uint64_t capacity;     /* its speed by the system's scale; 0: not told */
} gcs_core_kind;

#define GCS_CORE_KINDS 6 /* phones have three */
typedef struct gcs_core_kinds {
    gcs_core_kind kind[GCS_CORE_KINDS];
    size_t count;
} gcs_core_kinds;

/* The kinds of the processors that are online, the fastest first: from sysfs, else from the text of
 * /proc/cpuinfo. None where neither tells; what is beyond GCS_CORE_KINDS is left out. */
void gcs_machine_core_kinds(gcs_core_kinds *kinds, const char *cpu_folder, const char *cpuinfo);

/* Counts a processor to its kind. */
void gcs_machine_count_core(gcs_core_kinds *kinds, uint32_t cpu, uint64_t midr, uint64_t capacity);

/* Names the machine after its fastest kind, and returns a processor of that; 0 where there is no
 * kind, and nothing is named. */
uint32_t gcs_machine_set_cores(gcs_machine *machine, const gcs_core_kinds *kinds);

/* MIDR_EL1 of the core that this runs on; false where programs cannot read it. Of Arm alone. */
bool gcs_machine_own_midr(uint64_t *midr);

/* Whether an emulator runs this program. The second form: the file that the kernel runs in its
 * place is for another architecture. */
bool gcs_machine_is_emulated(void);
bool gcs_machine_is_emulated_by(const char *executable);

/* Whole processors of the tightest CPU quota of this process' control groups, at least 1; 0: no
 * quota. `membership` is the file /proc/self/cgroup, `root` the folder /sys/fs/cgroup. */
int gcs_machine_quota(const char *membership, const char *root);

#endif
