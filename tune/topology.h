/* What `gcstep info` prints of the machine: packages, cores, caches, memory. */
#ifndef GCSTEP_TUNE_TOPOLOGY_H
#define GCSTEP_TUNE_TOPOLOGY_H

/* Prints indented lines; where the system does not tell, less of them. */
void gcs_topology_print(void);

#endif
