/* The thread's last error: a status and one sentence. */
#ifndef GCSTEP_DISPATCH_ERROR_H
#define GCSTEP_DISPATCH_ERROR_H

#include <gcstep/gcstep.h>

/* Keeps the sentence for gcs_last_error() and returns `status`. */
__attribute__((format(printf, 2, 3))) gcs_status gcs_fail(gcs_status status, const char *format,
                                                          ...);

#endif
