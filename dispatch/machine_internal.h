/* The parts of machine.c and machine_threads.c that read the system's files, with the folders to
 * read them from as arguments, so that a test can hand them folders of its own. */
#ifndef GCSTEP_DISPATCH_MACHINE_INTERNAL_H
#define GCSTEP_DISPATCH_MACHINE_INTERNAL_H

#include "dispatch/machine.h"

/* Sets l1d, l2 and l3 from <cpu_folder>/cpu0/cache/index<i>/{level,type,size}; a cache that is not
 * listed there keeps its value. */
void gcs_machine_read_caches(gcs_machine *machine, const char *cpu_folder);

/* Number of processors in <cpu_folder>/online ("0-3,8"); 0 where it cannot be told. */
uint32_t gcs_machine_online(const char *cpu_folder);

/* Whole processors of the tightest CPU quota of this process' control groups, at least 1; 0: no
 * quota. `membership` is the file /proc/self/cgroup, `root` the folder /sys/fs/cgroup. */
int gcs_machine_quota(const char *membership, const char *root);

#endif
