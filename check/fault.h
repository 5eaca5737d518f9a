/* Running a kernel so that an access to a guard page is a failure and not the end of the program.
 */
#ifndef GCSTEP_CHECK_FAULT_H
#define GCSTEP_CHECK_FAULT_H

#include "kernels/kernel.h"
#include <stdbool.h>
#include <stdint.h>

/* Calls run(args). False: it was stopped by a signal; *address is what it touched. For one thread
 * at a time, since signal handlers belong to the process. */
bool gcs_fault_run(void (*run)(const gcs_args *args), const gcs_args *args, uintptr_t *address);

#endif
