/* For tests of the OpenCL backend on the stand-in for its loader
 * (tests/opencl/libopencl_standin.h). */
#ifndef GCSTEP_TESTS_OPENCL_FIXTURE_H
#define GCSTEP_TESTS_OPENCL_FIXTURE_H

#include "table_fixture.h"

#include "dispatch/opencl/device.h"
#include "opencl/libopencl_standin.h"

#define assert_ok(call)                                                                            \
    do {                                                                                           \
        const gcs_status got_ = (call);                                                            \
        if (got_ != GCS_OK)                                                                        \
            fail_msg("%s: %s", gcs_status_name(got_), gcs_last_error());                           \
    } while (0)

/* The status, and a part of the sentence. */
#define assert_fails(call, want, part)                                                             \
    do {                                                                                           \
        assert_string_equal(gcs_status_name(call), gcs_status_name(want));                         \
        assert_contains(gcs_last_error(), part);                                                   \
    } while (0)

static inline int standin_before(void **state) {
    (void)state;
    standin_reset();
    return 0;
}

#endif
