/* What the stand-in does not emulate: each function of OpenCL that no other file of it defines
 * refuses. They are weak, so that a definition in any other file takes the place of one here. */
#include "opencl/libopencl_standin_internal.h"

static int refuse(const char *function) {
    const int planned = standin_enter(function);
    return planned != 0 ? planned : GCS_CL_INVALID_OPERATION;
}

#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wpedantic"      /* a value for void */
#pragma GCC diagnostic ignored "-Wpointer-arith" /* and its size */

/* Those that give a handle give none. */
#define REFUSE(returned, field, symbol, needed, parameters)                                        \
    API __attribute__((weak)) returned symbol parameters {                                         \
        const int refused_ = refuse(#symbol);                                                      \
        return (returned)(intptr_t)(sizeof(returned) == sizeof(gcs_cl_int) ? refused_ : 0);        \
    }
GCS_CL_FUNCTIONS(REFUSE)
