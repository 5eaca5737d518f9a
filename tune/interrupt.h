/* Ctrl-C while tuning: the measurement in progress is given up, and what is written stays whole. */
#ifndef GCSTEP_TUNE_INTERRUPT_H
#define GCSTEP_TUNE_INTERRUPT_H

#include <stdbool.h>

/* From now on the first SIGINT or SIGTERM only sets a flag; a second one ends the program. */
void gcs_interrupt_catch(void);
bool gcs_interrupted(void);

#endif
